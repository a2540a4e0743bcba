package mqttjs

import (
	"fmt"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/mqttjs/packet"
	"dunlin/mqtt"
)

// outcome is what a call calls when it is complete. nil: nothing.
type outcome func(err goja.Value, packet func() goja.Value)

// callbackOf has a callback of the script told.
func callbackOf(f *engine.Func) outcome {
	if f == nil {
		return nil
	}
	return func(err goja.Value, packet func() goja.Value) {
		switch {
		case packet != nil:
			call(f, err, packet())
		case err != nil:
			call(f, err)
		default:
			call(f)
		}
	}
}

// publish is client.publish(topic, message[, options][, callback]).
func (c *client) publish(args goja.FunctionCall) goja.Value {
	options, f := c.optionsAndCallback(args.Argument(2), args.Argument(3))
	c.beginPublish(args.Argument(0), args.Argument(1), options, callbackOf(f))
	return c.obj
}

// optionsAndCallback takes the two last arguments of a call; the first of them may be left out.
func (c *client) optionsAndCallback(o, f goja.Value) (*goja.Object, *engine.Func) {
	if done, ok := c.vm.ToFunc(o); ok {
		return nil, done
	}
	options, _ := o.(*goja.Object)
	done, _ := c.vm.ToFunc(f)
	return options, done
}

// beginPublish makes a message and sends it.
func (c *client) beginPublish(topic, message goja.Value, options *goja.Object, done outcome) {
	if c.isEnding(done) {
		return
	}
	if c.options.Mode() != mqtt.ModePublisher {
		c.refuse(done, c.vm.NewError("Error", "EPERM", fmt.Sprintf("publish: mode is %s: %v", c.options.Mode(), mqtt.ErrNotPermitted)))
		return
	}
	o := &outgoing{p: packet.Packet{Type: packet.Publish}, payload: message}
	if options != nil {
		c.readPublishOptions(o, options)
	}
	c.readTopic(o, topic)
	if o.topic != nil && !engine.Given(o.topic) && (!c.life.Connected() || o.p.QoS > 0 || c.version == packet.V5) {
		panic(c.vm.NewError("TypeError", "", "Cannot read properties of "+o.topic.String()+" (reading 'toString')"))
	}
	o.p.Payload = c.payloadBytes(message)
	if size := packet.PublishSize(&o.p, c.version); size > packet.MaxLength {
		c.vm.ThrowRange("publish: the packet is %d bytes long, at most %d are possible", size, packet.MaxLength)
	}
	if o.p.QoS == 0 {
		if done != nil {
			o.sent = func(err goja.Value) { done(err, nil) }
		}
		c.send(o)
		return
	}
	if _, isText := message.(goja.String); !isText {
		o.p.Payload = append([]byte{}, o.p.Payload...)
	}
	c.whenPossible(func() bool { return c.sendPublish(o, done) })
}

// sendPublish gives a message of QoS 1 or 2 its identifier and sends it. It reports false when none is free.
func (c *client) sendPublish(o *outgoing, done outcome) bool {
	if o.fault != "" { // kept, it would end each connection to come
		if c.life.Connected() {
			c.write(o)
		}
		if done != nil {
			done(c.plainError(o.fault), nil)
		}
		return true
	}
	id, ok := c.ids.allocate()
	if !ok {
		return false
	}
	o.p.ID = id
	c.owe(id, &debt{of: packet.Publish, tell: done})
	c.send(o)
	return true
}

func (c *client) readPublishOptions(o *outgoing, options *goja.Object) {
	vm := c.vm
	if v := vm.Field(options, "qos"); engine.Given(v) {
		switch n := v.ToInteger(); {
		case n < 0 || n > 2:
			vm.ThrowType("Cannot read properties of undefined (reading '0')")
		default:
			o.p.QoS = byte(n)
		}
	}
	o.p.Retain = vm.Field(options, "retain").ToBoolean()
	o.p.Dup = vm.Field(options, "dup").ToBoolean()
	if p, ok := vm.Field(options, "properties").(*goja.Object); ok && c.version == packet.V5 {
		o.properties = p
		o.p.Properties, o.fault = c.readProperties(p)
	}
	o.stored, _ = vm.ToFunc(vm.Field(options, "cbStorePut"))
}

// readTopic takes the topic, which may be a Buffer.
func (c *client) readTopic(o *outgoing, v goja.Value) {
	if s, ok := v.(goja.String); ok {
		o.p.Topic = s.String()
	} else if b, ok := c.vm.Bytes(v); ok {
		o.p.Topic = string(b)
	} else {
		o.fault, o.topic = "Invalid topic", v
		return
	}
	if len(o.p.Topic) > 0xFFFF {
		c.vm.ThrowType("publish: topic is %d bytes long, at most 65535 are possible", len(o.p.Topic))
	}
}

// payloadBytes are the bytes of a message, shared with the script if it is no string.
func (c *client) payloadBytes(v goja.Value) []byte {
	if s, ok := v.(goja.String); ok {
		return []byte(s.String())
	}
	if !engine.Given(v) {
		return nil
	}
	if !c.vm.IsArrayBuffer(v) {
		if b, ok := c.vm.Bytes(v); ok {
			return b
		}
	}
	panic(c.vm.NewError("TypeError", "ERR_INVALID_ARG_TYPE",
		`The "string" argument must be of type string or an instance of Buffer or ArrayBuffer. Received `+c.describe(v)))
}

// describe is how Node.js names a value of the wrong type.
func (c *client) describe(v goja.Value) string {
	o, ok := v.(*goja.Object)
	if !ok {
		return "type " + c.vm.TypeName(v) + " (" + v.String() + ")"
	}
	if _, isFunction := goja.AssertFunction(o); isFunction {
		return "function " + o.Get("name").String()
	}
	if class, ok := o.Get("constructor").(*goja.Object); ok {
		if name := class.Get("name"); name != nil && name.String() != "" {
			return "an instance of " + name.String()
		}
	}
	return "[Object: null prototype] {}"
}

// isEnding reports whether the client is ending, and tells so whoever called.
func (c *client) isEnding(done outcome) bool {
	if c.life.Leaving() {
		c.refuse(done, c.plainError("client disconnecting"))
	}
	return c.life.Leaving()
}

// refuse tells a caller, or without a callback the listeners, of an error.
func (c *client) refuse(done outcome, err goja.Value) {
	if done != nil {
		done(err, nil)
		return
	}
	c.emit("error", err)
}
