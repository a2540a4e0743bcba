package buffer

import (
	"bytes"
	"math"
	"reflect"
	"strconv"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/nodeerr"
)

var bytesType = reflect.TypeFor[[]byte]()

const fromTypes = "of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object"

// from makes a Buffer of a string, of bytes (copied), of an ArrayBuffer (shared), of a list of
// numbers, of what JSON made of a Buffer, or of what an object gives for a string.
func (h *host) from(a engine.Args) goja.Value {
	v := a.Value(0)
	if s, ok := v.(goja.String); ok {
		return h.fromString(s, a.Value(1))
	}
	obj, ok := v.(*goja.Object)
	if _, function := goja.AssertFunction(v); !ok || function {
		nodeerr.ArgType(h.vm, "first argument", fromTypes, v)
	}
	if h.vm.IsArrayBuffer(obj) {
		return h.fromMemory(obj, a.Value(1), a.Value(2))
	}
	if b, ok := h.uint8Array(obj); ok {
		return h.vm.NewBuffer(bytes.Clone(b))
	}
	if f, ok := h.vm.ToFunc(obj.Get("valueOf")); ok {
		switch inner := f.Call(obj).(type) {
		case goja.String:
			return h.fromString(inner, a.Value(1))
		case *goja.Object:
			if inner != obj {
				return h.from(h.vm.Args("Buffer.from", []goja.Value{inner, a.Value(1), a.Value(2)}))
			}
		}
	}
	if made := h.fromObject(obj); made != nil {
		return made
	}
	if f, ok := h.vm.ToFunc(obj.GetSymbol(goja.SymToPrimitive)); ok {
		if s, ok := f.Call(obj, h.rt.ToValue("string")).(goja.String); ok {
			return h.fromString(s, a.Value(1))
		}
	}
	nodeerr.ArgType(h.vm, "first argument", fromTypes, v)
	return nil
}

func (h *host) fromString(s goja.String, encoding goja.Value) goja.Value {
	e := encUTF8
	if goja.IsString(encoding) && encoding.String() != "" {
		e = h.encoding(encoding)
	}
	return h.vm.NewBuffer(encode(s, e))
}

// fromMemory makes a Buffer on a part of an ArrayBuffer.
func (h *host) fromMemory(memory *goja.Object, offset, length goja.Value) goja.Value {
	all, _ := h.vm.Bytes(memory)
	from := toNumber(offset, 0)
	most := float64(len(all)) - from
	if most < 0 {
		h.outside("offset")
	}
	n := most
	if !goja.IsUndefined(length) {
		if n = toNumber(length, 0); n > most {
			h.outside("length")
		}
		n = max(n, 0)
	}
	if from < 0 {
		nodeerr.Throw(h.vm, "RangeError", "", "Start offset "+strconv.FormatFloat(from, 'f', -1, 64)+" is outside the bounds of the buffer")
	}
	return h.construct(memory, h.rt.ToValue(math.Trunc(from)), h.rt.ToValue(math.Trunc(n)))
}

// outside throws the error of a place that is beyond the end.
func (h *host) outside(name string) {
	text := "Attempt to access memory outside buffer bounds"
	if name != "" {
		text = `"` + name + `" is outside of buffer bounds`
	}
	nodeerr.Throw(h.vm, "RangeError", "ERR_BUFFER_OUT_OF_BOUNDS", text)
}

// toNumber is v as a number; one that is none, or undefined, is missing.
func toNumber(v goja.Value, missing float64) float64 {
	if v == nil || goja.IsUndefined(v) {
		return missing
	}
	if f := v.ToFloat(); !math.IsNaN(f) {
		return f
	}
	return missing
}

// fromObject makes a Buffer of something like an array, or of what JSON made of a Buffer; nil when
// obj is neither.
func (h *host) fromObject(obj *goja.Object) goja.Value {
	length := obj.Get("length")
	if memory, ok := obj.Get("buffer").(*goja.Object); length != nil && !goja.IsUndefined(length) || ok && h.vm.IsArrayBuffer(memory) {
		if length == nil || !goja.IsNumber(length) {
			return h.vm.NewBuffer(nil)
		}
		return h.fromList(obj, length.ToFloat())
	}
	data, ok := obj.Get("data").(*goja.Object)
	if kind := obj.Get("type"); ok && kind != nil && goja.IsString(kind) && kind.String() == "Buffer" && data.ClassName() == "Array" {
		return h.fromList(data, data.Get("length").ToFloat())
	}
	return nil
}

func (h *host) fromList(obj *goja.Object, length float64) goja.Value {
	if !(length > 0) {
		return h.vm.NewBuffer(nil)
	}
	if length > maxLength {
		nodeerr.Throw(h.vm, "RangeError", "", "Invalid typed array length: "+strconv.FormatFloat(length, 'f', -1, 64))
	}
	if _, view := h.vm.Bytes(obj); view || obj.ClassName() == "Array" {
		return h.construct(obj)
	}
	b := make([]byte, int(length))
	for i := range b {
		if v := obj.Get(strconv.Itoa(i)); v != nil {
			b[i] = toByte(v)
		}
		if i&0xfff == 0 {
			h.vm.CheckStop()
		}
	}
	return h.vm.NewBuffer(b)
}

// toByte is a number modulo 256, as arrays of bytes store it.
func toByte(v goja.Value) byte {
	f := math.Trunc(v.ToFloat())
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return byte(int64(math.Mod(f, 256)))
}

func (h *host) construct(args ...goja.Value) goja.Value {
	construct, _ := goja.AssertConstructor(h.vm.BufferClass())
	obj, err := construct(nil, args...)
	if err != nil {
		panic(err)
	}
	return obj
}
