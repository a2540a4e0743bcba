package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"dunlin/internal/subscribe"
	"dunlin/mqtt"
)

// sub prints messages as they come.
type sub struct {
	subscribing
	printing
	filterOut, unsubscribe []string
	exit, noStale          bool
	retainedOnly, remove   bool
	random                 float64
	rate, messageRate      bool
}

func (a *app) subCommand() *cobra.Command {
	s := &sub{}
	cmd := &cobra.Command{
		Use:   "sub [FILTER...]",
		Short: "Subscribe and print messages",
		Long: "Subscribe to topic filters and print each message on a line of its own, with the letters\n" +
			"of mosquitto_sub, until Ctrl-C. A connection that is lost is made again, which is said on\n" +
			"stderr; with -q 1 or 2 a broker of MQTT 5 keeps what comes meanwhile, for an hour.\n" +
			"A message is acknowledged when stdout has taken it. A slow reader slows the broker down.",
		Example: lines("dunlin sub -h broker.example -t 'home/#' -v", "dunlin sub -t state -C 1 -W 5",
			"# Write JSON lines, of messages from now on", "dunlin sub -t 'home/#' --json -R -q 1",
			"# Print a value of JSON payloads", "dunlin sub -t 'home/#' --jq .value",
			"# Make a session that takes messages for later, and read what it has taken",
			"dunlin sub -t 'home/#' -q 1 -c -i keeper -E", "dunlin sub -t 'home/#' -q 1 -c -i keeper --once",
			"# See how much comes each second", "dunlin sub -t 'home/#' --rate"),
		RunE: func(cmd *cobra.Command, args []string) error { return s.run(a, cmd, args) },
	}
	s.session.bind(cmd)
	s.bindQoS(cmd)
	s.bindReconnect(cmd)
	s.bindSubscription(cmd)
	s.bindEnd(cmd)
	s.bindChoice(cmd)
	s.bindText(cmd.Flags())
	s.bindPlace(cmd.Flags())
	f := cmd.Flags()
	f.BoolVar(&s.rate, "rate", false, "print how many messages and bytes come each second, in their place")
	f.BoolVar(&s.messageRate, "message-rate", false, "as --rate, but the messages alone, as mosquitto_sub prints them")
	return cmd
}

// bindChoice adds the options that choose among the messages that come.
func (s *sub) bindChoice(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Int64VarP(&s.count, "count", "C", 0, "end after this many messages")
	f.StringArrayVarP(&s.filterOut, "filter-out", "T", nil, "leave out topics that match this filter; may be given many times")
	f.StringArrayVarP(&s.unsubscribe, "unsubscribe", "U", nil, "unsubscribe this filter of the session; may be given many times")
	f.BoolVarP(&s.exit, "exit", "E", false, "end when the broker has answered the subscriptions")
	f.BoolVarP(&s.noStale, "no-stale", "R", false, "leave out messages that the broker had retained")
	f.BoolVar(&s.retainedOnly, "retained-only", false, "end at the first message that was not retained")
	f.BoolVar(&s.remove, "remove-retained", false, "have the broker forget the retained messages that are printed")
	f.Float64Var(&s.random, "random-filter", 100, "print this percentage of the messages, chosen at random")
}

func (s *sub) run(a *app, cmd *cobra.Command, args []string) error {
	args, err := s.complete(a, cmd, args)
	if err != nil {
		return err
	}
	o, err := s.engine(a, cmd, args)
	if err != nil {
		return err
	}
	printer, closePrinter, err := s.open(cmd.Context(), a, "sub")
	if err != nil {
		return err
	}
	o.Append = printer
	result, err := subscribe.Run(cmd.Context(), s.dial(a, cmd, &o), o)
	err = s.outcome("sub", err)
	if closed := closePrinter(); err == nil && closed != nil {
		err = failf("sub: %w", closed)
	}
	switch {
	case err != nil:
		return err
	case s.exit && result.Refused > 0: // which was told
		return &failure{status: ExitRejected}
	}
	return s.status()
}

// engine returns what subscribe.Run is to do, but for the printing.
func (s *sub) engine(a *app, cmd *cobra.Command, args []string) (o subscribe.Options, err error) {
	if err := s.check(a, cmd); err != nil {
		return o, err
	}
	o = s.receive(a, "sub")
	o.Out = s.stream(a)
	if o.Subscriptions, err = s.subscriptions("sub", args, len(s.unsubscribe) > 0); err != nil {
		return o, err
	}
	o.Granted = s.granted(a, "sub", o.Subscriptions)
	o.FilterOut, o.NoStale, o.RetainedOnly = s.filterOut, s.noStale, s.retainedOnly
	o.RemoveRetained, o.ExitAfterSubscribe = s.remove, s.exit
	o.Unsubscribe, o.UnsubscribeUserProperties = s.unsubscribe, s.properties.Unsubscribe
	if s.random < 100 {
		o.RandomFilter = s.random
	}
	switch {
	case s.messageRate:
		o.EachSecond = func(dst []byte, n subscribe.Second) []byte { return fmt.Appendf(dst, "%d msgs/s\n", n.Messages) }
	case s.rate:
		o.EachSecond = func(dst []byte, n subscribe.Second) []byte {
			return fmt.Appendf(dst, "%d messages/s, %d bytes/s, %d messages in all\n", n.Messages, n.Bytes, n.Total)
		}
	}
	return o, nil
}

// check finds what is wrong with the options, before anything is dialed.
func (s *sub) check(a *app, cmd *cobra.Command) error {
	f := cmd.Flags()
	switch {
	case s.random < 0.1 || s.random > 100:
		return usagef("sub: --random-filter %v is not between 0.1 and 100", s.random)
	case s.noStale && s.retainedOnly:
		return usagef("sub: -R and --retained-only leave no message; choose one")
	case f.Changed("count") && (s.rate || s.messageRate):
		return usagef("sub: -C counts what is printed, and --rate prints no messages; leave out one")
	}
	for _, filter := range slices.Concat(s.filterOut, s.unsubscribe) {
		if err := (&mqtt.Subscription{Filter: filter}).Validate(s.version); err != nil {
			return err
		}
	}
	return s.printing.check(a, "sub", f)
}
