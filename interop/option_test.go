package interop

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"dunlin/mqtt"
)

var optionCases = []testCase{
	{name: "subscription identifiers", body: subscriptionIDs, from: mqtt.V5},
	{name: "shared subscription", body: sharedSubscription, from: mqtt.V5},
	{name: "worker of a shared subscription killed with messages in hand", body: killedWorker, from: mqtt.V5},
	{name: "shared subscription beside a plain one", body: sharedAndPlain, from: mqtt.V5},
	{name: "no local", body: noLocal, from: mqtt.V5},
	{name: "retain as published", body: retainAsPublished, from: mqtt.V5},
	{name: "retain handling", body: retainHandling, from: mqtt.V5},
}

// subscriptionIDs: a message names every subscription that it is for, be it in one
// copy or in several [MQTT-3.3.4-3].
func subscriptionIDs(r *rig) {
	p := r.dial()
	p.subscribeWith(mqtt.Subscription{Filter: r.topic("i/#"), QoS: 1, ID: 7_000_000})
	p.subscribeWith(mqtt.Subscription{Filter: r.topic("i/+"), QoS: 1, ID: 268_435_455})
	p.subscribeWith(mqtt.Subscription{Filter: r.topic("other"), QoS: 1, ID: 5})
	p.publish("i/x", "x", 1)
	var got []uint32
	for _, m := range p.collect(p, 1, 1) {
		if m.Properties != nil {
			got = append(got, m.SubscriptionIDs()...)
		}
	}
	slices.Sort(got)
	same(r, "identifiers", fmt.Sprint(got), fmt.Sprint([]uint32{7_000_000, 268_435_455}))
}

// sharedSubscription: of two members one has each message, and none is lost.
func sharedSubscription(r *rig) {
	from := r.dial()
	var mu sync.Mutex
	all, counts := make(map[string]int), [2]int{}
	members := [2]*peer{r.dial(), r.dial()}
	const messages = 40
	done := make(chan struct{}, messages)
	for i, p := range members {
		p.subscribeWith(mqtt.Subscription{Filter: "$share/group/" + r.topic("s/#"), QoS: 1, Handler: func(_ context.Context, m *mqtt.Received) {
			mu.Lock()
			defer mu.Unlock()
			all[string(m.Payload)]++
			counts[i]++
			done <- struct{}{}
		}})
	}
	for i := range messages {
		from.publish("s/t", fmt.Sprint(i), 1)
	}
	for range messages {
		select {
		case <-done:
		case <-r.ctx.Done():
			r.failf("%d of %d messages came", counts[0]+counts[1], messages)
		}
	}
	for _, p := range members {
		p.expect(from, 1)
	}
	mu.Lock()
	defer mu.Unlock()
	same(r, "different messages", len(all), messages)
	if counts[0] == 0 || counts[1] == 0 {
		r.failf("the members have %v messages, want a share each", counts)
	}
}

// killedWorker: of three workers one dies with messages that it has not acknowledged. They come again when it is
// back, or to the others before, and none is lost.
func killedWorker(r *rig) {
	from := r.dial()
	filter := "$share/group/" + r.topic("w/#")
	// Without aliases, for mochi loses what waits for a session by them.
	hold := func(cfg *mqtt.Config) { cfg.ManualAck, cfg.Limits.TopicAliases = true, -1 }
	dying := r.dial(kept(r.id()), hold)
	dying.subscribeWith(mqtt.Subscription{Filter: filter, QoS: 1})
	done := make(chan string, 1000)
	for range 2 {
		r.dial().subscribeWith(mqtt.Subscription{Filter: filter, QoS: 1, Handler: func(_ context.Context, m *mqtt.Received) { done <- string(m.Payload) }})
	}
	const messages = 60
	publish := func(begin int) {
		for i := begin; i < begin+messages/2; i++ {
			from.publish("w/t", fmt.Sprint(i), 1)
		}
	}
	publish(0)
	dying.next() // so that it has messages in hand
	dying.cut()
	publish(messages / 2)
	back := r.dial(kept(dying.id), hold)
	all := map[string]bool{}
	for len(all) < messages {
		select {
		case payload := <-done:
			all[payload] = true
		case m := <-back.got:
			all[string(m.Payload)] = true
		case <-r.ctx.Done():
			r.failf("%d of %d messages were handled", len(all), messages)
		}
	}
}

func sharedAndPlain(r *rig) {
	p := r.dial()
	var calls [2]int
	for i, filter := range []string{"$share/group/" + r.topic("t"), r.topic("t")} {
		p.subscribeWith(mqtt.Subscription{Filter: filter, QoS: 1, Handler: func(context.Context, *mqtt.Received) { calls[i]++ }})
	}
	p.publish("t", "x", 1)
	p.until(p, 1)
	same(r, "calls of the handlers", calls, [2]int{1, 1})
}

func noLocal(r *rig) {
	p, other := r.dial(), r.dial()
	p.subscribeWith(mqtt.Subscription{Filter: r.topic("t"), QoS: 1, NoLocal: true})
	p.publish("t", "own", 1)
	other.publish("t", "other", 1)
	p.expect(other, 1, "t=other/1")
}

func retainAsPublished(r *rig) {
	from, as, plain := r.dial(), r.dial(), r.dial()
	as.subscribeWith(mqtt.Subscription{Filter: r.topic("t"), QoS: 1, RetainAsPublished: true})
	plain.subscribe("t", 1)
	from.retain("t", "kept", 1)
	from.publish("t", "live", 1)
	as.expect(from, 1, "t=kept/1/retain", "t=live/1")
	plain.expect(from, 1, "t=kept/1", "t=live/1")
	r.must("unsubscribe", as.Unsubscribe(r.ctx, r.topic("t")))
	from.retain("t", "", 1)
}

func retainHandling(r *rig) {
	from := r.dial()
	from.retain("t", "x", 1)
	for handling, want := range [][2]int{{1, 1}, {1, 0}, {0, 0}} {
		p := r.dial()
		for i := range 2 {
			p.subscribeWith(mqtt.Subscription{Filter: r.topic("t"), QoS: 1, RetainHandling: mqtt.RetainHandling(handling)})
			got := p.collect(from, 1, want[i])
			same(r, fmt.Sprintf("retained messages, handling %d, subscription %d", handling, i+1), len(got), want[i])
		}
	}
	from.retain("t", "", 1)
}
