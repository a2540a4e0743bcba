// Package events is the module events: the class EventEmitter, whose listeners are held in Go, and the
// globals EventTarget, Event, CustomEvent, AbortController and AbortSignal.
package events

import (
	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// Module is require('events'): the class itself with its functions. The class is a global too.
func Module() engine.Module {
	return engine.Module{Name: "events", Setup: setup, Load: load}
}

func setup(vm *engine.VM) error {
	vm.SetGlobal("EventEmitter", vm.EmitterClass())
	vm.LazyGlobal("EventTarget", func() goja.Value { return classesOf(vm).target })
	vm.LazyGlobal("Event", func() goja.Value { return classesOf(vm).event })
	vm.LazyGlobal("CustomEvent", func() goja.Value { return classesOf(vm).customEvent() })
	vm.LazyGlobal("AbortController", func() goja.Value { return abortOf(vm).controller })
	vm.LazyGlobal("AbortSignal", func() goja.Value { return abortOf(vm).class })
	class := vm.EmitterClass()
	vm.Method(class, "listenerCount", func(c goja.FunctionCall) goja.Value {
		a := vm.Args("listenerCount", c.Arguments)
		return vm.Runtime().ToValue(vm.EmitterOf(a.Object(0, "emitter")).CountOf(a.Value(1)))
	})
	vm.Method(class, "once", func(c goja.FunctionCall) goja.Value { return once(vm, vm.Args("once", c.Arguments)) })
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
		target := a.Object(0, "emitterOrTarget")
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
		target := a.Object(0, "emitterOrTarget")
		if t, ok := vm.Slot(target).(holder); ok {
			return vm.ShowMaxListeners(t.held().max)
		}
		return vm.ShowMaxListeners(vm.EmitterOf(target).MaxListeners())
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
		vm.SetCaptureRejections(vm.CheckBool("EventEmitter.captureRejections", c.Argument(0)))
		return goja.Undefined()
	})
	if err := class.DefineAccessorProperty("captureRejections", get, set, goja.FLAG_TRUE, goja.FLAG_FALSE); err != nil {
		panic(err)
	}
	return class
}

// setMaxListeners sets the limit of the given emitters and targets, or of all new ones.
func setMaxListeners(vm *engine.VM, a engine.Args) goja.Value {
	n := 10
	if a.Len() > 0 {
		n = engine.ReadMaxListeners(a, 0)
	}
	if a.Len() < 2 {
		_ = vm.EmitterClass().Set("defaultMaxListeners", n)
	}
	for i := 1; i < a.Len(); i++ {
		obj := a.Object(i, "eventTargets")
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
	vm.ThrowType("emitter must be an EventEmitter or an EventTarget, got %s", vm.TypeName(target))
	return nil
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
	s := SignalOf(vm, v)
	if s == nil {
		vm.ThrowType("options.signal must be an AbortSignal, got %s", vm.TypeName(v))
	}
	return s
}

// once is a promise of the next event: an array of its arguments, or a rejection by 'error'.
func once(vm *engine.VM, a engine.Args) goja.Value {
	rt := vm.Runtime()
	target, name := a.Object(0, "emitter"), a.Value(1)
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
	target, name := a.Object(0, "emitter"), a.Value(1)
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
