package events

import (
	"fmt"
	"slices"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/inspect"
	"dunlin/jsre/module/domexception"
	"dunlin/jsre/nodeerr"
)

// abort are AbortSignal and AbortController, made when a script first asks for one of them.
type abort struct {
	vm         *engine.VM
	class      *goja.Object
	proto      *goja.Object
	controller *goja.Object
}

type abortKey struct{}

func abortOf(vm *engine.VM) *abort {
	c, _ := vm.Shared(abortKey{}, func() any {
		c := &abort{vm: vm}
		c.defineSignal()
		c.defineStatics()
		c.defineController()
		return c
	}).(*abort)
	return c
}

// Signal is the Go side of an AbortSignal.
type Signal struct {
	target
	c       *abort
	obj     *goja.Object
	aborted bool
	reason  goja.Value
	hooks   []*func()
	handler goja.Value // onabort
}

// SignalOf is the signal that a script gave, nil when it is none.
func SignalOf(vm *engine.VM, v goja.Value) *Signal {
	s, _ := vm.Slot(v).(*Signal)
	return s
}

// Aborted reports whether the signal has fired.
func (s *Signal) Aborted() bool { return s.aborted }

// OnAbort has f run when the signal fires, before its listeners; off takes it back.
func (s *Signal) OnAbort(f func()) (off func()) {
	hook := &f
	s.hooks = append(s.hooks, hook)
	return func() { s.hooks = slices.DeleteFunc(slices.Clone(s.hooks), func(h *func()) bool { return h == hook }) }
}

// AbortError is the error of an operation that a signal ended.
func AbortError(vm *engine.VM, s *Signal) *goja.Object {
	err := vm.NewError("Error", "ABORT_ERR", "The operation was aborted")
	_ = err.DefineDataProperty("name", vm.Runtime().ToValue("AbortError"), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	_ = err.DefineDataProperty("cause", s.reason, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	return err
}

// fire aborts the signal once.
func (s *Signal) fire(reason goja.Value) {
	if s.aborted {
		return
	}
	s.aborted, s.reason = true, reason
	if goja.IsUndefined(reason) {
		s.reason = domexception.New(s.c.vm, "This operation was aborted", "AbortError")
	}
	hooks := s.hooks
	s.hooks = nil
	for _, h := range hooks {
		(*h)()
	}
	classesOf(s.c.vm).fire(s.obj, &s.target, "abort")
}

// newSignal makes a signal that has not fired.
func (c *abort) newSignal() *Signal {
	obj := c.vm.Runtime().CreateObject(c.proto)
	s := &Signal{c: c, obj: obj, reason: goja.Undefined(), handler: goja.Null()}
	c.vm.SetSlot(obj, s)
	return s
}

func (c *abort) signalOf(this goja.Value) *Signal {
	s := SignalOf(c.vm, this)
	if s == nil {
		nodeerr.Throw(c.vm, "TypeError", "ERR_INVALID_THIS", `Value of "this" must be of type AbortSignal`)
	}
	return s
}

func (c *abort) defineSignal() {
	vm, rt := c.vm, c.vm.Runtime()
	c.class, c.proto = vm.NewClass("AbortSignal", func(goja.ConstructorCall) *goja.Object {
		panic(vm.NewError("TypeError", "ERR_ILLEGAL_CONSTRUCTOR", "Illegal constructor"))
	})
	vm.NeedsNew(c.class, "AbortSignal")
	_ = c.proto.SetPrototype(classesOf(vm).targetProto)
	_ = c.class.SetPrototype(classesOf(vm).target)
	tag(vm, c.proto, "AbortSignal")
	vm.Getter(c.proto, "aborted", func(this goja.Value) goja.Value { return rt.ToValue(c.signalOf(this).aborted) })
	vm.Getter(c.proto, "reason", func(this goja.Value) goja.Value { return c.signalOf(this).reason })
	vm.Export(c.proto, "throwIfAborted", func(call goja.FunctionCall) goja.Value {
		if s := c.signalOf(call.This); s.aborted {
			panic(s.reason)
		}
		return goja.Undefined()
	})
	get := vm.NewFunction("get onabort", func(call goja.FunctionCall) goja.Value { return c.signalOf(call.This).handler })
	set := vm.NewFunction("set onabort", func(call goja.FunctionCall) goja.Value {
		s := c.signalOf(call.This)
		s.remove("abort", s.handler, false)
		s.handler = goja.Null()
		if _, ok := vm.ToFunc(call.Argument(0)); ok {
			s.handler = call.Argument(0)
			classesOf(vm).add(s.obj, &s.target, vm.Args("onabort", []goja.Value{rt.ToValue("abort"), s.handler}))
		}
		return goja.Undefined()
	})
	_ = c.proto.DefineAccessorProperty("onabort", get, set, goja.FLAG_TRUE, goja.FLAG_TRUE)
	inspect.Show(vm, c.proto, inspect.Look{Deep: "[AbortSignal]", Parts: func(this goja.Value) (string, *goja.Object) {
		return inspect.Of(vm).ClassName(this, "AbortSignal"), vm.NewObject("aborted", c.signalOf(this).aborted)
	}})
}

// show gives the objects of a class a text of their own for console.log.
func show(vm *engine.VM, proto *goja.Object, text func(this goja.Value) string) {
	f := vm.NewFunction("[nodejs.util.inspect.custom]", func(call goja.FunctionCall) goja.Value {
		return vm.Runtime().ToValue(text(call.This))
	})
	_ = proto.DefineDataPropertySymbol(vm.SymbolFor("nodejs.util.inspect.custom"), f, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

func (c *abort) defineStatics() {
	vm := c.vm
	vm.Export(c.class, "abort", func(call goja.FunctionCall) goja.Value {
		s := c.newSignal()
		s.fire(call.Argument(0))
		return s.obj
	})
	vm.Export(c.class, "timeout", func(call goja.FunctionCall) goja.Value {
		d := time.Duration(nodeerr.Integer(vm, "delay", call.Argument(0), 0, 1<<32-1)) * time.Millisecond
		s := c.newSignal()
		vm.Loop().NewTimer(d, false, func() {
			s.fire(domexception.New(vm, "The operation was aborted due to timeout", "TimeoutError"))
		}).Unref()
		return s.obj
	})
	vm.Export(c.class, "any", func(call goja.FunctionCall) goja.Value {
		s := c.newSignal()
		list, ok := call.Argument(0).(*goja.Object)
		if !ok {
			nodeerr.ArgType(vm, "signals", "an instance of Array", call.Argument(0))
		}
		i := -1
		vm.Runtime().ForOf(list, func(v goja.Value) bool {
			i++
			from := SignalOf(vm, v)
			if from == nil {
				nodeerr.ArgType(vm, fmt.Sprintf("signals[%d]", i), "an instance of AbortSignal", v)
			}
			if from.aborted {
				s.fire(from.reason)
				return false
			}
			from.OnAbort(func() { s.fire(from.reason) })
			return true
		})
		return s.obj
	})
}

func (c *abort) defineController() {
	vm := c.vm
	class, proto := vm.NewClass("AbortController", func(call goja.ConstructorCall) *goja.Object {
		vm.SetSlot(call.This, &controller{signal: c.newSignal()})
		return nil
	})
	c.controller = class
	vm.NeedsNew(class, "AbortController")
	tag(vm, proto, "AbortController")
	of := func(this goja.Value) *Signal {
		k, ok := vm.Slot(this).(*controller)
		if !ok {
			nodeerr.Throw(vm, "TypeError", "ERR_INVALID_THIS", `Value of "this" must be of type AbortController`)
		}
		return k.signal
	}
	inspect.Show(vm, proto, inspect.Look{Parts: func(this goja.Value) (string, *goja.Object) {
		return inspect.Of(vm).ClassName(this, "AbortController"), vm.NewObject("signal", of(this).obj)
	}})
	vm.Getter(proto, "signal", func(this goja.Value) goja.Value { return of(this).obj })
	vm.Export(proto, "abort", func(call goja.FunctionCall) goja.Value {
		of(call.This).fire(call.Argument(0))
		return goja.Undefined()
	})
}

// controller is the Go side of an AbortController.
type controller struct{ signal *Signal }

// addAbortListener calls a function once when a signal fires, or soon when it has fired.
func addAbortListener(vm *engine.VM, a engine.Args) goja.Value {
	s := needSignal(vm, "signal", a.Value(0))
	f := nodeerr.Func(vm, "listener", a.Value(1))
	off := func() {}
	if s.aborted {
		vm.Loop().Microtask(func() { f.Call(goja.Undefined()) })
	} else {
		off = s.OnAbort(func() { f.Call(s.obj) })
	}
	out := vm.NewObject()
	dispose := vm.NewFunction("[Symbol.dispose]", func(goja.FunctionCall) goja.Value {
		off()
		return goja.Undefined()
	})
	if key, ok := vm.Original("Symbol").Get("dispose").(*goja.Symbol); ok {
		_ = out.DefineDataPropertySymbol(key, dispose, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
	}
	return out
}
