package buffer

import (
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/nodeerr"
)

// texts defines what the module has for texts besides the class.
func (h *host) texts(o *goja.Object) {
	export := func(name string, f func(engine.Args) goja.Value) {
		h.vm.Export(o, name, func(c goja.FunctionCall) goja.Value { return f(h.vm.Args(name, c.Arguments)) })
	}
	export("transcode", h.transcode)
	export("isUtf8", func(a engine.Args) goja.Value { return h.rt.ToValue(utf8.Valid(h.input(a.Value(0)))) })
	export("isAscii", func(a engine.Args) goja.Value {
		for _, c := range h.input(a.Value(0)) {
			if c >= utf8.RuneSelf {
				return h.rt.ToValue(false)
			}
		}
		return h.rt.ToValue(true)
	})
}

func (h *host) input(v goja.Value) []byte {
	b, ok := h.vm.Bytes(v)
	if !ok {
		nodeerr.ArgType(h.vm, "input", "an instance of ArrayBuffer, Buffer, or TypedArray", v)
	}
	return b
}

// transcode is transcode(source, fromEnc, toEnc): what the target cannot have becomes '?'.
func (h *host) transcode(a engine.Args) goja.Value {
	source := h.bytes("source", a.Value(0))
	if len(source) == 0 {
		return h.vm.NewBuffer(nil)
	}
	from, known := findEncoding(a.Value(1))
	to, known2 := findEncoding(a.Value(2))
	textual := func(e encoding) bool { return e != encHex && e != encBase64 && e != encBase64URL }
	if !known || !known2 || !textual(from) || !textual(to) {
		panic(h.vm.NewError("Error", "U_ILLEGAL_ARGUMENT_ERROR", "Unable to transcode Buffer [U_ILLEGAL_ARGUMENT_ERROR]", "errno", 1))
	}
	units := toUnits(source, from)
	var out []byte
	switch to {
	case encUTF8:
		out = []byte(string(utf16.Decode(units)))
	case encUTF16:
		for _, u := range units {
			out = append(out, byte(u), byte(u>>8))
		}
	default:
		most := rune(0xff)
		if to == encASCII {
			most = 0x7f
		}
		for _, r := range utf16.Decode(units) {
			if r > most {
				r = '?'
			}
			out = append(out, byte(r))
		}
	}
	return h.vm.NewBuffer(out)
}

// toUnits is the text of bytes in an encoding.
func toUnits(b []byte, e encoding) []uint16 {
	switch e {
	case encUTF16:
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = uint16(b[2*i]) | uint16(b[2*i+1])<<8
		}
		return units
	case encLatin1, encASCII:
		units := make([]uint16, len(b))
		for i, c := range b {
			units[i] = uint16(c)
			if e == encASCII && c >= utf8.RuneSelf {
				units[i] = utf8.RuneError
			}
		}
		return units
	}
	return utf16.Encode([]rune(ValidText(b)))
}
