package interop

import (
	"errors"
	"fmt"
	"strings"

	"dunlin/mqtt"
)

var aedesFacts = []testCase{
	{
		name: "a publish that is not authorized", only: on("aedes", "aedes 0.51"), body: unauthorized, long: true,
		says: "A publish that `authorizePublish` refuses ends the connection without a word. A client with Reconnect tells of it (ErrQuarantined) and goes on; at QoS 0 nobody can tell.",
	},
	{
		name: "a filter of 101 levels", only: on("aedes"), body: deepFilter, long: true,
		says: "A filter of more than 100 levels ends the connection; a client with Reconnect tells of it and goes on without.",
	},
	{
		name: "no shared subscriptions", only: on("aedes", "aedes 0.51"), body: literalShare,
		says: "There are no shared subscriptions: `$share/group/t` is granted, and nothing comes.",
	},
}

func unauthorized(r *rig) {
	denied := mqtt.Message{Topic: "denied/x"}
	inDoubt(r, denied)
	putAside(r, denied)
}

// deepFilter: the subscription is put aside with a word, and what was there before it
// and comes behind goes on.
func deepFilter(r *rig) {
	p := r.dial(lasting)
	p.subscribe("before", 1)
	_, err := p.Subscribe(r.ctx, mqtt.Subscription{Filter: r.topic(strings.Repeat("a/", 100) + "#"), QoS: 1})
	if !errors.Is(err, mqtt.ErrQuarantined) {
		r.failf("got %v, want a word that the server disconnects at it", err)
	}
	p.subscribe("behind", 1)
	for _, name := range []string{"before", "behind"} {
		p.publish(name, "x", 1)
		same(r, "message", r.show(p.next()), fmt.Sprintf("%s=x/1", name))
	}
}

func literalShare(r *rig) {
	p := r.dial()
	p.subscribeWith(mqtt.Subscription{Filter: "$share/group/" + r.topic("t"), QoS: 1})
	p.publish("t", "x", 1)
	p.expect(p, 1)
}
