package mqttjs

import (
	"slices"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/mqttjs/life"
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
	identified bool         // the client has put in a subscription identifier
	wasSent    bool         // sent again, it is a duplicate

	stored *engine.Func         // is called once the packet is in the store; nil: nothing is
	sent   func(err goja.Value) // is called once it is written, or cannot be; nil: nothing is
}

func (o *outgoing) tellSent(err goja.Value) {
	if o.sent != nil {
		o.sent(err)
	}
}

// operation is what the packet is to the life of the client.
func (c *client) operation(o *outgoing) life.Operation {
	switch o.p.Type {
	case packet.Publish:
		switch {
		case o.p.QoS > 0:
			return life.Lasting
		case c.queueQoS0:
			return life.Message
		}
		return life.Momentary
	case packet.PubRel:
		return life.Release
	case packet.Subscribe, packet.Unsubscribe:
		return life.Subscribe
	case packet.PingReq:
		return life.Ping
	case packet.Auth:
		return life.Authenticate
	default:
		return life.Answer
	}
}

// send sends a packet, or keeps it until it can be sent.
func (c *client) send(o *outgoing) {
	if err := c.applyAlias(o); err != nil {
		o.tellSent(err)
		return
	}
	switch c.life.Rule(c.operation(o)) {
	case life.Write:
		if o.p.Type == packet.Publish {
			c.publishNow(waitingPublish{o: o})
		} else {
			c.write(o)
		}
	case life.Store, life.StoreNow, life.StoreEnd:
		c.store(o)
	case life.Park:
		if kept, err := c.lasting(o); err != nil {
			o.tellSent(err)
		} else {
			c.parked = append(c.parked, kept)
		}
	case life.Refuse:
		o.tellSent(c.plainError("No connection to broker"))
	case life.Drop:
	}
}

// store puts a packet into the store. The store may be the script's and take its time, so what
// follows depends on where the client is by then.
func (c *client) store(o *outgoing) {
	kept, err := c.lasting(o)
	if err != nil {
		o.tellSent(err)
		return
	}
	c.outgoing.put(kept, func(err goja.Value) {
		if engineGiven(err) {
			c.notStored(o, err)
			return
		}
		if o.stored != nil {
			call(o.stored)
		}
		switch c.life.Rule(c.operation(o)) {
		case life.StoreNow:
			if o.p.Type == packet.Publish {
				c.publishNow(waitingPublish{o, kept})
			} else {
				c.write(o)
				kept.wasSent = o.wasSent
			}
		case life.StoreEnd:
			c.replay.add(kept)
		default:
		}
	})
}

// notStored tells of a packet that the script's store has refused.
func (c *client) notStored(o *outgoing, err goja.Value) {
	if d, has := c.owed.take(o.p.ID); has {
		d.settle(err, nil)
		c.settled()
	}
}

// lasting is a packet as it is kept beyond the connection: without an alias, which the next one does not
// know, and with bytes of its own.
func (c *client) lasting(o *outgoing) (*outgoing, goja.Value) {
	if o.p.Type != packet.Publish {
		return o, nil
	}
	kept := *o
	alias := packet.FindProperty(o.p.Properties, packet.TopicAlias)
	if o.p.Topic == "" && o.fault == "" && (alias != nil || c.version == packet.V5) {
		topic, known := c.topicOf(alias)
		if !known {
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

// topicOf is the topic that the server knows an alias for.
func (c *client) topicOf(alias *packet.Property) (topic string, known bool) {
	if alias == nil || c.sendAliases == nil {
		return "", false
	}
	return c.sendAliases.topic(int(alias.Num))
}

// write writes a packet on the connection that stands, or is being made.
func (c *client) write(o *outgoing) {
	if c.emitter.Count("packetsend") > 0 {
		c.emit("packetsend", c.sentObject(o))
	}
	s := c.stream
	if o.fault != "" { // the server does not learn of it, and the script not more than that the connection ends
		c.cutTransport()
		return
	}
	if o.identified {
		c.withoutIdentifier(o)
	}
	c.window.note(&o.p)
	room := s.put(func(dst []byte) []byte { return c.appendTo(dst, o) })
	o.wasSent = true
	switch {
	case o.sent == nil:
	case room:
		o.sent(nil)
	default:
		s.afterDrain = append(s.afterDrain, o.sent)
	}
}

// appendTo appends the bytes of a packet. What a kept session gets again is a duplicate, though the
// script sees what it gave.
func (c *client) appendTo(dst []byte, o *outgoing) []byte {
	if o.wasSent && o.p.Type == packet.Publish && c.connack.SessionPresent {
		again := o.p
		again.Dup = true
		return packet.Append(dst, &again, c.version)
	}
	return packet.Append(dst, &o.p, c.version)
}

// queueValue is client.queue: what waits for a connection.
func (c *client) queueValue() goja.Value {
	out := make([]any, len(c.parked))
	for i, o := range c.parked {
		out[i] = c.vm.NewObject("packet", c.sentObject(o))
	}
	return c.vm.Runtime().NewArray(out...)
}

func engineGiven(v goja.Value) bool { return engine.Given(v) }

// callWith calls a callback with an error; without one, with undefined.
func callWith(f *engine.Func, err goja.Value) {
	if err == nil {
		err = goja.Undefined()
	}
	call(f, err)
}
