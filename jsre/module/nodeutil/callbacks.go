package nodeutil

import (
	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/nodeerr"
)

// callbacks are the functions between callbacks and promises, and inherits.
func (u *util) callbacks() {
	u.export("promisify", u.promisify)
	if f, ok := u.o.Get("promisify").(*goja.Object); ok {
		_ = f.Set("custom", u.custom())
	}
	u.export("callbackify", u.callbackify)
	u.export("inherits", u.inherits)
	u.export("aborted", u.aborted)
}

// custom is the symbol of the property in which a function keeps its own promise form.
func (u *util) custom() *goja.Symbol { return u.vm.SymbolFor("nodejs.util.promisify.custom") }

// like makes a function with the prototype and the properties of another. An empty name keeps its
// name.
func (u *util) like(f *engine.Func, name string, call func(goja.FunctionCall) goja.Value) *goja.Object {
	old, _ := f.Value().(*goja.Object)
	out := u.vm.NewFunction("", call)
	_ = out.SetPrototype(old.Prototype())
	class := u.vm.Original("Object")
	all := u.vm.OriginalFunc("Object.getOwnPropertyDescriptors").Call(class, old)
	if o, ok := all.(*goja.Object); ok {
		_ = o.Delete("prototype")
	}
	u.vm.OriginalFunc("Object.defineProperties").Call(class, out, all)
	if name != "" {
		_ = out.DefineDataProperty("name", u.rt.ToValue(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	}
	return out
}

// promisify makes a function that takes a callback(error, value) return a promise.
func (u *util) promisify(a engine.Args) goja.Value {
	f := nodeerr.Func(u.vm, "original", a.Value(0))
	obj, _ := f.Value().(*goja.Object)
	if own := obj.GetSymbol(u.custom()); engine.Given(own) {
		return nodeerr.Func(u.vm, "util.promisify.custom", own).Value()
	}
	out := u.like(f, "", func(c goja.FunctionCall) goja.Value {
		promise, resolve, reject := u.rt.NewPromise()
		done := u.vm.NewFunction("callback", func(r goja.FunctionCall) goja.Value {
			if engine.Given(r.Argument(0)) && r.Argument(0).ToBoolean() {
				_ = reject(r.Argument(0))
			} else {
				_ = resolve(r.Argument(1))
			}
			return goja.Undefined()
		})
		args := append(append([]goja.Value(nil), c.Arguments...), done)
		if ex := u.rt.Try(func() { f.Call(c.This, args...) }); ex != nil {
			_ = reject(ex.Value())
		}
		return u.rt.ToValue(promise)
	})
	_ = out.DefineDataPropertySymbol(u.custom(), out, goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	return out
}

// callbackify makes a function that returns a promise take a callback(error, value).
func (u *util) callbackify(a engine.Args) goja.Value {
	f := nodeerr.Func(u.vm, "original", a.Value(0))
	obj, _ := f.Value().(*goja.Object)
	return u.like(f, obj.Get("name").String()+"Callbackified", func(c goja.FunctionCall) goja.Value {
		n := len(c.Arguments) - 1
		callback := nodeerr.Func(u.vm, "last argument", c.Argument(max(n, 0)))
		promise := f.Call(c.This, c.Arguments[:n]...)
		later := func(args ...goja.Value) {
			u.vm.Loop().NextTick(func() { callback.Call(c.This, args...) })
		}
		u.settled(promise, func(v goja.Value) { later(goja.Null(), v) }, func(reason goja.Value) {
			if !reason.ToBoolean() {
				reason = u.vm.NewError("Error", "ERR_FALSY_VALUE_REJECTION", "Promise was rejected with falsy value", "reason", reason)
			}
			later(reason)
		})
		return goja.Undefined()
	})
}

// settled calls back when a promise is settled.
func (u *util) settled(promise goja.Value, resolved, rejected func(goja.Value)) {
	obj, ok := promise.(*goja.Object)
	if !ok {
		u.vm.ThrowType("the function must return a promise, got %s", u.vm.TypeName(promise))
	}
	then := u.vm.CheckFunc("then of what the function returned", obj.Get("then"))
	wrap := func(f func(goja.Value)) goja.Value {
		return u.vm.NewFunction("", func(c goja.FunctionCall) goja.Value {
			f(c.Argument(0))
			return goja.Undefined()
		})
	}
	then.Call(obj, wrap(resolved), wrap(rejected))
}

// inherits puts a class of the old kind under another.
func (u *util) inherits(a engine.Args) goja.Value {
	child := nodeerr.Func(u.vm, "ctor", a.Value(0)).Value().ToObject(u.rt)
	if !a.Given(1) {
		nodeerr.ArgType(u.vm, "superCtor", "of type function", a.Value(1))
	}
	parent := a.Value(1).ToObject(u.rt)
	proto, ok := child.Get("prototype").(*goja.Object)
	super, ok2 := parent.Get("prototype").(*goja.Object)
	if !ok2 {
		nodeerr.ArgType(u.vm, "superCtor.prototype", "of type object", parent.Get("prototype"))
	}
	if !ok {
		nodeerr.ArgType(u.vm, "ctor.prototype", "of type object", child.Get("prototype"))
	}
	_ = child.DefineDataProperty("super_", parent, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	if err := proto.SetPrototype(super); err != nil {
		panic(err)
	}
	return goja.Undefined()
}

// aborted is a promise of the end of a signal.
func (u *util) aborted(a engine.Args) goja.Value {
	signal := a.Object(0, "signal")
	a.Object(1, "resource")
	promise, resolve, _ := u.rt.NewPromise()
	if v := signal.Get("aborted"); v != nil && v.ToBoolean() {
		_ = resolve(goja.Undefined())
		return u.rt.ToValue(promise)
	}
	add := u.vm.CheckFunc("aborted: addEventListener of signal", signal.Get("addEventListener"))
	add.Call(signal, u.rt.ToValue("abort"), u.vm.NewFunction("", func(goja.FunctionCall) goja.Value {
		_ = resolve(goja.Undefined())
		return goja.Undefined()
	}))
	return u.rt.ToValue(promise)
}
