// Package events is the module events: the class EventEmitter, whose listeners are held in Go, and the
// globals EventTarget, Event, CustomEvent, AbortController and AbortSignal.
package events

import (
	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/inspect"
	"dunlin/jsre/nodeerr"
)

// Module is require('events'): the class itself with its functions. The class is a global too.
func Module() engine.Module {
	return engine.Module{Name: "events", Setup: setup, Load: load}
}

func setup(vm *engine.VM) error {
	inspect.Of(vm)
	vm.SetShown(engine.Shown{Received: nodeerr.Received, Inspect: func(vm *engine.VM, v goja.Value) string {
		in := inspect.Of(vm)
		return in.Inspect(v, in.Defaults())
	}})
	vm.SetGlobal("EventEmitter", vm.EmitterClass())
	vm.LazyGlobal("EventTarget", func() goja.Value { return classesOf(vm).target })
	vm.LazyGlobal("Event", func() goja.Value { return classesOf(vm).event })
	vm.LazyGlobal("CustomEvent", func() goja.Value { return classesOf(vm).customEvent() })
	vm.LazyGlobal("AbortController", func() goja.Value { return abortOf(vm).controller })
	vm.LazyGlobal("AbortSignal", func() goja.Value { return abortOf(vm).class })
	class := vm.EmitterClass()
	vm.Method(class, "listenerCount", func(c goja.FunctionCall) goja.Value {
		a := vm.Args("listenerCount", c.Arguments)
		return vm.Runtime().ToValue(vm.EmitterOf(emitterArg(vm, "emitter", a.Value(0))).CountOf(a.Value(1)))
	})
	vm.Method(class, "once", func(c goja.FunctionCall) goja.Value {
		return promised(vm, func() goja.Value { return once(vm, vm.Args("once", c.Arguments)) })
	})
	return nil
}

// load adds to the class what few scripts use.
func load(vm *engine.VM) goja.Value {
	class := vm.EmitterClass()
	export := func(name string, f func(engine.Args) goja.Value) {
		vm.Method(class, name, func(c goja.FunctionCall) goja.Value { return f(vm.Args(name, c.Arguments)) })
	}
	export("on", func(a engine.Args) goja.Value { return on(vm, a) })
	export("getEventListeners", func(a engine.Args) goja.Value {
		target := emitterArg(vm, "emitter", a.Value(0))
		out := []any{}
		list := vm.EmitterOf(target).Listeners
		if t, ok := vm.Slot(target).(holder); ok {
			list = t.held().listeners
		}
		for _, v := range list(a.Value(1)) {
			out = append(out, v)
		}
		return vm.Runtime().NewArray(out...)
	})
	export("getMaxListeners", func(a engine.Args) goja.Value {
		target := emitterArg(vm, "emitter", a.Value(0))
		if t, ok := vm.Slot(target).(holder); ok {
			return vm.Runtime().ToValue(t.held().max)
		}
		return vm.Runtime().ToValue(vm.EmitterOf(target).MaxListeners())
	})
	export("setMaxListeners", func(a engine.Args) goja.Value { return setMaxListeners(vm, a) })
	export("addAbortListener", func(a engine.Args) goja.Value { return addAbortListener(vm, a) })
	export("inherits", func(a engine.Args) goja.Value { return inherits(vm, a) })
	constant := func(name string, v goja.Value) {
		_ = class.DefineDataProperty(name, v, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
	}
	constant("errorMonitor", vm.ErrorMonitor())
	constant("captureRejectionSymbol", vm.SymbolFor("nodejs.rejection"))
	get := vm.NewFunction("get captureRejections", func(goja.FunctionCall) goja.Value { return vm.Runtime().ToValue(vm.CaptureRejections()) })
	set := vm.NewFunction("set captureRejections", func(c goja.FunctionCall) goja.Value {
		if v := c.Argument(0); vm.TypeName(v) != "boolean" {
			nodeerr.ArgType(vm, "EventEmitter.captureRejections", "of type boolean", v)
		}
		vm.SetCaptureRejections(c.Argument(0).ToBoolean())
		return goja.Undefined()
	})
	if err := class.DefineAccessorProperty("captureRejections", get, set, goja.FLAG_TRUE, goja.FLAG_FALSE); err != nil {
		panic(err)
	}
	return class
}

// setMaxListeners sets the limit of the given emitters and targets, or of all new ones.
func setMaxListeners(vm *engine.VM, a engine.Args) goja.Value {
	n := 10.0
	if !goja.IsUndefined(a.Value(0)) {
		n = vm.ReadMaxListeners("setMaxListeners", a.Value(0))
	}
	if a.Len() < 2 {
		vm.SetMaxListeners(n)
	}
	for i := 1; i < a.Len(); i++ {
		obj := emitterArg(vm, "eventTargets", a.Value(i))
		if t, ok := vm.Slot(obj).(holder); ok {
			t.held().max = n
		} else {
			vm.EmitterOf(obj).SetMaxListeners(n)
		}
	}
	return goja.Undefined()
}

// inherits makes a class, or one object, an emitter.
func inherits(vm *engine.VM, a engine.Args) goja.Value {
	obj, ok := a.Value(0).(*goja.Object)
	if !ok {
		vm.ThrowType("inherits: obj must be an object or a class, got %s", vm.TypeName(a.Value(0)))
	}
	if proto, ok := obj.Get("prototype").(*goja.Object); ok {
		if err := proto.SetPrototype(vm.EmitterPrototype()); err != nil {
			panic(err)
		}
		return goja.Undefined()
	}
	for _, k := range vm.EmitterPrototype().Keys() {
		if err := obj.Set(k, vm.EmitterPrototype().Get(k)); err != nil {
			panic(err)
		}
	}
	return goja.Undefined()
}

// listen adds a listener to an emitter or an EventTarget, and gives what takes it off.
func listen(vm *engine.VM, target *goja.Object, name goja.Value, f func([]goja.Value)) (off func()) {
	fn := vm.NewFunction("", func(c goja.FunctionCall) goja.Value {
		f(c.Arguments)
		return goja.Undefined()
	})
	for _, way := range [][2]string{{"on", "off"}, {"addEventListener", "removeEventListener"}} {
		add, ok := vm.ToFunc(target.Get(way[0]))
		remove, ok2 := vm.ToFunc(target.Get(way[1]))
		if ok && ok2 {
			add.Call(target, name, fn)
			return func() { remove.Call(target, name, fn) }
		}
	}
	nodeerr.ArgType(vm, "emitter", "an instance of EventEmitter", target)
	return nil
}

// emitterArg is an argument that must be an object with listeners.
func emitterArg(vm *engine.VM, name string, v goja.Value) *goja.Object {
	obj, ok := v.(*goja.Object)
	if !ok {
		nodeerr.ArgType(vm, name, "an instance of EventEmitter or EventTarget", v)
	}
	return obj
}

// signalOption is the signal among the options of a call, nil when there is none. A signal that has
// fired already throws an AbortError.
func signalOption(vm *engine.VM, a engine.Args, i int) *Signal {
	opts, ok := a.Value(i).(*goja.Object)
	if !ok {
		return nil
	}
	v := vm.Field(opts, "signal")
	if goja.IsUndefined(v) {
		return nil
	}
	return needSignal(vm, "options.signal", v)
}

// needSignal is the signal that a script must give.
func needSignal(vm *engine.VM, name string, v goja.Value) *Signal {
	s := SignalOf(vm, v)
	if s == nil {
		nodeerr.ArgType(vm, name, "an instance of AbortSignal", v)
	}
	return s
}

// promised is a promise that what is wrong with the arguments rejects.
func promised(vm *engine.VM, f func() goja.Value) (out goja.Value) {
	if ex := vm.Runtime().Try(func() { out = f() }); ex != nil {
		promise, _, reject := vm.Runtime().NewPromise()
		_ = reject(ex.Value())
		return vm.Runtime().ToValue(promise)
	}
	return out
}

// emitterOf is the emitter or target whose events a script waits for.
func emitterOf(vm *engine.VM, v goja.Value) *goja.Object {
	obj, ok := v.(*goja.Object)
	if !ok {
		nodeerr.ArgType(vm, "emitter", "an instance of EventEmitter", v)
	}
	return obj
}

// once is a promise of the next event: an array of its arguments, or a rejection by 'error'.
func once(vm *engine.VM, a engine.Args) goja.Value {
	rt := vm.Runtime()
	target, name := emitterOf(vm, a.Value(0)), a.Value(1)
	promise, resolve, reject := rt.NewPromise()
	signal := signalOption(vm, a, 2)
	if signal != nil && signal.aborted {
		_ = reject(AbortError(vm, signal))
		return rt.ToValue(promise)
	}
	var offs []func()
	settle := func(f func(any) error, v goja.Value) {
		for _, off := range offs {
			off()
		}
		_ = f(v)
	}
	offs = append(offs, listen(vm, target, name, func(args []goja.Value) {
		list := make([]any, len(args))
		for i, v := range args {
			list[i] = v
		}
		settle(resolve, rt.NewArray(list...))
	}))
	if _, emitter := vm.ToFunc(target.Get("on")); emitter && (!goja.IsString(name) || name.String() != "error") {
		offs = append(offs, listen(vm, target, rt.ToValue("error"), func(args []goja.Value) {
			settle(reject, first(args))
		}))
	}
	if signal != nil {
		offs = append(offs, signal.OnAbort(func() { settle(reject, AbortError(vm, signal)) }))
	}
	return rt.ToValue(promise)
}

func first(args []goja.Value) goja.Value {
	if len(args) == 0 {
		return goja.Undefined()
	}
	return args[0]
}

// on is an asynchronous iterator of an event's arguments.
func on(vm *engine.VM, a engine.Args) goja.Value {
	rt := vm.Runtime()
	target, name := emitterOf(vm, a.Value(0)), a.Value(1)
	signal := signalOption(vm, a, 2)
	if signal != nil && signal.aborted {
		panic(AbortError(vm, signal))
	}
	var offs []func()
	it := vm.NewAsyncIterator(func() {
		for _, off := range offs {
			off()
		}
	})
	offs = append(offs, listen(vm, target, name, func(args []goja.Value) {
		list := make([]any, len(args))
		for i, v := range args {
			list[i] = v
		}
		it.Push(rt.NewArray(list...))
	}))
	if _, emitter := vm.ToFunc(target.Get("on")); emitter && (!goja.IsString(name) || name.String() != "error") {
		offs = append(offs, listen(vm, target, rt.ToValue("error"), func(args []goja.Value) { it.Fail(first(args)) }))
	}
	if opts, ok := a.Value(2).(*goja.Object); ok {
		if list, ok := vm.Field(opts, "close").(*goja.Object); ok {
			for _, k := range list.Keys() {
				offs = append(offs, listen(vm, target, list.Get(k), func([]goja.Value) { it.End() }))
			}
		}
	}
	if signal != nil {
		offs = append(offs, signal.OnAbort(func() { it.Fail(AbortError(vm, signal)) }))
	}
	return it.Object()
}
