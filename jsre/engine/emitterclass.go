package engine

import "github.com/dop251/goja"

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
	vm.emitter, vm.emitProto = vm.NewClass("EventEmitter", func(goja.ConstructorCall) *goja.Object { return nil })
	_ = vm.emitter.Set("defaultMaxListeners", defaultMaxListeners)
	vm.define(vm.emitter, "EventEmitter", vm.emitter, goja.FLAG_FALSE)
	on := vm.addMethod("on", false, false)
	vm.define(vm.emitProto, "addListener", on, goja.FLAG_TRUE)
	vm.addMethod("once", true, false)
	vm.addMethod("prependListener", false, true)
	vm.addMethod("prependOnceListener", true, true)
	off := vm.emitterMethod("off", func(e *Emitter, a Args) goja.Value {
		fn := a.Func(1, "listener")
		e.remove(toKey(a.Value(0)), fn.value, false)
		return e.this
	})
	vm.define(vm.emitProto, "removeListener", off, goja.FLAG_TRUE)
	vm.emitterMethod("removeAllListeners", removeAllListeners)
	vm.emitterMethod("emit", func(e *Emitter, a Args) goja.Value {
		return e.vm.rt.ToValue(e.emit(toKey(a.Value(0)), a.list[min(1, len(a.list)):]))
	})
	vm.emitterMethod("listenerCount", func(e *Emitter, a Args) goja.Value {
		return vm.rt.ToValue(len(e.listeners(toKey(a.Value(0)))))
	})
	list := func(e *Emitter, a Args) goja.Value {
		out := []any{}
		for _, l := range e.listeners(toKey(a.Value(0))) {
			out = append(out, l.fn.value)
		}
		return vm.rt.NewArray(out...)
	}
	vm.emitterMethod("listeners", list)
	vm.emitterMethod("rawListeners", list)
	vm.emitterMethod("eventNames", func(e *Emitter, _ Args) goja.Value {
		out := []any{}
		for _, k := range e.order {
			out = append(out, k.value(vm))
		}
		return vm.rt.NewArray(out...)
	})
	vm.emitterMethod("setMaxListeners", func(e *Emitter, a Args) goja.Value {
		e.max = int(a.Int(0, "n", 0, 1<<31-1))
		return e.this
	})
	vm.emitterMethod("getMaxListeners", func(e *Emitter, _ Args) goja.Value {
		if e.max >= 0 {
			return vm.rt.ToValue(e.max)
		}
		return vm.rt.ToValue(vm.maxListeners())
	})
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
		e.add(toKey(a.Value(0)), a.Func(1, "listener"), once, front)
		return e.this
	})
}

func removeAllListeners(e *Emitter, a Args) goja.Value {
	if a.Len() > 0 && !goja.IsUndefined(a.Value(0)) {
		e.removeAll(toKey(a.Value(0)))
		return e.this
	}
	for _, k := range e.order {
		if k.name != "removeListener" {
			e.removeAll(k)
		}
	}
	e.removeAll(eventKey{name: "removeListener"})
	return e.this
}
