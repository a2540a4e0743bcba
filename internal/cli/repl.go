package cli

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"dunlin/broker"
	"dunlin/internal/environ"
	"dunlin/internal/repl"
	"dunlin/internal/terminal"
	"dunlin/jsre"
)

func (a *app) replCommand() *cobra.Command {
	s := &script{patience: stopTime}
	cmd := &cobra.Command{
		Use:   "repl",
		Short: "Run lines of script as they are typed",
		Long: "Read lines of JavaScript or TypeScript, run each as soon as it is complete, and show what it gives.\n" +
			"The module mqtt and the others are there by their names, and an await may stand outside of functions.\n" +
			"On a terminal, Tab completes names, the arrows go through the history, Ctrl-C breaks off what runs, and\n" +
			"Ctrl-D or .exit leaves; .help says more. In a pipe, it ends with status 10 when a text threw.",
		Example: lines(
			"# Try things with a broker of its own",
			"dunlin repl --broker",
			"# Run lines of a pipe",
			`echo 'await mqtt.connectAsync("mqtt://broker.example").then(c => c.endAsync())' | dunlin repl`),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.talk(a, cmd) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&s.broker, "broker", false, "start a broker on a free loopback port and lead every connection there")
	f.StringVar(&s.mode, "mode", "publisher", "what MQTT clients may do: off, listener or publisher")
	return cmd
}

func (s *script) talk(a *app, cmd *cobra.Command) (err error) {
	mode, err := parseMode(cmd, s.mode)
	if err != nil {
		return err
	}
	ctx, quit := context.WithCancelCause(cmd.Context())
	defer quit(nil)
	talk, err := repl.New(repl.Options{
		In: a.Stdin, Out: a.output, Err: a.Stderr, Terminal: a.StdinTerminal && a.StdoutTerminal && !terminal.Dumb(a.Getenv),
		History: a.historyFile(), Greeting: "Dunlin " + version() + "; .help says what there is",
	}, quit)
	if err != nil {
		return failf("repl: %w", err)
	}
	defer func() {
		if e := talk.Close(); err == nil && e != nil {
			err = failf("repl: give the terminal back: %w", e)
		}
	}()
	a.Stderr = terminal.Writer(talk.Errors(), a.StderrTerminal)
	return s.withBroker(a, cmd, nil, func(_ *broker.Broker, redirect redirectFunc) error {
		options := a.options(nil, mode, redirect)
		options.Stdout, options.Stderr = talk.Output(), talk.Errors()
		return s.interact(ctx, talk, options)
	})
}

// interact runs what is typed.
func (s *script) interact(ctx context.Context, talk *repl.Talk, options jsre.Options) error {
	spendMemory()
	runtime, err := jsre.New(options)
	if err != nil {
		return failf("repl: %w", err)
	}
	err = s.untilEnded(ctx, func() error { return runtime.Interact(ctx, talk.Tell, talk.Run) })
	if errors.Is(err, repl.ErrLeft) || errors.Is(err, errStuck) {
		return &failure{status: environ.Interrupt{Signal: syscall.SIGINT}.Status()}
	}
	return err
}

// historyFile is where lines that were typed are kept; "" where $DUNLIN_HISTORY says so, or there is no
// home.
func (a *app) historyFile() string {
	home := cmp.Or(a.Getenv("HOME"), a.Getenv("USERPROFILE"))
	state := a.Getenv("XDG_STATE_HOME")
	switch file := a.Getenv("DUNLIN_HISTORY"); {
	case file == "off":
		return ""
	case file != "":
		return file
	case state != "":
		return filepath.Join(state, "dunlin", "history")
	case home != "":
		return filepath.Join(home, ".local", "state", "dunlin", "history")
	}
	return ""
}
