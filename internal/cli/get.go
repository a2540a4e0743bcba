package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"dunlin/internal/format"
	"dunlin/internal/subscribe"
	"dunlin/internal/terminal"
	"dunlin/mqtt"
)

// get prints one message.
type get struct {
	subscribing
	printing
	fresh, verbose bool
}

func (a *app) getCommand() *cobra.Command {
	g := &get{}
	cmd := &cobra.Command{
		Use:   "get TOPIC",
		Short: "Print the retained or the next value of a topic",
		Long: "Print the message that the broker has retained for the topic, or else the next one that comes,\n" +
			"and end. The bytes of the payload are printed and no others, so that a file gets what was\n" +
			"published; on a terminal a line feed ends them. --json, -F and --hex print it as sub does. TOPIC\n" +
			"may hold wildcards: the first message counts then.",
		Example: lines("dunlin get home/light -W 5",
			"# Have a payload as a file", "dunlin get -t firmware/lamp -q 1 > lamp.bin",
			"# Wait for what comes next", "dunlin get -t 'home/+/temperature' --fresh -v"),
		RunE: func(cmd *cobra.Command, args []string) error { return g.run(a, cmd, args) },
	}
	g.session.bind(cmd)
	g.bindQoS(cmd)
	g.bindEnd(cmd)
	f := cmd.Flags()
	f.StringArrayVarP(&g.topics, "topic", "t", nil, "topic")
	f.BoolVar(&g.fresh, "fresh", false, "pass over a retained message, and wait for the next one")
	f.BoolVarP(&g.verbose, "verbose", "v", false, "print the topic, on stderr")
	f.StringVarP(&g.Format, "format", "F", "", "print the message in this format, in the language of mosquitto_sub, with a line feed")
	f.BoolVar(&g.JSON, "json", false, "print a JSON object, which carries any payload")
	f.BoolVar(&g.Hex, "hex", false, "print the payload as hexadecimal digits")
	g.decode.Bind(f)
	return cmd
}

func (g *get) run(a *app, cmd *cobra.Command, args []string) error {
	args, err := g.complete(a, cmd, args)
	if err != nil {
		return err
	}
	if g.fresh {
		g.retainHandling = "never"
	}
	if err := g.check(a, "get", cmd.Flags()); err != nil {
		return err
	}
	g.count = 1
	o := g.receive(a, "get")
	if o.Subscriptions, err = g.subscriptions("get", args, false); err != nil {
		return err
	}
	if len(o.Subscriptions) > 1 {
		return usagef("get: the topic is given twice: %q and %q", o.Subscriptions[0].Filter, o.Subscriptions[1].Filter)
	}
	o.NoStale = g.fresh // where the broker sends one even so
	o.Granted = g.granted(a, "get", o.Subscriptions)
	if o.Append, err = g.value(cmd.Context(), a); err != nil {
		return err
	}
	_, err = subscribe.Run(cmd.Context(), g.dial(a, cmd, &o), o)
	if errors.Is(err, subscribe.ErrTimeout) {
		return &failure{status: ExitTimeout, err: fmt.Errorf("get: no message of %q came in %d s", o.Subscriptions[0].Filter, g.wait)}
	}
	if err == nil {
		return g.status()
	}
	return g.outcome("get", err)
}

// value returns what appends the value.
func (g *get) value(ctx context.Context, a *app) (appender, error) {
	value := func(dst []byte, m *mqtt.Received) ([]byte, error) {
		if !a.StdoutTerminal {
			return append(dst, m.Payload...), nil
		}
		return append(terminal.AppendEscaped(dst, m.Payload), '\n'), nil
	}
	if g.decode.Wanted() || g.Options != (format.Options{}) {
		var err error
		if value, err = g.printer(ctx, a, "get"); err != nil {
			return nil, err
		}
	}
	return func(dst []byte, m *mqtt.Received) ([]byte, error) {
		if g.verbose {
			_, _ = fmt.Fprintln(a.Stderr, terminal.OneLine(m.Topic)) // where stderr is gone nobody can be told
		}
		return value(dst, m)
	}, nil
}
