package process

import (
	"io"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
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

// Warning is what process.emitWarning is given.
type Warning struct{ Name, Message, Code, Detail string }

// EmitWarning writes a warning to stderr and tells the listeners of the event 'warning', soon.
func EmitWarning(vm *engine.VM, w Warning) {
	err := vm.NewError("Error", w.Code, w.Message)
	_ = err.DefineDataProperty("name", vm.Runtime().ToValue(w.Name), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	if w.Detail != "" {
		_ = err.Set("detail", w.Detail)
	}
	tellWarning(vm, err, w)
}

func tellWarning(vm *engine.VM, err *goja.Object, w Warning) {
	vm.Loop().NextTick(func() {
		line := "(dunlin:" + PID() + ") "
		if w.Code != "" {
			line += "[" + w.Code + "] "
		}
		line += w.Name + ": " + w.Message + "\n"
		if w.Detail != "" {
			line += strings.TrimSuffix(w.Detail, "\n") + "\n"
		}
		_, _ = io.WriteString(vm.Options().Stderr, line)
		vm.Tasks().Emit("warning", err)
	})
}

// emitWarning is emitWarning(warning[, type[, code]]) or emitWarning(warning[, options]).
func emitWarning(vm *engine.VM, a engine.Args) {
	w := Warning{Name: "Warning"}
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
			w.Name = a.String(1, "type")
		}
		if a.Given(2) {
			w.Code = a.String(2, "code")
		}
	}
	if err, ok := a.Value(0).(*goja.Object); ok && err.ClassName() == "Error" {
		w.Message = err.Get("message").String()
		w.Name = err.Get("name").String()
		text(err, "code", &w.Code)
		tellWarning(vm, err, w)
		return
	}
	w.Message = a.String(0, "warning")
	EmitWarning(vm, w)
}
