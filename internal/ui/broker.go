package ui

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"dunlin/internal/packets"
	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

const (
	// maxPacket is the largest packet that is kept. What is larger is read and thrown away.
	maxPacket = 32 << 20
	// goodbye is how long the clean end of a connection may take.
	goodbye = 500 * time.Millisecond
	// patience is how long a broker may take to answer.
	patience = 30 * time.Second
)

// openBroker begins to connect to a broker. The hub's lock is held.
func (h *hub) openBroker(b Broker) *connection {
	address := withoutQuery(b.Connect.Address())
	c := h.newConnection(kindBroker, cmp.Or(b.Name, address), address)
	c.broker = b
	for _, s := range b.Subscriptions {
		c.filters = append(c.filters, protocol.Filter{Filter: s.Filter, QoS: int(s.QoS)})
	}
	h.connections = append(h.connections, c)
	h.work.Go(c.run)
	return c
}

// withoutQuery returns an address without what follows a question mark, which may be a secret of a WebSocket.
func withoutQuery(address string) string {
	address, _, _ = strings.Cut(address, "?")
	return address
}

// run keeps the connection to a broker until it ends.
func (c *connection) run() {
	defer close(c.over)
	client, err := c.dial()
	if err != nil {
		c.set(stateEnded, c.hub.line(err))
		return
	}
	select {
	case <-client.Done():
		err := client.Err()
		end := c.log.Closed(0, time.Now(), packets.Closed{Err: err})
		detail := strings.TrimPrefix(c.hub.line(err), mqtt.ErrClosed.Error()+": ") // which goes without saying
		c.set(stateEnded, strings.TrimSuffix(detail+"; "+end.Hint, "; "))
		return
	case <-c.ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), goodbye)
	defer cancel()
	_ = client.Close(ctx) // what cannot be ended cleanly is cut
	c.log.Closed(0, time.Now(), packets.Closed{By: packets.Client})
	c.set(stateEnded, context.Cause(c.ctx).Error())
}

// dial makes the client, which connects and connects again by itself.
func (c *connection) dial() (*mqtt.Client, error) {
	o := c.broker.Connect
	o.Reconnect = cmp.Or(c.broker.Reconnect, &mqtt.Reconnect{MaxDelay: time.Minute})
	url, cfg, err := o.Prepare(c.ctx)
	if err != nil {
		return nil, err
	}
	cfg.Reconnect.Background = true
	cfg.Transport.MaxPacket = min(cmp.Or(cfg.Transport.MaxPacket, maxPacket), maxPacket)
	cfg.Poison = mqtt.PoisonDropped
	c.watch(&cfg)
	return mqtt.Dial(c.ctx, url, cfg)
}

// watch has the callbacks of a client tell what becomes of it.
func (c *connection) watch(cfg *mqtt.Config) {
	cfg.OnPacket = c.log.Traced
	if trace := c.broker.Trace; trace != nil {
		cfg.OnPacket = func(p mqtt.TracedPacket) {
			c.log.Traced(p)
			trace(p)
		}
	}
	dial := cfg.Transport.Dial
	cfg.Transport.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err == nil {
			c.log.Opened(0, time.Now(), fmt.Sprintf("%v to %v", conn.LocalAddr(), conn.RemoteAddr()))
		}
		return conn, err
	}
	c.watchState(cfg)
	cfg.OnError = c.fault
	cfg.OnMessage = func(_ context.Context, m *mqtt.Received) { c.take(m, time.Now()) }
	cfg.OnLargeMessage = func(_ context.Context, _ *mqtt.Received, payload io.Reader) {
		_, _ = io.Copy(io.Discard, payload) // where the connection breaks, OnDisconnect tells
		c.mu.Lock()
		c.tooLarge++
		c.mu.Unlock()
	}
}

// watchState has the callbacks of a client tell how its connection stands.
func (c *connection) watchState(cfg *mqtt.Config) {
	first := true
	cfg.OnConnect = func(client *mqtt.Client) {
		c.mu.Lock()
		c.client, c.version = client, client.ConnAck().Version.String()
		c.mu.Unlock()
		c.set(stateConnected, "")
		if first {
			first = false
			c.hub.spawn(func() { c.subscribeAll(client) })
		}
	}
	cfg.OnDisconnect = func(reason error) {
		end := c.log.Closed(0, time.Now(), packets.Closed{Err: reason})
		c.set(stateWaiting, cmp.Or(end.Why, c.hub.line(reason)))
	}
	cfg.OnRetry = func(r mqtt.Retry) {
		c.log.Closed(0, time.Now(), packets.Closed{Err: r.Err})
		c.set(stateWaiting, fmt.Sprintf("%s; trying again in %v", c.hub.line(r.Err), r.Delay.Round(100*time.Millisecond)))
	}
}

// fault notes what no call has returned.
func (c *connection) fault(err error) {
	var s *mqtt.SubscribeError
	if errors.As(err, &s) {
		for i, filter := range s.Filters {
			if i >= len(s.Codes) || s.Codes[i] >= 0x80 {
				c.setFilter(protocol.Filter{Filter: filter, Error: c.hub.line(err)})
			}
		}
		return
	}
	c.mu.Lock()
	c.detail = c.hub.line(err)
	c.mu.Unlock()
	c.hub.changed()
}

// errUnanswered says what a broker has not done.
var errUnanswered = errors.New("the broker has not answered within 30 s")

// subscribeAll subscribes to what the command asks for, each filter in a packet of its own, so that one that a broker refuses, or
// ends the connection at, does not take others along. It waits for as long as the broker takes: nobody would ask again.
func (c *connection) subscribeAll(client *mqtt.Client) {
	for _, s := range c.broker.Subscriptions {
		told := make(chan struct{})
		late := time.AfterFunc(patience, func() {
			defer close(told)
			c.setFilter(protocol.Filter{Filter: s.Filter, QoS: int(s.QoS), Error: errUnanswered.Error() + "; it is waited for"})
		})
		f := c.ask(c.ctx, client, s)
		if !late.Stop() {
			<-told
		}
		c.setFilter(f)
	}
}

// subscribe subscribes to one filter, and notes what the broker says.
func (c *connection) subscribe(client *mqtt.Client, s mqtt.Subscription) protocol.Filter {
	ctx, cancel := context.WithTimeoutCause(c.ctx, patience, errUnanswered)
	defer cancel()
	return c.setFilter(c.ask(ctx, client, s))
}

// ask asks the broker for one filter, and returns what it says.
func (c *connection) ask(ctx context.Context, client *mqtt.Client, s mqtt.Subscription) protocol.Filter {
	if client.ConnAck().Version == mqtt.V5 && !strings.HasPrefix(s.Filter, "$SYS/") {
		s.RetainAsPublished = true // so that it is known what the broker keeps; of $SYS it would hide which values are old
	}
	active, err := client.Subscribe(ctx, s)
	f := protocol.Filter{Filter: s.Filter, QoS: int(s.QoS)}
	if err != nil {
		f.Error = c.hub.line(err)
	} else if codes := active.Granted(); len(codes) == 1 {
		f.QoS = int(codes[0])
	}
	return f
}
