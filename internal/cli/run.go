package cli

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"dunlin/broker"
	"dunlin/internal/terminal"
	"dunlin/jsre"
	mqttmodule "dunlin/jsre/module/mqtt"
	"dunlin/mqtt"
)

// stopTime is how long a script may take to end once it was asked to: enough to
// say DISCONNECT on all its connections.
const stopTime = 8 * time.Second

var (
	// errTimeUp is the cause of a context that --for ended.
	errTimeUp = errors.New("the time is up")
	// errStuck: the script was asked to end and did not.
	errStuck = errors.New("the script does not stop: it is in one long calculation, such as a regular expression, or writes where nobody reads; ending without it")
)

// script runs a script.
type script struct {
	broker    bool
	fault     string
	connectTo []string
	mode      string
	limit     time.Duration
	patience  time.Duration // what stopTime says; shorter in tests
	sandbox   sandboxed
}

func (a *app) runCommand() *cobra.Command {
	s := &script{patience: stopTime}
	cmd := &cobra.Command{
		Use:   "run FILE [-- ARGUMENT...]",
		Short: "Run a script",
		Long: "Run a script until nothing can happen in it any more, or Ctrl-C. Arguments after -- are the\n" +
			"script's own. It ends with status 10 when the script throws, and 11 when it cannot be loaded.",
		Example: lines(
			"# Run a script with a broker of its own",
			"dunlin run --broker examples/quickstart.js",
			"# See how a script bears a bad broker",
			"dunlin run --broker --fault drop=1%,kick=5s examples/quickstart.js",
			"# Lead a script for production to a broker for tests",
			"dunlin run --connect-to broker.example:8883=127.0.0.1:18883 app.js -- --fast"),
		RunE: func(cmd *cobra.Command, args []string) error { return s.run(a, cmd, args) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&s.broker, "broker", false, "start a broker on a free loopback port and lead every mqtt.open there")
	f.StringVar(&s.fault, "fault", "", "`faults` that the broker of --broker makes on purpose; see dunlin help broker")
	f.StringArrayVar(&s.connectTo, "connect-to", nil,
		"lead mqtt.open of FROM:PORT to TO:PORT, as FROM:PORT=TO:PORT; an empty FROM or PORT matches all, an empty TO or PORT stays; may be given many times")
	f.StringVar(&s.mode, "mode", "publisher", "what MQTT clients may do: off, listener or publisher")
	f.DurationVar(&s.limit, "for", 0, "end the script cleanly after this time, such as 10s or 5m")
	s.sandbox.bind(f)
	cmd.MarkFlagsMutuallyExclusive("broker", "connect-to")
	return cmd
}

func (s *script) run(a *app, cmd *cobra.Command, args []string) error {
	file, rest, err := splitArguments(cmd, args)
	if err != nil {
		return err
	}
	mode, err := parseMode(s.mode)
	if err != nil {
		return err
	}
	redirect, err := parseRedirects(s.connectTo)
	if err != nil {
		return err
	}
	if s.limit < 0 || cmd.Flags().Changed("for") && s.limit == 0 {
		return usagef("run: --for %v is not positive", s.limit)
	}
	if err := s.sandbox.check(cmd, file); err != nil {
		return err
	}
	if a.inside != nil {
		return s.runInside(cmd.Context(), a, file, a.options(rest, mode, a.insideRedirect(redirect)))
	}
	embedded, err := s.startBroker(a, cmd)
	if err != nil {
		return err
	}
	if embedded != nil {
		redirect = everythingTo(embedded.Addr())
	}
	ctx := cmd.Context()
	if s.sandbox.on {
		err = s.sandbox.run(ctx, a, embedded)
	} else {
		spendMemory()
		err = s.execute(ctx, file, a.options(rest, mode, redirect))
	}
	if errors.Is(err, errStuck) {
		a.note("run: %v", err) // a signal's status says nothing of it
		err = &failure{status: ExitFailure}
	}
	if embedded != nil {
		err = closeBroker(embedded, err)
	}
	return err
}

// startBroker starts the broker of --broker; nil: none is wanted.
func (s *script) startBroker(a *app, cmd *cobra.Command) (*broker.Broker, error) {
	fault, err := parseFault(cmd, s.fault)
	switch {
	case err != nil:
		return nil, err
	case !s.broker && cmd.Flags().Changed("fault"):
		return nil, usagef("run: --fault is for the broker of --broker, which is not given")
	case !s.broker:
		return nil, nil
	}
	// A message that it drops must not be missing without a word.
	embedded, err := broker.Start(cmd.Context(), broker.Config{Logger: a.brokerLogger(slog.LevelWarn), Fault: fault})
	if err != nil {
		return nil, failf("run: %w", err)
	}
	a.note("broker on mqtt://%s, every mqtt.open of the script leads there", embedded.Addr())
	a.noteFault(embedded)
	return embedded, nil
}

// splitArguments returns the script's path and its own arguments.
func splitArguments(cmd *cobra.Command, args []string) (file string, rest []string, err error) {
	if dash := cmd.ArgsLenAtDash(); dash >= 0 {
		args, rest = args[:dash], args[dash:]
	}
	switch {
	case len(args) == 0:
		return "", nil, usagef("run: no script; give the path of one")
	case len(args) > 1:
		return "", nil, usagef("run: %q after the script; its own arguments come after --", args[1])
	}
	return args[0], rest, nil
}

// parseMode reads --mode.
func parseMode(s string) (mqtt.Mode, error) {
	for _, mode := range []mqtt.Mode{mqtt.ModePublisher, mqtt.ModeListener, mqtt.ModeOff} {
		if s == mode.String() {
			return mode, nil
		}
	}
	return 0, usagef("run: --mode %q is not off, listener or publisher", s)
}

// options returns the runtime's settings.
func (a *app) options(args []string, mode mqtt.Mode, redirect redirectFunc) jsre.Options {
	options := jsre.Options{
		// A script writes what it likes, colours as well.
		Args: args, Env: a.Env, Stdout: a.output, Stderr: a.screen,
		Color: terminal.Colors(a.StdoutTerminal, a.Getenv),
		Host:  map[string]any{"version": version()},
	}
	options.Modules = append(options.Modules, mqttmodule.Module(mqttmodule.Options{Mode: mode, Redirect: redirect}))
	return options
}

// execute runs the script to its end. A calculation inside the engine and a
// write to a full pipe cannot be interrupted; a script that hangs in one is left
// behind, for the end of the process.
func (s *script) execute(ctx context.Context, file string, options jsre.Options) error {
	runtime, err := jsre.New(options)
	if err != nil {
		return failf("run: %w", err)
	}
	if s.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, s.limit, errTimeUp)
		defer cancel()
	}
	ended := make(chan error, 1)
	go func() { ended <- runtime.RunFile(ctx, file) }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		select {
		case err = <-ended:
		case <-time.After(s.patience):
			return errStuck
		}
	}
	if errors.Is(err, errTimeUp) {
		return nil
	}
	return err
}
