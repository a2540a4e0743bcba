// Package crypto is the module crypto: hashes, HMAC, random bytes and numbers, keys from passwords, and
// of the Web's crypto the same, as the global crypto. It has no ciphers and no signatures.
package crypto

import (
	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/buffer"
	"dunlin/jsre/nodeerr"
)

// Module is require('crypto'); it defines the global crypto, too.
func Module() engine.Module {
	return engine.Module{Name: "crypto", Setup: func(vm *engine.VM) error {
		vm.LazyGlobal("crypto", func() goja.Value { return of(vm).web })
		return nil
	}, Load: func(vm *engine.VM) goja.Value { return of(vm).o }}
}

// host is the module of one runtime.
type host struct {
	vm                   *engine.VM
	rt                   *goja.Runtime
	o                    *goja.Object
	web                  *goja.Object
	hashProto, hmacProto *goja.Object
}

type hostKey struct{}

func of(vm *engine.VM) *host {
	h, _ := vm.Shared(hostKey{}, func() any {
		h := &host{vm: vm, rt: vm.Runtime(), o: vm.NewObject()}
		h.hashes()
		h.randomness()
		h.keys()
		h.webCrypto()
		return h
	}).(*host)
	return h
}

// call is the arguments of one call.
type call struct {
	this goja.Value
	list []goja.Value
}

// value is argument i, undefined when it was not given.
func (a call) value(i int) goja.Value {
	if i >= 0 && i < len(a.list) {
		return a.list[i]
	}
	return goja.Undefined()
}

// export defines a function of the module.
func (h *host) export(name string, f func(call) goja.Value) {
	h.vm.Export(h.o, name, func(c goja.FunctionCall) goja.Value { return f(call{c.This, c.Arguments}) })
}

const byteTypes = "of type string or an instance of Buffer, TypedArray, or DataView"

// data is text in an encoding, or bytes.
func (h *host) data(name string, v, encoding goja.Value, types string) []byte {
	if s, ok := v.(goja.String); ok {
		if !buffer.IsEncoding(encoding) {
			encoding = goja.Undefined()
		} else if encoding.String() == "hex" && s.Length()%2 != 0 {
			nodeerr.ArgValue(h.vm, "encoding", encoding, "is invalid for data of length "+h.rt.ToValue(s.Length()).String())
		}
		return buffer.Encode(h.vm, s, encoding)
	}
	b, ok := h.vm.Bytes(v)
	if !ok {
		nodeerr.ArgType(h.vm, name, types, v)
	}
	return b
}

// result is bytes as text in an encoding, a Buffer where it names none.
func (h *host) result(b []byte, encoding goja.Value) goja.Value {
	if !buffer.IsEncoding(encoding) {
		return h.vm.NewBuffer(b)
	}
	return buffer.Decode(h.vm, b, encoding)
}

// background calculates on a goroutine and tells a callback.
func (h *host) background(f *engine.Func, do func() ([]byte, error), as func([]byte) goja.Value) goja.Value {
	complete := h.vm.Loop().Reserve()
	go func() {
		b, err := do()
		complete(func() {
			if err != nil {
				f.Call(goja.Undefined(), h.vm.NewError("Error", "ERR_CRYPTO_OPERATION_FAILED", err.Error()))
				return
			}
			f.Call(goja.Undefined(), goja.Null(), as(b))
		})
	}()
	return goja.Undefined()
}

func (h *host) buffer(b []byte) goja.Value { return h.vm.NewBuffer(b) }

func (h *host) memory(b []byte) goja.Value { return h.rt.ToValue(h.rt.NewArrayBuffer(b)) }
