package crypto

import (
	"reflect"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/module/domexception"
	"dunlin/jsre/nodeerr"
)

// webCrypto defines crypto.webcrypto, which is the global crypto.
func (h *host) webCrypto() {
	class := func(name string) *goja.Object {
		_, proto := h.vm.NewClass(name, func(goja.ConstructorCall) *goja.Object {
			nodeerr.Throw(h.vm, "TypeError", "ERR_ILLEGAL_CONSTRUCTOR", "Illegal constructor")
			return nil
		})
		_ = proto.DefineDataPropertySymbol(goja.SymToStringTag, h.rt.ToValue(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
		return proto
	}
	subtleProto, proto := class("SubtleCrypto"), class("Crypto")
	h.vm.Export(subtleProto, "digest", func(c goja.FunctionCall) goja.Value { return h.subtleDigest(call{c.This, c.Arguments}) })
	subtle := h.rt.CreateObject(subtleProto)
	h.web = h.rt.CreateObject(proto)
	h.vm.Getter(proto, "subtle", func(goja.Value) goja.Value { return subtle })
	h.vm.Export(proto, "getRandomValues", func(c goja.FunctionCall) goja.Value { return h.randomValues(c.Argument(0)) })
	h.vm.Export(proto, "randomUUID", func(c goja.FunctionCall) goja.Value { return h.randomUUID(call{c.This, c.Arguments}) })
	_ = h.o.Set("webcrypto", h.web)
	_ = h.o.Set("subtle", subtle)
	_ = h.o.Set("getRandomValues", proto.Get("getRandomValues"))
}

// randomValues fills an array of whole numbers.
func (h *host) randomValues(v goja.Value) goja.Value {
	obj, ok := v.(*goja.Object)
	var b []byte
	if ok {
		b, ok = h.vm.Bytes(obj)
	}
	if ok && !h.vm.IsBuffer(obj) {
		t := obj.ExportType()
		ok = t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Float32 && t.Elem().Kind() != reflect.Float64
	}
	if !ok {
		panic(domexception.New(h.vm, "The data argument must be an integer-type TypedArray", "TypeMismatchError"))
	}
	if len(b) > 65536 {
		panic(domexception.New(h.vm, "The requested length exceeds 65,536 bytes", "QuotaExceededError"))
	}
	random(b)
	return v
}

// subtleDigest is digest(algorithm, data): a promise of an ArrayBuffer.
func (h *host) subtleDigest(a call) goja.Value {
	p, resolve, reject := h.rt.NewPromise()
	name := a.value(0)
	if o, ok := name.(*goja.Object); ok {
		if name = o.Get("name"); name == nil {
			name = goja.Undefined()
		}
	}
	data, isBytes := h.vm.Bytes(a.value(1))
	known := ""
	switch strings.ToUpper(name.String()) {
	case "SHA-1", "SHA-256", "SHA-384", "SHA-512":
		known = name.String()
	}
	switch {
	case !isBytes:
		_ = reject(h.vm.NewError("TypeError", "ERR_INVALID_ARG_TYPE", "Failed to execute 'digest' on 'SubtleCrypto': 2nd argument is not instance of ArrayBuffer, Buffer, TypedArray, or DataView."))
	case known == "":
		_ = reject(domexception.New(h.vm, "Unrecognized algorithm name", "NotSupportedError"))
	default:
		s := algorithm(known)()
		_, _ = s.Write(data)
		_ = resolve(h.memory(s.Sum(nil)))
	}
	return h.rt.ToValue(p)
}
