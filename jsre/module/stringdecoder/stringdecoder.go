// Package stringdecoder is the module string_decoder: text from bytes that come in pieces.
package stringdecoder

import (
	"bytes"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/buffer"
	"dunlin/jsre/nodeerr"
)

// Module is require('string_decoder').
func Module() engine.Module {
	return engine.Module{Name: "string_decoder", Load: load}
}

// decoder is the Go side of a StringDecoder.
type decoder struct {
	name  string // of the encoding, as Node.js calls it
	rest  []byte // the beginning of a character
	total int    // how many bytes that character has
}

func load(vm *engine.VM) goja.Value {
	rt := vm.Runtime()
	class, proto := vm.NewClass("StringDecoder", func(c goja.ConstructorCall) *goja.Object {
		d := &decoder{name: "utf8"}
		if v := c.Argument(0); engine.Given(v) && v.String() != "" {
			if !buffer.IsEncoding(v) {
				nodeerr.Throw(vm, "TypeError", "ERR_UNKNOWN_ENCODING", "Unknown encoding: "+v.String())
			}
			d.name = normal(strings.ToLower(v.String()))
		}
		_ = c.This.Set("encoding", d.name)
		vm.SetSlot(c.This, d)
		return nil
	})
	this := func(v goja.Value) *decoder {
		d, ok := vm.Slot(v).(*decoder)
		if !ok {
			nodeerr.Throw(vm, "TypeError", "ERR_INVALID_THIS", `Value of "this" must be of type StringDecoder`)
		}
		return d
	}
	vm.Method(proto, "write", func(c goja.FunctionCall) goja.Value { return this(c.This).write(vm, c.Argument(0)) })
	vm.Method(proto, "end", func(c goja.FunctionCall) goja.Value {
		d := this(c.This)
		before := rt.ToValue("")
		if v := c.Argument(0); !goja.IsUndefined(v) {
			before = d.write(vm, v)
		}
		after := d.flush(vm)
		a, _ := before.(goja.String)
		b, _ := after.(goja.String)
		return a.Concat(b)
	})
	vm.Getter(proto, "lastNeed", func(v goja.Value) goja.Value {
		d := this(v)
		return rt.ToValue(max(0, d.total-len(d.rest)))
	})
	vm.Getter(proto, "lastTotal", func(v goja.Value) goja.Value { return rt.ToValue(this(v).total) })
	vm.Getter(proto, "lastChar", func(v goja.Value) goja.Value {
		char := make([]byte, 4)
		copy(char, this(v).rest)
		return vm.NewBuffer(char)
	})
	return vm.NewObject("StringDecoder", class)
}

// normal is the name that Node.js shows of an encoding.
func normal(name string) string {
	switch name {
	case "utf-8":
		return "utf8"
	case "ucs2", "ucs-2", "utf-16le":
		return "utf16le"
	case "binary":
		return "latin1"
	}
	return name
}

// write is the text of what is complete.
func (d *decoder) write(vm *engine.VM, v goja.Value) goja.Value {
	if goja.IsString(v) {
		return v
	}
	in, ok := vm.Bytes(v)
	if !ok || vm.IsArrayBuffer(v) {
		nodeerr.ArgType(vm, "buf", "an instance of Buffer, TypedArray, or DataView", v)
	}
	b := append(bytes.Clone(d.rest), in...)
	n, total := d.unfinished(b)
	d.rest, d.total = bytes.Clone(b[len(b)-n:]), total
	return d.decode(vm, b[:len(b)-n])
}

// flush is the text of what never became complete.
func (d *decoder) flush(vm *engine.VM) goja.Value {
	b := d.rest
	d.rest, d.total = nil, 0
	return d.decode(vm, b)
}

func (d *decoder) decode(vm *engine.VM, b []byte) goja.Value {
	return buffer.Decode(vm, b, vm.Runtime().ToValue(d.name))
}

// unfinished is how many bytes at the end are the beginning of something, and how many that has.
func (d *decoder) unfinished(b []byte) (n, total int) {
	switch d.name {
	case "utf8":
		return unfinishedUTF8(b)
	case "utf16le":
		odd := len(b) % 2
		if i := len(b) - odd; i >= 2 && b[i-1] >= 0xd8 && b[i-1] < 0xdc {
			return odd + 2, 4
		}
		return odd, 2 * odd
	case "base64", "base64url":
		if n = len(b) % 3; n > 0 {
			return n, 3
		}
	}
	return 0, 0
}

// unfinishedUTF8 goes by the first byte of a character alone, as Node.js does.
func unfinishedUTF8(b []byte) (n, total int) {
	for n := 1; n <= 3 && n <= len(b); n++ {
		switch c := b[len(b)-n]; {
		case c < 0x80:
			return 0, 0
		case c < 0xc0:
			continue
		case c < 0xe0:
			total = 2
		case c < 0xf0:
			total = 3
		case c < 0xf8:
			total = 4
		}
		if n < total {
			return n, total
		}
		return 0, 0
	}
	return 0, 0
}
