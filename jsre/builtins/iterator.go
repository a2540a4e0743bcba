package builtins

import (
	"math"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// iteration is an iterator that a helper takes values from.
type iteration struct {
	l    *lang
	it   *goja.Object
	next goja.Value
}

// direct is the iterator that a method is called on.
func (l *lang) direct(v goja.Value, method string) *iteration {
	o, ok := v.(*goja.Object)
	if !ok {
		l.typeError("Iterator.prototype." + method + " called on non-object")
	}
	return &iteration{l, o, o.Get("next")}
}

// step is the next value, false at the end.
func (i *iteration) step() (goja.Value, bool) {
	v := i.l.function(i.next).Call(i.it)
	o, ok := v.(*goja.Object)
	if !ok {
		i.l.typeError("Iterator result " + i.l.show(v) + " is not an object")
	}
	if done := o.Get("done"); done != nil && done.ToBoolean() {
		return nil, false
	}
	value := o.Get("value")
	if value == nil {
		value = goja.Undefined()
	}
	return value, true
}

// close tells the iterator that no more is wanted.
func (i *iteration) close() {
	if f, ok := i.l.vm.ToFunc(i.it.Get("return")); ok {
		f.Call(i.it)
	}
}

// guard calls f, and closes the iterator when that throws.
func (i *iteration) guard(f func() goja.Value) goja.Value {
	var v goja.Value
	if ex := i.l.rt.Try(func() { v = f() }); ex != nil {
		_ = i.l.rt.Try(i.close)
		panic(ex)
	}
	return v
}

// helper is an iterator that a method like map gives.
type helper struct {
	next    func() (goja.Value, bool)
	close   func()
	done    bool
	running bool
}

// setIterators defines Iterator and its helpers.
func (l *lang) setIterators() {
	values, _ := goja.AssertFunction(l.rt.NewArray().Get("values"))
	list, err := values(l.rt.NewArray())
	if err != nil {
		panic(err)
	}
	l.iteratorBase = list.ToObject(l.rt).Prototype().Prototype()
	base := l.iteratorBase
	for name, f := range map[string]func(*iteration, goja.FunctionCall) goja.Value{
		"map": l.iterMap, "filter": l.iterFilter, "take": l.iterTake, "drop": l.iterDrop, "flatMap": l.iterFlatMap,
		"reduce": l.iterReduce, "toArray": l.iterToArray, "forEach": l.iterForEach,
		"some": l.iterSome, "every": l.iterEvery, "find": l.iterFind,
	} {
		length := 1
		if name == "toArray" {
			length = 0
		}
		l.vm.NativeMethod(base, name, length, func(c goja.FunctionCall) goja.Value { return f(l.direct(c.This, name), c) })
	}
	l.vm.LazyGlobal("Iterator", l.iteratorClass)
}

func (l *lang) iteratorClass() goja.Value {
	var class *goja.Object
	class, _ = l.vm.NewClass("Iterator", func(c goja.ConstructorCall) *goja.Object {
		if c.NewTarget == nil || c.NewTarget == class {
			l.typeError("Abstract class Iterator not directly constructable")
		}
		return nil
	})
	l.vm.SetCall(class, func(goja.FunctionCall) goja.Value {
		l.typeError("Constructor Iterator requires 'new'")
		return nil
	})
	_ = class.DefineDataProperty("prototype", l.iteratorBase, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
	_ = l.iteratorBase.DefineDataProperty("constructor", class, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	l.vm.NativeMethod(class, "from", 1, func(c goja.FunctionCall) goja.Value {
		o, ok := c.Argument(0).(*goja.Object)
		if !ok && !goja.IsString(c.Argument(0)) {
			l.typeError("Iterator.from called on non-object")
		}
		if !ok {
			o = c.Argument(0).ToObject(l.rt)
		}
		if f, ok := l.vm.ToFunc(o.GetSymbol(goja.SymIterator)); ok {
			o, ok = f.Call(o).(*goja.Object)
			if !ok {
				l.typeError("Result of the Symbol.iterator method is not an object")
			}
		}
		for p := o.Prototype(); p != nil; p = p.Prototype() {
			if p == l.iteratorBase {
				return o
			}
		}
		i := &iteration{l, o, o.Get("next")}
		return l.newHelper(i.step, i.close)
	})
	return class
}

// newHelper makes the object of a helper.
func (l *lang) newHelper(next func() (goja.Value, bool), shut func()) goja.Value {
	proto := l.vm.Shared(helperKey{}, func() any { return l.helperPrototype() })
	p, _ := proto.(*goja.Object)
	o := l.rt.CreateObject(p)
	l.vm.SetSlot(o, &helper{next: next, close: shut})
	return o
}

type helperKey struct{}

func (l *lang) helperPrototype() *goja.Object {
	p := l.rt.CreateObject(l.iteratorBase)
	result := func(v goja.Value, done bool) goja.Value { return l.vm.NewObject("value", v, "done", done) }
	this := func(c goja.FunctionCall, name string) *helper {
		h, ok := l.vm.Slot(c.This).(*helper)
		if !ok {
			l.typeError("Method Iterator Helper.prototype." + name + " called on incompatible receiver " + l.show(c.This))
		}
		if h.running {
			l.typeError("Generator is already running")
		}
		return h
	}
	l.vm.NativeMethod(p, "next", 0, func(c goja.FunctionCall) goja.Value {
		h := this(c, "next")
		if h.done {
			return result(goja.Undefined(), true)
		}
		h.running, h.done = true, true // what throws ends it
		defer func() { h.running = false }()
		v, ok := h.next()
		if !ok {
			return result(goja.Undefined(), true)
		}
		h.done = false
		return result(v, false)
	})
	l.vm.NativeMethod(p, "return", 0, func(c goja.FunctionCall) goja.Value {
		h := this(c, "return")
		if !h.done {
			h.done = true
			h.close()
		}
		return result(goja.Undefined(), true)
	})
	l.tag(p, "Iterator Helper")
	return p
}

// callback is the function that a helper is given; the iterator is closed when it is none.
func (i *iteration) callback(v goja.Value) func(args ...goja.Value) goja.Value {
	f := (*engine.Func)(nil)
	i.guard(func() goja.Value { f = i.l.function(v); return nil })
	return func(args ...goja.Value) goja.Value {
		return i.guard(func() goja.Value { return f.Call(goja.Undefined(), args...) })
	}
}

func (l *lang) number(n int) goja.Value { return l.rt.ToValue(n) }

func (l *lang) iterMap(i *iteration, c goja.FunctionCall) goja.Value {
	f, n := i.callback(c.Argument(0)), 0
	return l.newHelper(func() (goja.Value, bool) {
		v, ok := i.step()
		if !ok {
			return nil, false
		}
		n++
		return f(v, l.number(n-1)), true
	}, i.close)
}

func (l *lang) iterFilter(i *iteration, c goja.FunctionCall) goja.Value {
	f, n := i.callback(c.Argument(0)), 0
	return l.newHelper(func() (goja.Value, bool) {
		for {
			v, ok := i.step()
			if !ok {
				return nil, false
			}
			n++
			if f(v, l.number(n-1)).ToBoolean() {
				return v, true
			}
			l.vm.CheckStop()
		}
	}, i.close)
}

// count is the argument of take and drop.
func (l *lang) count(i *iteration, v goja.Value) int64 {
	n := int64(0)
	i.guard(func() goja.Value {
		f := v.ToFloat()
		if math.IsNaN(f) || f <= -1 {
			panic(l.vm.NewError("RangeError", "", v.String()+" must be positive"))
		}
		if math.IsInf(f, 1) {
			n = math.MaxInt64
		} else {
			n = v.ToInteger()
		}
		return nil
	})
	return n
}

func (l *lang) iterTake(i *iteration, c goja.FunctionCall) goja.Value {
	left := l.count(i, c.Argument(0))
	return l.newHelper(func() (goja.Value, bool) {
		if left == 0 {
			i.close()
			return nil, false
		}
		left--
		return i.step()
	}, i.close)
}

func (l *lang) iterDrop(i *iteration, c goja.FunctionCall) goja.Value {
	left := l.count(i, c.Argument(0))
	return l.newHelper(func() (goja.Value, bool) {
		for ; left > 0; left-- {
			if _, ok := i.step(); !ok {
				return nil, false
			}
			l.vm.CheckStop()
		}
		return i.step()
	}, i.close)
}

func (l *lang) iterFlatMap(i *iteration, c goja.FunctionCall) goja.Value {
	f, n := i.callback(c.Argument(0)), 0
	var inner *iteration
	shut := func() {
		if inner != nil {
			_ = l.rt.Try(inner.close)
		}
		i.close()
	}
	return l.newHelper(func() (goja.Value, bool) {
		for {
			l.vm.CheckStop()
			if inner != nil {
				var v goja.Value
				more := false
				i.guard(func() goja.Value { v, more = inner.step(); return nil })
				if more {
					return v, true
				}
				inner = nil
			}
			v, ok := i.step()
			if !ok {
				return nil, false
			}
			n++
			mapped := f(v, l.number(n-1))
			i.guard(func() goja.Value {
				o, ok := mapped.(*goja.Object)
				if !ok {
					l.typeError(l.show(mapped) + " is not an object")
				}
				if it, ok := l.vm.ToFunc(o.GetSymbol(goja.SymIterator)); ok {
					o, _ = it.Call(o).(*goja.Object)
				}
				inner = l.direct(o, "flatMap")
				return nil
			})
		}
	}, shut)
}

// all calls with for every value until that returns false, which closes the iterator.
func (i *iteration) all(with func(v, n goja.Value) bool) {
	for n := 0; ; n++ {
		v, ok := i.step()
		if !ok {
			return
		}
		if !with(v, i.l.number(n)) {
			i.close()
			return
		}
		i.l.vm.CheckStop()
	}
}

func (l *lang) iterReduce(i *iteration, c goja.FunctionCall) goja.Value {
	f := i.callback(c.Argument(0))
	n := 0
	var sum goja.Value
	if len(c.Arguments) > 1 {
		sum = c.Arguments[1]
	} else {
		v, ok := i.step()
		if !ok {
			l.typeError("Reduce of a done iterator with no initial value")
		}
		sum, n = v, 1
	}
	i.all(func(v, _ goja.Value) bool {
		sum = f(sum, v, l.number(n))
		n++
		return true
	})
	return sum
}

func (l *lang) iterToArray(i *iteration, _ goja.FunctionCall) goja.Value {
	var list []any
	i.all(func(v, _ goja.Value) bool { list = append(list, v); return true })
	return l.rt.NewArray(list...)
}

func (l *lang) iterForEach(i *iteration, c goja.FunctionCall) goja.Value {
	f := i.callback(c.Argument(0))
	i.all(func(v, n goja.Value) bool { f(v, n); return true })
	return goja.Undefined()
}

func (l *lang) iterSome(i *iteration, c goja.FunctionCall) goja.Value {
	f, found := i.callback(c.Argument(0)), false
	i.all(func(v, n goja.Value) bool { found = f(v, n).ToBoolean(); return !found })
	return l.rt.ToValue(found)
}

func (l *lang) iterEvery(i *iteration, c goja.FunctionCall) goja.Value {
	f, all := i.callback(c.Argument(0)), true
	i.all(func(v, n goja.Value) bool { all = f(v, n).ToBoolean(); return all })
	return l.rt.ToValue(all)
}

func (l *lang) iterFind(i *iteration, c goja.FunctionCall) goja.Value {
	f, found := i.callback(c.Argument(0)), goja.Undefined()
	i.all(func(v, n goja.Value) bool {
		if f(v, n).ToBoolean() {
			found = v
			return false
		}
		return true
	})
	return found
}
