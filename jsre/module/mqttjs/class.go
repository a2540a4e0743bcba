package mqttjs

import (
	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// classes are the prototypes that scripts know by name.
type classes struct {
	client, clientProto       *goja.Object
	reasonError, reasonProto  *goja.Object
	subackError, subackProto  *goja.Object
	packetProto               *goja.Object
	handleMessage, handleAuth goja.Value
}

// need makes the classes when they are needed first.
func (m *module) need() *classes {
	if m.classes != nil {
		return m.classes
	}
	c := &classes{}
	m.classes = c
	c.reasonError, c.reasonProto = m.errorClass("ErrorWithReasonCode", "code")
	c.subackError, c.subackProto = m.errorClass("ErrorWithSubackPacket", "packet")
	_, c.packetProto = m.vm.NewClass("Packet", func(goja.ConstructorCall) *goja.Object { return nil })
	m.clientClass(c)
	return c
}

// errorClass makes a class of errors whose second argument is a field.
func (m *module) errorClass(name, field string) (class, proto *goja.Object) {
	class, proto = m.vm.NewClass(name, func(call goja.ConstructorCall) *goja.Object {
		e := m.vm.NewError("Error", "", textOf(call.Argument(0)), field, call.Argument(1))
		_ = e.SetPrototype(proto)
		return e
	})
	base := m.vm.Original("Error")
	_ = proto.SetPrototype(base.Get("prototype").ToObject(m.vm.Runtime()))
	_ = class.SetPrototype(base)
	_ = proto.Set("name", name)
	return class, proto
}

func textOf(v goja.Value) string {
	if goja.IsUndefined(v) {
		return ""
	}
	return v.String()
}

// plainError is an Error as MQTT.js makes it, without a code.
func (m *module) plainError(text string) *goja.Object { return m.vm.NewError("Error", "", text) }

// reasonFailure is an ErrorWithReasonCode.
func (m *module) reasonFailure(text string, code int) *goja.Object {
	e := m.vm.NewError("Error", "", text, "code", code)
	_ = e.SetPrototype(m.need().reasonProto)
	return e
}

// subackFailure is an ErrorWithSubackPacket.
func (m *module) subackFailure(text string, packet goja.Value) *goja.Object {
	e := m.vm.NewError("Error", "", text, "packet", packet)
	_ = e.SetPrototype(m.need().subackProto)
	return e
}

// clientClass makes MqttClient.
func (m *module) clientClass(c *classes) {
	vm := m.vm
	rt := vm.Runtime()
	c.client, c.clientProto = vm.NewClass("MqttClient", func(call goja.ConstructorCall) *goja.Object {
		if call.NewTarget == nil {
			vm.ThrowType("Class constructor MqttClient cannot be invoked without 'new'")
		}
		options, ok := call.Argument(1).(*goja.Object)
		if !ok {
			options = rt.NewObject()
		}
		m.completeOptions(options)
		m.newStarted(call.This, options)
		return nil
	})
	_ = c.client.SetPrototype(vm.EmitterClass())
	_ = c.clientProto.SetPrototype(vm.EmitterPrototype())
	_ = c.client.Set("VERSION", Version)
	vm.Method(c.client, "defaultId", func(goja.FunctionCall) goja.Value { return rt.ToValue(randomClientID()) })
	m.methods(c)
	m.accessors(c.clientProto)
}

// method defines a method of clients.
func (m *module) method(name string, f func(*client, goja.FunctionCall) goja.Value) *goja.Object {
	fn := m.vm.NewFunction(name, func(call goja.FunctionCall) goja.Value { return f(m.clientOf(name, call.This), call) })
	_ = m.classes.clientProto.DefineDataProperty(name, fn, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	return fn
}

func (m *module) clientOf(name string, this goja.Value) *client {
	c, ok := m.vm.Slot(this).(*client)
	if !ok {
		m.vm.ThrowType("%s: called on %s, which is no MQTT client", name, m.vm.TypeName(this))
	}
	return c
}

func (m *module) methods(c *classes) {
	m.method("connect", func(c *client, _ goja.FunctionCall) goja.Value { c.attempt(); return c.obj })
	m.method("publish", (*client).publish)
	m.method("publishAsync", (*client).publishAsync)
	m.method("subscribe", (*client).subscribe)
	m.method("subscribeAsync", (*client).subscribeAsync)
	m.method("unsubscribe", (*client).unsubscribe)
	m.method("unsubscribeAsync", (*client).unsubscribeAsync)
	m.method("end", (*client).end)
	m.method("endAsync", (*client).endAsync)
	m.method("reconnect", (*client).reconnect)
	m.method("removeOutgoingMessage", (*client).removeOutgoingMessage)
	m.method("getLastMessageId", func(c *client, _ goja.FunctionCall) goja.Value { return c.ids.last() })
	m.method("reschedulePing", func(c *client, call goja.FunctionCall) goja.Value {
		c.reschedulePing(call.Argument(0).ToBoolean())
		return goja.Undefined()
	})
	m.method("sendPing", func(c *client, _ goja.FunctionCall) goja.Value { c.sendPing(); return goja.Undefined() })
	m.method("messages", (*client).messages)
	m.method("handle", (*client).handleFilter)
	callBack := func(_ *client, call goja.FunctionCall) goja.Value {
		if f, ok := m.vm.ToFunc(call.Argument(1)); ok {
			return f.Call(goja.Undefined())
		}
		return goja.Undefined()
	}
	c.handleMessage = m.method("handleMessage", callBack)
	c.handleAuth = m.method("handleAuth", callBack)
}

// accessors define what a script sees of the state.
func (m *module) accessors(proto *goja.Object) {
	rt := m.vm.Runtime()
	define := func(name string, get func(*client) goja.Value, set func(*client, goja.Value)) {
		getter := m.vm.NewFunction("get "+name, func(call goja.FunctionCall) goja.Value {
			c, ok := m.vm.Slot(call.This).(*client)
			if !ok {
				return goja.Undefined()
			}
			return get(c)
		})
		var setter goja.Value
		if set != nil {
			setter = m.vm.NewFunction("set "+name, func(call goja.FunctionCall) goja.Value {
				set(m.clientOf(name, call.This), call.Argument(0))
				return goja.Undefined()
			})
		}
		_ = proto.DefineAccessorProperty(name, getter, setter, goja.FLAG_TRUE, goja.FLAG_FALSE)
	}
	flag := func(name string, f func(*client) bool, set func(*client, goja.Value)) {
		define(name, func(c *client) goja.Value { return rt.ToValue(f(c)) }, set)
	}
	flag("connected", func(c *client) bool { return c.life.Connected() }, nil)
	flag("disconnecting", func(c *client) bool { return c.life.Leaving() }, nil)
	flag("reconnecting", func(c *client) bool { return c.away }, nil)
	flag("queueQoSZero", func(c *client) bool { return c.queueQoS0 }, func(c *client, v goja.Value) { c.queueQoS0 = v.ToBoolean() })
	define("disconnected", func(c *client) goja.Value {
		ever, now := c.life.HasEnded()
		if !ever {
			return goja.Undefined()
		}
		return rt.ToValue(now)
	}, nil)
	define("serverProperties", func(c *client) goja.Value { return c.serverProperties }, nil)
	define("keepalive", func(c *client) goja.Value { return rt.ToValue(c.keepAlive()) }, nil)
	define("stream", (*client).streamValue, nil)
	define("queue", (*client).queueValue, nil)
	define("messageIdProvider", func(c *client) goja.Value { return c.ids.value() }, nil)
	define("outgoingStore", func(c *client) goja.Value { return c.outgoing.value(m) }, nil)
	define("incomingStore", func(c *client) goja.Value { return c.incoming.value(m) }, nil)
	define("connackPacket", func(c *client) goja.Value {
		if c.connack == nil {
			return goja.Undefined()
		}
		return m.packetObject(c.connack)
	}, nil)
	define("keepaliveManager", func(c *client) goja.Value {
		if c.watch == nil {
			return goja.Null()
		}
		return m.vm.NewObject("interval", c.watch.interval.Milliseconds())
	}, nil)
}

// call calls a function of the script with undefined as this.
func call(f *engine.Func, args ...goja.Value) { f.Call(goja.Undefined(), args...) }
