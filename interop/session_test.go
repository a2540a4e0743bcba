package interop

import (
	"fmt"
	"slices"
	"time"

	"dunlin/mqtt"
)

var sessionCases = []testCase{
	{name: "persistent session", body: persistentSession},
	{name: "order in a persistent session", body: persistentOrder},
	{name: "persistent session, ended by a clean one", body: cleanEndsSession},
	{name: "persistent session, after a cut", body: sessionAfterCut},
	{name: "unsubscribe in a persistent session", body: unsubscribedSession},
	{name: "unacknowledged messages come again", body: redelivery, timed: true},
	{name: "takeover keeps the session", body: takeoverSession},
	{name: "session expiry", body: sessionExpiry, from: mqtt.V5, timed: true},
	{name: "session expiry in DISCONNECT", body: sessionExpiryGoodbye, from: mqtt.V5},
	{name: "will delay", body: willDelay, from: mqtt.V5, timed: true},
	{name: "will delay ends with the session", body: willAtSessionEnd, from: mqtt.V5, timed: true},
	{name: "no delayed will after a new connection", body: willWithdrawn, from: mqtt.V5, timed: true},
	{name: "disconnect with will", body: disconnectWithWill, from: mqtt.V5},
}

// offline leaves a session, has twenty messages published for it, and returns to
// it.
func offline(r *rig) (p, from *peer, want []string) {
	id := r.id()
	p = r.dial(kept(id))
	p.sessionPresent(false, "at first")
	p.subscribe("t", 2)
	p.close()
	from = r.dial()
	for i := range 20 {
		qos := min(mqtt.QoS(1+i%2), r.highest())
		from.publish("t", fmt.Sprintf("%02d", i), qos)
		want = append(want, fmt.Sprintf("t=%02d/%d", i, qos))
	}
	p = r.dial(kept(id))
	p.sessionPresent(true, "again")
	return p, from, want
}

func persistentSession(r *rig) {
	p, from, want := offline(r)
	p.expectAnyOrder(from, r.highest(), want...)
	p.settle()
	p.close()
	// What was acknowledged does not come again.
	p = r.dial(kept(p.id))
	p.expect(from, r.highest())
}

// persistentOrder: the order of one topic holds for what waited [MQTT-4.6.0-6].
func persistentOrder(r *rig) {
	p, from, want := offline(r)
	p.expect(from, r.highest(), want...)
}

func cleanEndsSession(r *rig) {
	id := r.id()
	p := r.dial(kept(id))
	p.subscribe("t", 1)
	p.close()
	p = r.dial(named(id))
	p.sessionPresent(false, "for a clean one")
	p.publish("t", "x", 1)
	p.expect(p, 1)
	p.close()
	p = r.dial(kept(id))
	p.sessionPresent(false, "after a clean one")
}

func sessionAfterCut(r *rig) {
	id := r.id()
	p := r.dial(kept(id))
	p.subscribe("t", 1)
	p.cut()
	from := r.dial()
	from.publish("t", "x", 1)
	p = r.dial(kept(id))
	p.sessionPresent(true, "again")
	same(r, "message", r.show(p.next()), "t=x/1")
}

func unsubscribedSession(r *rig) {
	id := r.id()
	p := r.dial(kept(id))
	p.subscribe("a", 1)
	p.subscribe("b", 1)
	r.must("unsubscribe", p.Unsubscribe(r.ctx, r.topic("a")))
	p.close()
	from := r.dial()
	from.publish("a", "x", 1)
	from.publish("b", "x", 1)
	p = r.dial(kept(id))
	p.expect(from, 1, "b=x/1")
}

// redelivery: what was not acknowledged comes again on the next connection, as a
// duplicate [MQTT-4.4.0-1].
func redelivery(r *rig) {
	id, from := r.id(), r.dial()
	p := r.dial(kept(id), func(cfg *mqtt.Config) { cfg.ManualAck = true })
	p.subscribe("t", 2)
	var want []string
	for _, qos := range r.levels()[1:] {
		from.publish("t", "x", qos)
		first := p.next()
		same(r, "message", r.show(first), fmt.Sprintf("t=x/%d", qos))
		same(r, "duplicate at first", first.Dup, false)
		want = append(want, r.show(first))
	}
	p.cut()
	p = r.dial(kept(id))
	var again []*mqtt.Received
	for range want {
		again = append(again, p.next())
	}
	slices.SortFunc(again, func(a, b *mqtt.Received) int { return int(a.QoS) - int(b.QoS) })
	p.expectExactly(again, want...)
	for _, m := range again {
		same(r, fmt.Sprintf("QoS %d is marked as a duplicate", m.QoS), m.Dup, true)
	}
}

func takeoverSession(r *rig) {
	id, from := r.id(), r.dial()
	first := r.dial(kept(id))
	first.subscribe("t", 1)
	second := r.dial(kept(id))
	_ = first.end()
	second.sessionPresent(true, "for the second")
	from.publish("t", "x", 1)
	same(r, "message", r.show(second.next()), "t=x/1")
}

// expires is for a client whose session ends so long after its connection.
func expires(id string, after time.Duration) func(*mqtt.Config) {
	return func(cfg *mqtt.Config) {
		cfg.ClientID, cfg.KeepSession, cfg.Properties.SessionExpiry = id, true, after
	}
}

// pass lets time pass that a server counts: there is nothing to wait for.
func (r *rig) pass(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.ctx.Done():
		r.failf("no time for %v", d)
	}
}

func sessionExpiry(r *rig) {
	none, short, long := r.id(), r.id(), r.id()
	r.dial(expires(none, 0)).close()
	r.dial(expires(short, time.Second)).close()
	r.dial(expires(long, time.Hour)).close()
	r.pass(2500 * time.Millisecond)
	same(r, "session present, 0 s, after 2.5 s", r.dial(expires(none, 0)).ConnAck().SessionPresent, false)
	same(r, "session present, 1 s, after 2.5 s", r.dial(expires(short, 0)).ConnAck().SessionPresent, false)
	same(r, "session present, 1 h, after 2.5 s", r.dial(expires(long, 0)).ConnAck().SessionPresent, true)
}

func sessionExpiryGoodbye(r *rig) {
	id := r.id()
	p := r.dial(expires(id, time.Hour))
	r.must("close", p.CloseWith(r.ctx, mqtt.DisconnectOptions{SessionExpiry: new(time.Duration)}))
	same(r, "session present", r.dial(expires(id, 0)).ConnAck().SessionPresent, false)
}

// delayed is a will that the server holds back.
func (r *rig) delayed(d time.Duration) func(*mqtt.Config) {
	return func(cfg *mqtt.Config) {
		cfg.Will = &mqtt.Will{Message: mqtt.Message{Topic: r.topic("will"), Payload: []byte("gone"), QoS: 1}, Delay: d}
	}
}

func willDelay(r *rig) {
	watcher := r.dial()
	watcher.subscribe("will", 1)
	p := r.dial(expires(r.id(), time.Hour), r.delayed(time.Second))
	start := time.Now()
	p.cut()
	same(r, "will", r.show(watcher.next()), "will=gone/1")
	if d := time.Since(start); d < 900*time.Millisecond || d > 20*time.Second {
		r.failf("the will came after %v, want 1 s", d)
	}
}

// willAtSessionEnd: the end of the session does not wait for the delay
// [MQTT-3.1.3-9].
func willAtSessionEnd(r *rig) {
	watcher := r.dial()
	watcher.subscribe("will", 1)
	p := r.dial(expires(r.id(), time.Second), r.delayed(time.Hour))
	p.cut()
	r.pass(4 * time.Second)
	watcher.expect(watcher, 1, "will=gone/1")
}

func willWithdrawn(r *rig) {
	watcher := r.dial()
	watcher.subscribe("will", 1)
	id := r.id()
	p := r.dial(expires(id, time.Hour), r.delayed(time.Second))
	p.cut()
	r.dial(expires(id, time.Hour))
	r.pass(2500 * time.Millisecond)
	watcher.expect(watcher, 1)
}

func disconnectWithWill(r *rig) {
	watcher := r.dial()
	watcher.subscribe("will", 1)
	p := r.dial(func(cfg *mqtt.Config) {
		cfg.Will = &mqtt.Will{Message: mqtt.Message{Topic: r.topic("will"), Payload: []byte("gone"), QoS: 1}}
	})
	r.must("close", p.CloseWith(r.ctx, mqtt.DisconnectOptions{Code: 0x04}))
	watcher.expect(watcher, 1, "will=gone/1")
}
