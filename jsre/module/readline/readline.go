// Package readline is the module readline: lines of process.stdin, or of another stream, and questions.
package readline

import (
	"bytes"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// Module is require('readline').
func Module() engine.Module {
	return engine.Module{Name: "readline", Load: func(vm *engine.VM) goja.Value {
		o := vm.NewObject("createInterface", create(vm, false))
		if promises, ok := vm.Require("readline/promises"); ok {
			_ = o.Set("promises", promises)
		}
		return o
	}}
}

// Promises is require('readline/promises').
func Promises() engine.Module {
	return engine.Module{Name: "readline/promises", Load: func(vm *engine.VM) goja.Value {
		return vm.NewObject("createInterface", create(vm, true))
	}}
}

// reader is the Go side of an Interface.
type reader struct {
	vm       *engine.VM
	obj      *goja.Object
	emitter  *engine.Emitter
	input    *goja.Object
	output   *goja.Object // nil: nothing is written
	prompt   string
	rest     []byte // the beginning of a line
	afterCR  bool   // so that \r\n is one end
	answer   func(goja.Value)
	closed   bool
	promises bool
	offs     []func()
}

// maxLine is the longest line: what never ends must not fill the memory.
const maxLine = 16 << 20

func create(vm *engine.VM, promises bool) *goja.Object {
	return vm.NewFunction("createInterface", func(c goja.FunctionCall) goja.Value {
		a := vm.Args("createInterface", c.Arguments)
		first := a.Object(0, "options")
		r := &reader{vm: vm, prompt: "> ", promises: promises}
		if input, ok := vm.Field(first, "input").(*goja.Object); ok {
			r.input = input
			r.output, _ = vm.Field(first, "output").(*goja.Object)
			if v := vm.Field(first, "prompt"); engine.Given(v) {
				r.prompt = vm.CheckString("createInterface: options.prompt", v)
			}
		} else {
			r.input = first
			r.output, _ = a.Value(1).(*goja.Object)
		}
		if _, ok := vm.ToFunc(r.input.Get("on")); !ok {
			vm.ThrowType("createInterface: input must be a stream, such as process.stdin")
		}
		r.make()
		return r.obj
	})
}

func (r *reader) make() {
	vm, rt := r.vm, r.vm.Runtime()
	r.obj = vm.NewObject("terminal", false, "line", "")
	_ = r.obj.SetPrototype(vm.EmitterPrototype())
	r.emitter = vm.NewEmitter(r.obj)
	method := func(name string, f func(engine.Args) goja.Value) {
		vm.Method(r.obj, name, func(c goja.FunctionCall) goja.Value { return f(vm.Args(name, c.Arguments)) })
	}
	method("prompt", func(engine.Args) goja.Value { r.resume(); r.write(r.prompt); return goja.Undefined() })
	method("setPrompt", func(a engine.Args) goja.Value { r.prompt = a.String(0, "prompt"); return goja.Undefined() })
	method("getPrompt", func(engine.Args) goja.Value { return rt.ToValue(r.prompt) })
	method("close", func(engine.Args) goja.Value { r.close(); return goja.Undefined() })
	method("pause", func(engine.Args) goja.Value { r.call(r.input, "pause"); r.emitter.Emit("pause"); return r.obj })
	method("resume", func(engine.Args) goja.Value { r.resume(); return r.obj })
	method("question", r.question)
	if key, ok := rt.Get("Symbol").ToObject(rt).Get("asyncIterator").(*goja.Symbol); ok {
		f := vm.NewFunction("[Symbol.asyncIterator]", func(goja.FunctionCall) goja.Value { return r.iterate() })
		_ = r.obj.DefineDataPropertySymbol(key, f, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	}
	r.listen("data", func(v goja.Value) { r.data(v) })
	r.listen("end", func(goja.Value) { r.end() })
	r.call(r.input, "resume")
}

// listen listens to an event of the input until the interface is closed.
func (r *reader) listen(event string, f func(goja.Value)) {
	name := r.vm.Runtime().ToValue(event)
	fn := r.vm.NewFunction("", func(c goja.FunctionCall) goja.Value {
		f(c.Argument(0))
		return goja.Undefined()
	})
	r.call(r.input, "on", name, fn)
	r.offs = append(r.offs, func() { r.call(r.input, "removeListener", name, fn) })
}

// call calls a method of a stream, if it has that.
func (r *reader) call(o *goja.Object, name string, args ...goja.Value) {
	if f, ok := r.vm.ToFunc(o.Get(name)); ok {
		f.Call(o, args...)
	}
}

func (r *reader) write(text string) {
	if r.output != nil && text != "" {
		r.call(r.output, "write", r.vm.Runtime().ToValue(text))
	}
}

func (r *reader) resume() {
	if !r.closed {
		r.call(r.input, "resume")
		r.emitter.Emit("resume")
	}
}

// data takes a piece of input apart into lines, which \n, \r\n and \r end.
func (r *reader) data(v goja.Value) {
	b, ok := r.vm.Bytes(v)
	if !ok {
		b = []byte(v.String())
	}
	if len(b) > 0 {
		if r.afterCR && b[0] == '\n' {
			b = b[1:]
		}
		r.afterCR = false
	}
	for !r.closed {
		at := bytes.IndexAny(b, "\r\n")
		if at < 0 {
			break
		}
		line := string(append(r.rest, b[:at]...))
		r.rest = nil
		switch {
		case b[at] == '\r' && at+1 == len(b):
			r.afterCR = true
		case b[at] == '\r' && b[at+1] == '\n':
			at++
		}
		b = b[at+1:]
		r.line(line)
	}
	if len(r.rest)+len(b) > maxLine {
		r.vm.Throw("ERR_OUT_OF_RANGE", "readline: a line is longer than 16 MiB")
	}
	r.rest = append(r.rest, b...)
}

func (r *reader) line(text string) {
	v := r.vm.Runtime().ToValue(text)
	if answer := r.answer; answer != nil {
		r.answer = nil
		answer(v)
		return
	}
	r.emitter.Emit("line", v)
}

func (r *reader) end() {
	if len(r.rest) > 0 && !r.closed {
		rest := string(r.rest)
		r.rest = nil
		r.line(rest)
	}
	r.close()
}

func (r *reader) close() {
	if r.closed {
		return
	}
	r.closed = true
	for _, off := range r.offs {
		off()
	}
	r.call(r.input, "pause")
	r.emitter.Emit("close")
}

// question is question(query[, options], callback), or a promise in readline/promises.
func (r *reader) question(a engine.Args) goja.Value {
	vm := r.vm
	query := a.String(0, "query")
	if r.closed {
		vm.Throw("ERR_USE_AFTER_CLOSE", "readline was closed")
	}
	r.write(query)
	r.resume()
	if r.promises {
		p, resolve, _ := vm.Runtime().NewPromise()
		r.answer = func(v goja.Value) { _ = resolve(v) }
		return vm.Runtime().ToValue(p)
	}
	at := 1
	if _, ok := vm.ToFunc(a.Value(1)); !ok && a.Len() > 2 {
		at = 2
	}
	f := a.Func(at, "callback")
	r.answer = func(v goja.Value) { f.Call(goja.Undefined(), v) }
	return goja.Undefined()
}

// high is how many lines may wait for a loop before the input is paused.
const high = 1024

// iterate gives each line to a loop of for await.
func (r *reader) iterate() goja.Value {
	vm, rt := r.vm, r.vm.Runtime()
	paused := false
	var it *engine.AsyncIterator
	onLine := vm.NewFunction("", func(c goja.FunctionCall) goja.Value {
		it.Push(c.Argument(0))
		if !paused && it.Waiting() > high {
			paused = true
			r.call(r.input, "pause")
		}
		return goja.Undefined()
	})
	onClose := vm.NewFunction("", func(goja.FunctionCall) goja.Value { it.End(); return goja.Undefined() })
	it = vm.NewAsyncIterator(func() {
		r.call(r.obj, "removeListener", rt.ToValue("line"), onLine)
		r.call(r.obj, "removeListener", rt.ToValue("close"), onClose)
		r.close()
	})
	if r.closed {
		it.End()
		return it.Object()
	}
	r.call(r.obj, "on", rt.ToValue("line"), onLine)
	r.call(r.obj, "on", rt.ToValue("close"), onClose)
	next, _ := vm.ToFunc(it.Object().Get("next"))
	vm.Method(it.Object(), "next", func(c goja.FunctionCall) goja.Value {
		if paused && it.Waiting() == 0 {
			paused = false
			r.resume()
		}
		return next.Call(c.This, c.Arguments...)
	})
	return it.Object()
}
