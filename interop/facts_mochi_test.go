package interop

import (
	"fmt"
	"time"

	"dunlin/mqtt"
)

var mochiFacts = []testCase{
	{
		name: "an expiry that nobody gave", only: on("mochi"), from: mqtt.V5, body: givenExpiry,
		says: "With MQTT 5 a message that was published without Message Expiry Interval comes with one of 86,400 s.",
	},
	{
		name: "a shared subscription with a member that is away", only: on("mochi"), from: mqtt.V5, body: awayMember,
		says: "A shared subscription gives messages to members that are away with a kept session, too, while others are there: they wait for that member.",
	},
	{
		name: "the word at a takeover", only: on("mochi"), to: mqtt.V311, body: takenOver,
		says: "Before MQTT 5, a client whose identifier another one takes over gets a DISCONNECT, which those versions do not have; the client names that as a likely reason.",
	},
}

func givenExpiry(r *rig) {
	p := r.dial()
	p.subscribe("t", 1)
	p.publish("t", "x", 1)
	m := p.next()
	if m.Properties == nil || m.Properties.MessageExpiry == nil {
		r.failf("the message has no expiry")
	}
	same(r, "message expiry", *m.Properties.MessageExpiry, 24*time.Hour)
}

// awayMember: nothing is lost: each message comes to the one or to the other member.
func awayMember(r *rig) {
	const messages = 40
	from, id := r.dial(), r.id()
	share := mqtt.Subscription{Filter: "$share/group/" + r.topic("t"), QoS: 1}
	noAliases := func(cfg *mqtt.Config) { cfg.Limits.TopicAliases = -1 }
	there, away := r.dial(), r.dial(kept(id), noAliases)
	there.subscribeWith(share)
	away.subscribeWith(share)
	away.close()
	for i := range messages {
		from.publish("t", fmt.Sprint(i), 1)
	}
	came := len(there.until(from, 1))
	if came == 0 || came == messages {
		r.failf("%d of %d messages came to the member that is there", came, messages)
	}
	away = r.dial(kept(id), noAliases)
	for ; came < messages; came++ {
		away.next()
	}
	away.expect(from, 1)
	there.expect(from, 1)
}
