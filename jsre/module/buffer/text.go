package buffer

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// toString is what String(v) is. goja's ToString leaves numbers and the like as they are.
func (h *host) toString(v goja.Value) goja.String {
	if _, ok := v.(*goja.Symbol); ok {
		h.vm.ThrowType("a Symbol cannot be converted to a string")
	}
	s, ok := v.ToString().(goja.String)
	if !ok {
		s, _ = h.rt.ToValue(v.String()).(goja.String)
	}
	return s
}

// text defines TextEncoder, TextDecoder (UTF-8), atob and btoa.
func (h *host) text() {
	h.encoder()
	h.decoder()
	h.vm.SetGlobal("btoa", h.vm.NewFunction("btoa", func(c goja.FunctionCall) goja.Value {
		s := h.toString(c.Argument(0))
		for i := range s.Length() {
			if s.CharAt(i) > 0xff {
				h.vm.Throw("ERR_INVALID_CHARACTER", "btoa: the string has characters outside of Latin1")
			}
		}
		return h.rt.ToValue(base64.StdEncoding.EncodeToString(encode(s, encLatin1)))
	}))
	h.vm.SetGlobal("atob", h.vm.NewFunction("atob", func(c goja.FunctionCall) goja.Value {
		s := strings.Join(strings.Fields(c.Argument(0).String()), "")
		b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
		if err != nil {
			h.vm.Throw("ERR_INVALID_CHARACTER", "atob: the string is not base64")
		}
		return decode(h.vm, b, encLatin1)
	}))
}

func (h *host) encoder() {
	class, proto := h.vm.NewClass("TextEncoder", func(goja.ConstructorCall) *goja.Object { return nil })
	h.vm.Getter(proto, "encoding", func(goja.Value) goja.Value { return h.rt.ToValue("utf-8") })
	h.vm.Method(proto, "encode", func(c goja.FunctionCall) goja.Value {
		var b []byte
		if v := c.Argument(0); !goja.IsUndefined(v) {
			b = []byte(v.String())
		}
		array, err := h.rt.New(h.rt.Get("Uint8Array"), h.rt.ToValue(h.rt.NewArrayBuffer(b)))
		if err != nil {
			panic(err)
		}
		return array
	})
	h.vm.Method(proto, "encodeInto", func(c goja.FunctionCall) goja.Value {
		a := h.vm.Args("encodeInto", c.Arguments)
		src := h.toString(a.Value(0))
		target := h.array(a, 1, "destination")
		data := []byte(src.String())
		n := copy(target, data[:whole(data, len(target), encUTF8)])
		read := 0
		for _, r := range string(data[:n]) {
			read++
			if r > 0xffff {
				read++
			}
		}
		return h.vm.NewObject("read", read, "written", n)
	})
	h.vm.SetGlobal("TextEncoder", class)
}

// decoding is the Go side of a TextDecoder.
type decoding struct {
	fatal, keepBOM bool
	rest           []byte // the beginning of a character, from the last call with {stream: true}
	started        bool
}

var bom = []byte{0xef, 0xbb, 0xbf}

func (h *host) decoder() {
	vm := h.vm
	class, proto := vm.NewClass("TextDecoder", func(c goja.ConstructorCall) *goja.Object {
		a := vm.Args("TextDecoder", c.Arguments)
		if a.Given(0) {
			switch strings.ToLower(strings.TrimSpace(a.String(0, "label"))) {
			case "utf-8", "utf8", "unicode-1-1-utf-8":
			default:
				vm.ThrowRange("TextDecoder: label must be utf-8, got %s", a.Value(0).String())
			}
		}
		d := &decoding{}
		if a.Given(1) {
			o := a.Object(1, "options")
			d.fatal, d.keepBOM = vm.Field(o, "fatal").ToBoolean(), vm.Field(o, "ignoreBOM").ToBoolean()
		}
		vm.SetSlot(c.This, d)
		return nil
	})
	vm.Getter(proto, "encoding", func(goja.Value) goja.Value { return h.rt.ToValue("utf-8") })
	vm.Method(proto, "decode", func(c goja.FunctionCall) goja.Value {
		d, ok := vm.Slot(c.This).(*decoding)
		if !ok {
			vm.ThrowType("decode was called on %s, not on a TextDecoder", vm.TypeName(c.This))
		}
		return h.decodeText(d, vm.Args("decode", c.Arguments))
	})
	vm.SetGlobal("TextDecoder", class)
}

func (h *host) decodeText(d *decoding, a engine.Args) goja.Value {
	var in []byte
	if a.Given(0) {
		in = h.array(a, 0, "input")
	}
	stream := a.Given(1) && h.vm.Field(a.Object(1, "options"), "stream").ToBoolean()
	b := append(d.rest, in...)
	d.rest = nil
	if stream {
		n := len(b) - unfinished(b)
		b, d.rest = b[:n], bytes.Clone(b[n:])
	}
	if d.fatal && !utf8.Valid(b) {
		d.started = false
		panic(h.vm.NewError("TypeError", "ERR_ENCODING_INVALID_ENCODED_DATA", "decode: input is not valid UTF-8"))
	}
	if !d.started && !d.keepBOM {
		b = bytes.TrimPrefix(b, bom)
	}
	d.started = stream && (d.started || len(b) > 0)
	return h.rt.ToValue(validText(b))
}

// unfinished is how many bytes at the end are the beginning of a character.
func unfinished(b []byte) int {
	for n := 1; n <= 3 && n <= len(b); n++ {
		c := b[len(b)-n]
		if c >= 0xc0 {
			if !utf8.FullRune(b[len(b)-n:]) {
				return n
			}
			return 0
		}
		if c < 0x80 {
			return 0
		}
	}
	return 0
}
