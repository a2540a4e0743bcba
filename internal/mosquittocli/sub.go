package mosquittocli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"time"

	"dunlin/internal/connect"
	"dunlin/internal/environ"
	"dunlin/internal/format"
	"dunlin/internal/subscribe"
	"dunlin/internal/terminal"
	"dunlin/mqtt"
	"dunlin/mqtt/dial"
)

// statusTimeout is the exit status when -W has run out.
const statusTimeout = 27

// sub subscribes and prints what comes: mosquitto_sub.
func (c *command) sub(ctx context.Context) int {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := environ.NewOutput(c.Stdout, cancel)
	o, err := c.connectOptions()
	if err != nil {
		return c.fail(ctx, err)
	}
	printer, err := c.printer()
	if err != nil {
		return c.fail(ctx, err)
	}
	if printer.screen != nil {
		// The Output under it ends the command when nothing can be written.
		_, _ = out.Write(printer.screen.Start(nil))
	}
	trace := c.journal(out)
	settings := c.subscribing(o, out, printer)
	settings.Redial = c.redial
	packets := c.watching(&settings, trace)
	_, err = subscribe.Run(ctx, c.receiver(o, packets), settings)
	if trace != nil {
		trace.close(err)
	}
	return c.ended(ctx, err)
}

// subscribing returns what is received, how it is printed and when it is enough.
func (c *command) subscribing(o *connect.Options, out io.Writer, p *printer) subscribe.Options {
	s := subscribe.Options{
		Subscriptions: c.subscriptions(&o.Properties.Subscribe),
		Unsubscribe:   c.unsubscribe, UnsubscribeUserProperties: o.Properties.Unsubscribe,
		FilterOut: c.filterOut, NoStale: c.noRetained, RetainedOnly: c.retainedOnly, RemoveRetained: c.removeRetained,
		Append: p.append, Out: out,
		Count: int64(c.count), Wait: time.Duration(c.timeout) * time.Second, ExitAfterSubscribe: c.exitAfterSub,
	}
	if c.randomFilter < everyMessage {
		s.RandomFilter = float64(c.randomFilter) / 100
	}
	if c.messageRate {
		s.EachSecond = func(dst []byte, s subscribe.Second) []byte { return fmt.Appendf(dst, "%d msgs/s\n", s.Messages) }
	}
	if o.Properties.Given("disconnect") {
		s.Disconnect = &o.Properties.Disconnect
	}
	return s
}

// everyMessage is the --random-filter that lets every message through, in hundredths of a per cent.
const everyMessage = 10000

// subscriptions returns the subscriptions of -t, or of -e.
func (c *command) subscriptions(p *connect.SubscribeProperties) (list []mqtt.Subscription) {
	filters := c.topics
	if c.tool == toolRR {
		filters = []string{c.responseTopic}
	}
	for _, filter := range filters {
		list = append(list, mqtt.Subscription{
			Filter: filter, QoS: c.qos, ID: p.ID, UserProperties: p.User,
			RetainAsPublished: c.retainAsPublished, RetainHandling: c.retainHandling,
		})
	}
	return list
}

// watching attaches to a run what has to see its packets, and returns that; nil for nothing.
func (c *command) watching(s *subscribe.Options, trace *journal) func(mqtt.TracedPacket) {
	if trace != nil {
		trace.attach(s)
	}
	if c.qos == mqtt.AtMostOnce && c.cleanSession {
		return trace.packets()
	}
	completed, told := complete(s), trace.packets()
	if told == nil {
		return completed
	}
	return func(p mqtt.TracedPacket) {
		told(p)
		completed(p)
	}
}

// receiver returns what makes the connections. A server that ends the first one before it has answered is
// asked again, as later on; one that cannot be reached is not.
func (c *command) receiver(o *connect.Options, packets func(mqtt.TracedPacket)) subscribe.Dial {
	return func(ctx context.Context, callbacks mqtt.Config) (*mqtt.Client, error) {
		for {
			url, cfg, err := o.Prepare(ctx)
			if err != nil {
				return nil, err
			}
			c.limits(&cfg, o)
			cfg.OnMessage, cfg.ManualAck = callbacks.OnMessage, callbacks.ManualAck
			cfg.OnConnect, cfg.OnDisconnect = callbacks.OnConnect, callbacks.OnDisconnect
			if o.Properties.Connect.MaximumPacket == 0 {
				cfg.Transport.MaxPacket = largestPacket
			}
			cfg.OnPacket = packets
			c.line.tap(&cfg)
			client, err := mqtt.Dial(ctx, url, cfg)
			if err == nil || !passing(err) {
				return client, err
			}
			if err := c.redial(ctx, err); err != nil {
				return nil, err
			}
		}
	}
}

// passing reports whether a connection stood and was lost before the server had answered.
func passing(err error) bool {
	var unreached *dial.Error
	var refused *mqtt.ConnectError
	var argument *mqtt.ArgumentError
	return !errors.As(err, &unreached) && !errors.As(err, &refused) && !errors.As(err, &argument)
}

// redial waits before another connection is made after one that was lost. A server that refuses it is not
// asked again.
func (c *command) redial(ctx context.Context, reason error) error {
	var refused *mqtt.ConnectError
	if errors.As(reason, &refused) {
		return refused
	}
	timer := time.NewTimer(reconnecting)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// ended says why the run ended, as far as there is something to say, and returns the exit status.
func (c *command) ended(ctx context.Context, err error) int {
	var refused *mqtt.ConnectError
	var interrupt environ.Interrupt
	alarm := errors.As(err, &interrupt) && interrupt.Signal == syscall.SIGALRM
	switch {
	case alarm, errors.Is(err, subscribe.ErrTimeout):
		c.say("Timed out\n")
		return statusTimeout
	case c.tool == toolSub && errors.As(err, &interrupt): // a clean end is what was asked for
		return statusOK
	case errors.Is(err, subscribe.ErrAllRefused):
		c.say("All subscription requests were denied.\n")
		return statusOK
	case errors.As(err, &refused) && ctx.Err() == nil:
		c.say(refusal(c.tool, refused))
		return int(refused.Code)
	}
	return c.fail(ctx, err)
}

// refusal returns the line about a CONNACK that refuses. mosquitto_rr takes each code for one of MQTT 5.
func refusal(t tool, e *mqtt.ConnectError) string {
	if t == toolRR {
		return "Connection error: " + reasonText(e.Code) + "\n"
	}
	line, _, _ := strings.Cut(describeRefusal(e), "\n")
	return line + "\n"
}

// printer makes text of messages.
type printer struct {
	*format.Printer
	command *command
	screen  *terminal.Watch // of --watch, or nil
	zone    *time.Location  // of times
}

func (c *command) printer() (*printer, error) {
	made, err := format.New(format.Options{
		Format: c.format, Verbose: c.verbose, NoNewline: c.noEOL, Pretty: c.pretty, Escape: c.StdoutTerminal,
	})
	p := &printer{Printer: made, command: c, zone: zone(c.Getenv("TZ"))}
	// A terminal that cannot draw gets the lines as they are.
	if c.watch && !(c.StdoutTerminal && terminal.Dumb(c.Getenv)) {
		p.screen = &terminal.Watch{Title: "Broker: " + cmp.Or(c.host, "localhost")}
		if c.StdoutTerminal {
			p.screen.Size = func() (columns, lines int) { return terminal.Size(c.Stdout) }
		}
	}
	return p, err
}

// append appends what is printed of a message.
func (p *printer) append(dst []byte, m *mqtt.Received) ([]byte, error) {
	if p.screen == nil {
		return p.text(dst, m)
	}
	text, err := p.text(nil, m)
	return p.screen.Append(dst, m.Topic, text), err
}

func (p *printer) text(dst []byte, m *mqtt.Received) ([]byte, error) {
	if len(m.Payload) == 0 && !p.command.verbose && !p.command.hasFormat {
		return dst, nil // not even the end of a line
	}
	dst, err := p.Append(dst, m, time.Now().In(p.zone))
	var failed *format.PayloadError
	if errors.As(err, &failed) {
		p.command.say(failed.Text)
		return dst, nil
	}
	return dst, err
}
