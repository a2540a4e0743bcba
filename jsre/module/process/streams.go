package process

import (
	"io"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/nodeerr"
)

// stream is an emitter with write and end, as process.stdout is one.
func stream(vm *engine.VM, w io.Writer, tty bool, fd int) *goja.Object {
	s := vm.NewObject("fd", fd, "isTTY", tty, "writable", true)
	_ = s.SetPrototype(vm.EmitterPrototype())
	write := func(a engine.Args, needed bool) goja.Value {
		done := 0
		var err error
		if _, fn := vm.ToFunc(a.Value(0)); needed || a.Given(0) && !fn {
			_, err = w.Write(a.Bytes(0, "data"))
			done = 1
		}
		for i := done; i < min(a.Len(), 3); i++ {
			if f, ok := vm.ToFunc(a.Value(i)); ok {
				vm.Loop().NextTick(func() { f.Call(goja.Undefined()) })
			}
		}
		return vm.Runtime().ToValue(err == nil)
	}
	vm.Export(s, "write", func(c goja.FunctionCall) goja.Value { return write(vm.Args("write", c.Arguments), true) })
	vm.Export(s, "end", func(c goja.FunctionCall) goja.Value {
		write(vm.Args("end", c.Arguments), false)
		return s
	})
	return s
}

// emitWarning is emitWarning(warning[, type[, code]]) or emitWarning(warning[, options]).
func emitWarning(vm *engine.VM, a engine.Args) {
	w := engine.Warning{Name: "Warning"}
	text := func(o *goja.Object, name string, to *string) {
		if v := vm.Field(o, name); goja.IsString(v) {
			*to = v.String()
		}
	}
	if opts, ok := a.Value(1).(*goja.Object); ok {
		text(opts, "type", &w.Name)
		text(opts, "code", &w.Code)
		text(opts, "detail", &w.Detail)
	} else {
		if a.Given(1) {
			w.Name = nodeerr.String(vm, "type", a.Value(1))
		}
		if a.Given(2) {
			w.Code = nodeerr.String(vm, "code", a.Value(2))
		}
	}
	if err, ok := a.Value(0).(*goja.Object); ok && err.ClassName() == "Error" {
		w.Message = err.Get("message").String()
		w.Name = err.Get("name").String()
		text(err, "code", &w.Code)
		vm.TellWarning(err, w)
		return
	}
	if !goja.IsString(a.Value(0)) {
		nodeerr.ArgType(vm, "warning", "of type string or an instance of Error", a.Value(0))
	}
	w.Message = a.Value(0).String()
	vm.EmitWarning(w)
}
