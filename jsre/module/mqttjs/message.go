package mqttjs

import (
	"fmt"
	"slices"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/mqttjs/packet"
)

// received is a message with what listeners get of it. The packet and the payload become values when
// a script asks for them: most listeners look at the text of the payload alone.
type received struct {
	engine.Dynamic
	client  *client
	p       *packet.Packet
	topic   string        // also where the packet has an alias in its place
	args    [3]goja.Value // topic, payload, packet
	payload engine.LazyBuffer
	own     map[string]goja.Value // all properties of the packet, once a script has changed one
	order   []string
}

func (c *client) newReceived(p *packet.Packet) *received {
	r := &received{client: c, p: p, topic: p.Topic}
	r.args[1] = c.vm.InitLazyBuffer(&r.payload, p.Payload)
	shown := c.vm.InitDynamic(&r.Dynamic, r)
	_ = shown.SetPrototype(c.classes.packetProto)
	r.args[2] = shown
	return r
}

func (r *received) packetValue() goja.Value { return r.args[2] }

// topicValue is a topic as a value, the same one as long as the topic is the same.
func (c *client) topicValue(name string) goja.Value {
	if c.lastTopic == nil || c.lastName != name {
		c.lastName, c.lastTopic = name, c.vm.Runtime().ToValue(name)
	}
	return c.lastTopic
}

// Get implements goja.DynamicObject.
func (r *received) Get(key string) goja.Value {
	if r.own != nil {
		return r.own[key]
	}
	rt, p := r.client.vm.Runtime(), r.p
	switch key {
	case "cmd":
		return rt.ToValue("publish")
	case "retain":
		return rt.ToValue(p.Retain)
	case "qos":
		return rt.ToValue(int(p.QoS))
	case "dup":
		return rt.ToValue(p.Dup)
	case "length":
		return rt.ToValue(p.Length)
	case "topic":
		return rt.ToValue(p.Topic)
	case "payload":
		return r.args[1]
	case "messageId":
		if p.QoS > 0 {
			return rt.ToValue(int(p.ID))
		}
	case "properties":
		if p.Properties != nil {
			r.settle() // the same object each time
			return r.own[key]
		}
	}
	return nil
}

// settle makes all properties values, to be changed.
func (r *received) settle() {
	if r.own != nil {
		return
	}
	keys := r.Keys()
	own := make(map[string]goja.Value, len(keys))
	for _, key := range keys {
		if key == "properties" {
			own[key] = r.client.propertiesObject(r.p.Properties)
		} else {
			own[key] = r.Get(key)
		}
	}
	r.order, r.own = keys, own
}

// Set implements goja.DynamicObject.
func (r *received) Set(key string, v goja.Value) bool {
	r.settle()
	if _, has := r.own[key]; !has {
		r.order = append(r.order, key)
	}
	r.own[key] = v
	return true
}

// Has implements goja.DynamicObject.
func (r *received) Has(key string) bool { return slices.Contains(r.Keys(), key) }

// Delete implements goja.DynamicObject.
func (r *received) Delete(key string) bool {
	r.settle()
	delete(r.own, key)
	r.order = slices.DeleteFunc(r.order, func(k string) bool { return k == key })
	return true
}

// Keys implements goja.DynamicObject.
func (r *received) Keys() []string {
	if r.own != nil {
		return r.order
	}
	keys := []string{"cmd", "retain", "qos", "dup", "length", "topic", "payload"}
	if r.p.QoS > 0 {
		keys = append(keys, "messageId")
	}
	if r.p.Properties != nil {
		keys = append(keys, "properties")
	}
	return keys
}

// handlePublish takes a message.
func (c *client) handlePublish(p *packet.Packet, r *received) {
	if c.version == packet.V5 && !c.resolveAlias(p, r) {
		return
	}
	r.args[0] = c.topicValue(r.topic)
	if p.QoS == 0 {
		c.deliver(r, acknowledgement{})
		return
	}
	if p.QoS == 2 && !c.admit(p.ID) {
		return
	}
	acks, ok := c.vm.ToFunc(c.opt("customHandleAcks"))
	if !ok || acks.Value() == c.acks {
		c.acknowledge(r, 0)
		return
	}
	c.busy = true
	back := c.once(func(call goja.FunctionCall) {
		c.goOn(func() { c.customAcknowledge(r, call.Argument(0), call.Argument(1)) })
	})
	acks.Call(goja.Undefined(), r.args[0], r.args[1], r.args[2], back)
}

// customAcknowledge goes on once the script has said how to acknowledge.
func (c *client) customAcknowledge(r *received, err, code goja.Value) {
	name := "puback"
	if r.p.QoS == 2 {
		name = "pubrec"
	}
	n := 0
	if c.vm.TypeName(err) != "object" && goja.IsNumber(err) { // the code alone
		code, err = err, goja.Null()
	}
	if engine.Given(code) {
		n = int(code.ToInteger())
	}
	switch {
	case engine.Given(err) && err.ToBoolean():
		c.dismiss(r.p)
		c.emit("error", err)
	case !slices.Contains([]int{0, 16, 128, 131, 135, 144, 145, 151, 153}, n):
		c.dismiss(r.p)
		c.emit("error", c.plainError("Wrong reason code for "+name))
	default:
		c.acknowledge(r, byte(n))
	}
}

func (c *client) dismiss(p *packet.Packet) {
	if p.QoS == 2 {
		delete(c.unreleased, p.ID)
	}
}

// acknowledge delivers a message of QoS 1 and acknowledges it, and keeps one of QoS 2 until its PUBREL.
func (c *client) acknowledge(r *received, code byte) {
	p := r.p
	if p.QoS == 1 {
		ack := func() {
			c.send(&outgoing{p: packet.Packet{Type: packet.PubAck, ID: p.ID, Code: code}})
		}
		if code >= 0x80 {
			ack()
			return
		}
		c.deliver(r, acknowledgement{answer: ack})
		return
	}
	ack := &outgoing{p: packet.Packet{Type: packet.PubRec, ID: p.ID, Code: code}}
	if code >= 0x80 {
		c.dismiss(p)
		c.send(ack)
		return
	}
	kept := &outgoing{p: *p, payload: r.args[1], object: nil}
	if _, custom := c.incoming.(*scriptStore); custom {
		kept.object, _ = r.args[2].(*goja.Object)
	}
	kept.received = r
	c.incoming.put(kept, func(goja.Value) { c.send(ack) })
}

// handlePubRel delivers a message of QoS 2.
func (c *client) handlePubRel(p *packet.Packet) {
	id := p.ID
	complete := func() { c.send(&outgoing{p: packet.Packet{Type: packet.PubComp, ID: id}}) }
	if h := c.inLoops[id]; h != nil { // sent again: loops have it from the connection before
		h.of = c.stream
		return
	}
	c.incoming.get(id, func(kept *outgoing, err goja.Value) {
		if engine.Given(err) || kept == nil {
			complete()
			return
		}
		r := kept.received
		if r == nil {
			kept.p.QoS = 2
			r = c.newReceived(&kept.p)
		}
		r.args[0] = c.topicValue(r.topic)
		c.deliver(r, acknowledgement{answer: complete, settle: func() {
			delete(c.unreleased, id)
			c.incoming.del(id, func(*outgoing) {})
		}})
	})
}

// deliver gives a message to its listeners, and then to handleMessage, whose callback acknowledges it.
// The next packet waits for that.
func (c *client) deliver(r *received, ack acknowledgement) {
	c.emitter.Emit("message", r.args[:]...)
	if len(c.filterHandlers) > 0 {
		ack = c.tellHandlers(r, ack)
	}
	handler := c.obj.Get("handleMessage")
	if handler == c.classes.handleMessage {
		ack.give()
		return
	}
	f, ok := c.vm.ToFunc(handler)
	if !ok {
		c.vm.ThrowType("client.handleMessage is not a function")
	}
	c.busy = true
	f.Call(c.obj, r.args[2], c.once(func(call goja.FunctionCall) {
		failed := call.Argument(0).ToBoolean()
		c.goOn(func() {
			if failed {
				ack.withhold()
			} else {
				ack.give()
			}
		})
	}))
}

// once is a callback that counts once, and only as long as the connection stands on which the packet came.
func (c *client) once(f func(goja.FunctionCall)) goja.Value {
	s, called := c.stream, false
	return c.vm.NewFunction("", func(call goja.FunctionCall) goja.Value {
		if !called {
			called = true
			if s == c.stream && !s.gone {
				f(call)
			}
		}
		return goja.Undefined()
	})
}

// goOn ends the wait for the script and goes on with the packets behind.
func (c *client) goOn(f func()) {
	c.busy = false
	f()
	c.source.Wake()
}

// admit notes a message of QoS 2. It reports false when the server has sent more than it may.
func (c *client) admit(id uint16) bool {
	if !c.unreleased[id] && c.version == packet.V5 && len(c.unreleased) >= c.receiveMaximum {
		c.breakOff(c.reasonFailure(fmt.Sprintf("Receive Maximum exceeded: %d inbound QoS 2 messages in flight, receiveMaximum is %d",
			len(c.unreleased)+1, c.receiveMaximum), 147))
		return false
	}
	c.unreleased[id] = true
	return true
}

// dropUnreleased drops the messages of QoS 2 that the server has forgotten.
func (c *client) dropUnreleased() {
	for id := range c.unreleased {
		c.incoming.del(id, func(*outgoing) {})
	}
	clear(c.unreleased)
	c.forgetLoops()
}

// forgetLoops has loops acknowledge nothing of what they have, for the session is over.
func (c *client) forgetLoops() {
	for _, h := range c.inLoops {
		h.of = nil
	}
	clear(c.inLoops)
}
