// Package buffer is the module buffer and its globals: the class Buffer (a Uint8Array with native
// methods), TextEncoder, TextDecoder, atob and btoa.
package buffer

import (
	"bytes"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// maxLength is the most bytes one Buffer may hold; more is a RangeError, not an exhausted host.
const maxLength = 1 << 30

// Module is require('buffer').
func Module() engine.Module {
	return engine.Module{Name: "buffer", Setup: setup, Load: load}
}

func load(vm *engine.VM) goja.Value {
	o := vm.Runtime().NewObject()
	_ = o.Set("Buffer", vm.BufferClass())
	_ = o.Set("kMaxLength", maxLength)
	_ = o.Set("constants", vm.NewObject("MAX_LENGTH", maxLength))
	for _, n := range []string{"atob", "btoa"} {
		_ = o.Set(n, vm.Runtime().GlobalObject().Get(n))
	}
	return o
}

func setup(vm *engine.VM) error {
	vm.SetGlobal("Buffer", vm.BufferClass())
	h := &host{vm: vm, rt: vm.Runtime()}
	h.statics()
	h.methods()
	h.numbers()
	h.text()
	return nil
}

type host struct {
	vm *engine.VM
	rt *goja.Runtime
}

// static defines a function of the class.
func (h *host) static(name string, f func(engine.Args) goja.Value) {
	full := "Buffer." + name
	h.vm.Method(h.vm.BufferClass(), name, func(c goja.FunctionCall) goja.Value {
		return f(h.vm.Args(full, c.Arguments))
	})
}

func (h *host) statics() {
	_ = h.vm.BufferClass().Set("poolSize", 8192)
	h.static("from", h.from)
	h.static("alloc", func(a engine.Args) goja.Value {
		b := make([]byte, h.size(a))
		if a.Given(1) {
			fill(b, h.pattern(a, 1, 2))
		}
		return h.vm.NewBuffer(b)
	})
	plain := func(a engine.Args) goja.Value { return h.vm.NewBuffer(make([]byte, h.size(a))) }
	h.static("allocUnsafe", plain)
	h.static("allocUnsafeSlow", plain)
	h.static("concat", h.concat)
	h.static("isBuffer", func(a engine.Args) goja.Value { return h.rt.ToValue(h.vm.IsBuffer(a.Value(0))) })
	h.static("isEncoding", func(a engine.Args) goja.Value {
		_, ok := encodings[strings.ToLower(a.Value(0).String())]
		return h.rt.ToValue(ok && goja.IsString(a.Value(0)))
	})
	h.static("byteLength", func(a engine.Args) goja.Value {
		if s, ok := a.Value(0).(goja.String); ok {
			return h.rt.ToValue(len(encode(s, toEncoding(h.vm, "Buffer.byteLength", a.Value(1)))))
		}
		return h.rt.ToValue(len(a.Bytes(0, "string")))
	})
	h.static("compare", func(a engine.Args) goja.Value {
		return h.rt.ToValue(bytes.Compare(h.array(a, 0, "buf1"), h.array(a, 1, "buf2")))
	})
}

func (h *host) size(a engine.Args) int64 { return a.Int(0, "size", 0, maxLength) }

// array is argument i, which must be a Buffer or another view of bytes (no string).
func (h *host) array(a engine.Args, i int, name string) []byte {
	if goja.IsString(a.Value(i)) {
		h.vm.ThrowType("%s must be a Buffer or Uint8Array, got string", name)
	}
	return a.Bytes(i, name)
}

// from makes a Buffer of a string, of bytes (copied), of an ArrayBuffer (shared), of a list of
// numbers, or of what JSON made of a Buffer.
func (h *host) from(a engine.Args) goja.Value {
	v := a.Value(0)
	if s, ok := v.(goja.String); ok {
		return h.vm.NewBuffer(encode(s, toEncoding(h.vm, "Buffer.from", a.Value(1))))
	}
	obj, ok := v.(*goja.Object)
	if !ok {
		h.vm.ThrowType("Buffer.from: value must be a string, Buffer, ArrayBuffer, array or array-like object, got %s", h.vm.TypeName(v))
	}
	if h.vm.IsArrayBuffer(obj) {
		return h.construct(obj, a.Value(1), a.Value(2))
	}
	if b, ok := h.vm.Bytes(obj); ok {
		return h.vm.NewBuffer(bytes.Clone(b))
	}
	if data, ok := obj.Get("data").(*goja.Object); ok && h.isText(obj.Get("type"), "Buffer") {
		obj = data
	}
	if prim, ok := h.primitive(obj); ok {
		return h.vm.NewBuffer(encode(prim, toEncoding(h.vm, "Buffer.from", a.Value(1))))
	}
	if obj.GetSymbol(goja.SymIterator) == nil && obj.Get("length") == nil {
		h.vm.ThrowType("Buffer.from: value must be a string, Buffer, ArrayBuffer, array or array-like object, got %s", h.vm.TypeName(v))
	}
	return h.construct(obj)
}

func (h *host) isText(v goja.Value, want string) bool {
	return v != nil && goja.IsString(v) && v.String() == want
}

// primitive is the string that an object's valueOf gives, as for new String('x').
func (h *host) primitive(obj *goja.Object) (goja.String, bool) {
	f, ok := h.vm.ToFunc(obj.Get("valueOf"))
	if !ok {
		return nil, false
	}
	s, ok := f.Call(obj).(goja.String)
	return s, ok
}

func (h *host) construct(args ...goja.Value) goja.Value {
	construct, _ := goja.AssertConstructor(h.vm.BufferClass())
	obj, err := construct(nil, args...)
	if err != nil {
		panic(err)
	}
	return obj
}

func (h *host) concat(a engine.Args) goja.Value {
	list := a.Object(0, "list")
	if list.ClassName() != "Array" {
		h.vm.ThrowType("Buffer.concat: list must be an array, got %s", h.vm.TypeName(list))
	}
	var parts [][]byte
	total := 0
	h.rt.ForOf(list, func(v goja.Value) bool {
		b, ok := h.vm.Bytes(v)
		if !ok {
			h.vm.ThrowType("Buffer.concat: list[%d] must be a Buffer or Uint8Array, got %s", len(parts), h.vm.TypeName(v))
		}
		parts = append(parts, b)
		total += len(b)
		return true
	})
	if a.Given(1) {
		total = int(a.Int(1, "totalLength", 0, maxLength))
	}
	if total > maxLength {
		h.vm.ThrowRange("Buffer.concat: the result would be longer than %d bytes", maxLength)
	}
	out := make([]byte, total)
	at := 0
	for _, p := range parts {
		at += copy(out[at:], p)
	}
	return h.vm.NewBuffer(out)
}

// pattern is the fill value or needle at argument i, with the encoding at argument enc.
func (h *host) pattern(a engine.Args, i, enc int) []byte {
	v := a.Value(i)
	switch {
	case goja.IsString(v):
		s, _ := v.(goja.String)
		return encode(s, toEncoding(h.vm, "Buffer", a.Value(enc)))
	case goja.IsNumber(v):
		return []byte{byte(v.ToInteger())}
	}
	return a.Bytes(i, "value")
}

// fill repeats a pattern; an empty one fills with zeros.
func fill(b, pattern []byte) {
	if len(pattern) == 0 {
		clear(b)
		return
	}
	for at := 0; at < len(b); {
		at += copy(b[at:], pattern)
	}
}
