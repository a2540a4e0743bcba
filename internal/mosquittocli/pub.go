package mosquittocli

import (
	"context"
	"errors"
	"sync"
	"time"

	"dunlin/internal/connect"
	"dunlin/internal/environ"
	"dunlin/internal/feed"
	"dunlin/internal/publish"
	"dunlin/internal/terminal"
	"dunlin/mqtt"
)

// Times of the clean end.
const (
	goodbye      = 3 * time.Second // for DISCONNECT
	reconnecting = time.Second     // between two attempts, as in Mosquitto's commands
)

// pub publishes: mosquitto_pub.
func (c *command) pub(ctx context.Context) int {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// Debug lines that nobody reads keep no message from being sent.
	out := environ.NewOutput(terminal.Writer(c.Stdout, c.StdoutTerminal), func(error) {})
	o, err := c.connectOptions()
	if err != nil {
		return c.fail(ctx, err)
	}
	if c.payload == payloadStdinLine { // whose writer may go on for days
		o.Reconnect = &mqtt.Reconnect{MinDelay: reconnecting, MaxDelay: reconnecting}
	}
	client, err := c.dial(ctx, o, out)
	if err != nil {
		return c.fail(ctx, err)
	}
	err = c.publish(ctx, client, o)
	if interrupted(ctx) {
		c.line.breakOff()
	}
	c.leave(client, o)
	return c.fail(ctx, err)
}

// dial connects as the options say.
func (c *command) dial(ctx context.Context, o *connect.Options, out *environ.Output) (*mqtt.Client, error) {
	url, cfg, err := o.Prepare(ctx)
	if err != nil {
		return nil, err
	}
	cfg.OnPacket = c.trace(out)
	c.limits(&cfg, o)
	c.line.tap(&cfg)
	return mqtt.Dial(ctx, url, cfg)
}

// limits makes of a Config what Mosquitto's commands tell a server of themselves.
func (c *command) limits(cfg *mqtt.Config, o *connect.Options) {
	if o.Properties.Connect.ReceiveMaximum == 0 {
		cfg.Limits.ReceiveMaximum = 20
	}
	if o.Properties.Connect.TopicAliasMaximum == nil {
		cfg.Limits.TopicAliases = -1
	}
	if o.Properties.Connect.MaximumPacket == 0 {
		cfg.Transport.MaxPacket = largestPacket
	}
	cfg.Limits.InFlight = min(c.maxInflight, 65535)
}

// largestPacket is the largest packet that MQTT has.
const largestPacket = 268435455 + 5

// leave says goodbye to the server.
func (c *command) leave(client *mqtt.Client, o *connect.Options) {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	if c.version == mqtt.V5 {
		var wrong *mqtt.ArgumentError
		if err := client.CloseWith(ctx, o.Properties.Disconnect); !errors.As(err, &wrong) {
			return
		}
		c.say("Error: " + wrong.Error() + "\n")
	}
	// What has become of the messages is known; the end of the connection adds nothing.
	_ = client.Close(ctx)
}

// publish publishes everything and says what the server refused, which is a warning.
func (c *command) publish(ctx context.Context, client *mqtt.Client, o *connect.Options) error {
	server := client.ConnAck()
	if c.qos > server.MaximumQoS {
		return plainError("Error: Message QoS not supported on broker, try a lower QoS.\n")
	}
	m := mqtt.Message{
		Topic: c.topics[0], Payload: c.body, QoS: c.qos,
		Retain:     c.retain && server.RetainAvailable, // as Mosquitto does it, without a word
		Properties: o.Properties.Publish.Message(),
	}
	settings := publish.Options{
		InFlight: min(c.maxInflight, 65535), KeepGoing: true, Pause: c.repeatDelay,
		OneByOne: c.payload != payloadStdinLine, Resume: o.Reconnect != nil,
	}
	var mu sync.Mutex
	var first error // that is no warning
	settings.Failed = func(f publish.Failure) {
		var refused *mqtt.PublishError
		if errors.As(f.Err, &refused) && errors.Is(f.Err, mqtt.ErrRejected) && refused.Code >= 0x80 {
			c.warn("Publish %d failed: %s.", refused.PacketID, reasonText(refused.Code))
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if first == nil {
			first = f.Err
		}
	}
	_, err := publish.Run(ctx, client, c.source(m), settings)
	mu.Lock()
	defer mu.Unlock()
	switch {
	case first != nil:
		return first
	case errors.Is(err, mqtt.ErrRejected):
		return nil
	}
	return err
}

// source returns what is published.
func (c *command) source(m mqtt.Message) feed.Source {
	if c.payload == payloadStdinLine {
		return feed.Lines(c.Stdin, m, feed.LineRules{EndAtNUL: true})
	}
	return feed.Repeat(m, c.repeat)
}
