package console

import (
	"io"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/inspect"
)

type classKey struct{}

// consoleClass is console.Console, made when it is first asked for.
func consoleClass(vm *engine.VM) *goja.Object {
	class, _ := vm.Shared(classKey{}, func() any {
		class, _ := vm.NewClass("Console", func(call goja.ConstructorCall) *goja.Object {
			newConsole(vm, call)
			return nil
		})
		_ = class.Set("prototype", class.Get("prototype"))
		return class
	}).(*goja.Object)
	return class
}

// newConsole is new Console(stdout[, stderr]) or new Console({stdout, stderr, inspectOptions,
// groupIndentation}).
func newConsole(vm *engine.VM, call goja.ConstructorCall) {
	a := vm.Args("Console", call.Arguments)
	opts := a.Object(0, "stdout")
	c := &console{vm: vm, in: inspect.Of(vm), obj: call.This, step: 2}
	fixed := func(o inspect.Options) func() inspect.Options { return func() inspect.Options { return o } }
	c.options = c.in.Defaults
	out, errs := goja.Value(opts), a.Value(1)
	if _, ok := vm.ToFunc(opts.Get("write")); !ok {
		out, errs = vm.Field(opts, "stdout"), vm.Field(opts, "stderr")
		if o, ok := vm.Field(opts, "inspectOptions").(*goja.Object); ok {
			c.options = fixed(c.in.ReadOptions(o, c.in.Defaults()))
		}
		if v := vm.Field(opts, "groupIndentation"); !goja.IsUndefined(v) {
			c.step = int(vm.CheckInt("Console: options.groupIndentation", v, 0, 1000))
		}
	}
	c.out = writer(vm, "Console: stdout", out)
	c.err = c.out
	if engine.Given(errs) {
		c.err = writer(vm, "Console: stderr", errs)
	}
	c.methods()
}

// scriptWriter writes to an object with the method write.
type scriptWriter struct {
	vm    *engine.VM
	obj   *goja.Object
	write *engine.Func
}

func writer(vm *engine.VM, what string, v goja.Value) io.Writer {
	obj := vm.CheckObject(what, v)
	return &scriptWriter{vm, obj, vm.CheckFunc(what+".write", obj.Get("write"))}
}

// Write implements io.Writer.
func (w *scriptWriter) Write(b []byte) (int, error) {
	w.write.Call(w.obj, w.vm.Runtime().ToValue(string(b)))
	return len(b), nil
}
