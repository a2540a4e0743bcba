// Package textcodec is the globals TextEncoder and TextDecoder.
package textcodec

import (
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/inspect"
	"dunlin/jsre/nodeerr"
)

// Module defines the globals.
func Module() engine.Module {
	return engine.Module{Name: "textcodec", Setup: func(vm *engine.VM) error {
		h := &host{vm, vm.Runtime()}
		vm.LazyGlobal("TextEncoder", func() goja.Value { return h.encoder() })
		vm.LazyGlobal("TextDecoder", func() goja.Value { return h.decoder() })
		return nil
	}}
}

type host struct {
	vm *engine.VM
	rt *goja.Runtime
}

// encoding marks the objects of the class TextEncoder.
type encoding struct{}

// class makes a class with a tag of its name.
func (h *host) class(name string, construct func(goja.ConstructorCall)) (class, proto *goja.Object) {
	class, proto = h.vm.NewClass(name, func(c goja.ConstructorCall) *goja.Object {
		construct(c)
		return nil
	})
	_ = proto.DefineDataPropertySymbol(goja.SymToStringTag, h.rt.ToValue(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	return class, proto
}

// this is the Go side of an object of the class called name.
func this[T any](vm *engine.VM, v goja.Value, name string) T {
	t, ok := vm.Slot(v).(T)
	if !ok {
		nodeerr.Throw(vm, "TypeError", "ERR_INVALID_THIS", `Value of "this" must be of type `+name)
	}
	return t
}

func (h *host) encoder() *goja.Object {
	class, proto := h.class("TextEncoder", func(c goja.ConstructorCall) { h.vm.SetSlot(c.This, encoding{}) })
	h.vm.Getter(proto, "encoding", func(v goja.Value) goja.Value {
		this[encoding](h.vm, v, "TextEncoder")
		return h.rt.ToValue("utf-8")
	})
	inspect.Show(h.vm, proto, inspect.Look{Deep: "[TextEncoder]", Own: true, Parts: func(v goja.Value) (string, *goja.Object) {
		this[encoding](h.vm, v, "TextEncoder")
		return "", h.vm.NewObject("encoding", "utf-8")
	}})
	h.vm.Method(proto, "encode", func(c goja.FunctionCall) goja.Value {
		this[encoding](h.vm, c.This, "TextEncoder")
		var b []byte
		if v := c.Argument(0); !goja.IsUndefined(v) {
			if _, symbol := v.(*goja.Symbol); symbol {
				nodeerr.Throw(h.vm, "TypeError", "", "Cannot convert a Symbol value to a string")
			}
			b = []byte(v.String())
		}
		array, err := h.rt.New(h.vm.BufferClass().Prototype(), h.rt.ToValue(h.rt.NewArrayBuffer(b)))
		if err != nil {
			panic(err)
		}
		return array
	})
	h.vm.Method(proto, "encodeInto", func(c goja.FunctionCall) goja.Value {
		this[encoding](h.vm, c.This, "TextEncoder")
		return h.encodeInto(c)
	})
	return class
}

// encodeInto writes as many whole characters as there is room for.
func (h *host) encodeInto(c goja.FunctionCall) goja.Value {
	src := nodeerr.String(h.vm, "src", c.Argument(0))
	dest, ok := c.Argument(1).(*goja.Object)
	var room []byte
	if ok {
		room, ok = h.vm.Bytes(dest)
	}
	if !ok || h.vm.IsArrayBuffer(dest) {
		nodeerr.ArgType(h.vm, "dest", "an instance of Uint8Array", c.Argument(1))
	}
	read, written := 0, 0
	for _, r := range src {
		n := utf8.RuneLen(r)
		if written+n > len(room) {
			break
		}
		written += utf8.EncodeRune(room[written:], r)
		read++
		if r > 0xffff {
			read++
		}
	}
	return h.vm.NewObject("read", read, "written", written)
}

// label is the encoding that a label of the Encoding Standard stands for, empty for those that are
// not served.
func label(s string) string {
	switch strings.ToLower(strings.Trim(s, "\t\n\f\r ")) {
	case "utf-8", "utf8", "unicode-1-1-utf-8", "unicode11utf8", "unicode20utf8", "x-unicode20utf8":
		return "utf-8"
	case "utf-16", "utf-16le", "ucs-2", "csunicode", "iso-10646-ucs-2", "unicode", "unicodefeff":
		return "utf-16le"
	case "utf-16be", "unicodefffe":
		return "utf-16be"
	case "windows-1252", "latin1", "ascii", "us-ascii", "iso-8859-1", "iso8859-1", "iso88591", "iso_8859-1", "iso_8859-1:1987",
		"l1", "cp1252", "x-cp1252", "cp819", "ibm819", "csisolatin1", "ansi_x3.4-1968", "iso-ir-100":
		return "windows-1252"
	}
	return ""
}
