package builtins

import (
	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

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
