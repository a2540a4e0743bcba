// Package asynctimer is the module async/timer: waiting with await.
package asynctimer

import (
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// Module is require('async/timer'): delay(ms) and yield(), promises of null.
func Module() engine.Module {
	return engine.Module{Name: "async/timer", Load: load}
}

func load(vm *engine.VM) goja.Value {
	rt := vm.Runtime()
	o := vm.NewObject()
	vm.Export(o, "delay", func(c goja.FunctionCall) goja.Value {
		ms := vm.Args("delay", c.Arguments).Int(0, "ms", 0, 1<<31-1)
		promise, resolve, _ := rt.NewPromise()
		vm.Loop().NewTimer(time.Duration(ms)*time.Millisecond, false, func() { _ = resolve(goja.Null()) })
		return rt.ToValue(promise)
	})
	vm.Export(o, "yield", func(goja.FunctionCall) goja.Value {
		promise, resolve, _ := rt.NewPromise()
		vm.Loop().SetImmediate(func() { _ = resolve(goja.Null()) })
		return rt.ToValue(promise)
	})
	return o
}
