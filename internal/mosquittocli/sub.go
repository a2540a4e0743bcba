package mosquittocli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"dunlin/internal/connect"
	"dunlin/internal/environ"
	"dunlin/internal/format"
	"dunlin/internal/subscribe"
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
	printer, err := c.printer(o)
	if err != nil {
		return c.fail(ctx, err)
	}
	if c.watch {
		printer.clear(out, cmp.Or(c.host, "localhost"))
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
	switch {
	case c.tool == toolSub && errors.As(err, &interrupt): // a clean end is what was asked for
		return statusOK
	case errors.Is(err, subscribe.ErrTimeout):
		c.say("Timed out\n")
		return statusTimeout
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
	command    *command
	identified bool           // -D subscribe subscription-identifier was given
	zone       *time.Location // of times
	rows       map[string]int // with --watch, the line on the screen of each topic
}

func (c *command) printer(o *connect.Options) (*printer, error) {
	p, err := format.New(format.Options{
		Format: c.format, Verbose: c.verbose, NoNewline: c.noEOL, Pretty: c.pretty, Escape: c.StdoutTerminal,
	})
	return &printer{Printer: p, command: c, identified: o.Properties.Subscribe.ID != 0, zone: zone(c.Getenv("TZ")), rows: map[string]int{}}, err
}

// append appends what is printed of a message.
func (p *printer) append(dst []byte, m *mqtt.Received) ([]byte, error) {
	if p.command.watch {
		return p.place(dst, m)
	}
	return p.text(dst, m)
}

func (p *printer) text(dst []byte, m *mqtt.Received) ([]byte, error) {
	if len(m.Payload) == 0 && !p.command.verbose && !p.command.hasFormat {
		return dst, nil // not even the end of a line
	}
	if !p.identified && len(m.SubscriptionIDs()) > 0 {
		m = withoutIdentifier(m)
	}
	dst, err := p.Append(dst, m, time.Now().In(p.zone))
	var failed *format.PayloadError
	if errors.As(err, &failed) {
		p.command.say(failed.Text)
		return dst, nil
	}
	return dst, err
}

// withoutIdentifier returns the message without the Subscription Identifier that package mqtt asked for.
func withoutIdentifier(m *mqtt.Received) *mqtt.Received {
	var plain *mqtt.Properties
	if p := m.Properties; p != nil {
		plain = &mqtt.Properties{
			PayloadIsText: p.PayloadIsText, MessageExpiry: p.MessageExpiry, ContentType: p.ContentType,
			ResponseTopic: p.ResponseTopic, CorrelationData: p.CorrelationData, UserProperties: p.UserProperties,
		}
		if reflect.ValueOf(*plain).IsZero() {
			plain = nil
		}
	}
	return &mqtt.Received{
		Topic: m.Topic, Payload: m.Payload, QoS: m.QoS, Retain: m.Retain, Dup: m.Dup, PacketID: m.PacketID,
		Properties: plain,
	}
}

// clear begins the screen of --watch.
func (p *printer) clear(w io.Writer, host string) {
	// The Output under w ends the command when nothing can be written.
	_, _ = fmt.Fprintf(w, "\x1b[2J\x1b[1;1HBroker: %s\n", host)
}

// place appends a message at the line of its topic, and has the cursor wait below the last one.
func (p *printer) place(dst []byte, m *mqtt.Received) ([]byte, error) {
	row, known := p.rows[m.Topic]
	if !known {
		row = len(p.rows) + 2 // below the line with the server's name
		p.rows[m.Topic] = row
	}
	dst, err := p.text(fmt.Appendf(dst, "\x1b[%d;1H", row), m)
	return fmt.Appendf(dst, "\x1b[%d;1H\n", len(p.rows)+1), err
}
