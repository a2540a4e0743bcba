package mqttjs

import (
	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/mqttjs/packet"
)

// reasons are the texts of return codes of CONNACK and reason codes, as errors have them.
func reasonName(code int) (string, bool) {
	if code >= 128 && code-128 < len(failures) {
		return failures[code-128], true
	}
	switch code {
	case 0:
		return "", true
	case 1:
		return "Unacceptable protocol version", true
	case 2:
		return "Identifier rejected", true
	case 3:
		return "Server unavailable", true
	case 4:
		return "Bad username or password", true
	case 5:
		return "Not authorized", true
	case 16:
		return "No matching subscribers", true
	case 17:
		return "No subscription existed", true
	}
	return "", false
}

// failures are the reason codes from 128 on. They are the names of MQTT 5 in the spelling that
// scripts compare.
var failures = [...]string{
	"Unspecified error", "Malformed Packet", "Protocol Error", "Implementation specific error", "Unsupported Protocol Version",
	"Client Identifier not valid", "Bad User Name or Password", "Not authorized", "Server unavailable", "Server busy", "Banned",
	"Server shutting down", "Bad authentication method", "Keep Alive timeout", "Session taken over", "Topic Filter invalid",
	"Topic Name invalid", "Packet identifier in use", "Packet Identifier not found", "Receive Maximum exceeded",
	"Topic Alias invalid", "Packet too large", "Message rate too high", "Quota exceeded", "Administrative action",
	"Payload format invalid", "Retain not supported", "QoS not supported", "Use another server", "Server moved",
	"Shared Subscriptions not supported", "Connection rate exceeded", "Maximum connect time",
	"Subscription Identifiers not supported", "Wildcard Subscriptions not supported",
}

func reasonText(code int) string {
	if name, ok := reasonName(code); ok {
		return name
	}
	return "undefined"
}

// addExports adds what is made when a script first asks for it.
func (m *module) addExports(out *goja.Object) {
	rt := m.vm.Runtime()
	lazy := func(name string, create func() goja.Value) {
		get := func(goja.FunctionCall) goja.Value {
			v := create()
			_ = out.DefineDataProperty(name, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
			return v
		}
		_ = out.DefineAccessorProperty(name, rt.ToValue(get), nil, goja.FLAG_TRUE, goja.FLAG_TRUE)
	}
	client := func() goja.Value { return m.need().client }
	lazy("Client", client)
	lazy("MqttClient", client)
	lazy("Store", func() goja.Value { return m.storeClass().class })
	lazy("DefaultMessageIdProvider", func() goja.Value {
		return m.providerClass("DefaultMessageIdProvider", func() idProvider { return newCountingIDs(m) })
	})
	lazy("UniqueMessageIdProvider", func() goja.Value {
		return m.providerClass("UniqueMessageIdProvider", func() idProvider { return newLowestIDs(m) })
	})
	lazy("ReasonCodes", m.reasonCodes)
	lazy("ErrorWithReasonCode", func() goja.Value { return m.need().reasonError })
	lazy("ErrorWithSubackPacket", func() goja.Value { return m.need().subackError })
	lazy("KeepaliveManager", func() goja.Value {
		class, _ := m.vm.NewClass("KeepaliveManager", func(goja.ConstructorCall) *goja.Object {
			m.vm.ThrowType("KeepaliveManager: a client makes its own; it is client.keepaliveManager")
			return nil
		})
		return class
	})
	_ = out.Set("MQTTJS_VERSION", Version)
	lazy("nextTick", func() goja.Value {
		if p, ok := rt.Get("process").(*goja.Object); ok {
			return p.Get("nextTick")
		}
		return goja.Undefined()
	})
	lazy("applyMixin", func() goja.Value { return m.vm.NewFunction("applyMixin", m.applyMixin) })
	lazy("validateTopic", func() goja.Value {
		return m.vm.NewFunction("validateTopic", func(call goja.FunctionCall) goja.Value {
			return rt.ToValue(validFilter(m.vm.CheckString("validateTopic: topic", call.Argument(0))))
		})
	})
	lazy("validateTopics", func() goja.Value {
		return m.vm.NewFunction("validateTopics", func(call goja.FunctionCall) goja.Value {
			var list []goja.Value
			rt.ForOf(call.Argument(0).ToObject(rt), func(v goja.Value) bool { list = append(list, v); return len(list) < maxFilters })
			if bad, invalid := m.invalidFilter(list); invalid {
				return bad
			}
			return goja.Null()
		})
	})
	lazy("default", func() goja.Value { return out })
}

func (m *module) reasonCodes() goja.Value {
	o := m.vm.NewObject()
	for code := range 256 {
		if name, ok := reasonName(code); ok {
			_ = o.Set(m.vm.Runtime().ToValue(code).String(), name)
		}
	}
	return o
}

// applyMixin copies the methods of a class to another one's prototype.
func (m *module) applyMixin(call goja.FunctionCall) goja.Value {
	rt := m.vm.Runtime()
	target, mixin := call.Argument(0).ToObject(rt), call.Argument(1).ToObject(rt)
	to := target.Get("prototype").ToObject(rt)
	object := m.vm.Original("Object")
	descriptor, define := m.vm.OriginalFunc("Object.getOwnPropertyDescriptor"), m.vm.OriginalFunc("Object.defineProperty")
	var chain []*goja.Object
	for c := mixin; c != nil && c.Get("prototype") != nil; c = c.Prototype() {
		if p, ok := c.Get("prototype").(*goja.Object); ok {
			chain = append([]*goja.Object{p}, chain...)
		}
	}
	for _, from := range chain {
		for _, name := range from.GetOwnPropertyNames() {
			if name != "constructor" || call.Argument(2).ToBoolean() {
				key := rt.ToValue(name)
				define.Call(object, to, key, descriptor.Call(object, from, key))
			}
		}
	}
	return goja.Undefined()
}

// providerClass is a class of identifier providers.
func (m *module) providerClass(name string, create func() idProvider) goja.Value {
	class, _ := m.vm.NewClass(name, func(call goja.ConstructorCall) *goja.Object {
		p := create()
		m.fillProvider(call.This, p)
		return nil
	})
	return class
}

type storeClass struct{ class, proto *goja.Object }

// storeClass makes the class Store.
func (m *module) storeClass() storeClass {
	if m.stores != nil {
		return *m.stores
	}
	s := storeClass{}
	s.class, s.proto = m.vm.NewClass("Store", func(call goja.ConstructorCall) *goja.Object {
		store := newMemory(m)
		store.obj = call.This
		if o, ok := call.Argument(0).(*goja.Object); ok {
			if v := m.vm.Field(o, "clean"); !goja.IsUndefined(v) {
				store.clean = v.ToBoolean()
			}
		}
		m.vm.SetSlot(call.This, store)
		return nil
	})
	m.stores = &s
	m.storeMethods(s.proto)
	return s
}

// storeMethod defines a method of Store; back calls the callback that it was given.
func (m *module) storeMethod(proto *goja.Object, name string, f func(s *memory, packet goja.Value, back func(...goja.Value)) goja.Value) {
	m.vm.Method(proto, name, func(args goja.FunctionCall) goja.Value {
		s, ok := m.vm.Slot(args.This).(*memory)
		if !ok {
			m.vm.ThrowType("%s: called on %s, which is no Store", name, m.vm.TypeName(args.This))
		}
		var done *engine.Func
		for _, v := range args.Arguments {
			if fn, ok := m.vm.ToFunc(v); ok {
				done = fn
			}
		}
		return f(s, args.Argument(0), func(list ...goja.Value) {
			if done != nil {
				call(done, list...)
			}
		})
	})
}

// storeMethods are those of Store, for scripts that call them.
func (m *module) storeMethods(proto *goja.Object) {
	method := func(name string, f func(s *memory, packet goja.Value, back func(...goja.Value)) goja.Value) {
		m.storeMethod(proto, name, f)
	}
	rt := m.vm.Runtime()
	reader := &client{module: m, version: 5}
	id := func(v goja.Value) uint16 {
		return uint16(v.ToObject(rt).Get("messageId").ToInteger()) //nolint:gosec // another one is none
	}
	method("put", func(s *memory, p goja.Value, back func(...goja.Value)) goja.Value {
		o := reader.fromObject(p)
		if o == nil { // what is kept need not be a packet
			o = &outgoing{object: p.ToObject(rt), p: packet.Packet{ID: id(p)}}
		}
		s.put(o, func(goja.Value) { back() })
		return s.obj
	})
	method("get", func(s *memory, p goja.Value, back func(...goja.Value)) goja.Value {
		s.get(id(p), func(o *outgoing, err goja.Value) {
			if o == nil {
				back(err)
				return
			}
			back(goja.Null(), reader.sentObject(o))
		})
		return s.obj
	})
	method("del", func(s *memory, p goja.Value, back func(...goja.Value)) goja.Value {
		s.del(id(p), func(o *outgoing) {
			if o == nil {
				back(m.plainError("missing packet"))
				return
			}
			back(goja.Null(), reader.sentObject(o))
		})
		return s.obj
	})
	method("close", func(s *memory, _ goja.Value, back func(...goja.Value)) goja.Value {
		s.close(func(goja.Value) { back() })
		return goja.Undefined()
	})
	method("createStream", func(s *memory, _ goja.Value, _ func(...goja.Value)) goja.Value { return m.storeStream(s, reader) })
}

// storeStream is a stream of what a store holds: events data and end, a method read, and iteration.
func (m *module) storeStream(s *memory, reader *client) goja.Value {
	vm := m.vm
	list, _ := s.list()
	o := vm.Runtime().CreateObject(vm.EmitterPrototype())
	e := vm.NewEmitter(o)
	next := func() goja.Value {
		if len(list) == 0 {
			return goja.Null()
		}
		v := reader.sentObject(list[0])
		list = list[1:]
		return v
	}
	vm.Method(o, "read", func(goja.FunctionCall) goja.Value { return next() })
	vm.Loop().SetImmediate(func() {
		for e.Count("data") > 0 && len(list) > 0 {
			e.Emit("data", next())
		}
		if len(list) > 0 {
			e.Emit("readable")
		}
		e.Emit("end")
		e.Emit("close")
	})
	return o
}
