// Package task is the global Task and the module task: the script as a whole, its uncaught
// exceptions and its end. There is one task, for tasks do not run in parallel.
package task

import (
	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// Module is require('task') and the global Task, an EventEmitter with the events exit,
// uncaughtException and unhandledRejection.
func Module() engine.Module {
	return engine.Module{Name: "task", Aliases: []string{"Task"}, Setup: setup, Load: func(vm *engine.VM) goja.Value {
		return vm.Runtime().GlobalObject().Get("Task")
	}}
}

// only is the number of the one task.
const only = 1

func setup(vm *engine.VM) error {
	vm.LazyGlobal("Task", func() goja.Value { return object(vm) })
	vm.LazyGlobal("ARGUMENT", func() goja.Value {
		args := make([]any, 0, len(vm.Options().Args))
		for _, a := range vm.Options().Args {
			args = append(args, a)
		}
		return vm.Runtime().NewArray(args...)
	})
	return nil
}

// object makes Task: its methods are those of the emitter behind process.on, too.
func object(vm *engine.VM) *goja.Object {
	rt := vm.Runtime()
	o := vm.Tasks().Object()
	if err := o.SetPrototype(vm.EmitterPrototype()); err != nil {
		panic(err)
	}
	vm.Export(o, "exit", Exit(vm))
	vm.Export(o, "nextTick", NextTick(vm))
	give := func(name string, f func(goja.FunctionCall) any) {
		vm.Export(o, name, func(c goja.FunctionCall) goja.Value { return rt.ToValue(f(c)) })
	}
	give("me", func(goja.FunctionCall) any { return only })
	give("parent", func(goja.FunctionCall) any { return 0 })
	give("count", func(goja.FunctionCall) any { return 1 })
	give("isMain", func(goja.FunctionCall) any { return true })
	give("testCancel", func(goja.FunctionCall) any { return false })
	give("list", func(c goja.FunctionCall) any {
		if c.Argument(0).ToBoolean() {
			return rt.NewArray()
		}
		return rt.NewArray(only)
	})
	give("yield", func(goja.FunctionCall) any { return goja.Undefined() })
	vm.Export(o, "create", func(goja.FunctionCall) goja.Value {
		vm.Throw("ENOTSUP", "Task.create: tasks that run in parallel are not there; start another dunlin run for each")
		return nil
	})
	cleanups(vm, o)
	store(vm, o, "tls")
	store(vm, o, "wtls")
	return o
}

// cleanups is Task.cleanup: functions for the normal end of the script, the last one first.
func cleanups(vm *engine.VM, o *goja.Object) {
	var list []func()
	vm.Export(o, "cleanup", func(c goja.FunctionCall) goja.Value {
		f := vm.Args("cleanup", c.Arguments).Func(0, "callback")
		args := append([]goja.Value(nil), c.Arguments[1:]...)
		if list == nil {
			on := vm.CheckFunc("cleanup", vm.EmitterPrototype().Get("on"))
			on.Call(o, vm.Runtime().ToValue("exit"), vm.NewFunction("cleanup", func(c goja.FunctionCall) goja.Value {
				for ; len(list) > 0 && c.Argument(0).ToInteger() == 0; list = list[:len(list)-1] {
					list[len(list)-1]()
				}
				return goja.Undefined()
			}))
		}
		list = append(list, func() { f.Call(goja.Undefined(), args...) })
		return goja.Undefined()
	})
}

// store defines an object that keeps values by name.
func store(vm *engine.VM, o *goja.Object, name string) {
	values := map[string]goja.Value{}
	s := vm.NewObject()
	export := func(method string, f func(name string, v goja.Value) goja.Value) {
		vm.Export(s, method, func(c goja.FunctionCall) goja.Value {
			return f(vm.Args(method, c.Arguments).String(0, "key"), c.Argument(1))
		})
	}
	export("set", func(name string, v goja.Value) goja.Value { values[name] = v; return goja.Undefined() })
	export("get", func(name string, _ goja.Value) goja.Value {
		if v, ok := values[name]; ok {
			return v
		}
		return goja.Undefined()
	})
	export("has", func(name string, _ goja.Value) goja.Value {
		_, ok := values[name]
		return vm.Runtime().ToValue(ok)
	})
	export("delete", func(name string, _ goja.Value) goja.Value { delete(values, name); return goja.Undefined() })
	_ = o.Set(name, s)
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
