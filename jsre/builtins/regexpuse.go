package builtins

import (
	"strconv"
	"strings"

	"github.com/dop251/goja"
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
