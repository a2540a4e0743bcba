package builtins

import (
	"strings"

	"github.com/dop251/goja"
)

// lastMatch is what RegExp.$1 and its like show.
type lastMatch struct {
	text goja.String
	at   [20]int
	n    int
}

func (l *lastMatch) set(s goja.String, found []int) {
	l.text = s
	l.n = copy(l.at[:], found)
}

func (l *lastMatch) part(i int) goja.Value {
	if l.text == nil || 2*i >= l.n || l.at[2*i] < 0 {
		return goja.StringFromUTF16(nil)
	}
	return l.text.Substring(l.at[2*i], l.at[2*i+1])
}

func (x *regexps) setLastMatch() {
	define := func(get func() goja.Value, names ...string) {
		f := x.vm.NewFunction("get "+names[0], func(goja.FunctionCall) goja.Value { return get() })
		for _, name := range names {
			_ = x.class.DefineAccessorProperty(name, f, nil, goja.FLAG_TRUE, goja.FLAG_FALSE)
		}
	}
	for i := 1; i < 10; i++ {
		define(func() goja.Value { return x.last.part(i) }, "$"+string(rune('0'+i)))
	}
	define(func() goja.Value { return x.last.part(0) }, "lastMatch", "$&")
	define(func() goja.Value {
		if x.last.text == nil {
			return x.rt.ToValue("")
		}
		return x.last.text
	}, "input", "$_")
}

// setStringMethods replaces the methods of strings that make RegExp objects of text.
func (x *regexps) setStringMethods() {
	proto := x.rt.Get("String").ToObject(x.rt).Get("prototype").ToObject(x.rt)
	method := func(name string, symbol *goja.Symbol, flags string) {
		x.vm.NativeMethod(proto, name, 1, func(c goja.FunctionCall) goja.Value {
			if undefined(c.This) || goja.IsNull(c.This) {
				x.throw("TypeError", "String.prototype.%s called on null or undefined", name)
			}
			arg := c.Argument(0)
			if o, ok := arg.(*goja.Object); ok {
				if name == "matchAll" && x.isRegExp(o) && !strings.Contains(x.textOr(o.Get("flags"), "undefined").String(), "g") {
					x.throw("TypeError", "String.prototype.matchAll called with a non-global RegExp argument")
				}
				if f, ok := x.vm.ToFunc(o.GetSymbol(symbol)); ok {
					return f.Call(o, c.This)
				}
			}
			s := x.vm.ToText(c.This)
			rx := x.create(x.proto, x.textOr(arg, ""), flags)
			f, ok := x.vm.ToFunc(rx.GetSymbol(symbol))
			if !ok {
				x.throw("TypeError", "regexp[Symbol.%s] is not a function", name)
			}
			return f.Call(rx, s)
		})
	}
	method("match", goja.SymMatch, "")
	method("matchAll", goja.SymMatchAll, "g")
	method("search", goja.SymSearch, "")
}

// symMatchAll gives an iterator of matches.
func (x *regexps) symMatchAll(c goja.FunctionCall) goja.Value {
	o, s := x.object(c, "[Symbol.matchAll]"), x.vm.ToText(c.Argument(0))
	flags := x.textOr(o.Get("flags"), "undefined").String()
	class := goja.Value(x.class)
	if v := o.Get("constructor"); !undefined(v) {
		if species := v.ToObject(x.rt).GetSymbol(goja.SymSpecies); !undefined(species) && !goja.IsNull(species) {
			class = species
		}
	}
	matcher, err := x.rt.New(class, o, x.rt.ToValue(flags))
	if err != nil {
		panic(err)
	}
	x.setLast(matcher, lengthOf(o.Get("lastIndex")))
	global, full := strings.Contains(flags, "g"), strings.ContainsAny(flags, "uv")
	done := false
	return x.iterator(func() goja.Value {
		if done {
			return nil
		}
		v := x.regExpExec(matcher, s)
		result, ok := v.(*goja.Object)
		if !ok {
			done = true
			return nil
		}
		done = !global
		if global && x.textOr(result.Get("0"), "undefined").Length() == 0 {
			x.setLast(matcher, x.advance(s, lengthOf(matcher.Get("lastIndex")), full))
		}
		return result
	})
}

// iterator makes an iterator of a function that gives nil at the end.
func (x *regexps) iterator(next func() goja.Value) goja.Value {
	proto := x.vm.Shared(matchIterator{}, func() any {
		list := x.rt.NewArray()
		values, _ := goja.AssertFunction(list.Get("values"))
		it, err := values(list)
		if err != nil {
			panic(err)
		}
		p := x.rt.CreateObject(it.ToObject(x.rt).Prototype().Prototype())
		_ = p.DefineDataPropertySymbol(goja.SymToStringTag, x.rt.ToValue("RegExp String Iterator"), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
		x.vm.NativeMethod(p, "next", 0, func(c goja.FunctionCall) goja.Value {
			f, ok := x.vm.Slot(c.This).(func() goja.Value)
			if !ok {
				x.throw("TypeError", "Method %%RegExpStringIterator%%.prototype.next called on incompatible receiver %s", x.describe(c.This))
			}
			v := f()
			if v == nil {
				return x.vm.NewObject("value", goja.Undefined(), "done", true)
			}
			return x.vm.NewObject("value", v, "done", false)
		})
		return p
	})
	p, _ := proto.(*goja.Object)
	it := x.rt.CreateObject(p)
	x.vm.SetSlot(it, next)
	return it
}

type matchIterator struct{}
