package interop

import (
	"errors"
	"fmt"
	"strings"

	"dunlin/mqtt"
)

var limitCases = []testCase{
	{name: "topic aliases of the client", body: clientAliases, from: mqtt.V5},
	{name: "topic aliases of the server", body: serverAliases, from: mqtt.V5},
	{name: "receive maximum of the client", body: clientReceiveMaximum, from: mqtt.V5},
	{name: "receive maximum of the server", body: serverReceiveMaximum, from: mqtt.V5},
	{name: "maximum packet size of the client", body: clientPacketSize, from: mqtt.V5},
	{name: "maximum packet size of the server", body: serverPacketSize, from: mqtt.V5, only: func(s *server) bool { return s.packetSize > 0 }},
	{name: "a backlog beyond the receive maximum", body: backlog, from: mqtt.V5},
}

// long is a topic that an alias makes short.
func (r *rig) long(i int) string {
	return r.topic(fmt.Sprint("long/", i, strings.Repeat("/level", 100)))
}

// clientAliases: topics leave once, as far as the server takes aliases, and come
// out whole at the other end, also when there are more than it takes.
func clientAliases(r *rig) {
	from := r.dial()
	to := r.dial(func(cfg *mqtt.Config) { cfg.Limits.TopicAliases = -1 })
	to.subscribe("long/#", 1)
	same(r, "topic alias maximum", from.ConnAck().TopicAliasMaximum, r.server.aliasesTaken)
	before := from.wire.sent.Load()
	const messages = 50
	for i := range messages {
		from.send(mqtt.Message{Topic: r.long(0), Payload: fmt.Append(nil, i), QoS: mqtt.QoS(i % 2)})
		m := to.next()
		same(r, "topic", m.Topic, r.long(0))
		same(r, "payload", string(m.Payload), fmt.Sprint(i))
	}
	if sent := from.wire.sent.Load() - before; r.server.aliasesTaken > 0 && sent > int64(messages*len(r.long(0))/4) {
		r.failf("%d messages with a topic of %d bytes took %d bytes", messages, len(r.long(0)), sent)
	}
	topics := 1 + 3*r.server.aliasesTaken
	for i := range topics {
		from.send(mqtt.Message{Topic: r.long(i % topics), QoS: 1})
		same(r, "topic", to.next().Topic, r.long(i%topics))
	}
}

// serverAliases: the user never sees what the server does with aliases.
func serverAliases(r *rig) {
	from := r.dial()
	to := r.dial(func(cfg *mqtt.Config) { cfg.Limits.TopicAliases = 4 })
	to.subscribe("long/#", 1)
	before := to.wire.rcv.Load()
	const messages = 50
	for i := range messages {
		topic := r.long(i % 3)
		from.send(mqtt.Message{Topic: topic, QoS: 1})
		same(r, "topic", to.next().Topic, topic)
	}
	for i := range 20 { // more than there are aliases
		from.send(mqtt.Message{Topic: r.long(i), QoS: 1})
		same(r, "topic", to.next().Topic, r.long(i))
	}
	if rcv := to.wire.rcv.Load() - before; r.server.aliasesUsed && rcv > int64(messages*len(r.long(0))/2+20*len(r.long(0))) {
		r.failf("%d messages with a topic of %d bytes took %d bytes: no alias is used", messages+20, len(r.long(0)), rcv)
	}
}

// clientReceiveMaximum: the server keeps back what the client cannot hold.
func clientReceiveMaximum(r *rig) {
	const window, messages = 3, 10
	from := r.dial()
	to := r.dial(func(cfg *mqtt.Config) {
		cfg.Limits.ReceiveMaximum = window
		cfg.ManualAck = true
	})
	to.subscribe("t", 1)
	for i := range messages {
		from.publish("t", fmt.Sprint(i), 1)
	}
	held := to.until(from, 0) // QoS 0 is not held back
	same(r, "messages before any is acknowledged", len(held), window)
	for i := range messages {
		same(r, "message", r.show(held[i]), fmt.Sprintf("t=%d/1", i))
		r.must("acknowledge", held[i].Ack())
		if len(held) < messages {
			held = append(held, to.next())
		}
		same(r, "messages after one is acknowledged", len(held)+len(to.until(from, 0)), min(window+i+1, messages))
	}
}

// backlog: what waited for the client comes in portions that it can hold.
func backlog(r *rig) {
	const messages = 60
	id, from := r.id(), r.dial()
	narrow := func(cfg *mqtt.Config) { cfg.Limits.ReceiveMaximum = 5 }
	p := r.dial(kept(id), narrow)
	p.subscribe("t", 1)
	p.close()
	var want []string
	for i := range messages {
		from.publish("t", fmt.Sprintf("%02d", i), 1)
		want = append(want, fmt.Sprintf("t=%02d/1", i))
	}
	p = r.dial(kept(id), narrow)
	p.expectAnyOrder(from, 1, want...)
}

// serverReceiveMaximum: more publishes than the server takes at once all complete.
func serverReceiveMaximum(r *rig) {
	p := r.dial()
	count := min(3*p.ConnAck().ReceiveMaximum, 3000)
	deliveries := make([]*mqtt.Delivery, count)
	for i := range deliveries {
		d, err := p.PublishAsync(r.ctx, mqtt.Message{Topic: r.topic("t"), QoS: mqtt.QoS(1 + i%2)}, nil)
		r.must("publish", err)
		deliveries[i] = d
	}
	for _, d := range deliveries {
		r.must("publish", d.Wait(r.ctx))
	}
}

// clientPacketSize: the server drops what is too large for the client, as if it
// had been sent [MQTT-3.1.2-25].
func clientPacketSize(r *rig) {
	from := r.dial()
	to := r.dial(func(cfg *mqtt.Config) { cfg.Transport.MaxPacket = 1024 })
	to.subscribe("t", 1)
	from.publish("t", "small", 1)
	from.publish("t", strings.Repeat("x", 2000), 1)
	from.publish("t", "small again", 1)
	to.expect(from, 1, "t=small/1", "t=small again/1")
}

// serverPacketSize: what the server would not take is refused unsent, and the
// connection goes on.
func serverPacketSize(r *rig) {
	p := r.dial()
	limit := p.ConnAck().MaximumPacketSize
	same(r, "maximum packet size", limit, r.server.packetSize)
	err := p.Publish(r.ctx, mqtt.Message{Topic: r.topic("t"), Payload: make([]byte, limit), QoS: 1})
	same(r, fmt.Sprintf("refused unsent (%v)", err), errors.Is(err, mqtt.ErrNotSent), true)
	p.publish("t", "x", 1)
}
