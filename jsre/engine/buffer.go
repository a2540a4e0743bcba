package engine

import (
	"reflect"

	"github.com/dop251/goja"
)

// bufferClass is the class Buffer: a subclass of Uint8Array with native methods (those are added by
// the module buffer).
type bufferClass struct {
	class *goja.Object
	proto *goja.Object
	array goja.Constructor // Uint8Array
}

// initBufferClass makes the class and its prototype chain.
func (vm *VM) initBufferClass() {
	uint8Array := vm.rt.GlobalObject().Get("Uint8Array").ToObject(vm.rt)
	vm.buffer.array, _ = goja.AssertConstructor(uint8Array)
	vm.buffer.class, vm.buffer.proto = vm.NewClass("Buffer", vm.newBufferObject)
	_ = vm.buffer.class.SetPrototype(uint8Array)
	_ = vm.buffer.proto.SetPrototype(uint8Array.Get("prototype").ToObject(vm.rt))
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
	obj, err := vm.buffer.array(target, c.Arguments...)
	if err != nil {
		panic(err)
	}
	return obj
}

// BufferClass is the class Buffer, BufferPrototype its prototype.
func (vm *VM) BufferClass() *goja.Object { return vm.buffer.class }

// BufferPrototype is Buffer.prototype.
func (vm *VM) BufferPrototype() *goja.Object { return vm.buffer.proto }

// NewBuffer wraps bytes as a Buffer without copying them; the script owns them from then on. Loop
// goroutine only.
func (vm *VM) NewBuffer(b []byte) *goja.Object {
	obj, err := vm.buffer.array(vm.buffer.class, vm.rt.ToValue(vm.rt.NewArrayBuffer(b)))
	if err != nil {
		panic(err)
	}
	return obj
}

// IsBuffer reports whether v is a Buffer.
func (vm *VM) IsBuffer(v goja.Value) bool {
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
// is false for anything else, strings included. It runs no code of the script except, for views
// other than bytes, getters that the script itself has put in front of buffer and byteOffset.
func (vm *VM) Bytes(v goja.Value) ([]byte, bool) {
	obj, ok := v.(*goja.Object)
	if !ok {
		return nil, false
	}
	switch t := obj.ExportType(); {
	case t == bytesType:
		b, ok := obj.Export().([]byte)
		return b, ok
	case t == arrayBufferType:
		ab, ok := obj.Export().(goja.ArrayBuffer)
		return ab.Bytes(), ok && !ab.Detached()
	case t != nil && t.Kind() == reflect.Slice && numericKinds[t.Elem().Kind()], obj.ClassName() == "DataView":
		return vm.viewBytes(obj)
	}
	return nil, false
}

// viewBytes is the memory of a view that is not one of bytes.
func (vm *VM) viewBytes(obj *goja.Object) ([]byte, bool) {
	whole, ok := obj.Get("buffer").(*goja.Object)
	if !ok || whole.ExportType() != arrayBufferType {
		return nil, false
	}
	ab, ok := whole.Export().(goja.ArrayBuffer)
	if !ok || ab.Detached() {
		return nil, false
	}
	off, n := obj.Get("byteOffset"), obj.Get("byteLength")
	if off == nil || n == nil {
		return nil, false
	}
	from, size, b := off.ToInteger(), n.ToInteger(), ab.Bytes()
	if from < 0 || size < 0 || from > int64(len(b)) || size > int64(len(b))-from {
		return nil, false
	}
	return b[from : from+size : from+size], true
}
