// Package nodeutil is the module util: inspect, format, promisify, inherits and a few more that old
// scripts use.
package nodeutil

import (
	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/inspect"
)

// Module is require('util').
func Module() engine.Module {
	return engine.Module{
		Name:  "util",
		Setup: func(vm *engine.VM) error { inspect.Of(vm); return nil },
		Load:  func(vm *engine.VM) goja.Value { return load(vm, inspect.Of(vm)) },
	}
}

func load(vm *engine.VM, in *inspect.Inspector) goja.Value {
	rt := vm.Runtime()
	o := vm.NewObject("TextEncoder", rt.Get("TextEncoder"), "TextDecoder", rt.Get("TextDecoder"))
	show := vm.NewFunction("inspect", func(c goja.FunctionCall) goja.Value {
		return rt.ToValue(in.Inspect(c.Argument(0), options(vm, in, c)))
	})
	_ = show.Set("custom", in.Custom())
	_ = o.Set("inspect", show)
	vm.Export(o, "format", func(c goja.FunctionCall) goja.Value { return rt.ToValue(in.Format(c.Arguments, inspect.Defaults())) })
	vm.Export(o, "promisify", func(c goja.FunctionCall) goja.Value {
		return promisify(vm, vm.Args("promisify", c.Arguments).Func(0, "original"))
	})
	vm.Export(o, "inherits", func(c goja.FunctionCall) goja.Value {
		return inherits(vm, vm.Args("inherits", c.Arguments))
	})
	vm.Export(o, "deprecate", func(c goja.FunctionCall) goja.Value {
		return vm.Args("deprecate", c.Arguments).Func(0, "fn").Value()
	})
	return o
}

// options reads inspect's further arguments: an object, or showHidden, depth and colors.
func options(vm *engine.VM, in *inspect.Inspector, c goja.FunctionCall) inspect.Options {
	o := inspect.Defaults()
	opts, ok := c.Argument(1).(*goja.Object)
	if !ok {
		opts = vm.NewObject("showHidden", c.Argument(1))
		if len(c.Arguments) > 2 && !goja.IsUndefined(c.Argument(2)) {
			_ = opts.Set("depth", c.Argument(2))
		}
		_ = opts.Set("colors", c.Argument(3))
	}
	return in.ReadOptions(opts, o)
}

// promisify makes a function that takes a callback(error, value) return a promise.
func promisify(vm *engine.VM, f *engine.Func) goja.Value {
	return vm.NewFunction("promisified", func(c goja.FunctionCall) goja.Value {
		promise, resolve, reject := vm.Runtime().NewPromise()
		done := vm.NewFunction("callback", func(r goja.FunctionCall) goja.Value {
			if engine.Given(r.Argument(0)) {
				_ = reject(r.Argument(0))
			} else {
				_ = resolve(r.Argument(1))
			}
			return goja.Undefined()
		})
		f.Call(c.This, append(append([]goja.Value(nil), c.Arguments...), done)...)
		return vm.Runtime().ToValue(promise)
	})
}

// inherits puts a class of the old kind under another.
func inherits(vm *engine.VM, a engine.Args) goja.Value {
	child, parent := a.Func(0, "constructor").Value(), a.Func(1, "superConstructor").Value()
	proto := child.ToObject(vm.Runtime()).Get("prototype").ToObject(vm.Runtime())
	super, ok := parent.ToObject(vm.Runtime()).Get("prototype").(*goja.Object)
	if !ok {
		vm.ThrowType("inherits: superConstructor must have a prototype")
	}
	_ = child.ToObject(vm.Runtime()).Set("super_", parent)
	if err := proto.SetPrototype(super); err != nil {
		panic(err)
	}
	return goja.Undefined()
}
