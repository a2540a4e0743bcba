package engine

import (
	"unicode/utf8"
	"unsafe"

	"github.com/dop251/goja"
	"github.com/dop251/goja/unistring"
)

// maxStringLength is how long a string can be in V8.
const maxStringLength = 1<<29 - 24

func (w *jsonWriter) quoteName(name unistring.String) {
	if units := name.AsUtf16(); units != nil {
		quoteUnits(&w.out, units[1:])
		return
	}
	quoteASCII(&w.out, string(name))
}

func (w *jsonWriter) quote(s goja.String) {
	if ascii, wide := w.vm.Units(s); wide != nil {
		quoteUnits(&w.out, wide)
	} else {
		quoteASCII(&w.out, ascii)
	}
}

func quoteASCII(out *jsonText, s string) {
	out.ascii(`"`)
	from := 0
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			out.ascii(s[from:i])
			out.ascii(jsonEscape(uint16(c)))
			from = i + 1
		}
	}
	out.ascii(s[from:])
	out.ascii(`"`)
}

func quoteUnits(out *jsonText, s []uint16) {
	out.ascii(`"`)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c < ' ' || c == '"' || c == '\\':
			out.ascii(jsonEscape(c))
		case c >= 0xd800 && c < 0xdc00 && i+1 < len(s) && s[i+1] >= 0xdc00 && s[i+1] < 0xe000:
			out.unit(c)
			i++
			out.unit(s[i])
		case c >= 0xd800 && c < 0xe000:
			out.ascii(jsonEscape(c))
		default:
			out.unit(c)
		}
	}
	out.ascii(`"`)
}

func jsonEscape(c uint16) string {
	switch c {
	case '"':
		return `\"`
	case '\\':
		return `\\`
	case '\b':
		return `\b`
	case '\t':
		return `\t`
	case '\n':
		return `\n`
	case '\f':
		return `\f`
	case '\r':
		return `\r`
	}
	const hex = "0123456789abcdef"
	return string([]byte{'\\', 'u', hex[c>>12], hex[c>>8&15], hex[c>>4&15], hex[c&15]})
}

// jsonText is text that grows: bytes while it is ASCII, then UTF-16.
type jsonText struct {
	narrow []byte
	wide   []uint16 // with unistring.BOM first; nil while the text is ASCII
}

func (t *jsonText) len() int { return len(t.narrow) + len(t.wide) }

func (t *jsonText) mark() int {
	if t.wide != nil {
		return len(t.wide) - 1
	}
	return len(t.narrow)
}

func (t *jsonText) cut(mark int) {
	if t.wide != nil {
		t.wide = t.wide[:mark+1]
		return
	}
	t.narrow = t.narrow[:mark]
}

func (t *jsonText) ascii(s string) {
	if t.wide == nil {
		t.narrow = append(t.narrow, s...)
		return
	}
	for i := range len(s) {
		t.wide = append(t.wide, uint16(s[i]))
	}
}

func (t *jsonText) unit(c uint16) {
	if t.wide == nil {
		if c < utf8.RuneSelf {
			t.narrow = append(t.narrow, byte(c))
			return
		}
		t.wide = make([]uint16, 1, 2*len(t.narrow)+16)
		t.wide[0] = unistring.BOM
		for _, b := range t.narrow {
			t.wide = append(t.wide, uint16(b))
		}
		t.narrow = nil
	}
	t.wide = append(t.wide, c)
}

func (t *jsonText) text(s string) {
	units := unistring.Scan(s)
	if units == nil {
		t.ascii(s)
		return
	}
	for _, u := range units[1:] {
		t.unit(u)
	}
}

// value is the text as a string of goja.
func (t *jsonText) value(vm *VM) goja.Value {
	if t.wide == nil {
		return vm.asciiValue(unsafe.String(unsafe.SliceData(t.narrow), len(t.narrow)))
	}
	for _, c := range t.wide[1:] {
		if c >= utf8.RuneSelf {
			w := anyInterface{vm.texts.wide, unsafe.Pointer(&t.wide)}
			return *(*goja.Value)(unsafe.Pointer(&w))
		}
	}
	return goja.StringFromUTF16(t.wide[1:]) // what was not ASCII has been cut away again
}
