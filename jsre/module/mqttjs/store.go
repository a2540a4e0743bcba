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
	order []uint16 // with those that are deleted
	byID  map[uint16]*outgoing
	clean bool // closing empties it
	obj   *goja.Object
	m     *module
}

func newMemory(m *module) *memory { return &memory{byID: map[uint16]*outgoing{}, clean: true, m: m} }

func (s *memory) put(o *outgoing, done func(err goja.Value)) {
	if _, has := s.byID[o.p.ID]; !has {
		s.compact()
		s.order = append(s.order, o.p.ID)
	}
	s.byID[o.p.ID] = o
	done(nil)
}

// compact drops what is deleted once it is the greater part.
func (s *memory) compact() {
	if len(s.order) < 64 || len(s.order) < 2*len(s.byID) {
		return
	}
	kept := make([]uint16, 0, len(s.byID)+1)
	seen := make(map[uint16]bool, len(s.byID))
	for i := len(s.order) - 1; i >= 0; i-- { // the last place of an identifier counts
		if id := s.order[i]; s.byID[id] != nil && !seen[id] {
			seen[id] = true
			kept = append(kept, id)
		}
	}
	for i, j := 0, len(kept)-1; i < j; i, j = i+1, j-1 {
		kept[i], kept[j] = kept[j], kept[i]
	}
	s.order = kept
}

func (s *memory) get(id uint16, done func(o *outgoing, err goja.Value)) {
	o := s.byID[id]
	if o == nil {
		done(nil, s.m.plainError("missing packet"))
		return
	}
	done(o, nil)
}

func (s *memory) del(id uint16, done func(o *outgoing)) {
	o := s.byID[id]
	delete(s.byID, id)
	if len(s.byID) == 0 {
		s.order = s.order[:0]
	}
	done(o)
}

func (s *memory) list() ([]*outgoing, goja.Value) {
	out := make([]*outgoing, 0, len(s.byID))
	seen := make(map[uint16]bool, len(s.byID))
	for i := len(s.order) - 1; i >= 0; i-- {
		if o := s.byID[s.order[i]]; o != nil && !seen[s.order[i]] {
			seen[s.order[i]] = true
			out = append(out, o)
		}
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out, nil
}

func (s *memory) close(done func(err goja.Value)) {
	if s.clean {
		s.byID, s.order = map[uint16]*outgoing{}, nil
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
