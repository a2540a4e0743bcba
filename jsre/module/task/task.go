// Package task is the global Task and the module task: the script as a whole, its uncaught
// exceptions and its end.
package task

import (
	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// Module is require('task') and the global Task: on and the other methods of an EventEmitter
// (events exit, uncaughtException, unhandledRejection), exit([code]), nextTick(f, ...args), me().
func Module() engine.Module {
	return engine.Module{Name: "task", Aliases: []string{"Task"}, Setup: setup, Load: func(vm *engine.VM) goja.Value {
		return vm.Runtime().GlobalObject().Get("Task")
	}}
}

func setup(vm *engine.VM) error {
	o := vm.Tasks().Object()
	if err := o.SetPrototype(vm.EmitterPrototype()); err != nil {
		return err
	}
	vm.Export(o, "exit", Exit(vm))
	vm.Export(o, "nextTick", NextTick(vm))
	vm.Export(o, "me", func(goja.FunctionCall) goja.Value { return o })
	vm.SetGlobal("Task", o)
	return nil
}

// Exit is the native function exit([code]); without a code it is process.exitCode.
func Exit(vm *engine.VM) func(goja.FunctionCall) goja.Value {
	return func(c goja.FunctionCall) goja.Value {
		code := vm.ExitCode()
		if a := vm.Args("exit", c.Arguments); a.Given(0) {
			code = int(a.Int(0, "code", -1<<31, 1<<31-1)) & 0xff
		}
		vm.Exit(code)
		return nil
	}
}

// NextTick is the native function nextTick(f, ...args).
func NextTick(vm *engine.VM) func(goja.FunctionCall) goja.Value {
	return func(c goja.FunctionCall) goja.Value {
		f := vm.Args("nextTick", c.Arguments).Func(0, "callback")
		args := append([]goja.Value(nil), c.Arguments[1:]...)
		vm.Loop().NextTick(func() { f.Call(goja.Undefined(), args...) })
		return goja.Undefined()
	}
}
