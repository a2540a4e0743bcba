package mqttjs

import (
	"slices"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/mqttjs/packet"
)

// outgoing is a packet to be sent, with what a script gave for it, which is what it is shown.
type outgoing struct {
	p          packet.Packet
	fault      string       // why it cannot be written: the connection ends when it comes to that
	topic      goja.Value   // of a PUBLISH, where it is no string
	payload    goja.Value   // of a PUBLISH; nil: undefined
	properties *goja.Object // as given; nil: none
	list       goja.Value   // of a SUBSCRIBE or UNSUBSCRIBE
	options    *goja.Object // of a DISCONNECT
	object     *goja.Object // a packet that the script made; nil: none
	received   *received    // in the incoming store: the message as it came
	aliased    bool         // the client has put in an alias
	written    bool         // once; then it is a duplicate
}

// send sends a packet, or keeps it until there is a connection. done is called when it is written,
// stored once it is kept in the store.
func (c *client) send(o *outgoing, done func(err goja.Value), stored *engine.Func) {
	if err := c.applyAlias(o); err != nil {
		if done != nil {
			done(err)
		}
		return
	}
	switch {
	case !c.connected && o.p.Type == packet.Auth:
		c.write(o, done)
	case !c.connected:
		c.keep(o, done, stored)
	case o.p.Type == packet.PubRel, o.p.Type == packet.Publish && o.p.QoS > 0:
		c.storeAndWrite(o, done, stored)
	default:
		c.write(o, done)
	}
}

// write writes a packet. done is called at once, or when there is room for more.
func (c *client) write(o *outgoing, done func(err goja.Value)) {
	if c.emitter.Count("packetsend") > 0 {
		c.emit("packetsend", c.sentObject(o))
	}
	s := c.stream
	if o.fault != "" { // the server does not learn of it, and the script not more than that the connection ends
		s.destroy()
		return
	}
	room := s.put(func(dst []byte) []byte {
		if o.written && o.p.Type == packet.Publish && c.connack.SessionPresent { // the script sees what it gave
			again := o.p
			again.Dup = true
			return packet.Append(dst, &again, c.version)
		}
		return packet.Append(dst, &o.p, c.version)
	})
	o.written = true
	switch {
	case done == nil:
	case room:
		done(nil)
	default:
		s.afterDrain = append(s.afterDrain, done)
	}
}

// storeAndWrite is write for what is kept until it is acknowledged.
func (c *client) storeAndWrite(o *outgoing, done func(err goja.Value), stored *engine.Func) {
	kept, err := c.withTopic(o)
	if err != nil {
		if done != nil {
			done(err)
		}
		return
	}
	c.outgoing.put(kept, func(err goja.Value) {
		if engineGiven(err) {
			if done != nil {
				done(err)
			}
			return
		}
		if stored != nil {
			call(stored)
		}
		c.write(o, done)
		kept.written = o.written
	})
}

// keep keeps a packet until there is a connection: in the store if it is to be acknowledged, else in
// the queue.
func (c *client) keep(o *outgoing, done func(err goja.Value), stored *engine.Func) {
	kept, err := c.withTopic(o)
	if err != nil {
		if done != nil {
			done(err)
		}
		return
	}
	publish := o.p.Type == packet.Publish
	switch {
	case !publish || o.p.QoS == 0 && c.queueQoS0:
		c.queue = append(c.queue, queued{kept, done})
	case o.p.QoS > 0:
		c.outgoing.put(kept, func(err goja.Value) {
			switch {
			case !engineGiven(err):
				if stored != nil {
					call(stored)
				}
			case c.pending[o.p.ID] != nil:
				c.pending[o.p.ID].done(err, nil)
			}
		})
	case done != nil:
		done(c.plainError("No connection to broker"))
	}
}

// withTopic is a packet as it is kept: without an alias, which the next connection does not know, and
// with bytes of its own.
func (c *client) withTopic(o *outgoing) (*outgoing, goja.Value) {
	if o.p.Type != packet.Publish {
		return o, nil
	}
	kept := *o
	alias := packet.FindProperty(o.p.Properties, packet.TopicAlias)
	if o.p.Topic == "" && o.fault == "" && (alias != nil || c.version == packet.V5) {
		topic, ok := "", false
		if alias != nil && c.sendAliases != nil {
			topic, ok = c.sendAliases.topic(int(alias.Num))
		}
		if !ok {
			return nil, c.plainError("Unregistered Topic Alias")
		}
		kept.p.Topic = topic
	}
	if alias != nil {
		kept.p.Properties = slices.DeleteFunc(slices.Clone(o.p.Properties), func(p packet.Property) bool { return p.ID == packet.TopicAlias })
	}
	if _, isText := o.payload.(goja.String); !isText {
		kept.p.Payload = slices.Clone(o.p.Payload)
	}
	return &kept, nil
}

// queueValue is client.queue: what waits for a connection.
func (c *client) queueValue() goja.Value {
	out := make([]any, len(c.queue))
	for i, q := range c.queue {
		out[i] = c.vm.NewObject("packet", c.sentObject(q.out))
	}
	return c.vm.Runtime().NewArray(out...)
}

// pendingValue is client.outgoing: what waits for an acknowledgement, by identifier.
func (c *client) pendingValue() goja.Value {
	o := c.vm.Runtime().NewObject()
	for _, id := range c.pendingIDs() {
		_ = o.Set(c.vm.Runtime().ToValue(int(id)).String(), c.vm.NewObject("volatile", c.pending[id].volatile, "cmd", c.pending[id].kind.String()))
	}
	return o
}

// pendingIDs are the identifiers of what waits for an acknowledgement, in their order.
func (c *client) pendingIDs() []uint16 {
	ids := make([]uint16, 0, len(c.pending))
	for id := range c.pending {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// failVolatile ends what ends with its connection.
func (c *client) failVolatile() { c.failThose(func(p *pending) bool { return p.volatile }) }

// failPending ends all that waits for an acknowledgement.
func (c *client) failPending() { c.failThose(func(*pending) bool { return true }) }

func (c *client) failThose(which func(*pending) bool) {
	for _, id := range c.pendingIDs() {
		p := c.pending[id]
		if p == nil || !which(p) {
			continue
		}
		delete(c.pending, id)
		p.done(c.plainError("Connection closed"), nil)
	}
}

// resend sends what the store holds, one packet after the acknowledgement of the one before, and then
// goes on with the session.
func (c *client) resend() {
	c.resending = true
	s := c.stream
	list, err := c.outgoing.list()
	if err != nil {
		c.resending = false
		c.emit("error", err)
		return
	}
	var next func()
	next = func() {
		if s != c.stream || s.gone {
			c.resending = false
			return
		}
		for len(list) > 0 {
			o := list[0]
			list = list[1:]
			if c.resendOne(o, next) {
				return
			}
		}
		c.resending = false
		c.ready()
		c.runPostponed()
	}
	next()
}

// resendOne sends a stored packet; next follows its acknowledgement. It reports false when there is
// nothing to wait for.
func (c *client) resendOne(o *outgoing, next func()) bool {
	id := o.p.ID
	if !c.ids.register(id) {
		return false
	}
	before := c.pending[id]
	c.pending[id] = &pending{kind: o.p.Type, done: func(err goja.Value, packet func() goja.Value) {
		if before != nil {
			before.done(err, packet)
		}
		next()
	}}
	c.write(o, nil)
	return true
}

// runPostponed makes the calls that waited for identifiers, or for the store.
func (c *client) runPostponed() {
	for len(c.postponed) > 0 && !c.resending {
		f := c.postponed[0]
		if !f() {
			return
		}
		c.postponed = c.postponed[1:]
	}
}

// attempt makes a call that needs an identifier, now or as soon as it can be made.
func (c *client) whenPossible(f func() bool) {
	if c.resending || len(c.postponed) > 0 || !f() {
		c.postponed = append(c.postponed, f)
	}
}

// forget ends the store's interest in a packet and frees its identifier.
func (c *client) forget(id uint16, done func(kept *outgoing)) {
	delete(c.pending, id)
	c.outgoing.del(id, func(kept *outgoing) {
		if done != nil { // the identifier is free when it has returned
			done(kept)
		}
		c.ids.deallocate(id)
		c.runPostponed()
	})
}

// removeOutgoingMessage is client.removeOutgoingMessage(id): the message is given up.
func (c *client) removeOutgoingMessage(args goja.FunctionCall) goja.Value {
	id := uint16(args.Argument(0).ToInteger()) //nolint:gosec // another one than those in use is none
	p := c.pending[id]
	if p != nil {
		c.forget(id, func(*outgoing) {
			p.done(c.plainError("Message removed"), nil)
		})
	}
	return c.obj
}

func engineGiven(v goja.Value) bool { return engine.Given(v) }

// callWith calls a callback with an error; without one, with undefined.
func callWith(f *engine.Func, err goja.Value) {
	if err == nil {
		err = goja.Undefined()
	}
	call(f, err)
}
