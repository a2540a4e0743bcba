// Package cli is the command dunlin as a function of its environment: arguments,
// streams, variables and signals come in, an exit status comes out, so that
// tests can call it. There is one file a subcommand.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Environment is all that the command sees of the world.
type Environment struct {
	Args   []string // without the program's name
	Stdin  io.Reader
	Stdout io.Writer // data only
	Stderr io.Writer // everything else
	Env    []string  // NAME=value

	StdoutTerminal bool // a person reads Stdout: escape control characters
	StderrTerminal bool // a person reads Stderr: say what is going on
}

// app is one call of the command.
type app struct {
	Environment
	out    *outlet // Stdout, with its end watched
	parsed bool    // the command line was right: what fails now is something else

	noting sync.Mutex // held while a note is written
}

// Run runs the command and returns its exit status, see the Exit constants. When
// ctx ends, what runs comes to a clean end; a cause of type Interrupt gives the
// status of that signal.
func Run(ctx context.Context, env Environment) int {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	a := &app{Environment: env, out: &outlet{w: env.Stdout, cancel: cancel}}
	root := a.root()
	root.SetArgs(append([]string{}, env.Args...)) // nil would mean the process's own
	err := root.ExecuteContext(ctx)
	return a.report(ctx, err)
}

// root returns the whole command tree.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "dunlin",
		Short:         "MQTT client: run scripts, publish, subscribe, serve a broker",
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if showVersion, err := cmd.Flags().GetBool("version"); err == nil && showVersion {
				return a.printVersion()
			}
			return usagef("no command")
		},
	}
	root.SetIn(a.Stdin)
	root.SetOut(a.out)
	root.SetErr(a.Stderr)
	root.CompletionOptions.DisableDefaultCmd = true
	// -h is the host, as in Mosquitto's commands, so help has no letter.
	root.PersistentFlags().Bool("help", false, "show this help")
	root.Flags().Bool("version", false, "show the version")
	root.SetFlagErrorFunc(wrongOption)
	root.SetGlobalNormalizationFunc(normalize)
	root.AddCommand(a.runCommand(), a.brokerCommand(), a.pubCommand(), a.subCommand(), a.versionCommand())
	root.SetHelpCommand(a.helpCommand())
	for _, cmd := range root.Commands() {
		run := cmd.RunE
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			a.parsed = true
			return run(cmd, args)
		}
	}
	return root
}

// aliases are other tools' names of our options.
var aliases = map[string]string{
	"hostname":   "host",
	"client-id":  "id",
	"identifier": "id",
	"user":       "username",
	"password":   "pw",
	"ca":         "cafile",
}

func normalize(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	if ours, ok := aliases[name]; ok {
		name = ours
	}
	return pflag.NormalizedName(name)
}

// getenv returns a variable of the environment, or "".
func (a *app) getenv(name string) string {
	for i := len(a.Env) - 1; i >= 0; i-- {
		if value, ok := cutName(a.Env[i], name); ok {
			return value
		}
	}
	return ""
}

func cutName(pair, name string) (value string, ok bool) {
	if len(pair) > len(name) && pair[:len(name)] == name && pair[len(name)] == '=' {
		return pair[len(name)+1:], true
	}
	return "", false
}

// note writes one line for people to stderr. Any goroutine may call it.
func (a *app) note(format string, args ...any) {
	a.noting.Lock()
	defer a.noting.Unlock()
	// Where stderr is gone nobody can be told.
	_, _ = fmt.Fprintf(a.Stderr, "dunlin: %s\n", oneLine(fmt.Sprintf(format, args...)))
}

// report says what went wrong and returns the exit status.
func (a *app) report(ctx context.Context, err error) int {
	if err == nil {
		return a.out.status(a)
	}
	var interrupt Interrupt
	if ctx.Err() != nil && errors.As(context.Cause(ctx), &interrupt) {
		return interrupt.Status()
	}
	if errors.Is(context.Cause(ctx), errOutput) {
		return a.out.status(a)
	}
	f := classify(err)
	if f == nil && a.parsed {
		f = &failure{status: ExitFailure, err: err}
	}
	if f == nil { // it comes from the parser of the command line
		f = &failure{status: ExitUsage, err: err, hint: seeHelp}
	}
	switch {
	case f.report != "":
		_, _ = io.WriteString(a.Stderr, f.report)
	case f.err != nil:
		a.note("%s", f.text())
	}
	return f.status
}
