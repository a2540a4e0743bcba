// Package cli is the command dunlin as a function of its environment: arguments,
// streams, variables and signals come in, an exit status comes out, so that
// tests can call it. There is one file a subcommand.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dunlin/internal/environ"
	"dunlin/internal/mosquittocli"
	"dunlin/internal/sandbox"
	"dunlin/internal/terminal"
)

// app is one call of the command.
type app struct {
	environ.Environment
	output *environ.Output   // Stdout, with its end watched
	out    io.Writer         // output for text: harmless on a terminal, where output is for what draws or was escaped
	screen io.Writer         // Stderr as it was given, for what draws; Stderr itself is for text, as out is
	parsed bool              // the command line was right: what fails now is something else
	quiet  bool              // nothing is written to stderr
	mask   *strings.Replacer // leaves passwords of URLs in the command line out; nil: there are none

	inside *sandbox.Config // nil unless this is the child of run --sandbox

	noting sync.Mutex // held while a note is written
}

// Run runs the command and returns its exit status, see the Exit constants. When
// ctx ends, what runs comes to a clean end; a cause of type environ.Interrupt
// gives the status of that signal.
//
// Under the name of one of Mosquitto's commands, as a link to the program may have it, it is that.
func Run(ctx context.Context, env environ.Environment) int {
	if mosquittocli.Tool(env.Name) != "" {
		return mosquittocli.Run(ctx, env)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	env, inside := insideSandbox(env)
	a := newApp(env, cancel)
	a.inside = inside
	root := a.root()
	root.InitDefaultHelpCmd() // so that the words of the command line find it
	args, err := arguments(root, env.Args)
	if err != nil {
		return a.report(ctx, root, err)
	}
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	return a.report(ctx, cmd, err)
}

// newApp returns an app whose streams are harmless where a terminal is behind them.
func newApp(env environ.Environment, cancel context.CancelCauseFunc) *app {
	a := &app{Environment: env, output: environ.NewOutput(env.Stdout, cancel), screen: env.Stderr, mask: maskSecrets(env.Args)}
	a.out = terminal.Writer(a.output, env.StdoutTerminal)
	a.Stderr = terminal.Writer(env.Stderr, env.StderrTerminal)
	return a
}

// arguments returns the words of the command line as the parser takes them. There is an error where they name no command.
func arguments(root *cobra.Command, args []string) ([]string, error) {
	all := append([]string{}, args...) // nil would mean the process's own
	cmd, rest, err := root.Find(all)
	switch {
	case completes(all):
		return all, nil
	case err != nil:
		return nil, unknownCommand(root, rest)
	case cmd.Flags().Lookup("property") == nil:
		return all, nil
	}
	return joinProperties(cmd.Flags(), all), nil
}

// unknownCommand says which word of args is no command, and which ones are nearly it.
func unknownCommand(root *cobra.Command, args []string) error {
	at := slices.IndexFunc(args, func(arg string) bool { return !strings.HasPrefix(arg, "-") })
	if at < 0 {
		return usagef("no command")
	}
	root.SuggestionsMinimumDistance = 2
	if near := root.SuggestionsFor(args[at]); len(near) > 0 {
		return usagef("no command %q; did you mean %s?", args[at], strings.Join(near, " or "))
	}
	return usagef("no command %q", args[at])
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
	root.AddCommand(a.runCommand(), a.replCommand(), a.checkCommand(), a.initCommand(), a.typesCommand(), a.brokerCommand(), a.pubCommand(), a.subCommand(), a.versionCommand())
	root.AddCommand(a.getCommand(), a.reqCommand(), a.replyCommand(), a.pingCommand(), a.fleetCommand())
	root.AddCommand(a.retainedCommand())
	root.AddCommand(a.benchCommand(), a.uiCommand(), a.recordCommand(), a.replayCommand())
	root.AddCommand(a.cheatCommand(), a.completionCommand(), a.manCommand())
	root.SetHelpCommand(a.helpCommand())
	for _, cmd := range root.Commands() {
		run := cmd.RunE
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			a.parsed = true
			return run(cmd, args)
		}
	}
	if completes(a.Args) {
		teachCompletion(root)
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

	"keep-alive":      "keepalive",
	"no-clean":        "disable-clean-session",
	"session-expiry":  "session-expiry-interval",
	"user-properties": "user-property",
	"will-message":    "will-payload",
}

func normalize(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	if ours, ok := aliases[name]; ok {
		name = ours
	}
	return pflag.NormalizedName(name)
}

// note writes one line for people to stderr. Any goroutine may call it.
func (a *app) note(format string, args ...any) {
	if a.quiet {
		return
	}
	a.noting.Lock()
	defer a.noting.Unlock()
	// Where stderr is gone nobody can be told.
	_, _ = fmt.Fprintf(a.Stderr, "dunlin: %s\n", terminal.OneLine(a.masked(fmt.Sprintf(format, args...))))
}

// masked returns a text without the passwords of URLs in the command line.
func (a *app) masked(text string) string {
	if a.mask == nil {
		return text
	}
	return a.mask.Replace(text)
}

// outputStatus returns the exit status as far as stdout is concerned.
func (a *app) outputStatus() int {
	if err := a.output.Err(); err != nil {
		a.note("write to stdout: %v", err)
		return ExitFailure
	}
	return ExitOK
}

// report says what went wrong and returns the exit status.
func (a *app) report(ctx context.Context, cmd *cobra.Command, err error) int {
	if err == nil {
		return a.outputStatus()
	}
	var interrupt environ.Interrupt
	if ctx.Err() != nil && errors.As(context.Cause(ctx), &interrupt) {
		return interrupt.Status()
	}
	if errors.Is(context.Cause(ctx), environ.ErrOutput) {
		return a.outputStatus()
	}
	f := classify(err)
	if f == nil && a.parsed {
		f = &failure{status: ExitFailure, err: err}
	}
	if f == nil { // it comes from the parser of the command line
		f = &failure{status: ExitUsage, err: err, hint: seeHelp}
	}
	if f.hint == seeHelp && cmd.HasParent() && cmd.Name() != "help" {
		f.hint += " " + nameOf(cmd)
	}
	switch {
	case a.quiet:
	case f.report != "":
		_, _ = io.WriteString(a.Stderr, a.masked(f.report))
	case f.err != nil:
		a.note("%s", f.text())
	}
	return f.status
}
