package builtins

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/builtins/intl"
	"dunlin/jsre/engine"
)

// locales is Intl of one runtime, and the functions that depend on a language.
type locales struct {
	*lang
	plain map[string]*intl.Collation // by the language that localeCompare is given
}

// setLocales defines Intl, made when it is first asked for, and the functions of other classes.
func setLocales(vm *engine.VM) {
	x := &locales{&lang{vm: vm, rt: vm.Runtime()}, map[string]*intl.Collation{}}
	vm.LazyGlobal("Intl", x.namespace)
	x.setNumberMethods()
	x.setDateMethods()
	x.setTextMethods()
	x.setListMethod()
}

func (x *locales) rangeError(text string) { panic(x.vm.NewError("RangeError", "", text)) }

// find is the first of the languages asked for that is served.
func (x *locales) find(v goja.Value) *intl.Locale {
	for _, tag := range x.tags(v) {
		if l, ok := intl.Find(tag); ok {
			return l
		}
	}
	l, _ := intl.Find("en-US")
	return l
}

func (x *locales) tags(v goja.Value) []string {
	if undefined(v) {
		return nil
	}
	var list []goja.Value
	if goja.IsString(v) {
		list = []goja.Value{v}
	} else {
		if goja.IsNull(v) {
			x.typeError("Cannot convert undefined or null to object")
		}
		o := v.ToObject(x.rt)
		for i := range lengthOf(o.Get("length")) {
			if e := o.Get(strconv.Itoa(i)); e != nil {
				list = append(list, e)
			}
			x.vm.CheckStop()
		}
	}
	var out []string
	for _, e := range list {
		if _, object := e.(*goja.Object); !object && !goja.IsString(e) {
			x.typeError("Language ID should be string or object.")
		}
		tag, ok := intl.Canonical(x.vm.ToText(e).String())
		if !ok {
			x.rangeError("Invalid language tag: " + x.vm.ToText(e).String())
		}
		if !slices.Contains(out, tag) {
			out = append(out, tag)
		}
	}
	return out
}

// options reads the members of an object of options.
type options struct {
	x     *locales
	o     *goja.Object
	class string // for errors
}

func (x *locales) options(class string, v goja.Value) options {
	if undefined(v) {
		return options{x, nil, class}
	}
	if goja.IsNull(v) {
		x.typeError("Cannot convert undefined or null to object")
	}
	return options{x, v.ToObject(x.rt), class}
}

// text is an option that is one of some words; any when none are given.
func (o options) text(name, standard string, words ...string) string {
	if o.o == nil {
		return standard
	}
	v := o.o.Get(name)
	if undefined(v) {
		return standard
	}
	s := o.x.vm.ToText(v).String()
	if len(words) > 0 && !slices.Contains(words, s) {
		o.x.rangeError("Value " + s + " out of range for Intl." + o.class + " options property " + name)
	}
	return s
}

func (o options) number(name string, least, most, standard int) int {
	if o.o == nil {
		return standard
	}
	v := o.o.Get(name)
	if undefined(v) {
		return standard
	}
	f := v.ToFloat()
	if math.IsNaN(f) || f < float64(least) || f > float64(most) {
		o.x.rangeError(name + " value is out of range.")
	}
	return int(f)
}

// flag is an option that is true or false; set says whether it is there.
func (o options) flag(name string) (value, set bool) {
	if o.o == nil {
		return false, false
	}
	v := o.o.Get(name)
	if undefined(v) {
		return false, false
	}
	return v.ToBoolean(), true
}

func (x *locales) parts(list []intl.Part) goja.Value {
	out := make([]any, len(list))
	for i, p := range list {
		out[i] = x.vm.NewObject("type", p.Type, "value", p.Value)
	}
	return x.rt.NewArray(out...)
}

// class defines a class of Intl. make gives what an object of it holds.
func (x *locales) class(into *goja.Object, name string, bare bool, create func(c []goja.Value) any) *goja.Object {
	arg := func(c []goja.Value, i int) goja.Value {
		if i < len(c) {
			return c[i]
		}
		return goja.Undefined()
	}
	class, proto := x.vm.NewClass(name, func(c goja.ConstructorCall) *goja.Object {
		x.vm.SetSlot(c.This, create([]goja.Value{arg(c.Arguments, 0), arg(c.Arguments, 1)}))
		return nil
	})
	x.vm.SetCall(class, func(c goja.FunctionCall) goja.Value {
		if !bare {
			x.typeError("Constructor Intl." + name + " requires 'new'")
		}
		o := x.rt.CreateObject(proto)
		x.vm.SetSlot(o, create([]goja.Value{arg(c.Arguments, 0), arg(c.Arguments, 1)}))
		return o
	})
	x.tag(proto, "Intl."+name)
	x.vm.NativeMethod(class, "supportedLocalesOf", 1, func(c goja.FunctionCall) goja.Value {
		var out []any
		for _, tag := range x.tags(c.Argument(0)) {
			if _, ok := intl.Find(tag); ok {
				out = append(out, tag)
			}
		}
		return x.rt.NewArray(out...)
	})
	_ = into.DefineDataProperty(name, class, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	return proto
}

// held is what an object of a class of Intl holds.
func held[T any](x *locales, v goja.Value, method string) T {
	h, ok := x.vm.Slot(v).(T)
	if !ok {
		x.typeError("Method Intl." + method + " called on incompatible receiver " + x.show(v))
	}
	return h
}

// bound defines a getter of a function that is bound to its object.
func (x *locales) bound(proto *goja.Object, name string, check func(goja.Value), f func(this goja.Value, c goja.FunctionCall) goja.Value) {
	x.vm.Getter(proto, name, func(this goja.Value) goja.Value {
		check(this)
		return x.vm.NewFunction("", func(c goja.FunctionCall) goja.Value { return f(this, c) })
	})
}

func (x *locales) namespace() goja.Value {
	o := x.rt.NewObject()
	x.tag(o, "Intl")
	x.vm.NativeMethod(o, "getCanonicalLocales", 1, func(c goja.FunctionCall) goja.Value {
		var out []any
		for _, t := range x.tags(c.Argument(0)) {
			out = append(out, t)
		}
		return x.rt.NewArray(out...)
	})
	x.numberFormat(o)
	x.dateTimeFormat(o)
	x.collatorClass(o)
	x.pluralRules(o)
	x.listFormat(o)
	x.relativeTimeFormat(o)
	return o
}

func (x *locales) collation(locale, opts goja.Value) *intl.Collation {
	o := x.options("Collator", opts)
	c := &intl.Collation{Locale: x.find(locale).Tag}
	if tags := x.tags(locale); len(tags) > 0 {
		c.Locale = tags[0]
		c.Numeric = strings.Contains(tags[0]+"-", "-kn-") && !strings.Contains(tags[0], "-kn-false")
	}
	o.text("usage", "sort", "sort", "search")
	if v, set := o.flag("numeric"); set {
		c.Numeric = v
	}
	c.UpperFirst = o.text("caseFirst", "false", "upper", "lower", "false") == "upper"
	c.Sensitivity = o.text("sensitivity", "variant", "base", "accent", "case", "variant")
	return c
}

func (x *locales) collatorClass(o *goja.Object) {
	proto := x.class(o, "Collator", true, func(c []goja.Value) any { return x.collation(c[0], c[1]) })
	this := func(v goja.Value) *intl.Collation { return held[*intl.Collation](x, v, "Collator.prototype.compare") }
	x.bound(proto, "compare", func(v goja.Value) { this(v) }, func(v goja.Value, c goja.FunctionCall) goja.Value {
		return x.rt.ToValue(this(v).Compare(x.vm.ToText(c.Argument(0)).String(), x.vm.ToText(c.Argument(1)).String()))
	})
	x.vm.NativeMethod(proto, "resolvedOptions", 0, func(c goja.FunctionCall) goja.Value {
		k := this(c.This)
		first := "false"
		if k.UpperFirst {
			first = "upper"
		}
		return x.vm.NewObject("locale", k.Locale, "usage", "sort", "sensitivity", k.Sensitivity, "ignorePunctuation", false, "collation", "default", "numeric", k.Numeric, "caseFirst", first)
	})
}

func (x *locales) setTextMethods() {
	x.vm.NativeMethod(x.proto("String"), "localeCompare", 1, func(c goja.FunctionCall) goja.Value {
		if undefined(c.This) || goja.IsNull(c.This) {
			x.typeError("String.prototype.localeCompare called on null or undefined")
		}
		a, b := x.vm.ToText(c.This).String(), x.vm.ToText(c.Argument(0)).String()
		if !undefined(c.Argument(2)) || !undefined(c.Argument(1)) && !goja.IsString(c.Argument(1)) {
			return x.rt.ToValue(x.collation(c.Argument(1), c.Argument(2)).Compare(a, b))
		}
		key := ""
		if v := c.Argument(1); !undefined(v) {
			key = v.String()
		}
		k := x.plain[key]
		if k == nil {
			if len(x.plain) > 20 {
				clear(x.plain)
			}
			k = x.collation(c.Argument(1), goja.Undefined())
			x.plain[key] = k
		}
		return x.rt.ToValue(k.Compare(a, b))
	})
}

// setListMethod has Array.prototype.toLocaleString pass on what it is given.
func (x *locales) setListMethod() {
	proto := x.proto("Array")
	depth := 0
	x.vm.NativeMethod(proto, "toLocaleString", 0, func(c goja.FunctionCall) goja.Value {
		if undefined(c.This) || goja.IsNull(c.This) {
			x.typeError("Array.prototype.toLocaleString called on null or undefined")
		}
		if depth > 1000 {
			x.rangeError("Maximum call stack size exceeded")
		}
		depth++
		defer func() { depth-- }()
		o := c.This.ToObject(x.rt)
		var b strings.Builder
		for i := range lengthOf(o.Get("length")) {
			x.vm.CheckStop()
			if i > 0 {
				b.WriteByte(',')
			}
			v := o.Get(strconv.Itoa(i))
			if undefined(v) || goja.IsNull(v) || v == c.This {
				continue
			}
			b.WriteString(x.vm.ToText(x.function(v.ToObject(x.rt).Get("toLocaleString")).Call(v, c.Arguments...)).String())
		}
		return x.rt.ToValue(b.String())
	})
}

// timeOf is a moment given as a Date or number; false when it is none.
func timeOf(f float64) (time.Time, bool) {
	if math.IsNaN(f) || math.Abs(f) > 8.64e15 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(f)), true
}
