package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// helpCommand stands in for cobra's own, which takes an unknown name for success.
func (a *app) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "help [COMMAND]",
		Short:             "Show help for a command",
		Example:           lines("dunlin help", "dunlin help pub"),
		ValidArgsFunction: completeCommands,
		RunE: func(cmd *cobra.Command, args []string) error {
			target, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usagef("help: no command %q", strings.Join(args, " "))
			}
			return target.Help()
		},
	}
}

// lines indents the examples of a command, one a line.
func lines(examples ...string) string { return "  " + strings.Join(examples, "\n  ") }
