package sparkplug

import (
	"context"
	"errors"
	"slices"
	"time"

	"dunlin/mqtt"
)

// session is a client of an edge node or host from Dial to Close, over all its connections. Its callbacks come with it, so that
// one that is late, from a session that was given up, is told from those of the next.
type session struct {
	client *mqtt.Client // guarded by the lock of whose session it is
}

// hooks are what an edge node or a host does in the life of a session.
type hooks struct {
	prepare   func(a *mqtt.Attempt) // before each attempt to connect: it sets the will
	connected func(c *mqtt.Client)  // a connection stands; the subscriptions are on their way
	lost      func()                // it is gone
	ended     func(err error)       // there will be no other
}

// dial makes a client, whose connections go to the first of urls and then to the others. cfg was checked.
func dial(ctx context.Context, urls []string, cfg mqtt.Config, h hooks) (*mqtt.Client, error) {
	r := mqtt.Reconnect{}
	if cfg.Reconnect != nil {
		r = *cfg.Reconnect
	}
	giveUp := r.GiveUp
	if giveUp == nil {
		giveUp = mqtt.IsPermanent
	}
	r.Servers = urls[1:]
	r.Republish = mqtt.RepublishNone // a birth or death belongs to its own connection
	r.Prepare = func(_ context.Context, a *mqtt.Attempt) error {
		h.prepare(a)
		return nil
	}
	r.GiveUp = func(err error) bool {
		if !giveUp(err) {
			return false
		}
		h.ended(err)
		return true
	}
	cfg.Reconnect = &r
	onConnect, onDisconnect := cfg.OnConnect, cfg.OnDisconnect
	cfg.OnConnect = func(c *mqtt.Client) {
		h.connected(c)
		if onConnect != nil {
			onConnect(c)
		}
	}
	cfg.OnDisconnect = func(reason error) {
		h.lost()
		if onDisconnect != nil {
			onDisconnect(reason)
		}
	}
	return mqtt.Dial(ctx, urls[0], cfg)
}

// subscribe asks for subscriptions and waits for the answer, unless all is to go on in the background. done gets the answer
// in turn with the handlers.
func subscribe(ctx context.Context, c *mqtt.Client, cfg *mqtt.Config, subs []mqtt.Subscription, done func(error)) error {
	d, err := c.SubscribeAsync(ctx, subs, done)
	if err != nil || cfg.Reconnect != nil && cfg.Reconnect.Background {
		return err
	}
	return d.Wait(ctx)
}

// closeWithWill disconnects; in MQTT 5 with the word that the server is to publish the will
// [tck-id-payloads-ndeath-will-message-publisher-disconnect-mqtt50].
func closeWithWill(ctx context.Context, c *mqtt.Client) error {
	if c.IsConnected() && c.ConnAck().Version == mqtt.V5 {
		err := c.CloseWith(ctx, mqtt.DisconnectOptions{Code: 0x04})
		var argument *mqtt.ArgumentError // the connection was lost in between
		if !errors.As(err, &argument) {
			return err
		}
	}
	return c.Close(ctx)
}

// closeLimit bounds the end of a session that nobody waits for.
const closeLimit = 10 * time.Second

// checkMQTT reports what an edge node or host cannot have in its mqtt.Config.
func checkMQTT(cfg *mqtt.Config) error {
	own := func(name string) error {
		return &mqtt.ArgumentError{Name: "MQTT." + name, What: "must be zero: Sparkplug says what it is"}
	}
	switch {
	case cfg.Will != nil:
		return own("Will")
	case cfg.KeepSession: // [tck-id-principles-persistence-clean-session-311]
		return own("KeepSession")
	case cfg.Properties.SessionExpiry != 0: // [tck-id-principles-persistence-clean-session-50]
		return own("Properties.SessionExpiry")
	case cfg.Store != nil:
		return own("Store")
	case cfg.Limits.Queue.QoS0: // what waits for a connection would be sent after its birth with a number of before
		return own("Limits.Queue.QoS0")
	case cfg.Reconnect != nil && cfg.Reconnect.Prepare != nil:
		return own("Reconnect.Prepare")
	}
	if cfg.Reconnect != nil && cfg.Reconnect.Republish != mqtt.RepublishQoS1 {
		return own("Reconnect.Republish")
	}
	return nil
}

// allURLs returns the servers in their order, each once even where it is given twice.
func allURLs(url string, cfg *mqtt.Config) []string {
	urls := []string{url}
	if cfg.Reconnect == nil {
		return urls
	}
	for _, other := range cfg.Reconnect.Servers {
		if !slices.Contains(urls, other) {
			urls = append(urls, other)
		}
	}
	return urls
}

// argument returns an error about a field of a configuration.
func argument(name string, err error) error {
	return &mqtt.ArgumentError{Name: name, What: err.Error()}
}
