package builtins

import (
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// found is a match that replace and split work with.
type found struct {
	at, end int
	parts   []goja.Value // the whole match and the captures
	groups  goja.Value
}

func (x *regexps) advance(s goja.String, at int, full bool) int {
	if full && at+1 < s.Length() && s.CharAt(at)&0xfc00 == 0xd800 && s.CharAt(at+1)&0xfc00 == 0xdc00 {
		return at + 2
	}
	return at + 1
}

func lengthOf(v goja.Value) int {
	if v == nil {
		return 0
	}
	return int(min(max(v.ToInteger(), 0), 1<<53-1))
}

// each calls with for every match of a RegExp that is global, or for the first of one that is not.
// with returns false to end it.
func (x *regexps) each(o *goja.Object, s goja.String, with func(found) bool) {
	if own := x.plain(o); own != nil {
		x.eachPlain(o, own, s, with)
		return
	}
	flags := x.textOr(o.Get("flags"), "undefined").String()
	global := strings.Contains(flags, "g")
	full := strings.ContainsAny(flags, "uv")
	if global {
		x.setLast(o, 0)
	}
	var list []found // all are found before the first is used
	for {
		v := x.regExpExec(o, s)
		result, ok := v.(*goja.Object)
		if !ok {
			break
		}
		f := x.fromResult(result, s)
		list = append(list, f)
		x.vm.CheckStop()
		if !global {
			break
		}
		if text, ok := f.parts[0].(goja.String); ok && text.Length() == 0 {
			x.setLast(o, x.advance(s, lengthOf(o.Get("lastIndex")), full))
		}
	}
	for _, f := range list {
		if !with(f) {
			return
		}
	}
}

func (x *regexps) setLast(o *goja.Object, at int) {
	if x.vm.Pattern(o) != nil {
		x.vm.SetLastIndex(o, at)
		return
	}
	if err := o.Set("lastIndex", at); err != nil {
		panic(err)
	}
}

func (x *regexps) eachPlain(o *goja.Object, own *pattern, s goja.String, with func(found) bool) {
	if !own.global {
		if m := x.builtinExec(o, own, s); m != nil {
			with(x.fromMatch(own, s, m))
		}
		return
	}
	x.vm.SetLastIndex(o, 0)
	for at := 0; at <= s.Length(); {
		m := x.match(own, s, at, own.sticky)
		if m == nil {
			return
		}
		f := x.fromMatch(own, s, m)
		at = f.end
		if f.end == f.at {
			at = x.advance(s, at, own.unicode)
		}
		if !with(f) {
			return
		}
	}
}

func (x *regexps) fromMatch(own *pattern, s goja.String, m []int) found {
	f := found{at: m[0], end: m[1], parts: make([]goja.Value, own.prog.Groups), groups: goja.Undefined()}
	for i := range f.parts {
		f.parts[i] = part(s, m, i)
	}
	if own.prog.Names != nil {
		list := make([]any, len(f.parts))
		for i, p := range f.parts {
			list[i] = p
		}
		f.groups = x.groups(own, list)
	}
	return f
}

func (x *regexps) fromResult(result *goja.Object, s goja.String) found {
	n := max(lengthOf(result.Get("length")), 1)
	text := x.textOr(result.Get("0"), "undefined")
	f := found{parts: []goja.Value{text}}
	if v := result.Get("index"); v != nil {
		f.at = int(min(max(v.ToInteger(), 0), int64(s.Length())))
	}
	f.end = f.at + text.Length()
	for i := 1; i < n; i++ {
		v := result.Get(strconv.Itoa(i))
		if undefined(v) {
			v = goja.Undefined()
		} else {
			v = x.vm.ToText(v)
		}
		f.parts = append(f.parts, v)
	}
	if f.groups = result.Get("groups"); f.groups == nil {
		f.groups = goja.Undefined()
	}
	return f
}

func (x *regexps) symMatch(c goja.FunctionCall) goja.Value {
	o, s := x.object(c, "[Symbol.match]"), x.vm.ToText(c.Argument(0))
	own := x.plain(o)
	switch {
	case own != nil && !own.global:
		return x.execPattern(o, own, s)
	case own == nil && !strings.Contains(x.textOr(o.Get("flags"), "undefined").String(), "g"):
		return x.regExpExec(o, s)
	}
	var list []any
	x.each(o, s, func(f found) bool {
		list = append(list, f.parts[0])
		return true
	})
	if list == nil {
		return goja.Null()
	}
	return x.rt.NewArray(list...)
}

func (x *regexps) symSearch(c goja.FunctionCall) goja.Value {
	o, s := x.object(c, "[Symbol.search]"), x.vm.ToText(c.Argument(0))
	if own := x.plain(o); own != nil {
		if m := x.match(own, s, 0, own.sticky); m != nil {
			return x.rt.ToValue(m[0])
		}
		return x.rt.ToValue(-1)
	}
	before := o.Get("lastIndex")
	x.setLast(o, 0)
	v := x.regExpExec(o, s)
	_ = o.Set("lastIndex", before)
	if result, ok := v.(*goja.Object); ok {
		return result.Get("index")
	}
	return x.rt.ToValue(-1)
}

func (x *regexps) symReplace(c goja.FunctionCall) goja.Value {
	o, s := x.object(c, "[Symbol.replace]"), x.vm.ToText(c.Argument(0))
	with, isFunc := x.vm.ToFunc(c.Argument(1))
	var template goja.String
	if !isFunc {
		template = x.textOr(c.Argument(1), "undefined")
	}
	var b builder
	next := 0
	x.each(o, s, func(f found) bool {
		var text goja.String
		if isFunc {
			args := append(append([]goja.Value(nil), f.parts...), x.rt.ToValue(f.at), s)
			if !undefined(f.groups) {
				args = append(args, f.groups)
			}
			text = x.textOr(with.Call(goja.Undefined(), args...), "undefined")
		}
		if f.at >= next {
			b.add(x.vm, s, next, f.at)
			if isFunc {
				b.add(x.vm, text, 0, text.Length())
			} else {
				x.substitute(&b, template, s, f)
			}
			next = f.end
		}
		return true
	})
	if next == 0 && b.empty() {
		return s
	}
	b.add(x.vm, s, min(next, s.Length()), s.Length())
	return b.value()
}

// substitute writes a replacement with what $1, $<name> and so on stand for.
func (x *regexps) substitute(b *builder, template, s goja.String, f found) {
	n := template.Length()
	from := 0
	for i := 0; i+1 < n; i++ {
		if template.CharAt(i) != '$' {
			continue
		}
		v, used := x.reference(template, i, s, f)
		if used == 0 {
			continue
		}
		b.add(x.vm, template, from, i)
		if v != nil {
			b.add(x.vm, v, 0, v.Length())
		}
		from = i + used
		i = from - 1
	}
	b.add(x.vm, template, from, n)
}

// reference is what the reference at i stands for, and how many units it has: 0 when it is none.
func (x *regexps) reference(template goja.String, i int, s goja.String, f found) (goja.String, int) {
	switch c := template.CharAt(i + 1); {
	case c == '$':
		return template.Substring(i, i+1), 2
	case c == '&':
		return x.captured(f.parts[0]), 2
	case c == '`':
		return s.Substring(0, f.at), 2
	case c == '\'':
		return s.Substring(min(f.end, s.Length()), s.Length()), 2
	case c == '<' && !undefined(f.groups):
		return x.referenceByName(template, i, f)
	case c >= '0' && c <= '9':
		return x.referenceByNumber(template, i, f)
	}
	return nil, 0
}

// captured is the text of a capture, nil when it took no part.
func (x *regexps) captured(v goja.Value) goja.String {
	if undefined(v) {
		return nil
	}
	return x.vm.ToText(v)
}

func (x *regexps) referenceByName(template goja.String, i int, f found) (goja.String, int) {
	for j := i + 2; j < template.Length(); j++ {
		if template.CharAt(j) == '>' {
			return x.captured(f.groups.ToObject(x.rt).Get(template.Substring(i+2, j).String())), j - i + 1
		}
	}
	return nil, 0
}

// referenceByNumber takes two digits where there is such a capture, else one.
func (x *regexps) referenceByNumber(template goja.String, i int, f found) (goja.String, int) {
	all, number, used := 0, 0, 0
	for k := 1; k <= 2 && i+k < template.Length(); k++ {
		c := template.CharAt(i + k)
		if c < '0' || c > '9' {
			break
		}
		if all = all*10 + int(c-'0'); all < len(f.parts) {
			number, used = all, k+1
		}
	}
	if number == 0 {
		return nil, 0
	}
	return x.captured(f.parts[number]), used
}

func (x *regexps) symSplit(c goja.FunctionCall) goja.Value {
	o, s := x.object(c, "[Symbol.split]"), x.vm.ToText(c.Argument(0))
	limit := int64(1<<32 - 1)
	splitter := x.splitter(o)
	if v := c.Argument(1); !undefined(v) {
		limit = int64(uint32(v.ToInteger())) //nolint:gosec // ToUint32 of the standard
	}
	var list []any
	if limit == 0 {
		return x.rt.NewArray()
	}
	if own := x.plain(splitter); own != nil {
		list = x.splitPlain(own, s, limit)
	} else {
		list = x.splitAny(splitter, s, limit)
	}
	return x.rt.NewArray(list...)
}

// splitter is the RegExp that split works with: a new one that is sticky, of the class of o.
func (x *regexps) splitter(o *goja.Object) *goja.Object {
	if x.plain(o) != nil && x.proto.Get("constructor") == goja.Value(x.class) {
		return o
	}
	class := goja.Value(x.class)
	if v := o.Get("constructor"); !undefined(v) {
		if species := v.ToObject(x.rt).GetSymbol(goja.SymSpecies); !undefined(species) && !goja.IsNull(species) {
			class = species
		}
	}
	flags := x.textOr(o.Get("flags"), "undefined").String()
	if !strings.Contains(flags, "y") {
		flags += "y"
	}
	n, err := x.rt.New(class, o, x.rt.ToValue(flags))
	if err != nil {
		panic(err)
	}
	return n
}

func (x *regexps) splitPlain(own *pattern, s goja.String, limit int64) (list []any) {
	n := s.Length()
	if n == 0 {
		if x.match(own, s, 0, true) == nil {
			list = append(list, s)
		}
		return list
	}
	from := 0
	for at := 0; at < n; {
		m := x.match(own, s, at, false)
		if m == nil || m[0] >= n {
			break
		}
		if m[1] == from || m[1] == m[0] && m[0] == from {
			at = x.advance(s, max(at, m[0]), own.unicode)
			continue
		}
		list = append(list, s.Substring(from, m[0]))
		if int64(len(list)) == limit {
			return list
		}
		from = m[1]
		for i := 1; i < own.prog.Groups; i++ {
			list = append(list, part(s, m, i))
			if int64(len(list)) == limit {
				return list
			}
		}
		at = from
		if m[0] == m[1] {
			at = x.advance(s, at, own.unicode)
		}
	}
	return append(list, s.Substring(from, n))
}

func (x *regexps) splitAny(o *goja.Object, s goja.String, limit int64) (list []any) {
	full := strings.ContainsAny(x.textOr(o.Get("flags"), "").String(), "uv")
	n := s.Length()
	if n == 0 {
		if goja.IsNull(x.regExpExec(o, s)) {
			list = append(list, s)
		}
		return list
	}
	from := 0
	for at := 0; at < n; {
		x.vm.CheckStop()
		x.setLast(o, at)
		v := x.regExpExec(o, s)
		end := min(lengthOf(o.Get("lastIndex")), n)
		if goja.IsNull(v) || end == from {
			at = x.advance(s, at, full)
			continue
		}
		list = append(list, s.Substring(from, at))
		if int64(len(list)) == limit {
			return list
		}
		from = end
		result := v.ToObject(x.rt)
		for i := 1; i < lengthOf(result.Get("length")); i++ {
			list = append(list, result.Get(strconv.Itoa(i)))
			if int64(len(list)) == limit {
				return list
			}
		}
		at = from
	}
	return append(list, s.Substring(from, n))
}

// builder joins parts of strings.
type builder struct {
	narrow []byte
	wide   []uint16
}

func (b *builder) empty() bool { return len(b.narrow)+len(b.wide) == 0 }

func (b *builder) add(vm *engine.VM, s goja.String, from, to int) {
	if from >= to {
		return
	}
	if len(b.narrow)+len(b.wide)+to-from > maxLength {
		panic(vm.NewError("RangeError", "", "Invalid string length"))
	}
	ascii, wide := vm.Units(s)
	if wide == nil && b.wide == nil {
		b.narrow = append(b.narrow, ascii[from:to]...)
		return
	}
	if b.wide == nil {
		b.wide = make([]uint16, len(b.narrow), len(b.narrow)+to-from+16)
		for i, c := range b.narrow {
			b.wide[i] = uint16(c)
		}
		b.narrow = nil
	}
	if wide != nil {
		b.wide = append(b.wide, wide[from:to]...)
		return
	}
	for i := from; i < to; i++ {
		b.wide = append(b.wide, uint16(ascii[i]))
	}
}

// maxLength is how long a string can be in V8.
const maxLength = 1<<29 - 24

func (b *builder) value() goja.Value {
	if b.wide != nil {
		return goja.StringFromUTF16(b.wide)
	}
	units := make([]uint16, len(b.narrow))
	for i, c := range b.narrow {
		units[i] = uint16(c)
	}
	return goja.StringFromUTF16(units)
}
