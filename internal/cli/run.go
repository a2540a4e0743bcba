package cli

import (
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
	eval      string
	watch     bool
	stamped   bool
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
		Use:   "run {FILE | - | --eval CODE} [-- ARGUMENT...]",
		Short: "Run a script",
		Long: "Run a script, JavaScript or TypeScript, until nothing can happen in it any more, or Ctrl-C. The\n" +
			"file - is standard input. Arguments after -- are the script's own. It ends with status 10 when the\n" +
			"script throws, 11 when it cannot be loaded, and 13 when it waits for what never happens.",
		Example: lines(
			"# Run a script with a broker of its own",
			"dunlin run --broker examples/quickstart.js",
			"# See how a script bears a bad broker",
			"dunlin run --broker --fault drop=1%,kick=5s examples/quickstart.js",
			"# Run a line of script",
			`dunlin run --eval 'console.log(require("mqtt").mode())'`,
			"# Run a script again whenever one of its files changes",
			"dunlin run --watch app.ts",
			"# Lead a script for production to a broker for tests",
			"dunlin run --connect-to broker.example:8883=127.0.0.1:18883 app.js -- --fast"),
		RunE: func(cmd *cobra.Command, args []string) error { return s.run(a, cmd, args) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&s.eval, "eval", "e", "", "run this `code` instead of a file")
	f.BoolVar(&s.watch, "watch", false, "run the script again when one of the files that it is made of changes, also after it has ended")
	f.BoolVar(&s.broker, "broker", false, "start a broker on a free loopback port and lead every mqtt.open there")
	f.StringVar(&s.fault, "fault", "", "`faults` that the broker of --broker makes on purpose; see dunlin help broker")
	f.StringArrayVar(&s.connectTo, "connect-to", nil,
		"lead mqtt.open of FROM:PORT to TO:PORT, as FROM:PORT=TO:PORT; an empty FROM or PORT matches all, an empty TO or PORT stays; may be given many times")
	f.StringVar(&s.mode, "mode", "publisher", "what MQTT clients may do: off, listener or publisher")
	f.BoolVar(&s.stamped, "timestamps", false, "begin each line of the script's console with the time")
	f.DurationVar(&s.limit, "for", 0, "end the script cleanly after this time, such as 10s or 5m")
	s.sandbox.bind(f)
	cmd.MarkFlagsMutuallyExclusive("broker", "connect-to")
	cmd.MarkFlagsMutuallyExclusive("watch", "sandbox")
	return cmd
}

func (s *script) run(a *app, cmd *cobra.Command, args []string) error {
	text, rest, err := s.text(a, cmd, args)
	if err != nil {
		return err
	}
	mode, err := parseMode(cmd, s.mode)
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
	if err := s.sandbox.check(cmd, text.file); err != nil {
		return err
	}
	if a.inside != nil {
		return s.runInside(cmd.Context(), a, text, s.options(a, rest, mode, a.insideRedirect(redirect)))
	}
	return s.withBroker(a, cmd, redirect, func(embedded *broker.Broker, redirect redirectFunc) error {
		if s.sandbox.on {
			err = s.sandbox.run(cmd.Context(), a, text, embedded)
		} else {
			spendMemory()
			err = s.runText(cmd.Context(), a, text, s.options(a, rest, mode, redirect))
		}
		if errors.Is(err, errStuck) {
			a.note("run: %v", err) // a signal's status says nothing of it
			return &failure{status: ExitFailure}
		}
		return err
	})
}

// withBroker runs with the broker of --broker, which all connections are led to, if one is wanted, and ends it.
func (s *script) withBroker(a *app, cmd *cobra.Command, redirect redirectFunc, run func(*broker.Broker, redirectFunc) error) error {
	embedded, err := s.startBroker(a, cmd)
	if err != nil {
		return err
	}
	if embedded == nil {
		return run(nil, redirect)
	}
	return closeBroker(embedded, run(embedded, everythingTo(embedded.Addr())))
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
		return nil, failf("%s: %w", nameOf(cmd), err)
	}
	a.note("broker on mqtt://%s, every mqtt.open of the script leads there", embedded.Addr())
	a.noteFault(embedded)
	return embedded, nil
}

// parseMode reads --mode.
func parseMode(cmd *cobra.Command, s string) (mqtt.Mode, error) {
	for _, mode := range []mqtt.Mode{mqtt.ModePublisher, mqtt.ModeListener, mqtt.ModeOff} {
		if s == mode.String() {
			return mode, nil
		}
	}
	return 0, usagef("%s: --mode %q is not off, listener or publisher", nameOf(cmd), s)
}

// options returns the runtime's settings, with those of the command line.
func (s *script) options(a *app, args []string, mode mqtt.Mode, redirect redirectFunc) jsre.Options {
	options := a.options(args, mode, redirect)
	options.Host["timestamps"] = s.stamped
	return options
}

// options returns the runtime's settings.
func (a *app) options(args []string, mode mqtt.Mode, redirect redirectFunc) jsre.Options {
	options := jsre.Options{
		// A script writes what it likes, colours as well.
		Args: args, Env: a.Env, Stdout: a.output, Stderr: a.screen,
		Color: terminal.Colors(a.StdoutTerminal, a.Getenv),
		Host:  map[string]any{"version": version(), "stdinTerminal": a.StdinTerminal},
		Stdin: a.Stdin,
	}
	if a.Signals != nil {
		options.Host["signals"] = a.Signals
	}
	options.Modules = append(options.Modules, mqttmodule.Module(mqttmodule.Options{Mode: mode, Redirect: redirect}))
	return options
}
