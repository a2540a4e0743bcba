package mqttjs

import (
	"fmt"
	"math/rand/v2"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// idProvider gives packets their identifiers.
type idProvider interface {
	allocate() (id uint16, ok bool)
	last() goja.Value
	register(id uint16) bool
	deallocate(id uint16)
	clear()
	value() goja.Value
}

// countingIDs is DefaultMessageIdProvider: one after the other, from anywhere. Those in use are
// passed over.
type countingIDs struct {
	m    *module
	next uint16
	used map[uint16]bool
	obj  *goja.Object
}

func newCountingIDs(m *module) *countingIDs {
	return &countingIDs{m: m, next: uint16(rand.IntN(65534)) + 1, used: map[uint16]bool{}} //nolint:gosec // no secret, and within range
}

func (i *countingIDs) allocate() (uint16, bool) {
	if len(i.used) >= 65535 {
		return 0, false
	}
	for {
		id := i.next
		i.next++
		if i.next == 0 {
			i.next = 1
		}
		if !i.used[id] {
			i.used[id] = true
			return id, true
		}
	}
}

func (i *countingIDs) last() goja.Value {
	id := i.next - 1
	if id == 0 {
		id = 65535
	}
	return i.m.vm.Runtime().ToValue(int(id))
}

func (i *countingIDs) register(id uint16) bool { i.used[id] = true; return true }
func (i *countingIDs) deallocate(id uint16)    { delete(i.used, id) }
func (i *countingIDs) clear()                  { clear(i.used) }
func (i *countingIDs) value() goja.Value {
	return i.m.providerObject(&i.obj, i, "DefaultMessageIdProvider")
}

// lowestIDs is UniqueMessageIdProvider: the lowest that is free.
type lowestIDs struct {
	m      *module
	used   [65536 / 64]uint64
	from   int // none below is free
	latest goja.Value
	obj    *goja.Object
}

func newLowestIDs(m *module) *lowestIDs { return &lowestIDs{m: m, from: 1, latest: goja.Undefined()} }

func (i *lowestIDs) isUsed(id int) bool { return i.used[id/64]&(1<<(id%64)) != 0 }

func (i *lowestIDs) allocate() (uint16, bool) {
	for id := i.from; id <= 65535; id++ {
		if !i.isUsed(id) {
			i.used[id/64] |= 1 << (id % 64)
			i.from = id + 1
			i.latest = i.m.vm.Runtime().ToValue(id)
			return uint16(id), true
		}
	}
	i.from, i.latest = 65536, goja.Null()
	return 0, false
}

func (i *lowestIDs) last() goja.Value { return i.latest }

func (i *lowestIDs) register(id uint16) bool {
	if id == 0 || i.isUsed(int(id)) {
		return false
	}
	i.used[id/64] |= 1 << (id % 64)
	return true
}

func (i *lowestIDs) deallocate(id uint16) {
	i.used[id/64] &^= 1 << (id % 64)
	if id > 0 {
		i.from = min(i.from, int(id))
	}
}

func (i *lowestIDs) clear() { i.used, i.from = [65536 / 64]uint64{}, 1 }
func (i *lowestIDs) value() goja.Value {
	return i.m.providerObject(&i.obj, i, "UniqueMessageIdProvider")
}

// scriptIDs is a provider that the script made.
type scriptIDs struct {
	m   *module
	obj *goja.Object
}

func (i *scriptIDs) call(name string, args ...goja.Value) goja.Value {
	f, ok := i.m.vm.ToFunc(i.m.vm.Field(i.obj, name))
	if !ok {
		i.m.vm.ThrowType("messageIdProvider.%s is not a function", name)
	}
	return f.Call(i.obj, args...)
}

func (i *scriptIDs) allocate() (uint16, bool) {
	v := i.call("allocate")
	if !engine.Given(v) {
		return 0, false
	}
	return uint16(i.m.vm.CheckInt("messageIdProvider.allocate: its result", v, 1, 65535)), true //nolint:gosec // within range
}

func (i *scriptIDs) last() goja.Value { return i.call("getLastAllocated") }
func (i *scriptIDs) register(id uint16) bool {
	return i.call("register", i.m.vm.Runtime().ToValue(int(id))).ToBoolean()
}

func (i *scriptIDs) deallocate(id uint16) { i.call("deallocate", i.m.vm.Runtime().ToValue(int(id))) }
func (i *scriptIDs) clear()               { i.call("clear") }
func (i *scriptIDs) value() goja.Value    { return i.obj }

// idProviderOf is the provider of an option.
func (m *module) idProviderOf(v goja.Value) idProvider {
	obj, ok := v.(*goja.Object)
	if !ok {
		return newCountingIDs(m)
	}
	if p, ok := m.vm.Slot(obj).(idProvider); ok {
		return p
	}
	return &scriptIDs{m, obj}
}

// providerObject is a provider of ours as a script sees it.
func (m *module) providerObject(obj **goja.Object, p idProvider, class string) goja.Value {
	if *obj == nil {
		_, proto := m.vm.NewClass(class, func(goja.ConstructorCall) *goja.Object { return nil })
		m.fillProvider(m.vm.Runtime().CreateObject(proto), p)
	}
	return *obj
}

// fillProvider gives an object the methods of a provider.
func (m *module) fillProvider(obj *goja.Object, p idProvider) {
	vm := m.vm
	rt := vm.Runtime()
	vm.SetSlot(obj, p)
	switch p := p.(type) {
	case *countingIDs:
		p.obj = obj
	case *lowestIDs:
		p.obj = obj
	}
	vm.Method(obj, "allocate", func(goja.FunctionCall) goja.Value {
		if id, ok := p.allocate(); ok {
			return rt.ToValue(int(id))
		}
		return goja.Null()
	})
	vm.Method(obj, "getLastAllocated", func(goja.FunctionCall) goja.Value { return p.last() })
	id := func(call goja.FunctionCall) uint16 { return uint16(call.Argument(0).ToInteger()) } //nolint:gosec // another one is none
	vm.Method(obj, "register", func(call goja.FunctionCall) goja.Value { return rt.ToValue(p.register(id(call))) })
	vm.Method(obj, "deallocate", func(call goja.FunctionCall) goja.Value { p.deallocate(id(call)); return goja.Undefined() })
	vm.Method(obj, "clear", func(goja.FunctionCall) goja.Value { p.clear(); return goja.Undefined() })
}

// randomClientID is a client identifier for a client that was given none.
func randomClientID() string { return fmt.Sprintf("mqttjs_%08x", rand.Uint32()) } //nolint:gosec // no secret
