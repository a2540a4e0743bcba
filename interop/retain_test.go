package interop

import (
	"fmt"

	"dunlin/mqtt"
)

var retainCases = []testCase{
	{name: "retained message", body: retainedMessage},
	{name: "retained message, replaced and cleared", body: retainedCleared},
	{name: "retained messages by wildcard", body: retainedWildcard},
	{name: "retained message on subscribing again", body: retainedAgain},
	{name: "RetainedNever", body: retainedNever},
}

func retainedMessage(r *rig) {
	from := r.dial()
	for _, qos := range r.levels() {
		name := fmt.Sprint("t", qos)
		live := r.dial()
		live.subscribe(name, 2)
		from.retain(name, "kept", qos)
		live.expect(from, qos, fmt.Sprintf("%s=kept/%d", name, qos))
		for _, granted := range r.levels() {
			late := r.dial()
			late.subscribe(name, granted)
			late.expect(from, min(qos, granted), fmt.Sprintf("%s=kept/%d/retain", name, min(qos, granted)))
			late.close()
		}
		live.close()
		from.retain(name, "", qos)
	}
}

func retainedCleared(r *rig) {
	from, live := r.dial(), r.dial()
	live.subscribe("t", 1)
	from.retain("t", "one", 1)
	from.retain("t", "two", 1)
	live.expect(from, 1, "t=one/1", "t=two/1")
	second := r.dial()
	second.subscribe("t", 1)
	second.expect(from, 1, "t=two/1/retain")
	from.retain("t", "", 1)
	live.expect(from, 1, "t=/1")
	third := r.dial()
	third.subscribe("t", 1)
	third.expect(from, 1)
}

func retainedWildcard(r *rig) {
	from, to := r.dial(), r.dial()
	for _, name := range []string{"w/a", "w/b", "w/c/d", "v/a"} {
		from.retain(name, "x", 1)
	}
	to.subscribe("w/#", 1)
	to.expectAnyOrder(from, 1, "w/a=x/1/retain", "w/b=x/1/retain", "w/c/d=x/1/retain")
	for _, name := range []string{"w/a", "w/b", "w/c/d", "v/a"} {
		from.retain(name, "", 1)
	}
}

// retainedAgain: a subscription that is made anew brings the retained messages
// again [MQTT-3.8.4-3].
func retainedAgain(r *rig) {
	p := r.dial()
	p.retain("t", "x", 1)
	for range 2 {
		p.subscribe("t", 1)
		p.expect(p, 1, "t=x/1/retain")
	}
	p.retain("t", "", 1)
}

// retainedNever: before MQTT 5 the client keeps out what the server sends.
func retainedNever(r *rig) {
	p := r.dial()
	for _, qos := range r.levels() {
		name := fmt.Sprint("t", qos)
		p.send(mqtt.Message{Topic: r.topic(name), Payload: []byte("old"), QoS: 1, Retain: true})
		p.subscribeWith(mqtt.Subscription{Filter: r.topic(name), QoS: 2, RetainHandling: mqtt.RetainedNever})
		p.publish(name, "new", qos)
		p.expect(p, qos, fmt.Sprintf("%s=new/%d", name, qos))
		r.must("unsubscribe", p.Unsubscribe(r.ctx, r.topic(name)))
		p.retain(name, "", qos)
	}
}
