package builtins

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/dop251/goja"
)

// setPrototype defines what RegExp.prototype has.
func (x *regexps) setPrototype() {
	vm := x.vm
	x.exec = vm.NativeMethod(x.proto, "exec", 1, func(c goja.FunctionCall) goja.Value {
		o, p := x.this(c, "exec")
		return x.execValue(o, p, vm.ToText(c.Argument(0)))
	})
	vm.NativeMethod(x.proto, "test", 1, func(c goja.FunctionCall) goja.Value {
		o := x.object(c, "test")
		s := vm.ToText(c.Argument(0))
		if own := x.plain(o); own != nil {
			return x.rt.ToValue(x.builtinExec(o, own, s) != nil)
		}
		return x.rt.ToValue(!goja.IsNull(x.regExpExec(o, s)))
	})
	vm.NativeMethod(x.proto, "toString", 0, func(c goja.FunctionCall) goja.Value {
		o := x.object(c, "toString")
		return x.concat(x.rt.ToValue("/"), o.Get("source"), x.rt.ToValue("/"), o.Get("flags"))
	})
	vm.NativeMethod(x.proto, "compile", 2, x.recompile)
	for name, flag := range map[string]string{"hasIndices": "d", "global": "g", "ignoreCase": "i", "multiline": "m", "dotAll": "s", "unicode": "u", "unicodeSets": "v", "sticky": "y"} {
		vm.Getter(x.proto, name, func(this goja.Value) goja.Value {
			if this == goja.Value(x.proto) {
				return goja.Undefined()
			}
			p := vm.Pattern(this)
			if p == nil {
				x.throw("TypeError", "RegExp.prototype.%s getter called on non-RegExp object", name)
			}
			return x.rt.ToValue(strings.Contains(p.Flags, flag))
		})
	}
	vm.Getter(x.proto, "flags", x.flags)
	vm.Getter(x.proto, "source", func(this goja.Value) goja.Value {
		if this == goja.Value(x.proto) {
			return x.rt.ToValue("(?:)")
		}
		p := vm.Pattern(this)
		if p == nil {
			x.throw("TypeError", "RegExp.prototype.source getter called on non-RegExp object")
		}
		return x.source(p.Source)
	})
	x.symbolMethod(goja.SymMatch, "[Symbol.match]", 1, x.symMatch)
	x.symbolMethod(goja.SymMatchAll, "[Symbol.matchAll]", 1, x.symMatchAll)
	x.symbolMethod(goja.SymReplace, "[Symbol.replace]", 2, x.symReplace)
	x.symbolMethod(goja.SymSearch, "[Symbol.search]", 1, x.symSearch)
	x.symbolMethod(goja.SymSplit, "[Symbol.split]", 2, x.symSplit)
}

func (x *regexps) symbolMethod(key *goja.Symbol, name string, length int, f func(goja.FunctionCall) goja.Value) {
	fn := x.vm.NewNative(name, length, f)
	_ = x.proto.DefineDataPropertySymbol(key, fn, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

// concat joins values as strings.
func (x *regexps) concat(list ...goja.Value) goja.String {
	out := x.vm.ToText(list[0])
	for _, v := range list[1:] {
		out = out.Concat(x.vm.ToText(v))
	}
	return out
}

func (x *regexps) flags(this goja.Value) goja.Value {
	o, ok := this.(*goja.Object)
	if !ok {
		x.throw("TypeError", "RegExp.prototype.flags getter called on non-object %s", x.describe(this))
	}
	if p := x.vm.Pattern(this); p != nil && x.vm.IsPlainRegExp(o, x.proto) {
		return x.rt.ToValue(p.Flags)
	}
	var out []byte
	for i, name := range []string{"hasIndices", "global", "ignoreCase", "multiline", "dotAll", "unicode", "unicodeSets", "sticky"} {
		if v := o.Get(name); v != nil && v.ToBoolean() {
			out = append(out, allFlags[i])
		}
	}
	return x.rt.ToValue(string(out))
}

// source is a pattern as a literal could have it.
func (x *regexps) source(s goja.String) goja.Value {
	n := s.Length()
	if n == 0 {
		return x.rt.ToValue("(?:)")
	}
	var out []uint16
	from, inClass := 0, false
	for i := 0; i < n; i++ {
		c := s.CharAt(i)
		text := lineEndEscape(c)
		switch c {
		case '/':
			if !inClass {
				text = `\/`
			}
		case '[', ']':
			inClass = c == '['
		case '\\':
			if i+1 < n && (s.CharAt(i+1) == '\n' || s.CharAt(i+1) == '\r') {
				out = units(out, s, from, i)
				from = i + 1 // an escaped end of a line is an escape already
			} else {
				i++
			}
		}
		if text != "" {
			out = append(units(out, s, from, i), utf16.Encode([]rune(text))...)
			from = i + 1
		}
	}
	if from == 0 {
		return s
	}
	return goja.StringFromUTF16(units(out, s, from, n))
}

// lineEndEscape is an end of a line as a literal writes it, empty for other characters.
func lineEndEscape(c uint16) string {
	switch c {
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case 0x2028:
		return `\u2028`
	case 0x2029:
		return `\u2029`
	}
	return ""
}

func units(out []uint16, s goja.String, from, to int) []uint16 {
	for i := from; i < to; i++ {
		out = append(out, s.CharAt(i))
	}
	return out
}

func (x *regexps) recompile(c goja.FunctionCall) goja.Value {
	o, _ := x.this(c, "compile")
	var source goja.String
	flags := ""
	if p := x.vm.Pattern(c.Argument(0)); p != nil {
		if !undefined(c.Argument(1)) {
			x.throw("TypeError", "Invalid flags supplied to RegExp constructor '%s'", c.Argument(1))
		}
		source, flags = p.Source, p.Flags
	} else {
		source, flags = x.textOr(c.Argument(0), ""), x.textOr(c.Argument(1), "").String()
	}
	p, err := x.compile(source, flags)
	if err != nil {
		x.throw("SyntaxError", "%s", err)
	}
	x.vm.SetPattern(o, p)
	x.vm.SetLastIndex(o, 0)
	return o
}

// escape is RegExp.escape.
func (x *regexps) escape(c goja.FunctionCall) goja.Value {
	s, ok := c.Argument(0).(goja.String)
	if !ok {
		x.throw("TypeError", "Input must be a string")
	}
	var out []uint16
	for i := range s.Length() {
		c := s.CharAt(i)
		text := ""
		switch {
		case c < 0x80:
			text = escapeASCII(byte(c), i == 0)
		case c == 0xa0:
			text = `\xa0`
		case unicode.IsSpace(rune(c)) && c != 0x85, c == 0xfeff, lone(s, i):
			text = fmt.Sprintf(`\u%04x`, c)
		}
		if text == "" {
			out = append(out, c)
		}
		out = append(out, utf16.Encode([]rune(text))...)
	}
	return goja.StringFromUTF16(out)
}

// escapeASCII is how RegExp.escape writes a character, empty when it stays as it is. A letter or digit does not,
// if it is the first, for it might continue an escape.
func escapeASCII(c byte, first bool) string {
	letter := c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
	control := strings.IndexByte("\t\n\v\f\r", c)
	switch {
	case letter && first, strings.IndexByte(",-=<>#&!%:;@~'`\" ", c) >= 0:
		return fmt.Sprintf(`\x%02x`, c)
	case strings.IndexByte(`^$\.*+?()[]{}|/`, c) >= 0:
		return `\` + string(rune(c))
	case control >= 0:
		return `\` + "tnvfr"[control:control+1]
	}
	return ""
}

// lone reports whether the unit at i is half of a pair whose other half is missing.
func lone(s goja.String, i int) bool {
	switch c := s.CharAt(i); {
	case c&0xfc00 == 0xd800:
		return i+1 >= s.Length() || s.CharAt(i+1)&0xfc00 != 0xdc00
	case c&0xfc00 == 0xdc00:
		return i == 0 || s.CharAt(i-1)&0xfc00 != 0xd800
	}
	return false
}
