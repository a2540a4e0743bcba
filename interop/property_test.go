package interop

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"dunlin/mqtt"
)

var propertyCases = []testCase{
	{name: "message properties at QoS 0", body: func(r *rig) { messageProperties(r, 0) }, from: mqtt.V5},
	{name: "message properties at QoS 1", body: func(r *rig) { messageProperties(r, 1) }, from: mqtt.V5},
	{name: "message properties at QoS 2", body: func(r *rig) { messageProperties(r, 2) }, from: mqtt.V5},
	{name: "order of user properties", body: userProperties, from: mqtt.V5},
	{name: "properties of a retained message", body: retainedProperties, from: mqtt.V5},
	{name: "properties of a will", body: willProperties, from: mqtt.V5},
	{name: "message expiry counts down", body: expiryCountsDown, from: mqtt.V5, timed: true},
	{name: "expired messages do not come", body: messageExpiry, from: mqtt.V5, timed: true},
	{name: "expired retained messages do not come", body: retainedExpiry, from: mqtt.V5, timed: true},
	{name: "request and response", body: requestResponse, from: mqtt.V5},
	{name: "many requests at once", body: manyRequests, from: mqtt.V5},
	{name: "assigned client identifier", body: assignedID, from: mqtt.V5},
	{name: "server keep alive", body: serverKeepAlive, from: mqtt.V5, only: func(s *server) bool { return s.keepAlive > 0 }},
	{name: "no matching subscribers", body: noSubscribers, from: mqtt.V5, only: func(s *server) bool { return s.tellsUnmatched }},
}

// full returns a message with every property that travels.
func full(topic string, qos mqtt.QoS) mqtt.Message {
	expiry := time.Hour
	return mqtt.Message{
		Topic: topic, Payload: []byte("grün"), QoS: qos,
		Properties: &mqtt.Properties{
			PayloadIsText:   true,
			MessageExpiry:   &expiry,
			ContentType:     "text/plain",
			ResponseTopic:   "answers/here",
			CorrelationData: []byte{0, 1, 0xFF},
			UserProperties:  []mqtt.UserProperty{{Name: "a", Value: "1"}, {Name: "ü", Value: ""}},
		},
	}
}

// sameProperties compares all but the expiry, which counts down, and the
// subscription identifiers.
func (r *rig) sameProperties(got, want *mqtt.Properties) {
	if got == nil {
		r.failf("the message has no properties")
	}
	same(r, "payload format indicator", got.PayloadIsText, want.PayloadIsText)
	same(r, "content type", got.ContentType, want.ContentType)
	same(r, "response topic", got.ResponseTopic, want.ResponseTopic)
	same(r, "correlation data is the same", bytes.Equal(got.CorrelationData, want.CorrelationData), true)
	same(r, "user properties", fmt.Sprint(got.UserProperties), fmt.Sprint(want.UserProperties))
	if got.MessageExpiry == nil || *got.MessageExpiry > time.Hour || *got.MessageExpiry < time.Hour-time.Minute {
		r.failf("message expiry: got %v, want an hour", got.MessageExpiry)
	}
}

func messageProperties(r *rig, qos mqtt.QoS) {
	from, to := r.dial(), r.dial()
	to.subscribe("t", 2)
	m := full(r.topic("t"), qos)
	from.send(m)
	got := to.next()
	same(r, "message", r.show(got), fmt.Sprintf("t=grün/%d", qos))
	r.sameProperties(got.Properties, m.Properties)
}

func userProperties(r *rig) {
	p := r.dial()
	p.subscribe("t", 1)
	var want []mqtt.UserProperty
	for i := range 40 {
		want = append(want, mqtt.UserProperty{Name: string(rune('z' - i%3)), Value: fmt.Sprint(i)})
	}
	p.send(mqtt.Message{Topic: r.topic("t"), QoS: 1, Properties: &mqtt.Properties{UserProperties: want}})
	got := p.next()
	same(r, "same user properties", slices.Equal(got.Properties.UserProperties, want), true)
}

func retainedProperties(r *rig) {
	p := r.dial()
	m := full(r.topic("t"), 1)
	m.Retain = true
	p.send(m)
	p.subscribe("t", 1)
	got := p.next()
	same(r, "message", r.show(got), "t=grün/1/retain")
	r.sameProperties(got.Properties, m.Properties)
	p.send(mqtt.Message{Topic: r.topic("t"), QoS: 1, Retain: true})
}

func willProperties(r *rig) {
	watcher := r.dial()
	watcher.subscribe("will", 1)
	m := full(r.topic("will"), 1)
	p := r.dial(func(cfg *mqtt.Config) { cfg.Will = &mqtt.Will{Message: m} })
	p.cut()
	got := watcher.next()
	same(r, "will", r.show(got), "will=grün/1")
	r.sameProperties(got.Properties, m.Properties)
}

// expiring publishes a message that lasts that long.
func (p *peer) expiring(name string, after time.Duration, retain bool) {
	p.send(mqtt.Message{
		Topic: p.r.topic(name), Payload: []byte("x"), QoS: 1, Retain: retain,
		Properties: &mqtt.Properties{MessageExpiry: &after},
	})
}

// expiryCountsDown: a message that waited says how long it still lasts
// [MQTT-3.3.2-6].
func expiryCountsDown(r *rig) {
	id, from := r.id(), r.dial()
	p := r.dial(kept(id))
	p.subscribe("t", 1)
	p.close()
	from.expiring("t", 100*time.Second, false)
	r.pass(2100 * time.Millisecond)
	p = r.dial(kept(id))
	m := p.next()
	if m.Properties == nil || m.Properties.MessageExpiry == nil {
		r.failf("the message has no expiry")
	}
	if left := *m.Properties.MessageExpiry; left > 98*time.Second || left < 80*time.Second {
		r.failf("after 2 s of 100 s are left %v", left)
	}
}

func messageExpiry(r *rig) {
	id, from := r.id(), r.dial()
	p := r.dial(kept(id))
	p.subscribe("short", 1)
	p.subscribe("long", 1)
	p.close()
	from.expiring("short", time.Second, false)
	from.expiring("long", time.Hour, false)
	r.pass(2500 * time.Millisecond)
	p = r.dial(kept(id))
	p.expect(from, 1, "long=x/1")
}

func retainedExpiry(r *rig) {
	p := r.dial()
	p.expiring("short", time.Second, true)
	p.expiring("long", 5*time.Minute, true)
	r.pass(2500 * time.Millisecond)
	p.subscribe("short", 1)
	p.subscribe("long", 1)
	p.expect(p, 1, "long=x/1/retain")
	p.retain("long", "", 1)
}

func requestResponse(r *rig) {
	asker, answerer := r.dial(), r.dial()
	failed := make(chan error, 10)
	answerer.subscribeWith(mqtt.Subscription{Filter: r.topic("ask"), QoS: 1, Handler: func(_ context.Context, m *mqtt.Received) {
		if err := answerer.Respond(r.ctx, m, append([]byte("re: "), m.Payload...)); err != nil {
			failed <- err
		}
	}})
	for i := range 3 {
		m, err := asker.Request(r.ctx, mqtt.Message{Topic: r.topic("ask"), Payload: fmt.Append(nil, i), QoS: mqtt.QoS(i)})
		r.must("request", err)
		same(r, "answer", string(m.Payload), fmt.Sprint("re: ", i))
	}
	same(r, "failed answers", len(failed), 0)
}

func manyRequests(r *rig) {
	asker, answerer := r.dial(), r.dial()
	answerer.subscribeWith(mqtt.Subscription{Filter: r.topic("ask"), QoS: 1, Handler: func(_ context.Context, m *mqtt.Received) {
		_ = answerer.Respond(r.ctx, m, m.Payload) // the asker tells what did not come
	}})
	const requests = 20
	results := make(chan error, requests)
	for i := range requests {
		go func() {
			m, err := asker.Request(r.ctx, mqtt.Message{Topic: r.topic("ask"), Payload: fmt.Append(nil, i)})
			if err == nil && string(m.Payload) != fmt.Sprint(i) {
				err = fmt.Errorf("request %d was answered with %q", i, m.Payload)
			}
			results <- err
		}()
	}
	for range requests {
		r.must("request", <-results)
	}
}

func assignedID(r *rig) {
	p := r.dial(named(""))
	id := p.ConnAck().ClientID
	if id == "" {
		r.failf("CONNACK assigned no client identifier")
	}
	r.dial(named(id))
	_ = p.end() // it was that client's
}

func serverKeepAlive(r *rig) {
	p := r.dial(func(cfg *mqtt.Config) { cfg.KeepAlive = time.Hour })
	same(r, "keep alive", p.ConnAck().KeepAlive, r.server.keepAlive)
}

// noSubscribers: 0x10 is a success that can be seen.
func noSubscribers(r *rig) {
	p := r.dial()
	d, err := p.PublishAsync(r.ctx, mqtt.Message{Topic: r.topic("nobody"), QoS: 1}, nil)
	r.must("publish", err)
	r.must("publish", d.Wait(r.ctx))
	same(r, "reason codes", strings.Trim(fmt.Sprint(d.Answer().Codes), "[]"), "0x10 No matching subscribers")
}
