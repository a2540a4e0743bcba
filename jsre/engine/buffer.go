package engine

import (
	"reflect"
	"unsafe"

	"github.com/dop251/goja"
)

// bufferClass is the class Buffer: a subclass of Uint8Array with native methods (those are added by
// the module buffer).
type bufferClass struct {
	class *goja.Object
	proto *goja.Object
	array goja.Constructor // Uint8Array

	arrays, views viewGetters // of typed arrays and of DataView

	lazyProto *goja.Object // prototype of a LazyBuffer
	text      goja.Value   // the method toString as the modules made it
}

// viewGetters are the native getters of a kind of view, which a script cannot shadow.
type viewGetters struct{ buffer, offset, length *Func }

// getters finds the native getters of a prototype.
func (vm *VM) getters(proto string) viewGetters {
	get := func(name string) *Func {
		v, err := vm.rt.RunScript(hostFile, "Object.getOwnPropertyDescriptor("+proto+", '"+name+"').get")
		if err != nil {
			panic(err)
		}
		f, _ := vm.ToFunc(v)
		return f
	}
	return viewGetters{get("buffer"), get("byteOffset"), get("byteLength")}
}

// initBufferClass makes the class and its prototype chain.
func (vm *VM) initBufferClass() (err error) {
	uint8Array := vm.rt.GlobalObject().Get("Uint8Array").ToObject(vm.rt)
	vm.buffer.array, _ = goja.AssertConstructor(uint8Array)
	vm.buffer.class, vm.buffer.proto = vm.NewClass("Buffer", vm.newBufferObject)
	vm.buffer.arrays = vm.getters("Object.getPrototypeOf(Uint8Array.prototype)")
	vm.buffer.views = vm.getters("DataView.prototype")
	_ = vm.buffer.class.SetPrototype(uint8Array)
	_ = vm.buffer.proto.SetPrototype(uint8Array.Get("prototype").ToObject(vm.rt))
	memory := vm.rt.ToValue(vm.rt.NewArrayBuffer(nil)).ToObject(vm.rt)
	buffer, err := vm.buffer.array(vm.buffer.class, memory)
	if err != nil {
		return err
	}
	vm.parts, err = newParts(buffer, memory, vm.rt.NewDynamicObject(&hidden{}))
	vm.initLazyPrototype()
	return err
}

// newBufferObject is `new Buffer(...)`, kept for old scripts, and what species construction of a
// typed array calls. A string goes to Buffer.from.
func (vm *VM) newBufferObject(c goja.ConstructorCall) *goja.Object {
	target := c.NewTarget
	if target == nil {
		target = vm.buffer.class
	}
	if goja.IsString(c.Argument(0)) {
		from, _ := vm.ToFunc(vm.buffer.class.Get("from"))
		return from.Call(vm.buffer.class, c.Arguments...).ToObject(vm.rt)
	}
	args := c.Arguments
	if part := vm.partOfList(args); part != nil {
		args = []goja.Value{part}
	}
	obj, err := vm.buffer.array(target, args...)
	if err != nil {
		panic(err)
	}
	return obj
}

// partOfList is a copy of the elements offset..offset+length of what `new Buffer(list, offset, length)`
// of JSRE gives; nil when args are others.
func (vm *VM) partOfList(args []goja.Value) *goja.Object {
	if len(args) < 2 || !goja.IsNumber(args[1]) || vm.IsArrayBuffer(args[0]) {
		return nil
	}
	list, ok := args[0].(*goja.Object)
	if !ok {
		return nil
	}
	all, err := vm.buffer.array(nil, vm.Settle(list))
	if err != nil {
		panic(err)
	}
	b, _ := vm.Bytes(all)
	from := max(0, min(args[1].ToInteger(), int64(len(b))))
	to := int64(len(b))
	if len(args) > 2 && goja.IsNumber(args[2]) {
		to = from + max(0, min(args[2].ToInteger(), to-from))
	}
	return vm.rt.ToValue(vm.rt.NewArrayBuffer(b[from:to:to])).ToObject(vm.rt)
}

// BufferClass is the class Buffer.
func (vm *VM) BufferClass() *goja.Object { return vm.buffer.class }

// BufferPrototype is Buffer.prototype.
func (vm *VM) BufferPrototype() *goja.Object { return vm.buffer.proto }

// NewBuffer wraps bytes as a Buffer without copying them; the script owns them from then on. Loop
// goroutine only.
func (vm *VM) NewBuffer(b []byte) *goja.Object { return vm.parts.newBuffer(b) }

// IsBuffer reports whether v is a Buffer.
func (vm *VM) IsBuffer(v goja.Value) bool {
	if vm.lazy(v) != nil {
		return true
	}
	obj, ok := v.(*goja.Object)
	if !ok || obj.ExportType() != bytesType {
		return false
	}
	for p := obj.Prototype(); p != nil; p = p.Prototype() {
		if p == vm.buffer.proto {
			return true
		}
	}
	return false
}

var (
	bytesType       = reflect.TypeFor[[]byte]()
	arrayBufferType = reflect.TypeFor[goja.ArrayBuffer]()
	numericKinds    = map[reflect.Kind]bool{
		reflect.Int8: true, reflect.Int16: true, reflect.Int32: true, reflect.Int64: true,
		reflect.Uint16: true, reflect.Uint32: true, reflect.Uint64: true, reflect.Float32: true, reflect.Float64: true,
	}
)

// Bytes is the memory of a Buffer, typed array, DataView or ArrayBuffer, shared with the script. It
// is false for anything else, strings included. It runs no code of the script.
func (vm *VM) Bytes(v goja.Value) ([]byte, bool) {
	if l := vm.lazy(v); l != nil {
		return l.bytes, true
	}
	obj, ok := v.(*goja.Object)
	if !ok {
		return nil, false
	}
	switch t := obj.ExportType(); {
	case t == bytesType:
		return vm.arrayBytes(obj)
	case t == arrayBufferType:
		ab, ok := obj.Export().(goja.ArrayBuffer)
		return ab.Bytes(), ok && !ab.Detached()
	case t != nil && t.Kind() == reflect.Slice && numericKinds[t.Elem().Kind()]:
		return vm.viewBytes(obj, vm.buffer.arrays)
	}
	return vm.viewBytes(obj, vm.buffer.views)
}

// arrayBytes is the memory of an array of bytes. goja's Export makes a pointer behind the end of the memory for an empty
// array there, which is no pointer in Go.
func (vm *VM) arrayBytes(obj *goja.Object) ([]byte, bool) {
	self := (*object)(unsafe.Pointer(obj)).self
	if self.kind != vm.parts.buffer.view.self.kind {
		b, ok := obj.Export().([]byte)
		return b, ok
	}
	a := (*typedArrayObject)(self.data)
	data, end := a.viewedArrayBuf.data, a.offset+a.length
	if end > len(data) { // detached
		return nil, true
	}
	return data[a.offset:end:end], true
}

// IsArrayBuffer reports whether v is an ArrayBuffer.
func (vm *VM) IsArrayBuffer(v goja.Value) bool {
	obj, ok := v.(*goja.Object)
	return ok && obj.ExportType() == arrayBufferType
}

// viewBytes is the memory of a view that is not one of bytes; false when obj is no view.
func (vm *VM) viewBytes(obj *goja.Object, get viewGetters) (out []byte, ok bool) {
	_ = vm.rt.Try(func() {
		ab, is := get.buffer.Call(obj).Export().(goja.ArrayBuffer)
		if !is || ab.Detached() {
			return
		}
		from, size := get.offset.Call(obj).ToInteger(), get.length.Call(obj).ToInteger()
		out, ok = ab.Bytes()[from:from+size:from+size], true
	})
	return out, ok
}

// SubBuffer is a Buffer on the bytes from..to of a Buffer or Uint8Array, sharing its memory.
func (vm *VM) SubBuffer(obj *goja.Object, from, to int) *goja.Object {
	vm.Settle(obj)
	get := vm.buffer.arrays
	off := get.offset.Call(obj).ToInteger() + int64(from)
	sub, err := vm.buffer.array(vm.buffer.class, get.buffer.Call(obj), vm.rt.ToValue(off), vm.rt.ToValue(to-from))
	if err != nil {
		panic(err)
	}
	return sub
}
