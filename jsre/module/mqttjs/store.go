package mqttjs

import (
	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/mqttjs/packet"
)

// store keeps packets by their identifier. What is called back gets an error, or undefined or nil.
type store interface {
	put(o *outgoing, done func(err goja.Value))
	get(id uint16, done func(o *outgoing, err goja.Value))
	del(id uint16, done func(o *outgoing))
	list() ([]*outgoing, goja.Value)
	close(done func(err goja.Value))
	value(m *module) goja.Value
}

// memory is the class Store: packets in the order in which they came.
type memory struct {
	kept  ordered[*outgoing]
	clean bool // closing empties it
	obj   *goja.Object
	m     *module
}

func newMemory(m *module) *memory { return &memory{clean: true, m: m} }

func (s *memory) put(o *outgoing, done func(err goja.Value)) {
	s.kept.put(o.p.ID, o)
	done(nil)
}

func (s *memory) get(id uint16, done func(o *outgoing, err goja.Value)) {
	o, has := s.kept.get(id)
	if !has {
		done(nil, s.m.plainError("missing packet"))
		return
	}
	done(o, nil)
}

func (s *memory) del(id uint16, done func(o *outgoing)) {
	o, _ := s.kept.take(id)
	done(o)
}

func (s *memory) list() ([]*outgoing, goja.Value) {
	list := make([]*outgoing, 0, s.kept.len())
	for _, id := range s.kept.ids() {
		o, _ := s.kept.get(id)
		list = append(list, o)
	}
	return list, nil
}

func (s *memory) close(done func(err goja.Value)) {
	if s.clean {
		s.kept = ordered[*outgoing]{}
	}
	done(nil)
}

func (s *memory) value(m *module) goja.Value {
	if s.obj == nil {
		s.obj = m.vm.Runtime().CreateObject(m.storeClass().proto)
		m.vm.SetSlot(s.obj, s)
	}
	return s.obj
}

// scriptStore is a store that the script made, with methods that call back.
type scriptStore struct {
	m   *module
	c   *client
	obj *goja.Object
}

func (s *scriptStore) call(name string, args ...goja.Value) goja.Value {
	f, ok := s.m.vm.ToFunc(s.m.vm.Field(s.obj, name))
	if !ok {
		s.m.vm.ThrowType("store.%s is not a function", name)
	}
	return f.Call(s.obj, args...)
}

func (s *scriptStore) back(f func(goja.FunctionCall)) goja.Value {
	return s.m.vm.NewFunction("", func(call goja.FunctionCall) goja.Value { f(call); return goja.Undefined() })
}

func (s *scriptStore) put(o *outgoing, done func(err goja.Value)) {
	s.call("put", s.c.sentObject(o), s.back(func(call goja.FunctionCall) { done(call.Argument(0)) }))
}

func (s *scriptStore) key(id uint16) goja.Value { return s.m.vm.NewObject("messageId", int(id)) }

func (s *scriptStore) get(id uint16, done func(o *outgoing, err goja.Value)) {
	s.call("get", s.key(id), s.back(func(call goja.FunctionCall) {
		if err := call.Argument(0); engine.Given(err) {
			done(nil, err)
			return
		}
		done(s.c.fromObject(call.Argument(1)), nil)
	}))
}

func (s *scriptStore) del(id uint16, done func(o *outgoing)) {
	s.call("del", s.key(id), s.back(func(call goja.FunctionCall) { done(s.c.fromObject(call.Argument(1))) }))
}

// list reads the store's stream: by its method read until that has no more, or what it iterates over.
func (s *scriptStore) list() (out []*outgoing, err goja.Value) {
	stream, ok := s.call("createStream").(*goja.Object)
	if !ok {
		return nil, nil
	}
	add := func(v goja.Value) bool {
		if o := s.c.fromObject(v); o != nil {
			out = append(out, o)
		}
		return len(out) < maxFilters
	}
	if read, ok := s.m.vm.ToFunc(stream.Get("read")); ok {
		for {
			if v := read.Call(stream); !engine.Given(v) || !add(v) {
				return out, nil
			}
		}
	}
	s.m.vm.Runtime().ForOf(stream, add)
	return out, nil
}

func (s *scriptStore) close(done func(err goja.Value)) {
	s.call("close", s.back(func(call goja.FunctionCall) { done(call.Argument(0)) }))
}

func (s *scriptStore) value(*module) goja.Value { return s.obj }

// storeOf is the store of an option.
func (c *client) storeOf(v goja.Value) store {
	obj, ok := v.(*goja.Object)
	if !ok {
		return newMemory(c.module)
	}
	if s, ok := c.vm.Slot(obj).(*memory); ok && obj.Prototype() == c.storeClass().proto && len(obj.Keys()) == 0 {
		return s
	}
	return &scriptStore{c.module, c, obj}
}

// fromObject is a packet that a script keeps, or made; nil when it is none.
func (c *client) fromObject(v goja.Value) *outgoing {
	obj, ok := v.(*goja.Object)
	if !ok {
		return nil
	}
	field := func(name string) goja.Value { return c.vm.Field(obj, name) }
	o := &outgoing{object: obj, p: packet.Packet{
		Type: packet.TypeOf(field("cmd").String()), ID: uint16(field("messageId").ToInteger()), //nolint:gosec // as much as the packet has room for
		QoS: byte(field("qos").ToInteger() & 3), Retain: field("retain").ToBoolean(), Dup: field("dup").ToBoolean(),
		Code: byte(field("reasonCode").ToInteger()), //nolint:gosec // likewise
	}}
	if o.p.Type == 0 {
		return nil
	}
	if o.p.Type == packet.Publish {
		o.payload = field("payload")
		c.readTopic(o, field("topic"))
		o.p.Payload = append([]byte{}, c.payloadBytes(o.payload)...)
	}
	if p, ok := field("properties").(*goja.Object); ok {
		o.properties = p
		if c.version == packet.V5 {
			o.p.Properties, o.fault = c.readProperties(p)
		}
	}
	return o
}
