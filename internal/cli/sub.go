package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dunlin/internal/terminal"
	"dunlin/mqtt"
)

var (
	// errTimeout is the cause of a context that -W ended.
	errTimeout = errors.New("timed out")
	// errCounted is the cause of a context that -C ended.
	errCounted = errors.New("all messages came")
)

// sub prints messages as they come.
type sub struct {
	session
	topics  []string
	verbose bool
	count   int64
	wait    int64
}

func (a *app) subCommand() *cobra.Command {
	s := &sub{}
	cmd := &cobra.Command{
		Use:   "sub [FILTER...]",
		Short: "Subscribe and print messages",
		Long: "Subscribe to topic filters and print each message on a line of its own, with the letters\n" +
			"of mosquitto_sub, until Ctrl-C.",
		Example: "  dunlin sub -h broker.example -t 'home/#' -v\n  dunlin sub -t state -C 1 -W 5",
		RunE:    func(cmd *cobra.Command, args []string) error { return s.run(a, cmd, args) },
	}
	s.bind(cmd)
	s.bindQoS(cmd)
	f := cmd.Flags()
	f.StringArrayVarP(&s.topics, "topic", "t", nil, "topic filter; may be given many times")
	f.BoolVarP(&s.verbose, "verbose", "v", false, "print the topic in front of the message")
	f.Int64VarP(&s.count, "count", "C", 0, "end after this many messages")
	f.Int64VarP(&s.wait, "wait", "W", 0, "end after this many seconds, with status 27")
	return cmd
}

func (s *sub) run(a *app, cmd *cobra.Command, args []string) error {
	args, err := s.complete(a, cmd, args)
	if err != nil {
		return err
	}
	subscriptions, err := s.arguments(args)
	if err != nil {
		return err
	}
	for i := range subscriptions { // before anything is dialed
		if err := subscriptions[i].Validate(s.version); err != nil {
			return err
		}
	}
	ctx, finish := context.WithCancelCause(cmd.Context())
	defer finish(nil)
	if s.wait > 0 {
		timer := time.AfterFunc(time.Duration(s.wait)*time.Second, func() { finish(errTimeout) })
		defer timer.Stop()
	}
	client, err := s.connect(ctx, a, mqtt.Config{
		OnMessage:    s.printer(a, finish),
		OnDisconnect: func(reason error) { finish(fmt.Errorf("%w: %w", errLost, reason)) },
		OnError:      func(err error) { a.note("sub: %v", err) },
		Poison:       mqtt.PoisonDropped, // a line each, and the next run would get it again
	})
	if err != nil {
		return s.outcome(ctx, err)
	}
	defer s.close(client)
	active, err := client.Subscribe(ctx, subscriptions...)
	if err != nil {
		return s.outcome(ctx, err)
	}
	for i, granted := range active.Granted() {
		if int64(granted) < s.qos {
			a.note("sub: the broker grants %q QoS %d, not %d", subscriptions[i].Filter, granted, s.qos)
		}
	}
	if a.StderrTerminal {
		a.note("subscribed, Ctrl-C to stop")
	}
	<-ctx.Done()
	return s.outcome(ctx, ctx.Err())
}

// arguments returns the subscriptions, from options and from positions.
func (s *sub) arguments(args []string) ([]mqtt.Subscription, error) {
	filters := append(s.topics, args...)
	if s.urlTopic != "" && (len(filters) == 0 || !s.isDefault()) {
		filters = append(filters, s.urlTopic)
	}
	if len(filters) == 0 {
		return nil, usagef("sub: no topic filter; give one with -t")
	}
	subscriptions := make([]mqtt.Subscription, len(filters))
	for i, filter := range filters {
		subscriptions[i] = mqtt.Subscription{Filter: filter, QoS: mqtt.QoS(s.qos)}
	}
	return subscriptions, nil
}

// printer returns the handler that prints messages, and calls finish after the
// last one that -C asks for. It runs on one goroutine.
func (s *sub) printer(a *app, finish context.CancelCauseFunc) func(context.Context, *mqtt.Received) {
	printed := int64(0)
	var line []byte
	return func(_ context.Context, m *mqtt.Received) {
		if s.count > 0 && printed == s.count {
			return
		}
		line = s.appendLine(line[:0], m, a.StdoutTerminal)
		if _, err := a.out.Write(line); err != nil {
			return // a.out ends the command
		}
		if printed++; printed == s.count {
			finish(errCounted)
		}
	}
}

func (s *sub) appendLine(dst []byte, m *mqtt.Received, toTerminal bool) []byte {
	if s.verbose {
		dst = append(dst, escapeIf(toTerminal, m.Topic)...)
		dst = append(dst, ' ')
	}
	if toTerminal {
		dst = append(dst, terminal.Escape(string(m.Payload))...)
	} else {
		dst = append(dst, m.Payload...)
	}
	return append(dst, '\n')
}

func escapeIf(toTerminal bool, s string) string {
	if toTerminal {
		return terminal.Escape(s)
	}
	return s
}

// outcome says how the command ended: ctx knows, unless err came on its own.
func (s *sub) outcome(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errCounted):
		return nil
	case errors.Is(cause, errTimeout):
		return &failure{status: ExitTimeout, err: fmt.Errorf("sub: timed out after %d s", s.wait)}
	default:
		place, _, _ := strings.Cut(s.url, "?") // a WebSocket's query may be a secret
		return fmt.Errorf("sub %s: %w", place, cause)
	}
}
