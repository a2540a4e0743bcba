package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// recipe is a task with the command lines that do it. The text of a recipe is data: help,
// man page and cheat sheet show it, and a test runs each line of it.
type recipe struct {
	task  string // "": what the command does
	lines []string
}

func (a *app) cheatCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "cheat [COMMAND]",
		Short: "Show examples by task",
		Long: "Show examples of all commands, or of one, by task. Each of them works as it is, with your\n" +
			"broker's name for broker.example.",
		Example:           lines("dunlin cheat", "dunlin cheat pub"),
		ValidArgsFunction: completeCommands,
		RunE: func(cmd *cobra.Command, args []string) error {
			sheets := cmd.Root().Commands()
			if len(args) > 0 {
				target, rest, err := cmd.Root().Find(args)
				if err != nil || len(rest) > 0 || target == cmd.Root() {
					return usagef("cheat: no command %q", strings.Join(args, " "))
				}
				sheets = []*cobra.Command{target}
			}
			writeCheatSheet(a.out, sheets)
			return nil
		},
	}
}

// writeCheatSheet writes the recipes of commands. a.out keeps the error.
func writeCheatSheet(w io.Writer, cmds []*cobra.Command) {
	first := true
	for _, cmd := range cmds {
		recipes := recipesOf(cmd)
		if len(recipes) == 0 {
			continue
		}
		if !first {
			_, _ = fmt.Fprintln(w)
		}
		first = false
		_, _ = fmt.Fprintf(w, "%s: %s\n", strings.TrimPrefix(cmd.CommandPath(), "dunlin "), cmd.Short)
		for _, r := range recipes {
			if r.task != "" {
				_, _ = fmt.Fprintf(w, "  # %s\n", r.task)
			}
			for _, line := range r.lines {
				_, _ = fmt.Fprintf(w, "  %s\n", line)
			}
		}
	}
}

// recipesOf reads the examples of a command and of those below it: a line that begins with
// # is the task of the lines that follow, a line that ends with \ goes on in the next.
func recipesOf(cmd *cobra.Command) []recipe {
	var recipes []recipe
	continued := false
	for line := range strings.Lines(cmd.Example) {
		line = strings.TrimSpace(line)
		task, isTask := strings.CutPrefix(line, "#")
		switch {
		case line == "":
		case isTask && !continued:
			recipes = append(recipes, recipe{task: strings.TrimSpace(task)})
		default:
			if len(recipes) == 0 {
				recipes = append(recipes, recipe{})
			}
			last := &recipes[len(recipes)-1]
			if continued {
				last.lines[len(last.lines)-1] += "\n    " + line
			} else {
				last.lines = append(last.lines, line)
			}
			continued = strings.HasSuffix(line, `\`)
		}
	}
	for _, sub := range cmd.Commands() {
		recipes = append(recipes, recipesOf(sub)...)
	}
	return recipes
}
