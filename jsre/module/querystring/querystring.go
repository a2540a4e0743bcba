// Package querystring is the module querystring, as Node.js 20 has it.
package querystring

import (
	"math"
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/buffer"
	"dunlin/jsre/nodeerr"
)

// Module is require('querystring').
func Module() engine.Module {
	return engine.Module{Name: "querystring", Load: func(vm *engine.VM) goja.Value { return newHost(vm).o }}
}

type host struct {
	vm               *engine.VM
	rt               *goja.Runtime
	o                *goja.Object
	escape, unescape goja.Value // as they were made: a script may put others in their place
}

func newHost(vm *engine.VM) *host {
	h := &host{vm: vm, rt: vm.Runtime(), o: vm.NewObject()}
	vm.Export(h.o, "escape", func(c goja.FunctionCall) goja.Value { return h.rt.ToValue(Escape(vm, h.text(c.Argument(0)))) })
	vm.Export(h.o, "unescape", func(c goja.FunctionCall) goja.Value { return Unescape(vm, h.text(c.Argument(0))) })
	vm.Export(h.o, "unescapeBuffer", func(c goja.FunctionCall) goja.Value {
		return vm.NewBuffer(unescapeBytes(buffer.Encode(vm, h.text(c.Argument(0)), h.rt.ToValue("latin1")), c.Argument(1).ToBoolean()))
	})
	for _, names := range [][]string{{"stringify", "encode"}, {"parse", "decode"}} {
		f := h.stringify
		if names[0] == "parse" {
			f = h.parse
		}
		vm.Export(h.o, names[0], f)
		_ = h.o.Set(names[1], h.o.Get(names[0]))
	}
	h.escape, h.unescape = h.o.Get("escape"), h.o.Get("unescape")
	return h
}

// text is a value as a string.
func (h *host) text(v goja.Value) goja.String {
	if _, symbol := v.(*goja.Symbol); symbol {
		nodeerr.Throw(h.vm, "TypeError", "", "Cannot convert a Symbol value to a string")
	}
	if s, ok := v.ToString().(goja.String); ok {
		return s
	}
	s, _ := h.rt.ToValue(v.String()).(goja.String)
	return s
}

// unreserved are the characters besides letters and digits that are not escaped.
const unreserved = "!'()*-._~"

// Escape writes everything but letters, digits and a few marks as %XX, of its UTF-8. Half a surrogate
// pair is an error.
func Escape(vm *engine.VM, s goja.String) string {
	for i := 0; i < s.Length(); i++ {
		c := s.CharAt(i)
		if c < 0xd800 || c > 0xdfff {
			continue
		}
		if c > 0xdbff || i+1 == s.Length() || s.CharAt(i+1)&0xfc00 != 0xdc00 {
			nodeerr.Throw(vm, "URIError", "ERR_INVALID_URI", "URI malformed")
		}
		i++
	}
	text := s.String()
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(unreserved, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		const digits = "0123456789ABCDEF"
		b.WriteString(string([]byte{'%', digits[c>>4], digits[c&15]}))
	}
	return b.String()
}

// Unescape is the text behind %XX; what is no right escape stays as it is.
func Unescape(vm *engine.VM, s goja.String) goja.Value {
	text := s.String()
	if !strings.Contains(text, "%") {
		return s
	}
	if out, ok := strictUnescape(text); ok {
		return vm.Runtime().ToValue(out)
	}
	latin1 := buffer.Encode(vm, s, vm.Runtime().ToValue("latin1"))
	return vm.Runtime().ToValue(buffer.ValidText(unescapeBytes(latin1, false)))
}

// strictUnescape is decodeURIComponent: false for what that throws at.
func strictUnescape(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
		if err != nil {
			return "", false
		}
		b.WriteByte(byte(n))
		i += 2
	}
	out := b.String()
	return out, buffer.ValidText([]byte(out)) == out
}

// unescapeBytes replaces %XX by the byte, and keeps what is none.
func unescapeBytes(b []byte, spaces bool) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case c == '+' && spaces:
			c = ' '
		case c == '%' && i+2 < len(b):
			if n, err := strconv.ParseUint(string(b[i+1:i+3]), 16, 8); err == nil {
				c = byte(n)
				i += 2
			}
		}
		out = append(out, c)
	}
	return out
}

// separators are the second and third argument of stringify and parse.
func (h *host) separators(c goja.FunctionCall) (sep, eq string) {
	sep, eq = "&", "="
	if v := c.Argument(1); v.ToBoolean() {
		sep = v.String()
	}
	if v := c.Argument(2); v.ToBoolean() {
		eq = v.String()
	}
	return sep, eq
}

// option is a function of the options, or what the script has put in the place of ours; nil for none.
func (h *host) option(c goja.FunctionCall, option, member string, ours goja.Value) *engine.Func {
	if o, ok := c.Argument(3).(*goja.Object); ok {
		if f, ok := h.vm.ToFunc(h.vm.Field(o, option)); ok {
			return f
		}
	}
	if v := h.o.Get(member); v != ours {
		f, _ := h.vm.ToFunc(v)
		return f
	}
	return nil
}

// stringify is stringify(obj[, sep[, eq[, options]]]).
func (h *host) stringify(c goja.FunctionCall) goja.Value {
	obj, ok := c.Argument(0).(*goja.Object)
	if _, function := goja.AssertFunction(c.Argument(0)); !ok || function {
		return h.rt.ToValue("")
	}
	sep, eq := h.separators(c)
	custom := h.option(c, "encodeURIComponent", "escape", h.escape)
	encode := func(v goja.Value) string {
		s := primitive(h.rt, v)
		if custom != nil {
			return custom.Call(goja.Undefined(), s).String()
		}
		return Escape(h.vm, s)
	}
	var pairs []string
	for _, key := range obj.Keys() {
		name := encode(h.rt.ToValue(key)) + eq
		v := obj.Get(key)
		list, ok := v.(*goja.Object)
		if !ok || list.ClassName() != "Array" {
			pairs = append(pairs, name+encode(v))
			continue
		}
		for i := range int(list.Get("length").ToInteger()) {
			pairs = append(pairs, name+encode(list.Get(strconv.Itoa(i))))
		}
	}
	return h.rt.ToValue(strings.Join(pairs, sep))
}

// primitive is the text of a string, finite number, bigint or boolean; empty for anything else.
func primitive(rt *goja.Runtime, v goja.Value) goja.String {
	text := ""
	switch {
	case v == nil:
	case goja.IsString(v):
		s, _ := v.(goja.String)
		return s
	case goja.IsNumber(v):
		if f := v.ToFloat(); !math.IsNaN(f) && !math.IsInf(f, 0) {
			text = v.String()
		}
	case goja.IsBigInt(v):
		text = v.String()
	default:
		if isObject(v) {
			break
		}
		if _, ok := v.Export().(bool); ok {
			text = v.String()
		}
	}
	s, _ := rt.ToValue(text).(goja.String)
	return s
}

func isObject(v goja.Value) bool {
	_, ok := v.(*goja.Object)
	return ok
}

// parse is parse(str[, sep[, eq[, options]]]).
func (h *host) parse(c goja.FunctionCall) goja.Value {
	out := h.rt.CreateObject(nil)
	if !goja.IsString(c.Argument(0)) {
		return out
	}
	sep, eq := h.separators(c)
	most := 1000.0
	if o, ok := c.Argument(3).(*goja.Object); ok {
		if v := h.vm.Field(o, "maxKeys"); goja.IsNumber(v) {
			most = v.ToFloat()
		}
	}
	pieces := strings.Split(c.Argument(0).String(), sep)
	if most > 0 && float64(len(pieces)) > most {
		pieces = pieces[:int(math.Ceil(most))]
	}
	custom := h.option(c, "decodeURIComponent", "unescape", h.unescape)
	for _, piece := range pieces {
		if piece == "" {
			continue
		}
		key, value, _ := strings.Cut(piece, eq)
		h.add(out, h.decode(key, custom), h.decode(value, custom))
	}
	return out
}

// decode is the text behind a key or a value.
func (h *host) decode(s string, custom *engine.Func) goja.Value {
	if custom == nil {
		text, _ := h.rt.ToValue(strings.ReplaceAll(s, "+", " ")).(goja.String)
		return Unescape(h.vm, text)
	}
	if s == "" {
		return h.rt.ToValue("")
	}
	var out goja.Value
	text, _ := h.rt.ToValue(strings.ReplaceAll(s, "+", "%20")).(goja.String)
	if ex := h.rt.Try(func() { out = custom.Call(goja.Undefined(), text) }); ex != nil {
		return Unescape(h.vm, text)
	}
	return out
}

// add sets a key, or adds to the list of its values.
func (h *host) add(out *goja.Object, key, value goja.Value) {
	name := key.String()
	switch before := out.Get(name).(type) {
	case nil:
		_ = out.DefineDataProperty(name, value, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
	case *goja.Object:
		_ = before.Set(strconv.FormatInt(before.Get("length").ToInteger(), 10), value)
	default:
		_ = out.Set(name, h.rt.NewArray(before, value))
	}
}
