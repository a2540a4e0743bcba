package textcodec

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dop251/goja"

	"dunlin/jsre/inspect"
	"dunlin/jsre/module/buffer"
	"dunlin/jsre/nodeerr"
)

// decoding is the Go side of a TextDecoder.
type decoding struct {
	encoding       string
	fatal, keepBOM bool
	rest           []byte // the beginning of a character, from the last call with {stream: true}
	started        bool   // a mark of the byte order would not be the first character any more
}

func (h *host) decoder() *goja.Object {
	class, proto := h.class("TextDecoder", h.newDecoder)
	get := func(name string, f func(*decoding) any) {
		h.vm.Getter(proto, name, func(v goja.Value) goja.Value {
			return h.rt.ToValue(f(this[*decoding](h.vm, v, "TextDecoder")))
		})
	}
	get("encoding", func(d *decoding) any { return d.encoding })
	get("fatal", func(d *decoding) any { return d.fatal })
	get("ignoreBOM", func(d *decoding) any { return d.keepBOM })
	inspect.Show(h.vm, proto, inspect.Look{Deep: "[TextDecoder]", Own: true, Parts: func(v goja.Value) (string, *goja.Object) {
		d := this[*decoding](h.vm, v, "TextDecoder")
		return "TextDecoder", h.vm.NewObject("encoding", d.encoding, "fatal", d.fatal, "ignoreBOM", d.keepBOM)
	}})
	h.vm.Method(proto, "decode", func(c goja.FunctionCall) goja.Value {
		return h.decode(this[*decoding](h.vm, c.This, "TextDecoder"), c)
	})
	return class
}

func (h *host) newDecoder(c goja.ConstructorCall) {
	d := &decoding{encoding: "utf-8"}
	if v := c.Argument(0); !goja.IsUndefined(v) {
		if d.encoding = label(v.String()); d.encoding == "" {
			nodeerr.Throw(h.vm, "RangeError", "ERR_ENCODING_NOT_SUPPORTED", `The "`+v.String()+`" encoding is not supported`)
		}
	}
	if o := h.options(c.Argument(1)); o != nil {
		d.fatal, d.keepBOM = h.vm.Field(o, "fatal").ToBoolean(), h.vm.Field(o, "ignoreBOM").ToBoolean()
	}
	h.vm.SetSlot(c.This, d)
}

// options are the members of an argument that may be left out, nil when it is.
func (h *host) options(v goja.Value) *goja.Object {
	if goja.IsUndefined(v) || goja.IsNull(v) {
		return nil
	}
	o, ok := v.(*goja.Object)
	if !ok {
		nodeerr.ArgType(h.vm, "options", "of type object", v)
	}
	return o
}

func (h *host) decode(d *decoding, c goja.FunctionCall) goja.Value {
	var in []byte
	if v := c.Argument(0); !goja.IsUndefined(v) {
		var ok bool
		if in, ok = h.vm.Bytes(v); !ok {
			nodeerr.Throw(h.vm, "TypeError", "ERR_INVALID_ARG_TYPE", `The "list" argument must be an instance of SharedArrayBuffer, ArrayBuffer or ArrayBufferView.`)
		}
	}
	o := h.options(c.Argument(1))
	stream := o != nil && h.vm.Field(o, "stream").ToBoolean()
	b := append(d.rest, in...)
	d.rest = nil
	if stream {
		n := len(b) - d.unfinished(b)
		b, d.rest = b[:n], bytes.Clone(b[n:])
	}
	text, ok := d.text(b)
	if !ok && d.fatal {
		d.started = false
		nodeerr.Throw(h.vm, "TypeError", "ERR_ENCODING_INVALID_ENCODED_DATA", "The encoded data was not valid for encoding "+d.encoding)
	}
	if !d.started && !d.keepBOM && d.encoding != "windows-1252" {
		text = strings.TrimPrefix(text, "\ufeff")
	}
	d.started = stream && (d.started || len(b) > 0)
	return h.rt.ToValue(text)
}

// text is the text of bytes, and whether all of them were right.
func (d *decoding) text(b []byte) (string, bool) {
	switch d.encoding {
	case "windows-1252":
		return windows1252(b), true
	case "utf-8":
		if utf8.Valid(b) {
			return string(b), true
		}
		return buffer.ValidText(b), false
	}
	units := make([]uint16, 0, len(b)/2+1)
	for i := 0; i+1 < len(b); i += 2 {
		u := uint16(b[i]) | uint16(b[i+1])<<8
		if d.encoding == "utf-16be" {
			u = u>>8 | u<<8
		}
		units = append(units, u)
	}
	good := len(b)%2 == 0 && paired(units)
	lone := len(units) > 0 && units[len(units)-1] >= 0xd800 && units[len(units)-1] < 0xdc00
	if len(b)%2 == 1 && !lone { // one U+FFFD stands for all that is missing at the end
		units = append(units, utf8.RuneError)
	}
	return string(utf16.Decode(units)), good
}

// paired reports whether each half of a surrogate pair has the other.
func paired(units []uint16) bool {
	for i := 0; i < len(units); i++ {
		switch u := units[i]; {
		case u < 0xd800 || u > 0xdfff:
		case u < 0xdc00 && i+1 < len(units) && units[i+1] >= 0xdc00 && units[i+1] <= 0xdfff:
			i++
		default:
			return false
		}
	}
	return true
}

// unfinished is how many bytes at the end are the beginning of a character.
func (d *decoding) unfinished(b []byte) int {
	switch d.encoding {
	case "windows-1252":
		return 0
	case "utf-8":
		return unfinishedUTF8(b)
	}
	odd := len(b) % 2
	if len(b)-odd >= 2 {
		high := b[len(b)-odd-1]
		if d.encoding == "utf-16be" {
			high = b[len(b)-odd-2]
		}
		if high >= 0xd8 && high < 0xdc {
			return odd + 2
		}
	}
	return odd
}

func unfinishedUTF8(b []byte) int {
	for n := 1; n <= 3 && n <= len(b); n++ {
		tail := b[len(b)-n:]
		if tail[0] >= 0xc0 {
			if bad, whole := buffer.BadUTF8(tail); bad == n && bad < whole {
				return n
			}
			return 0
		}
		if tail[0] < 0x80 {
			return 0
		}
	}
	return 0
}

// windows1252 is the text of bytes in the encoding that the web calls Latin 1.
func windows1252(b []byte) string {
	const upper = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ"
	table := []rune(upper)
	var out strings.Builder
	for _, c := range b {
		if c >= 0x80 && c < 0xa0 {
			out.WriteRune(table[c-0x80])
			continue
		}
		out.WriteRune(rune(c))
	}
	return out.String()
}
