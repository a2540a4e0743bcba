package interop

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"dunlin/mqtt"
)

var rabbitMQFacts = []testCase{
	{
		name: "a filter with a dot", only: on("rabbitmq"), body: func(r *rig) { toldUnmatched(r, "dot/a.b", "dot/a.b", "dot/a/b") },
		says: "Avoid dots in topics: a message to `a.b` comes as one to `a/b`, also for the filter `a.b`, so that it goes to no handler of it. The client says so once a subscription, and gives it to Config.OnMessage.",
	},
	{
		name: "a filter with a star", only: on("rabbitmq"), body: func(r *rig) { toldUnmatched(r, "star/*", "star/a", "star/a") },
		says: "Avoid `*` in topics and filters: in a filter it acts as `+`, and a message to `a*b` comes as one to `a+b`, which no topic may be: a client with Reconnect throws it away and says so (PoisonError), others end.",
	},
	{
		name: "a publish at QoS 2 to a server that has none", only: on("rabbitmq"), body: noQoS2,
		says: "Publish at QoS 1: there is no QoS 2. A publish at QoS 2 ends at once with an error that says so, a subscription is granted QoS 1.",
	},
	{
		name: "ten unacknowledged messages at most", only: on("rabbitmq"), body: prefetch,
		says: "It sends ten messages of QoS 1 and then waits for an acknowledgement (`mqtt.prefetch`): with ManualAck, do not wait for an eleventh before acknowledging.",
	},
	{
		name: "a wrong password", only: on("rabbitmq"), body: func(r *rig) { refusedPassword(r, 4) },
		says: "A wrong password is refused with return code 4, as it should be.",
	},
	{
		name: "a wrong WebSocket path", only: on("rabbitmq"), body: wrongPath,
		says: "Over WebSocket the path is `/ws`, the port 15675; another path is refused with HTTP status 404.",
	},
	{
		name: "coming back with another kind of session", only: on("rabbitmq"), body: otherKind,
		says: "A client that comes with KeepSession right after one without, or the other way round, may find the connection closed without CONNACK; with Reconnect it comes in a moment later.",
	},
}

// noQoS2: a QoS 2 PUBLISH is answered with PUBACK. The publish ends with what is known
// of it, later ones do not wait for ever either, and QoS 1 goes on.
func noQoS2(r *rig) {
	p, watcher := r.dial(lasting), r.dial()
	same(r, "granted QoS", granted(watcher, "t"), 1)
	for i := range 25 { // more than a client has in flight at a time
		err := p.Publish(r.ctx, mqtt.Message{Topic: r.topic("t"), Payload: fmt.Append(nil, i), QoS: 2})
		if err == nil || r.ctx.Err() != nil || !strings.Contains(err.Error(), "QoS 1") {
			r.failf("publish %d at QoS 2: got %v, want a word that the server has no QoS 2", i, err)
		}
	}
	same(r, "the message that was taken", r.show(watcher.next()), "t=0/1")
	p.publish("t", "last", 1)
	for m := watcher.next(); string(m.Payload) != "last"; m = watcher.next() {
		same(r, "QoS", m.QoS, 1)
	}
	same(r, "connected", p.IsConnected(), true)
}

// granted subscribes at QoS 2 and returns what the server granted.
func granted(p *peer, name string) mqtt.ReasonCode {
	d, err := p.SubscribeAsync(p.r.ctx, []mqtt.Subscription{{Filter: p.r.topic(name), QoS: 2}}, nil)
	p.r.must("subscribe", err)
	p.r.must("subscribe", d.Wait(p.r.ctx))
	return d.Answer().Codes[0]
}

// prefetch: more than ten messages wait at the server until one is acknowledged.
func prefetch(r *rig) {
	const messages, window = 25, 10
	from := r.dial()
	p := r.dial(func(cfg *mqtt.Config) { cfg.ManualAck = true })
	p.subscribe("t", 1)
	for i := range messages {
		from.publish("t", fmt.Sprintf("%02d", i), 1)
	}
	held := p.until(from, 0) // QoS 0 is not held back
	for len(held) < window {
		held = append(held, p.next())
	}
	r.pass(500 * time.Millisecond) // the server has time for more
	same(r, "unacknowledged messages that came", len(held)+len(p.got), window)
	for i := range messages {
		if i == len(held) {
			held = append(held, p.next())
		}
		same(r, "message", r.show(held[i]), fmt.Sprintf("t=%02d/1", i))
		r.must("acknowledge", held[i].Ack())
	}
	p.expect(from, 0)
}

func wrongPath(r *rig) {
	r.use(r.server.startWebSocket)
	r.url = strings.TrimSuffix(r.url, "/ws") + "/mqtt"
	_, err := r.tryDial()
	if err == nil || !strings.Contains(err.Error(), "404") {
		r.failf("got %v, want HTTP status 404", err)
	}
}

// otherKind: a client that the server does not let in at once gets in all the same.
func otherKind(r *rig) {
	id := r.id()
	for i := range 6 {
		first := r.dial(func(cfg *mqtt.Config) {
			lasting(cfg)
			cfg.ClientID, cfg.KeepSession = id, i%2 == 1
			cfg.Reconnect.Background = true
		})
		first.subscribe("t", 1)
		first.publish("t", fmt.Sprint(i), 1)
		same(r, "message", r.show(first.next()), fmt.Sprintf("t=%d/1", i))
		if err := first.Close(r.ctx); err != nil && !errors.Is(err, mqtt.ErrClosed) {
			r.failf("close: %w", err)
		}
	}
}
