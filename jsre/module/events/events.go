// Package events is the module events: the class EventEmitter, whose listeners are held in Go.
package events

import (
	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// Module is require('events'): the class itself, with once and listenerCount. The class is a global
// too.
func Module() engine.Module {
	return engine.Module{Name: "events", Setup: setup, Load: func(vm *engine.VM) goja.Value { return vm.EmitterClass() }}
}

func setup(vm *engine.VM) error {
	class := vm.EmitterClass()
	vm.SetGlobal("EventEmitter", class)
	vm.Method(class, "listenerCount", func(c goja.FunctionCall) goja.Value {
		a := vm.Args("listenerCount", c.Arguments)
		return vm.Runtime().ToValue(vm.EmitterOf(a.Object(0, "emitter")).CountOf(a.Value(1)))
	})
	vm.Method(class, "once", func(c goja.FunctionCall) goja.Value { return once(vm, vm.Args("once", c.Arguments)) })
	return nil
}

// once is a promise of the next event: an array of its arguments, or a rejection by 'error'.
func once(vm *engine.VM, a engine.Args) goja.Value {
	rt := vm.Runtime()
	target := a.Object(0, "emitter")
	name := a.Value(1)
	promise, resolve, reject := rt.NewPromise()
	done := false
	settle := func(f func(any) error, v goja.Value) {
		if !done {
			done = true
			_ = f(v)
		}
	}
	add, ok := vm.ToFunc(target.Get("once"))
	if !ok {
		vm.ThrowType("once: emitter must be an EventEmitter, got %s", vm.TypeName(target))
	}
	add.Call(target, name, vm.NewFunction("once", func(c goja.FunctionCall) goja.Value {
		args := make([]any, len(c.Arguments))
		for i, v := range c.Arguments {
			args[i] = v
		}
		settle(resolve, rt.NewArray(args...))
		return nil
	}))
	if !goja.IsString(name) || name.String() != "error" {
		add.Call(target, rt.ToValue("error"), vm.NewFunction("onceError", func(c goja.FunctionCall) goja.Value {
			settle(reject, c.Argument(0))
			return nil
		}))
	}
	return rt.ToValue(promise)
}
