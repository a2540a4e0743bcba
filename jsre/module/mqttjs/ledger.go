package mqttjs

import (
	"fmt"

	"github.com/dop251/goja"

	"dunlin/jsre/module/mqttjs/life"
	"dunlin/jsre/module/mqttjs/packet"
)

// ledger is what the script is owed: the outcome of each packet that the server has to acknowledge.
type ledger = ordered[*debt]

// debt is the outcome of one packet.
type debt struct {
	of    packet.Type // what was sent
	bound bool        // it cannot come on another connection
	tell  outcome     // nil: nobody asks
}

func (d *debt) settle(err goja.Value, shown func() goja.Value) {
	if d.tell != nil {
		d.tell(err, shown)
	}
}

// settles says which packets of the server may answer what was sent.
var settles = map[packet.Type][]packet.Type{
	packet.PubAck:   {packet.Publish},
	packet.PubRec:   {packet.Publish},
	packet.PubComp:  {packet.Publish, packet.PubRel},
	packet.SubAck:   {packet.Subscribe},
	packet.UnsubAck: {packet.Unsubscribe},
}

// handleAck takes the answer to a packet.
func (c *client) handleAck(p *packet.Packet) {
	c.makeRoom(p)
	d, has := c.owed.get(p.ID)
	if !has {
		return
	}
	right := false
	for _, sent := range settles[p.Type] {
		right = right || sent == d.of
	}
	switch {
	case !right:
		c.emit("error", c.plainError(fmt.Sprintf("Protocol error: %s does not answer the %s pending on message id %d", p.Type, d.of, p.ID)))
	case p.Type == packet.SubAck || p.Type == packet.UnsubAck:
		c.handleSubAck(p, d)
	case p.Code != 0 && p.Code != 0x10:
		err := c.reasonFailure("Publish error: "+reasonText(int(p.Code)), int(p.Code))
		c.settleStored(p.ID, func(*outgoing) { d.settle(err, func() goja.Value { return c.packetObject(p) }) })
	case p.Type == packet.PubRec:
		c.send(&outgoing{p: packet.Packet{Type: packet.PubRel, ID: p.ID}})
	default:
		c.settleStored(p.ID, func(kept *outgoing) {
			var shown func() goja.Value
			if kept != nil {
				shown = func() goja.Value { return c.sentObject(kept) }
			}
			d.settle(goja.Null(), shown)
		})
	}
}

// handleSubAck takes SUBACK and UNSUBACK.
func (c *client) handleSubAck(p *packet.Packet, d *debt) {
	c.owed.take(p.ID)
	c.ids.deallocate(p.ID)
	var err goja.Value = goja.Null()
	if p.Type == packet.SubAck {
		err = c.subscribeFailure(p)
		delete(c.topicsOf, p.ID)
	}
	c.retryCalls()
	d.settle(err, func() goja.Value { return c.packetObject(p) })
	c.settled()
}

// settleStored ends the store's interest in a packet, has the script told, and frees the identifier.
func (c *client) settleStored(id uint16, tell func(kept *outgoing)) {
	c.owed.take(id)
	c.window.forget(id)
	c.outgoing.del(id, func(kept *outgoing) {
		tell(kept) // the identifier is free when it has returned
		c.ids.deallocate(id)
		c.resumeBehind(id)
		c.retryCalls()
		c.settled()
	})
}

// failDebts tells those that end with their connection, or all, that it is closed.
func (c *client) failDebts(all bool) {
	for _, id := range c.owed.ids() {
		if d, has := c.owed.get(id); has && (all || d.bound) {
			c.owed.take(id)
			d.settle(c.plainError("Connection closed"), nil)
		}
	}
	c.settled()
}

// hasBusiness reports whether an end has to wait: something is owed, or the session is still being resumed.
func (c *client) hasBusiness() bool { return c.owed.len() > 0 || c.life.Phase() == life.Resuming }

// settled goes on with an end that waits until there is no business any more.
func (c *client) settled() {
	l := c.leave
	if l == nil || !l.waits || c.hasBusiness() {
		return
	}
	l.waits = false
	c.later(c.depart) // set up before the script is told, which may throw
	c.emit("outgoingEmpty")
}

// subscribeFailure is the error of a SUBACK that refuses something: none of its filters is renewed.
func (c *client) subscribeFailure(p *packet.Packet) goja.Value {
	var err goja.Value = goja.Null()
	for _, code := range p.Codes {
		if code >= 0x80 {
			err = c.vm.NewError("Error", "", "Subscribe error: "+reasonText(int(code)), "code", int(code))
			for _, topic := range c.topicsOf[p.ID] {
				c.wanted.remove(topic)
			}
		}
	}
	return err
}

// removeOutgoingMessage is client.removeOutgoingMessage(id): the message is given up.
func (c *client) removeOutgoingMessage(args goja.FunctionCall) goja.Value {
	id := uint16(args.Argument(0).ToInteger()) //nolint:gosec // another one than those in use is none
	if d, has := c.owed.get(id); has {
		c.settleStored(id, func(*outgoing) { d.settle(c.plainError("Message removed"), nil) })
	}
	return c.obj
}

// whenPossible makes a call that needs an identifier, now or as soon as one is free.
func (c *client) whenPossible(call func() bool) {
	if len(c.waiting) > 0 || !call() {
		c.waiting = append(c.waiting, call)
	}
}

// retryCalls makes the calls that have waited for an identifier.
func (c *client) retryCalls() {
	for len(c.waiting) > 0 {
		call := c.waiting[0]
		c.waiting = c.waiting[1:]
		if !call() {
			c.waiting = append([]func() bool{call}, c.waiting...)
			return
		}
	}
}
