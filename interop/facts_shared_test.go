package interop

import (
	"fmt"

	"dunlin/mqtt"
)

// What becomes of messages that a worker of a shared subscription has in hand when its connection breaks: they are sent at QoS 1
// and not acknowledged. MQTT 5 leaves it to the server (4.8.2).
var sharedFacts = []testCase{
	{
		name: "a worker that breaks off and keeps its session", only: on("mosquitto", "mochi", "dunlin broker"), from: mqtt.V5, body: returningWorker,
		says: "What a worker of a shared subscription has not acknowledged when its connection breaks comes when it is back, and to no other worker meanwhile: have it keep its session, and come back under its identifier.",
	},
	{
		name: "a worker that breaks off and whose session ends", only: on("mosquitto", "mochi", "dunlin broker"), from: mqtt.V5, body: endedWorker,
		says: "Without `KeepSession` what a worker of a shared subscription has not acknowledged when its connection breaks is lost: it goes to no other worker.",
	},
}

func returningWorker(r *rig) {
	id := r.id()
	held, others := brokenWorker(r, kept(id))
	same(r, "messages that went to the other worker", others(), 0)
	back := r.dial(kept(id), withoutAliases)
	for range held {
		back.next()
	}
	same(r, "messages that went to the other worker then", others(), 0)
}

func endedWorker(r *rig) {
	id := r.id()
	_, others := brokenWorker(r, named(id))
	same(r, "messages that went to the other worker", others(), 0)
	delete(r.marked, id)
	back := r.dial(kept(id), withoutAliases)
	same(r, "messages that wait for the worker", len(back.until(back, 1)), 0)
	same(r, "messages that went to the other worker then", others(), 0)
}

// withoutAliases is for a session that mochi keeps.
func withoutAliases(cfg *mqtt.Config) { cfg.Limits.TopicAliases = -1 }

// brokenWorker has one of two workers break off with messages in hand, and returns how many when the server has noticed.
// others returns how many have come to the other worker since it was last called.
func brokenWorker(r *rig, session func(*mqtt.Config)) (held int, others func() int) {
	const messages = 40
	from, watcher, there := r.dial(), r.dial(), r.dial()
	watcher.subscribe("will", 1)
	breaking := r.dial(session, withoutAliases, func(cfg *mqtt.Config) {
		cfg.ManualAck = true
		cfg.Will = &mqtt.Will{Message: mqtt.Message{Topic: r.topic("will"), Payload: []byte("gone"), QoS: 1}}
	})
	for _, worker := range []*peer{there, breaking} {
		worker.subscribeWith(mqtt.Subscription{Filter: "$share/group/" + r.topic("w"), QoS: 1})
	}
	for i := range messages {
		from.publish("w", fmt.Sprint(i), 1)
	}
	others = func() int { return len(there.until(from, 1)) }
	held = messages - others()
	for range held {
		breaking.next()
	}
	breaking.cut()
	watcher.next()
	return held, others
}
