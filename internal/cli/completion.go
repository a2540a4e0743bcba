package cli

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// shells are those that completion scripts are made for.
var shells = []string{"bash", "zsh", "fish", "powershell"}

// optionValues are the values that options may have, by name, where there are few.
var optionValues = map[string][]string{
	"decode":           {"json", "cbor", "msgpack", "protobuf:", "sparkplug"},
	"encode":           {"hex", "base64"},
	"fault":            {"drop=1%", "delay=50ms", "kick=30s", "refuse=10%"},
	"fill":             {"random", "text", "zero", "count"},
	"line-format":      {"tsv", "json"},
	"listen":           {"tcp://127.0.0.1:1883", "tls://127.0.0.1:8883", "ws://127.0.0.1:8080", "wss://127.0.0.1:8443"},
	"mode":             {"off", "listener", "publisher"},
	"protocol-version": {"auto", "5", "3.1.1", "3.1"},
	"qos":              {"0", "1", "2"},
	"reconnect":        {"auto", "never", "always"},
	"retain-handling":  {"always", "never", "new"},
	"tls-version":      {"tlsv1.2", "tlsv1.3"},
	"will-qos":         {"0", "1", "2"},
}

// fileOptions are options that take a file, and folderOptions a folder, whose usage does not
// name their value so.
var (
	fileOptions   = []string{"cafile", "cert", "key", "file", "password-file", "tls-keylog", "unix"}
	folderOptions = []string{"capath", "dump"}
)

func (a *app) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion " + strings.Join(shells, "|"),
		Short: "Write a completion script for a shell",
		Long: "Write a script that has a shell complete commands, options and their values.\n\n" +
			"bash:        source <(dunlin completion bash), in ~/.bashrc; it needs the package bash-completion\n" +
			"zsh:         dunlin completion zsh > \"${fpath[1]}/_dunlin\"\n" +
			"fish:        dunlin completion fish > ~/.config/fish/completions/dunlin.fish\n" +
			"powershell:  dunlin completion powershell | Out-String | Invoke-Expression",
		Example:   lines("# Complete in this bash", "source <(dunlin completion bash)", "# Write the scripts of other shells", "dunlin completion zsh", "dunlin completion fish", "dunlin completion powershell"),
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("completion: name one shell: %s", strings.Join(shells, ", "))
			}
			return a.writeCompletion(cmd.Root(), args[0])
		},
	}
}

// writeCompletion writes the script of a shell.
func (a *app) writeCompletion(root *cobra.Command, shell string) error {
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(a.out, true)
	case "zsh":
		return root.GenZshCompletion(a.out)
	case "fish":
		return root.GenFishCompletion(a.out, true)
	case "powershell":
		return root.GenPowerShellCompletionWithDesc(a.out)
	}
	return usagef("completion: no script for the shell %q; there is one for %s", shell, strings.Join(shells, ", "))
}

// completes tells whether a shell asks for what could come next.
func completes(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// teachCompletion has every command complete what is known of its values. It is done only
// where a shell asks, so that nobody else waits for it.
func teachCompletion(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if complete := completeOption(f); complete != nil {
			// It fails for an option that has been taught before.
			_ = cmd.RegisterFlagCompletionFunc(f.Name, complete)
		}
	})
	if cmd.ValidArgs == nil && cmd.ValidArgsFunction == nil && !strings.Contains(cmd.Use, "FILE") {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
	for _, sub := range cmd.Commands() {
		teachCompletion(sub)
	}
}

// completeOption returns what completes the value of an option.
func completeOption(f *pflag.Flag) cobra.CompletionFunc {
	if values, ok := optionValues[f.Name]; ok {
		return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
	}
	name, _ := pflag.UnquoteUsage(f)
	switch {
	case isNamed(f.Name, name, "file", fileOptions):
		return cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault)
	case isNamed(f.Name, name, "folder", folderOptions):
		return cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
	}
	return cobra.NoFileCompletions
}

// isNamed tells whether an option takes what kind says, by the name of its value or by its own.
func isNamed(option, value, kind string, options []string) bool {
	if strings.EqualFold(value, kind) {
		return true
	}
	for _, other := range options {
		if option == other {
			return true
		}
	}
	return false
}

// completeCommands completes the names of commands.
func completeCommands(cmd *cobra.Command, args []string, start string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, sub := range cmd.Root().Commands() {
		if len(args) == 0 && sub.IsAvailableCommand() && strings.HasPrefix(sub.Name(), start) {
			names = append(names, sub.Name()+"\t"+sub.Short)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeFolders completes the names of folders.
func completeFolders(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}
