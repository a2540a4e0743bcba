package engine

import (
	"math"
	"strconv"

	"github.com/dop251/goja"
)

// EmitterClass is the class EventEmitter.
func (vm *VM) EmitterClass() *goja.Object { return vm.emitter }

// EmitterPrototype is EventEmitter.prototype, for native classes that inherit from it.
func (vm *VM) EmitterPrototype() *goja.Object { return vm.emitProto }

// maxListeners is EventEmitter.defaultMaxListeners.
func (vm *VM) maxListeners() int {
	if v := vm.property(vm.emitter, "defaultMaxListeners"); v != nil && goja.IsNumber(v) {
		return int(v.ToInteger())
	}
	return defaultMaxListeners
}

// initEmitterClass makes the class EventEmitter. As in Node.js its methods are enumerable, so that
// Object.assign can mix them in, and an object gets its listeners when it first needs them.
func (vm *VM) initEmitterClass() {
	vm.monitor = goja.NewSymbol("events.errorMonitor")
	vm.emitter, vm.emitProto = vm.NewClass("EventEmitter", func(c goja.ConstructorCall) *goja.Object {
		if vm.captureAll {
			vm.NewEmitter(c.This)
		}
		if opts, ok := c.Argument(0).(*goja.Object); ok && vm.Field(opts, "captureRejections").ToBoolean() {
			vm.NewEmitter(c.This).capture = true
		}
		return nil
	})
	_ = vm.emitter.Set("defaultMaxListeners", defaultMaxListeners)
	vm.define(vm.emitter, "EventEmitter", vm.emitter, goja.FLAG_FALSE)
	on := vm.addMethod("on", false, false)
	vm.define(vm.emitProto, "addListener", on, goja.FLAG_TRUE)
	vm.addMethod("once", true, false)
	vm.addMethod("prependListener", false, true)
	vm.addMethod("prependOnceListener", true, true)
	off := vm.emitterMethod("off", func(e *Emitter, a Args) goja.Value {
		fn := a.Func(1, "listener")
		for _, name := range names(a.Value(0)) {
			e.remove(toKey(name), fn.value, false)
		}
		return e.this
	})
	vm.define(vm.emitProto, "removeListener", off, goja.FLAG_TRUE)
	vm.emitterMethod("removeAllListeners", removeAllListeners)
	vm.emitterMethod("emit", func(e *Emitter, a Args) goja.Value {
		return e.vm.rt.ToValue(e.emit(toKey(a.Value(0)), a.list[min(1, len(a.list)):]))
	})
	vm.emitterMethod("listenerCount", func(e *Emitter, a Args) goja.Value {
		n := 0
		for _, l := range e.listeners(toKey(a.Value(0))) {
			if !a.Given(1) || l.fn.value == a.Value(1) {
				n++
			}
		}
		return vm.rt.ToValue(n)
	})
	vm.listMethods()
	vm.emitterMethod("setMaxListeners", func(e *Emitter, a Args) goja.Value {
		e.max = ReadMaxListeners(a, 0)
		return e.this
	})
	vm.emitterMethod("getMaxListeners", func(e *Emitter, _ Args) goja.Value { return vm.ShowMaxListeners(e.MaxListeners()) })
}

// AnyNumber is the limit of listeners that a script gives as Infinity.
const AnyNumber = math.MaxInt

// ShowMaxListeners is a limit of listeners as scripts are shown it.
func (vm *VM) ShowMaxListeners(n int) goja.Value {
	if n == AnyNumber {
		return vm.rt.ToValue(math.Inf(1))
	}
	return vm.rt.ToValue(n)
}

// ReadMaxListeners reads a limit of listeners.
func ReadMaxListeners(a Args, i int) int {
	if v := a.Value(i); goja.IsNumber(v) && math.IsInf(v.ToFloat(), 1) {
		return AnyNumber
	}
	return int(a.Int(i, "n", 0, 1<<31-1))
}

// listMethods defines the methods that list listeners and events.
func (vm *VM) listMethods() {
	vm.emitterMethod("listeners", func(e *Emitter, a Args) goja.Value {
		out := []any{}
		for _, v := range e.Listeners(a.Value(0)) {
			out = append(out, v)
		}
		return vm.rt.NewArray(out...)
	})
	vm.emitterMethod("rawListeners", func(e *Emitter, a Args) goja.Value {
		out := []any{}
		key := toKey(a.Value(0))
		for _, l := range e.listeners(key) {
			out = append(out, e.raw(key, l))
		}
		return vm.rt.NewArray(out...)
	})
	vm.emitterMethod("eventNames", func(e *Emitter, _ Args) goja.Value {
		out := []any{}
		for _, k := range e.keys() {
			out = append(out, k.value(vm))
		}
		return vm.rt.NewArray(out...)
	})
}

// ErrorMonitor is the symbol under which listeners hear of each 'error' before the others do.
func (vm *VM) ErrorMonitor() *goja.Symbol { return vm.monitor }

// CaptureRejections reports whether new emitters make errors of rejected promises.
func (vm *VM) CaptureRejections() bool { return vm.captureAll }

// SetCaptureRejections sets what CaptureRejections gives.
func (vm *VM) SetCaptureRejections(on bool) { vm.captureAll = on }

// names are the events that a script names at once: those in an array, or the one.
func names(v goja.Value) []goja.Value {
	list, ok := v.(*goja.Object)
	if !ok || list.ClassName() != "Array" {
		return []goja.Value{v}
	}
	var out []goja.Value
	for i := range list.Get("length").ToInteger() {
		if n := list.Get(strconv.FormatInt(i, 10)); n != nil {
			out = append(out, n)
		}
	}
	return out
}

// emitterMethod defines a method of EventEmitter.prototype.
func (vm *VM) emitterMethod(name string, f func(*Emitter, Args) goja.Value) *goja.Object {
	fn := vm.NewFunction(name, func(c goja.FunctionCall) goja.Value {
		return f(vm.EmitterOf(c.This), vm.Args(name, c.Arguments))
	})
	vm.define(vm.emitProto, name, fn, goja.FLAG_TRUE)
	return fn
}

func (vm *VM) addMethod(name string, once, front bool) *goja.Object {
	return vm.emitterMethod(name, func(e *Emitter, a Args) goja.Value {
		fn := a.Func(1, "listener")
		for _, name := range names(a.Value(0)) {
			e.add(toKey(name), fn, once, front)
		}
		return e.this
	})
}

func removeAllListeners(e *Emitter, a Args) goja.Value {
	if a.Len() > 0 && !goja.IsUndefined(a.Value(0)) {
		e.removeAll(toKey(a.Value(0)))
		return e.this
	}
	for _, k := range e.keys() {
		if k.name != "removeListener" {
			e.removeAll(k)
		}
	}
	e.removeAll(eventKey{name: "removeListener"})
	return e.this
}
