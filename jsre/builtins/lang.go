package builtins

import (
	"math"
	"math/big"
	"strconv"
	"sync"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// lang is what the language has and the engine lacks, of one runtime.
type lang struct {
	vm           *engine.VM
	rt           *goja.Runtime
	iteratorBase *goja.Object // %Iterator.prototype%
}

// setLang defines the members that are missing.
func setLang(vm *engine.VM) error {
	l := &lang{vm: vm, rt: vm.Runtime()}
	l.setSymbols()
	l.setGroups()
	l.setMapGroups()
	l.setPromises()
	l.setStrings()
	l.setMaps()
	l.setMath()
	l.setBuffers()
	l.setIterators()
	vm.LazyGlobal("WeakRef", l.weakRef)
	vm.LazyGlobal("FinalizationRegistry", l.finalizationRegistry)
	return l.rt.GlobalObject().Delete("GoError")
}

func (l *lang) global(name string) *goja.Object { return l.rt.Get(name).ToObject(l.rt) }

func (l *lang) proto(name string) *goja.Object { return l.global(name).Get("prototype").ToObject(l.rt) }

func (l *lang) typeError(text string) { panic(l.vm.NewError("TypeError", "", text)) }

// function is an argument that has to be a function.
func (l *lang) function(v goja.Value) *engine.Func {
	f, ok := l.vm.ToFunc(v)
	if !ok {
		l.typeError(l.show(v) + " is not a function")
	}
	return f
}

// show is a value as V8's errors name it.
func (l *lang) show(v goja.Value) string {
	switch v := v.(type) {
	case nil:
		return "undefined"
	case *goja.Symbol:
		return v.String()
	case *goja.Object:
		if v.ClassName() == "Object" {
			return "#<Object>"
		}
	}
	if goja.IsString(v) {
		return strconv.Quote(v.String())
	}
	return v.String()
}

func (l *lang) setSymbols() {
	symbol := l.global("Symbol")
	for _, name := range []string{"dispose", "asyncDispose", "metadata"} {
		if symbol.Get(name) == nil {
			_ = symbol.DefineDataProperty(name, goja.NewSymbol("Symbol."+name), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
		}
	}
}

// each calls with for every value of an iterable.
func (l *lang) each(items goja.Value, with func(v goja.Value, i int)) {
	if undefined(items) || goja.IsNull(items) {
		l.typeError(l.show(items) + " is not iterable")
	}
	i := 0
	l.rt.ForOf(items, func(v goja.Value) bool {
		with(v, i)
		i++
		return true
	})
}

// setGroups defines Object.groupBy.
func (l *lang) setGroups() {
	l.vm.NativeMethod(l.global("Object"), "groupBy", 2, func(c goja.FunctionCall) goja.Value {
		out := l.rt.CreateObject(nil)
		key := l.function(c.Argument(1))
		names := []goja.Value{}
		groups := map[goja.Value][]any{}
		index := map[string]goja.Value{}
		l.each(c.Argument(0), func(v goja.Value, i int) {
			k := key.Call(goja.Undefined(), v, l.rt.ToValue(i))
			if _, symbol := k.(*goja.Symbol); !symbol {
				text := l.vm.ToText(k)
				if index[text.String()] == nil {
					index[text.String()] = text
				}
				k = index[text.String()]
			}
			if _, ok := groups[k]; !ok {
				names = append(names, k)
			}
			groups[k] = append(groups[k], v)
		})
		for _, k := range names {
			list := l.rt.NewArray(groups[k]...)
			if s, ok := k.(*goja.Symbol); ok {
				_ = out.SetSymbol(s, list)
			} else {
				_ = out.DefineDataProperty(k.String(), list, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
			}
		}
		return out
	})
}

// setMapGroups defines Map.groupBy.
func (l *lang) setMapGroups() {
	m := l.proto("Map")
	get, _ := l.vm.ToFunc(m.Get("get"))
	set, _ := l.vm.ToFunc(m.Get("set"))
	class := l.global("Map")
	l.vm.NativeMethod(class, "groupBy", 2, func(c goja.FunctionCall) goja.Value {
		out, err := l.rt.New(class)
		if err != nil {
			panic(err)
		}
		key := l.function(c.Argument(1))
		push, _ := l.vm.ToFunc(l.rt.NewArray().Get("push"))
		l.each(c.Argument(0), func(v goja.Value, i int) {
			k := key.Call(goja.Undefined(), v, l.rt.ToValue(i))
			list := get.Call(out, k)
			if undefined(list) {
				list = l.rt.NewArray()
				set.Call(out, k, list)
			}
			push.Call(list, v)
		})
		return out
	})
}

// capability is a promise of a class with the functions that settle it.
func (l *lang) capability(class goja.Value) (promise, resolve, reject goja.Value) {
	if _, ok := class.(*goja.Object); !ok {
		l.typeError("Promise.withResolvers called on non-object")
	}
	p, err := l.rt.New(class, l.vm.NewFunction("", func(c goja.FunctionCall) goja.Value {
		resolve, reject = c.Argument(0), c.Argument(1)
		return goja.Undefined()
	}))
	if err != nil {
		panic(err)
	}
	return p, resolve, reject
}

func (l *lang) setPromises() {
	promise := l.global("Promise")
	l.vm.NativeMethod(promise, "withResolvers", 0, func(c goja.FunctionCall) goja.Value {
		p, resolve, reject := l.capability(c.This)
		return l.vm.NewObject("promise", p, "resolve", resolve, "reject", reject)
	})
	l.vm.NativeMethod(promise, "try", 1, func(c goja.FunctionCall) goja.Value {
		p, resolve, reject := l.capability(c.This)
		var v goja.Value
		ex := l.rt.Try(func() {
			v = l.function(c.Argument(0)).Call(goja.Undefined(), c.Arguments[min(1, len(c.Arguments)):]...)
		})
		settle := resolve
		if ex != nil {
			settle, v = reject, ex.Value()
		}
		l.function(settle).Call(goja.Undefined(), v)
		return p
	})
	var fromAsync *engine.Func
	l.vm.NativeMethod(l.global("Array"), "fromAsync", 1, func(c goja.FunctionCall) goja.Value {
		if fromAsync == nil {
			v, err := l.rt.RunProgram(fromAsyncProgram())
			if err != nil {
				panic(err)
			}
			fromAsync = l.function(v)
		}
		return fromAsync.Call(c.This, c.Arguments...)
	})
}

// fromAsyncProgram is Array.fromAsync: what waits is best written in the language itself.
var fromAsyncProgram = sync.OnceValue(func() *goja.Program {
	return goja.MustCompile("<host>", `(async function fromAsync(items, map, self) {
	if (map !== undefined && typeof map !== 'function') throw new TypeError(String(map) + ' is not a function');
	const make = n => { try { return typeof this === 'function' ? n === undefined ? new this() : new this(n) : []; } catch (e) { if (typeof this === 'function' && this.prototype === undefined) return []; throw e; } };
	const put = (out, i, value) => Object.defineProperty(out, i, { value, writable: true, enumerable: true, configurable: true });
	let waits = items[Symbol.asyncIterator], method = waits ?? items[Symbol.iterator];
	if (method === undefined || method === null) {
		const n = Math.min(Math.max(Math.trunc(items.length) || 0, 0), 2 ** 53 - 1), out = make(n);
		for (let i = 0; i < n; i++) { let v = await items[i]; if (map) v = await map.call(self, v, i); put(out, i, v); }
		out.length = n;
		return out;
	}
	const out = make(), it = method.call(items), next = it.next;
	for (let i = 0; ; i++) {
		const r = await next.call(it);
		if (Object(r) !== r) throw new TypeError('Iterator result ' + String(r) + ' is not an object');
		if (r.done) { out.length = i; return out; }
		try {
			let v = r.value;
			if (waits === undefined || waits === null) v = await v;
			if (map) v = await map.call(self, v, i);
			put(out, i, v);
		} catch (e) { try { await it.return?.(); } catch {} throw e; }
	}
})`, false)
})

func (l *lang) setStrings() {
	proto := l.proto("String")
	text := func(c goja.FunctionCall, name string) goja.String {
		if undefined(c.This) || goja.IsNull(c.This) {
			l.typeError("String.prototype." + name + " called on null or undefined")
		}
		return l.vm.ToText(c.This)
	}
	firstLone := func(s goja.String) int {
		if _, wide := l.vm.Units(s); wide != nil {
			for i := range wide {
				if lone(s, i) {
					return i
				}
			}
		}
		return -1
	}
	l.vm.NativeMethod(proto, "isWellFormed", 0, func(c goja.FunctionCall) goja.Value {
		return l.rt.ToValue(firstLone(text(c, "isWellFormed")) < 0)
	})
	l.vm.NativeMethod(proto, "toWellFormed", 0, func(c goja.FunctionCall) goja.Value {
		s := text(c, "toWellFormed")
		if firstLone(s) < 0 {
			return s
		}
		_, wide := l.vm.Units(s)
		out := append([]uint16(nil), wide...)
		for i := range out {
			if lone(s, i) {
				out[i] = 0xfffd
			}
		}
		return goja.StringFromUTF16(out)
	})
}

// setMaps defines getOrInsert and getOrInsertComputed.
func (l *lang) setMaps() {
	for _, class := range []string{"Map", "WeakMap"} {
		proto := l.proto(class)
		has, _ := l.vm.ToFunc(proto.Get("has"))
		get, _ := l.vm.ToFunc(proto.Get("get"))
		set, _ := l.vm.ToFunc(proto.Get("set"))
		l.vm.NativeMethod(proto, "getOrInsert", 2, func(c goja.FunctionCall) goja.Value {
			if has.Call(c.This, c.Argument(0)).ToBoolean() {
				return get.Call(c.This, c.Argument(0))
			}
			set.Call(c.This, c.Argument(0), c.Argument(1))
			return c.Argument(1)
		})
		l.vm.NativeMethod(proto, "getOrInsertComputed", 2, func(c goja.FunctionCall) goja.Value {
			known := has.Call(c.This, c.Argument(0)).ToBoolean()
			f := l.function(c.Argument(1))
			if known {
				return get.Call(c.This, c.Argument(0))
			}
			v := f.Call(goja.Undefined(), c.Argument(0))
			set.Call(c.This, c.Argument(0), v)
			return v
		})
	}
}

func (l *lang) setMath() {
	object := l.global("Math")
	l.vm.NativeMethod(object, "f16round", 1, func(c goja.FunctionCall) goja.Value {
		return l.rt.ToValue(f16round(c.Argument(0).ToFloat()))
	})
	l.vm.NativeMethod(object, "sumPrecise", 1, func(c goja.FunctionCall) goja.Value {
		sum := new(big.Float).SetPrec(2200) // holds any sum of doubles exactly
		special, negative := 0.0, true
		l.each(c.Argument(0), func(v goja.Value, _ int) {
			if !goja.IsNumber(v) {
				l.typeError(l.show(v) + " is not a number")
			}
			f := v.ToFloat()
			negative = negative && f == 0 && math.Signbit(f)
			if math.IsNaN(f) || math.IsInf(f, 0) {
				special += f
				return
			}
			sum.Add(sum, new(big.Float).SetFloat64(f))
		})
		switch {
		case special != 0:
			return l.rt.ToValue(special)
		case negative:
			return l.rt.ToValue(math.Copysign(0, -1))
		}
		f, _ := sum.Float64()
		return l.rt.ToValue(f + 0)
	})
}

// f16round rounds to the nearest number of 16 bits.
func f16round(f float64) float64 {
	if f == 0 || math.IsNaN(f) || math.IsInf(f, 0) {
		return f
	}
	_, exp := math.Frexp(f)
	unit := math.Ldexp(1, max(exp-11, -24))
	r := math.RoundToEven(f/unit) * unit
	if math.Abs(r) > 65504 {
		return math.Copysign(math.Inf(1), f)
	}
	if r == 0 {
		return math.Copysign(0, f)
	}
	return r
}

// setBuffers defines transfer and what goes with it.
func (l *lang) setBuffers() {
	proto := l.proto("ArrayBuffer")
	this := func(v goja.Value, name string) goja.ArrayBuffer {
		if o, ok := v.(*goja.Object); ok && l.vm.IsArrayBuffer(v) {
			if b, ok := o.Export().(goja.ArrayBuffer); ok {
				return b
			}
		}
		l.typeError("Method ArrayBuffer.prototype." + name + " called on incompatible receiver " + l.show(v))
		return goja.ArrayBuffer{}
	}
	l.vm.Getter(proto, "detached", func(v goja.Value) goja.Value { return l.rt.ToValue(this(v, "detached").Detached()) })
	l.vm.Getter(proto, "resizable", func(v goja.Value) goja.Value { this(v, "resizable"); return l.rt.ToValue(false) })
	l.vm.Getter(proto, "maxByteLength", func(v goja.Value) goja.Value { return l.rt.ToValue(len(this(v, "maxByteLength").Bytes())) })
	for _, name := range []string{"transfer", "transferToFixedLength"} {
		l.vm.NativeMethod(proto, name, 0, func(c goja.FunctionCall) goja.Value {
			b := this(c.This, name)
			n := int64(len(b.Bytes()))
			if v := c.Argument(0); !undefined(v) {
				if n = v.ToInteger(); n < 0 || n > 1<<31 {
					panic(l.vm.NewError("RangeError", "", "Invalid array buffer length"))
				}
			}
			if b.Detached() {
				l.typeError("Cannot perform ArrayBuffer.prototype." + name + " on a detached ArrayBuffer")
			}
			data := b.Bytes()
			if n != int64(len(data)) {
				data = make([]byte, n)
				copy(data, b.Bytes())
			}
			b.Detach()
			return l.rt.ToValue(l.rt.NewArrayBuffer(data))
		})
	}
}

func (l *lang) tag(proto *goja.Object, name string) {
	_ = proto.DefineDataPropertySymbol(goja.SymToStringTag, l.rt.ToValue(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}
