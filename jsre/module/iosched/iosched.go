// Package iosched is the module iosched: serving events from inside the script.
package iosched

import (
	"math"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// checkEvery is how long a turn of forever(check) waits for an event before check is asked again,
// unless the script says otherwise.
const checkEvery = 100 * time.Millisecond

// Module is require('iosched') and the global iosched.
func Module() engine.Module {
	return engine.Module{Name: "iosched", Setup: func(vm *engine.VM) error {
		vm.LazyGlobal("iosched", func() goja.Value {
			v, _ := vm.Require("iosched")
			return v
		})
		return nil
	}, Load: load}
}

func load(vm *engine.VM) goja.Value {
	o := vm.NewObject("READ", 0, "WRITE", 1, "EXCEPT", 2, "ACCEPT", 0, "CONNECT", 1)
	vm.Export(o, "forever", func(c goja.FunctionCall) goja.Value {
		forever(vm, vm.Args("forever", c.Arguments))
		return goja.Undefined()
	})
	vm.Export(o, "poll", func(c goja.FunctionCall) goja.Value {
		// Without a time it waits, as JSRE declares it, but not for what cannot come any more.
		a := vm.Args("poll", c.Arguments)
		return vm.Runtime().ToValue(vm.Loop().Poll(wait(vm, "poll: timeout", a.Value(0), -1)))
	})
	newFiles(vm, o)
	return o
}

// forever serves events until check() is true or check.quit is, asking before each turn; without a
// check it does not return. timeout is the longest wait between two questions, in milliseconds. A
// number alone is the timeout.
func forever(vm *engine.VM, a engine.Args) {
	if !a.Given(0) {
		vm.Loop().Serve(nil, -1)
		return
	}
	if goja.IsNumber(a.Value(0)) {
		vm.Loop().Serve(nil, wait(vm, "forever: timeout", a.Value(0), checkEvery))
		return
	}
	every := wait(vm, "forever: timeout", a.Value(1), checkEvery)
	if check, ok := vm.ToFunc(a.Value(0)); ok {
		vm.Loop().Serve(func() bool {
			v := check.Call(goja.Undefined())
			return v != nil && v.ToBoolean()
		}, every)
		return
	}
	check, ok := a.Value(0).(*goja.Object)
	if !ok {
		vm.ThrowType("forever: check must be a function, got %s", vm.TypeName(a.Value(0)))
	}
	vm.Loop().Serve(func() bool {
		v := check.Get("quit")
		return v != nil && v.ToBoolean()
	}, every)
}

// wait reads a time in milliseconds; negative and Infinity mean without limit.
func wait(vm *engine.VM, what string, v goja.Value, missing time.Duration) time.Duration {
	if !engine.Given(v) {
		return missing
	}
	if !goja.IsNumber(v) {
		vm.ThrowType("%s must be a number, got %s", what, vm.TypeName(v))
	}
	ms := v.ToFloat()
	switch {
	case math.IsNaN(ms):
		vm.ThrowRange("%s must be a number of milliseconds, got NaN", what)
	case ms < 0 || ms > math.MaxInt32:
		return -1
	}
	return time.Duration(ms * float64(time.Millisecond))
}
