package cli

import (
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"dunlin/internal/environ"
)

// commands returns the commands of a program that was called without arguments.
func commands() *cobra.Command {
	a := &app{Environment: environ.Environment{Stdin: strings.NewReader(""), Stdout: os.Stdout, Stderr: os.Stderr}}
	a.out = environ.NewOutput(os.Stdout, func(error) {})
	return a.root()
}

// RecipeLines returns every command line of the examples that help, manual page and cheat
// sheet show.
func RecipeLines() []string {
	var lines []string
	for _, cmd := range commands().Commands() {
		for _, r := range recipesOf(cmd) {
			lines = append(lines, r.lines...)
		}
	}
	return lines
}

// CommandsWithoutExample returns the commands that have no example.
func CommandsWithoutExample() []string {
	var names []string
	for _, cmd := range commands().Commands() {
		if cmd.IsAvailableCommand() && len(recipesOf(cmd)) == 0 {
			names = append(names, cmd.Name())
		}
	}
	return names
}

// ExitStatuses returns the statuses of the manual page.
func ExitStatuses() map[int]bool {
	all := make(map[int]bool)
	for _, s := range exitStatuses {
		all[s.status] = true
	}
	return all
}

// Variables returns the environment variables of the manual page.
func Variables() map[string]bool {
	all := make(map[string]bool)
	for _, v := range variables {
		all[v.name] = true
	}
	return all
}

// Roff escapes a line of a manual page.
var Roff = roff

// UnknownOptions returns what completion knows of that is an option of no command.
func UnknownOptions() []string {
	names := append(slices.Clone(fileOptions), folderOptions...)
	names = slices.AppendSeq(names, maps.Keys(optionValues))
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		names = slices.DeleteFunc(names, func(name string) bool { return cmd.Flags().Lookup(name) != nil })
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(commands())
	return names
}

// OpenBrowser opens an address in the browser.
var OpenBrowser = openBrowser

// WriteBench writes a file that an option of dunlin bench names.
func WriteBench(file string, write func(io.Writer) error) error { return writeBench(nil, file, write) }
