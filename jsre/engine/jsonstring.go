package engine

import (
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"
	"github.com/dop251/goja/unistring"
)

// ascii is a part of the text that has ASCII only, copied.
func (p *jsonParser[E]) ascii(from, to int) string {
	var b strings.Builder
	b.Grow(to - from)
	for _, c := range p.text[from:to] {
		b.WriteByte(byte(c))
	}
	return b.String()
}

// plain runs to the end of a string that is ASCII without escapes and steps over its quotation mark;
// false when it is not such a one.
func (p *jsonParser[E]) plain() (from, to int, ok bool) {
	from = p.at
	for i := p.at; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '"':
			p.at = i + 1
			return from, i, true
		case c == '\\' || c < ' ' || c >= utf8.RuneSelf:
			return 0, 0, false
		}
	}
	return 0, 0, false
}

func (p *jsonParser[E]) string() goja.Value {
	if from, to, ok := p.plain(); ok {
		return p.vm.asciiValue(p.ascii(from, to))
	}
	return goja.StringFromUTF16(p.units())
}

// name reads the name of a property.
func (p *jsonParser[E]) name() unistring.String {
	from, to, ok := p.plain()
	if !ok {
		return propertyName(p.units())
	}
	var short [32]byte
	if to-from > len(short) {
		return unistring.String(p.ascii(from, to))
	}
	for i, c := range p.text[from:to] {
		short[i] = byte(c)
	}
	if n, ok := p.names[string(short[:to-from])]; ok {
		return n
	}
	n := string(short[:to-from])
	if p.names == nil {
		p.names = map[string]unistring.String{}
	}
	if len(p.names) < 256 {
		p.names[n] = unistring.String(n)
	}
	return unistring.String(n)
}

// units reads a string to its quotation mark.
func (p *jsonParser[E]) units() []uint16 {
	var out []uint16
	for p.at < len(p.text) {
		c := p.text[p.at]
		switch {
		case c == '"':
			p.at++
			return out
		case c == '\\':
			p.at++
			out = append(out, p.escape())
			continue
		case c < ' ':
			p.fail("Bad control character in string literal in JSON")
		}
		out = append(out, uint16(c))
		p.at++
	}
	p.fail("Unterminated string in JSON")
	return nil
}

func (p *jsonParser[E]) escape() uint16 {
	if p.at >= len(p.text) {
		p.unexpected()
	}
	c := p.text[p.at]
	if i := strings.IndexByte(`"\/bfnrt`, byte(c)); i >= 0 && c < utf8.RuneSelf {
		p.at++
		return uint16("\"\\/\b\f\n\r\t"[i])
	}
	if c != 'u' {
		p.fail("Bad escaped character in JSON")
	}
	p.at++
	unit := uint16(0)
	for range 4 {
		d := -1
		if p.at < len(p.text) {
			d = hexDigit(uint16(p.text[p.at]))
		}
		if d < 0 {
			p.fail("Bad Unicode escape in JSON")
		}
		unit = unit<<4 | uint16(d)
		p.at++
	}
	return unit
}

// propertyName is a text as goja has it for the name of a property.
func propertyName(units []uint16) unistring.String {
	narrow := make([]byte, len(units))
	for i, c := range units {
		if c >= utf8.RuneSelf {
			return unistring.FromUtf16(append([]uint16{unistring.BOM}, units...))
		}
		narrow[i] = byte(c)
	}
	return unistring.String(narrow)
}

func hexDigit(c uint16) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
