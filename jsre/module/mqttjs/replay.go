package mqttjs

import (
	"slices"

	"github.com/dop251/goja"

	"dunlin/jsre/module/mqttjs/life"
	"dunlin/jsre/module/mqttjs/packet"
)

// replay sends what was stored before the connection stood: one packet behind the acknowledgement of
// the other.
type replay struct {
	left  []*outgoing
	waits uint16 // the identifier of the packet that is not acknowledged; 0: none
}

// add has a packet follow those that are there, unless the store has listed it already.
func (r *replay) add(o *outgoing) {
	if slices.ContainsFunc(r.left, func(l *outgoing) bool { return l.p.ID == o.p.ID }) {
		return
	}
	r.left = append(r.left, o)
}

// resume goes on with the session once the server has accepted it.
func (c *client) resume() {
	list, err := c.outgoing.list()
	if err != nil {
		c.emit("error", err)
		return
	}
	taken := func(o *outgoing) bool { return o.p.ID != 0 && !c.ids.register(o.p.ID) } // by another packet: it goes out no more
	c.replay = replay{left: slices.DeleteFunc(list, taken)}
	c.parked = slices.DeleteFunc(c.parked, taken)
	c.replayNext()
}

// replayNext sends the next stored packet, and when there is none goes on with what waits.
func (c *client) replayNext() {
	if c.life.Phase() != life.Resuming {
		return
	}
	if len(c.replay.left) == 0 {
		c.replay = replay{}
		c.life.Step(life.Resume)
		c.sendParked()
		return
	}
	o := c.replay.left[0]
	c.replay.left = c.replay.left[1:]
	c.replay.waits = o.p.ID
	if _, has := c.owed.get(o.p.ID); !has { // of a client before, which had the same store
		c.owed.put(o.p.ID, &debt{of: o.p.Type})
	}
	o.sent = nil
	c.write(o)
}

// resumeBehind goes on behind the packet that is acknowledged now.
func (c *client) resumeBehind(id uint16) {
	if id != 0 && c.replay.waits == id {
		c.replay.waits = 0
		c.replayNext()
	}
}

// sendParked sends what has waited for the connection, renews the subscriptions, and tells the script.
func (c *client) sendParked() {
	for len(c.parked) > 0 {
		o := c.parked[0]
		c.parked[0] = nil
		c.parked = c.parked[1:]
		if tell := o.sent; tell != nil {
			o.sent = func(err goja.Value) {
				if err == nil {
					err = goja.Undefined() // which the callback gets here, though not elsewhere
				}
				tell(err)
			}
		}
		c.send(o)
		if c.life.Phase() != life.Live {
			return
		}
	}
	if !c.life.Leaving() {
		c.renewSubscriptions()
	}
	c.settled()
	c.emit("connect", c.packetObject(c.connack))
}

// renewSubscriptions makes the subscriptions anew that the server has lost.
func (c *client) renewSubscriptions() {
	again := c.wasLive
	c.wasLive = true
	kept := !c.optBool("clean") && (c.version < packet.V311 || c.connack.SessionPresent)
	if !again || kept {
		return
	}
	if !c.optBool("resubscribe") {
		c.wanted = filterList{}
		return
	}
	all := c.wanted.list()
	for len(all) > 0 {
		n := len(all)
		var properties *goja.Object
		if c.version == packet.V5 { // each has properties of its own
			n, properties = 1, all[0].properties
		}
		part := all[:n]
		all = all[n:]
		c.whenPossible(func() bool { return c.sendSubscribes(part, properties, func(...goja.Value) {}) })
	}
}
