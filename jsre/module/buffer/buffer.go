// Package buffer is the module buffer and its globals: the class Buffer (a Uint8Array with native
// methods), Blob, atob and btoa. It behaves and fails as the one of Node.js 20.
package buffer

import (
	"bytes"
	"strconv"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/nodeerr"
)

const (
	// maxLength is the most bytes one Buffer may hold; more is a RangeError, not an exhausted host.
	maxLength = 1 << 30
	// maxText is the most characters that one string may have, as in Node.js.
	maxText = 1<<29 - 24
	// inspectMax is how many bytes of a Buffer are shown.
	inspectMax = 50
)

// Module is require('buffer').
func Module() engine.Module {
	return engine.Module{Name: "buffer", Setup: setup, Load: load}
}

func load(vm *engine.VM) goja.Value {
	h := &host{vm: vm, rt: vm.Runtime()}
	global := h.rt.GlobalObject()
	o := vm.NewObject("Buffer", vm.BufferClass(), "kMaxLength", maxLength, "kStringMaxLength", maxText, "INSPECT_MAX_BYTES", inspectMax,
		"constants", vm.NewObject("MAX_LENGTH", maxLength, "MAX_STRING_LENGTH", maxText))
	for _, name := range []string{"atob", "btoa", "Blob"} {
		_ = o.Set(name, global.Get(name))
	}
	slow, proto := vm.NewClass("SlowBuffer", func(c goja.ConstructorCall) *goja.Object {
		return vm.NewBuffer(make([]byte, h.size(c.Argument(0))))
	})
	_ = slow.Set("prototype", vm.BufferPrototype())
	_ = proto
	_ = o.Set("SlowBuffer", slow)
	h.texts(o)
	return o
}

func setup(vm *engine.VM) error {
	vm.SetGlobal("Buffer", vm.BufferClass())
	h := &host{vm: vm, rt: vm.Runtime()}
	h.statics()
	h.methods()
	h.searching()
	h.numbers()
	h.base64Globals()
	vm.LazyGlobal("Blob", func() goja.Value { return h.blobs().class })
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
	class := h.vm.BufferClass()
	_ = class.Set("poolSize", 8192)
	_ = class.DefineDataProperty("MAX_LENGTH", h.rt.ToValue(maxLength), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
	_ = class.DefineDataProperty("MAX_STRING_LENGTH", h.rt.ToValue(maxText), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
	h.static("from", h.from)
	h.static("of", func(a engine.Args) goja.Value {
		b := make([]byte, a.Len())
		for i := range b {
			b[i] = toByte(a.Value(i))
		}
		return h.vm.NewBuffer(b)
	})
	h.static("alloc", h.alloc)
	plain := func(a engine.Args) goja.Value { return h.vm.NewBuffer(make([]byte, h.size(a.Value(0)))) }
	h.static("allocUnsafe", plain)
	h.static("allocUnsafeSlow", plain)
	h.static("allocSafe", plain)
	h.static("concat", h.concat)
	h.static("copyBytesFrom", h.copyBytesFrom)
	h.static("isBuffer", func(a engine.Args) goja.Value { return h.rt.ToValue(h.vm.IsBuffer(a.Value(0))) })
	h.static("isEncoding", func(a engine.Args) goja.Value {
		_, ok := findEncoding(a.Value(0))
		return h.rt.ToValue(ok && goja.IsString(a.Value(0)))
	})
	h.static("byteLength", func(a engine.Args) goja.Value {
		s, ok := a.Value(0).(goja.String)
		if !ok {
			b, ok := h.vm.Bytes(a.Value(0))
			if !ok {
				nodeerr.ArgType(h.vm, "string", "of type string or an instance of Buffer or ArrayBuffer", a.Value(0))
			}
			return h.rt.ToValue(len(b))
		}
		e, _ := findEncoding(a.Value(1))
		return h.rt.ToValue(byteLength(s, e))
	})
	h.static("compare", func(a engine.Args) goja.Value {
		return h.rt.ToValue(bytes.Compare(h.bytes("buf1", a.Value(0)), h.bytes("buf2", a.Value(1))))
	})
}

// size is the size of a Buffer to be made.
func (h *host) size(v goja.Value) int64 {
	return int64(nodeerr.Number(h.vm, "size", v, 0, maxLength))
}

// bytes is the memory of v, which must be a Buffer or another Uint8Array.
func (h *host) bytes(name string, v goja.Value) []byte {
	b, ok := h.uint8Array(v)
	if !ok {
		nodeerr.ArgType(h.vm, name, "an instance of Buffer or Uint8Array", v)
	}
	return b
}

// uint8Array is the memory of a Buffer or another Uint8Array.
func (h *host) uint8Array(v goja.Value) ([]byte, bool) {
	if !h.vm.IsBuffer(v) {
		obj, ok := v.(*goja.Object)
		if !ok || obj.ExportType() != bytesType {
			return nil, false
		}
	}
	return h.vm.Bytes(v)
}

func (h *host) alloc(a engine.Args) goja.Value {
	b := make([]byte, h.size(a.Value(0)))
	v := a.Value(1)
	if !goja.IsUndefined(v) && len(b) > 0 && !(goja.IsNumber(v) && v.ToFloat() == 0) {
		h.fill(b, v, goja.Undefined(), goja.Undefined(), a.Value(2))
	}
	return h.vm.NewBuffer(b)
}

func (h *host) concat(a engine.Args) goja.Value {
	list, ok := a.Value(0).(*goja.Object)
	if !ok || list.ClassName() != "Array" {
		nodeerr.ArgType(h.vm, "list", "an instance of Array", a.Value(0))
	}
	n := int(list.Get("length").ToInteger())
	var parts [][]byte
	total := 0
	for i := range n {
		v := list.Get(strconv.Itoa(i))
		b, ok := h.uint8Array(v)
		if !ok {
			nodeerr.ArgType(h.vm, "list["+strconv.Itoa(i)+"]", "an instance of Buffer or Uint8Array", v)
		}
		parts = append(parts, b)
		total += len(b)
	}
	if !goja.IsUndefined(a.Value(1)) && n > 0 {
		total = int(nodeerr.Integer(h.vm, "length", a.Value(1), 0, maxLength))
	}
	if total > maxLength {
		nodeerr.OutOfRange(h.vm, "size", ">= 0 && <= "+strconv.Itoa(maxLength), h.rt.ToValue(total))
	}
	out := make([]byte, total)
	at := 0
	for _, p := range parts {
		at += copy(out[at:], p)
	}
	return h.vm.NewBuffer(out)
}

// copyBytesFrom copies elements offset..offset+length of a typed array as bytes.
func (h *host) copyBytesFrom(a engine.Args) goja.Value {
	view, ok := a.Value(0).(*goja.Object)
	var b []byte
	if ok {
		b, ok = h.vm.Bytes(view)
	}
	if !ok || h.vm.IsArrayBuffer(view) || view.ClassName() == "DataView" {
		nodeerr.ArgType(h.vm, "view", "an instance of TypedArray", a.Value(0))
	}
	size := int(view.Get("BYTES_PER_ELEMENT").ToInteger())
	from, to := 0, len(b)
	if v := a.Value(1); !goja.IsUndefined(v) {
		from = min(size*int(min(nodeerr.Integer(h.vm, "offset", v, 0, nodeerr.MaxSafe), maxLength)), len(b))
	}
	if v := a.Value(2); !goja.IsUndefined(v) {
		to = min(from+size*int(min(nodeerr.Integer(h.vm, "length", v, 0, nodeerr.MaxSafe), maxLength)), len(b))
	}
	return h.vm.NewBuffer(bytes.Clone(b[from:to]))
}
