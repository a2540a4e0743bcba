package engine

import (
	"strconv"
	"strings"
	"unsafe"

	"github.com/dop251/goja"
)

// LazyBuffer is memory for a Buffer that is to cost little as long as a script asks for its length
// and its text alone, which is what most listeners of messages do: it begins as a dynamic object,
// and becomes a real Buffer, in place, as soon as anything else is asked for. To a script it is a
// Buffer all along. It is to be part of what owns the bytes, and for the loop goroutine alone.
//
// A property reaches it as a dynamic object. What could otherwise tell it from a Buffer are goja's
// natives for typed arrays and those that look at an object without reading a property: guardLazy has
// them make the real one first. A symbol reaches it through its prototype, which is a proxy till
// then.
type LazyBuffer struct {
	Dynamic
	vm    *VM
	bytes []byte
	real  bool
}

// InitLazyBuffer makes l, which must be zero, a Buffer on b, which the script owns from then on.
func (vm *VM) InitLazyBuffer(l *LazyBuffer, b []byte) *goja.Object {
	l.vm, l.bytes = vm, b
	obj := vm.InitDynamic(&l.Dynamic, l)
	l.inner.baseDynamicObject.prototype = vm.buffer.lazyProto
	return obj
}

// lazy is the lazy buffer that v still is, nil for any other value.
func (vm *VM) lazy(v goja.Value) *LazyBuffer {
	obj, ok := v.(*goja.Object)
	if !ok {
		return nil
	}
	o := (*object)(unsafe.Pointer(obj))
	if o.self.kind != vm.parts.dynamic.outer.self.kind {
		return nil
	}
	l, _ := (*dynamicObject)(o.self.data).d.(*LazyBuffer)
	return l
}

// Settle makes v what it is for scripts, if that has been put off. It returns v.
func (vm *VM) Settle(v goja.Value) goja.Value {
	if l := vm.lazy(v); l != nil {
		l.settle()
	}
	return v
}

// settle makes the real Buffer. A method of the dynamic object that is running goes on with its
// prototype.
func (l *LazyBuffer) settle() *goja.Object {
	obj := l.outer.value()
	if !l.real {
		l.real = true
		l.inner.baseDynamicObject.prototype = l.vm.buffer.proto
		l.vm.parts.fillBuffer(&bufferParts{}, &l.outer, l.bytes)
		l.bytes = nil
	}
	return obj
}

// Get implements goja.DynamicObject.
func (l *LazyBuffer) Get(key string) goja.Value {
	if !l.real {
		switch key {
		case "length":
			return l.vm.rt.ToValue(len(l.bytes))
		case "toString":
			if text := l.vm.buffer.proto.Get(key); text == l.vm.buffer.text {
				return text
			}
		}
	}
	obj := l.settle()
	if !isArrayIndex(key) {
		return nil // it inherits the rest
	}
	return obj.Get(key)
}

// Set implements goja.DynamicObject.
func (l *LazyBuffer) Set(key string, v goja.Value) bool { return l.settle().Set(key, v) == nil }

// Has implements goja.DynamicObject.
func (l *LazyBuffer) Has(key string) bool { return isArrayIndex(key) && l.settle().Get(key) != nil }

// Delete implements goja.DynamicObject.
func (l *LazyBuffer) Delete(key string) bool { return l.settle().Delete(key) == nil }

// Keys implements goja.DynamicObject.
func (l *LazyBuffer) Keys() []string { return l.settle().Keys() }

// isArrayIndex reports whether key is a whole number as JavaScript writes it.
func isArrayIndex(key string) bool {
	n, err := strconv.ParseUint(key, 10, 53)
	return err == nil && strconv.FormatUint(n, 10) == key
}

// initLazyPrototype makes the prototype of lazy buffers: a proxy in front of Buffer.prototype that
// has the real Buffer made when a symbol is looked for. The receiver may also be an object that
// inherits from a lazy buffer.
func (vm *VM) initLazyPrototype() {
	target := vm.rt.CreateObject(vm.buffer.proto)
	vm.buffer.lazyProto = vm.rt.ToValue(vm.rt.NewProxy(target, &goja.ProxyTrapConfig{
		GetSym: func(_ *goja.Object, key *goja.Symbol, receiver goja.Value) goja.Value {
			if l := vm.lazy(receiver); l != nil {
				return l.settle().GetSymbol(key)
			}
			return vm.buffer.proto.GetSymbol(key)
		},
		SetSym: func(_ *goja.Object, key *goja.Symbol, v, receiver goja.Value) bool {
			if l := vm.lazy(receiver); l != nil {
				return l.settle().SetSymbol(key, v) == nil
			}
			obj, ok := receiver.(*goja.Object)
			return ok && obj.DefineDataPropertySymbol(key, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE) == nil
		},
	})).ToObject(vm.rt)
}

// guardLazy has those natives make the real Buffer first that look into an object without reading a
// property of it.
func (vm *VM) guardLazy() {
	class := func(name string) *goja.Object { return vm.rt.Get(name).ToObject(vm.rt) }
	bytes := class("Uint8Array").Get("prototype").ToObject(vm.rt)
	reflected := "defineProperty getOwnPropertyDescriptor getPrototypeOf preventExtensions setPrototypeOf "
	g := lazyGuard{vm: vm, done: map[*goja.Object]*goja.Object{}}
	g.describe, _ = vm.ToFunc(class("Object").Get("getOwnPropertyDescriptor"))
	g.define, _ = vm.ToFunc(class("Object").Get("defineProperty"))
	for _, owner := range []*goja.Object{bytes, bytes.Prototype()} {
		g.guard(owner, owner.GetOwnPropertyNames()...)
	}
	g.guardKey(bytes.Prototype(), goja.SymIterator)
	g.guardKey(bytes.Prototype(), goja.SymToStringTag)
	g.guard(class("ArrayBuffer"), "isView")
	g.guard(class("Reflect"), strings.Fields(reflected+"get set")...)
	g.guard(class("Object"), strings.Fields(reflected+"defineProperties freeze getOwnPropertyDescriptors seal")...)
	g.guard(vm.objectProto, strings.Fields("__defineGetter__ __defineSetter__ __lookupGetter__ __lookupSetter__ __proto__ propertyIsEnumerable")...)
}

// lazyGuard replaces natives by those that settle their arguments first.
type lazyGuard struct {
	vm               *VM
	describe, define *Func                         // getOwnPropertyDescriptor and defineProperty
	done             map[*goja.Object]*goja.Object // what has been replaced by what
}

func (g *lazyGuard) guard(owner *goja.Object, names ...string) {
	for _, name := range names {
		if name != "constructor" && name != "toString" { // toString is that of arrays
			g.guardKey(owner, g.vm.rt.ToValue(name))
		}
	}
}

func (g *lazyGuard) guardKey(owner *goja.Object, key goja.Value) {
	d, ok := g.describe.Call(goja.Undefined(), owner, key).(*goja.Object)
	if !ok {
		return
	}
	for _, part := range []string{"value", "get", "set"} {
		if native, ok := d.Get(part).(*goja.Object); ok {
			_ = d.Set(part, g.replacement(native))
		}
	}
	g.define.Call(goja.Undefined(), owner, key, d)
}

func (g *lazyGuard) replacement(native *goja.Object) *goja.Object {
	if r, ok := g.done[native]; ok {
		return r
	}
	f, _ := g.vm.ToFunc(native)
	r := g.vm.NewNative(native.Get("name").String(), int(native.Get("length").ToInteger()), func(c goja.FunctionCall) goja.Value {
		g.vm.Settle(c.This)
		for _, v := range c.Arguments {
			g.vm.Settle(v)
		}
		return f.call(c)
	})
	g.done[native] = r
	return r
}
