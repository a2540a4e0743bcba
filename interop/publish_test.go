package interop

import (
	"bytes"
	"context"
	"fmt"

	"dunlin/mqtt"
)

var publishCases = []testCase{
	{name: "QoS of publish and subscribe", body: qosMatrix},
	{name: "order of 1,000 messages at QoS 0", body: func(r *rig) { order(r, 0, 0) }},
	{name: "order of 1,000 messages at QoS 1", body: func(r *rig) { order(r, 1, 0) }},
	{name: "order of 1,000 messages at QoS 2", body: func(r *rig) { order(r, 2, 0) }, only: hasQoS2},
	{name: "order of 1,000 messages at QoS 2, all in flight", body: func(r *rig) { order(r, 2, 1000) }, only: hasQoS2},
	{name: "payload of 256 KiB", body: func(r *rig) { largePayload(r, 256<<10) }},
	{name: "payload of 1 MiB", body: func(r *rig) { largePayload(r, 1<<20) }},
	{name: "empty payload", body: emptyPayload},
	{name: "binary payload", body: binaryPayload},
	{name: "publish inside a handler", body: publishInHandler},
	{name: "forward what was received", body: forward},
}

func qosMatrix(r *rig) {
	from := r.dial()
	for _, published := range r.levels() {
		for _, subscribed := range r.levels() {
			to := r.dial()
			name := fmt.Sprintf("%d-%d", published, subscribed)
			to.subscribe(name, subscribed)
			from.publish(name, "x", published)
			to.expect(from, min(published, subscribed), fmt.Sprintf("%s=x/%d", name, min(published, subscribed)))
			to.close()
		}
	}
}

// order has that many QoS 2 publishes in flight; 0: the client's default.
func order(r *rig, qos mqtt.QoS, inFlight int) {
	const messages = 1000
	from, to := r.dial(func(cfg *mqtt.Config) { cfg.Limits.InFlightQoS2 = inFlight }), r.dial()
	to.subscribe("order", qos)
	deliveries := make([]*mqtt.Delivery, messages)
	for i := range deliveries {
		d, err := from.PublishAsync(r.ctx, mqtt.Message{Topic: r.topic("order"), Payload: fmt.Append(nil, i), QoS: qos}, nil)
		r.must("publish", err)
		deliveries[i] = d
	}
	for i, d := range deliveries {
		r.must("publish", d.Wait(r.ctx))
		same(r, "message", r.show(to.next()), fmt.Sprintf("order=%d/%d", i, qos))
	}
	to.expect(from, qos)
}

func largePayload(r *rig, size int) {
	payload := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	from, to := r.dial(), r.dial()
	to.subscribe("large", 2)
	for _, qos := range r.levels() {
		from.send(mqtt.Message{Topic: r.topic("large"), Payload: payload, QoS: qos})
		m := to.next()
		same(r, "QoS", m.QoS, qos)
		same(r, "size", len(m.Payload), size)
		same(r, "payload is the same", bytes.Equal(m.Payload, payload), true)
	}
}

func emptyPayload(r *rig) {
	from, to := r.dial(), r.dial()
	to.subscribe("empty", 2)
	for _, qos := range r.levels() {
		from.publish("empty", "", qos)
		to.expect(from, qos, fmt.Sprintf("empty=/%d", qos))
	}
}

func binaryPayload(r *rig) {
	payload := make([]byte, 256)
	for i := range payload {
		payload[i] = byte(i)
	}
	p := r.dial()
	p.subscribe("binary", 1)
	p.send(mqtt.Message{Topic: r.topic("binary"), Payload: payload, QoS: 1})
	same(r, "payload is the same", bytes.Equal(p.next().Payload, payload), true)
}

// publishInHandler answers each message from inside its handler, and waits there
// for the server.
func publishInHandler(r *rig) {
	asker, answerer := r.dial(), r.dial()
	asker.subscribe("answer", 2)
	failed := make(chan error, 30)
	answerer.subscribeWith(mqtt.Subscription{Filter: r.topic("question"), QoS: 2, Handler: func(_ context.Context, m *mqtt.Received) {
		if err := answerer.Publish(r.ctx, mqtt.Message{Topic: r.topic("answer"), Payload: m.Payload, QoS: m.QoS}); err != nil {
			failed <- err
		}
	}})
	for i := range 30 {
		qos := r.level(i)
		asker.publish("question", fmt.Sprint(i), qos)
		same(r, "answer", r.show(asker.next()), fmt.Sprintf("answer=%d/%d", i, qos))
	}
	same(r, "failed publishes", len(failed), 0)
}

// forward sends on what came as it is: DUP, identifiers and what the server added
// do not go with it.
func forward(r *rig) {
	p := r.dial()
	p.subscribe("one", 2)
	p.subscribe("two", 2)
	for _, qos := range r.levels() {
		p.publish("one", "x", qos)
		m := *p.next()
		m.Topic = r.topic("two")
		p.send(m.Message())
		p.expect(p, qos, fmt.Sprintf("two=x/%d", qos))
	}
}
