// Package timers is the module timers and its globals: setTimeout, setInterval, setImmediate, their
// clear functions, queueMicrotask and the class Timer of JSRE.
package timers

import (
	"math"
	"slices"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/nodeerr"
)

// Module is require('timers'): the class Timer, which has the functions as its members; they are
// globals, too.
func Module() engine.Module {
	return engine.Module{Name: "timers", Setup: setup, Load: load}
}

// names are the globals, in the order in which require('timers') lists them.
var names = []string{"setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "clearImmediate"}

func load(vm *engine.VM) goja.Value {
	class := timerClass(vm)
	_ = class.Set("Timer", class)
	for _, n := range names {
		_ = class.Set(n, vm.Runtime().GlobalObject().Get(n))
	}
	_ = class.Set("promises", promisesOf(vm).obj)
	return class
}

type host struct {
	vm        *engine.VM
	timeouts  *goja.Object // Timeout.prototype
	immediate *goja.Object // Immediate.prototype
	ids       map[int64]*timeout
	lastID    int64
}

func setup(vm *engine.VM) error {
	h := &host{vm: vm, ids: map[int64]*timeout{}}
	h.classes()
	global := func(name string, f func(engine.Args) goja.Value) *goja.Object {
		fn := vm.NewFunction(name, func(c goja.FunctionCall) goja.Value { return f(vm.Args(name, c.Arguments)) })
		vm.SetGlobal(name, fn)
		return fn
	}
	promised(vm, global("setTimeout", func(a engine.Args) goja.Value { return h.start(a, false) }), "setTimeout")
	promised(vm, global("setInterval", func(a engine.Args) goja.Value { return h.start(a, true) }), "setInterval")
	global("clearTimeout", h.clear)
	global("clearInterval", h.clear)
	promised(vm, global("setImmediate", func(a engine.Args) goja.Value {
		obj := vm.Runtime().CreateObject(h.immediate)
		vm.SetSlot(obj, &immediate{Immediate: vm.Loop().SetImmediate(callback(vm, a))})
		return obj
	}), "setImmediate")
	global("clearImmediate", func(a engine.Args) goja.Value {
		if im, ok := vm.Slot(a.Value(0)).(*immediate); ok {
			im.Cancel()
		}
		return goja.Undefined()
	})
	global("queueMicrotask", func(a engine.Args) goja.Value {
		f := nodeerr.Func(vm, "callback", a.Value(0))
		vm.Loop().Microtask(func() { f.Call(goja.Undefined()) })
		return goja.Undefined()
	})
	vm.LazyGlobal("Timer", func() goja.Value { return timerClass(vm) })
	return nil
}

// promised gives a timer function its form for util.promisify, made when asked for.
func promised(vm *engine.VM, fn *goja.Object, name string) {
	get := vm.NewFunction("get "+name, func(goja.FunctionCall) goja.Value { return promisesOf(vm).obj.Get(name) })
	if err := fn.DefineAccessorPropertySymbol(vm.SymbolFor("nodejs.util.promisify.custom"), get, nil, goja.FLAG_TRUE, goja.FLAG_TRUE); err != nil {
		panic(err)
	}
	if err := fn.DefineAccessorProperty("__promisify__", get, nil, goja.FLAG_TRUE, goja.FLAG_FALSE); err != nil {
		panic(err)
	}
}

// immediate is the Go side of an Immediate object. Immediates always keep the script alive; unref is
// remembered for hasRef.
type immediate struct {
	*engine.Immediate
	unrefed bool
}

// callback is the function of an immediate with the arguments behind it.
func callback(vm *engine.VM, a engine.Args) func() {
	f := nodeerr.Func(vm, "callback", a.Value(0))
	var args []goja.Value
	for i := 1; i < a.Len(); i++ {
		args = append(args, a.Value(i))
	}
	args = slices.Clip(args)
	return func() { f.Call(goja.Undefined(), args...) }
}

// delay reads a time in milliseconds the way Node.js does: what is no number, below 1 or above
// 2^31-1 counts as 1.
func delay(v goja.Value) time.Duration {
	ms := v.ToFloat()
	if math.IsNaN(ms) || ms < 1 || ms > math.MaxInt32 {
		ms = 1
	}
	return time.Duration(ms * float64(time.Millisecond))
}

// classes makes the prototypes of what setTimeout and setImmediate return.
func (h *host) classes() {
	vm := h.vm
	refuse := func(name string) func(goja.ConstructorCall) *goja.Object {
		return func(goja.ConstructorCall) *goja.Object {
			vm.ThrowType("%s cannot be constructed by a script", name)
			return nil
		}
	}
	_, h.timeouts = vm.NewClass("Timeout", refuse("Timeout"))
	_, h.immediate = vm.NewClass("Immediate", refuse("Immediate"))
	method := func(name string, f func(*timeout) goja.Value) {
		vm.Method(h.timeouts, name, func(c goja.FunctionCall) goja.Value {
			t, ok := timeoutOf(c.This)
			if !ok {
				vm.ThrowType("%s was called on %s, not on a Timeout", name, vm.TypeName(c.This))
			}
			if v := f(t); v != nil {
				return v
			}
			return c.This
		})
	}
	method("ref", func(t *timeout) goja.Value { t.Ref(); return nil })
	method("unref", func(t *timeout) goja.Value { t.Unref(); return nil })
	method("refresh", func(t *timeout) goja.Value { t.Refresh(); return nil })
	method("close", func(t *timeout) goja.Value { t.Cancel(); return nil })
	method("hasRef", func(t *timeout) goja.Value { return vm.Runtime().ToValue(t.HasRef()) })
	h.immediateMethods()
	number := vm.NewFunction("[Symbol.toPrimitive]", func(c goja.FunctionCall) goja.Value {
		t, ok := timeoutOf(c.This)
		if !ok {
			return goja.NaN()
		}
		if t.id == 0 {
			h.lastID++
			t.id = h.lastID
			h.ids[t.id] = t
		}
		return vm.Runtime().ToValue(t.id)
	})
	_ = h.timeouts.DefineDataPropertySymbol(goja.SymToPrimitive, number, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

func (h *host) immediateMethods() {
	vm := h.vm
	method := func(name string, f func(*immediate) goja.Value) {
		vm.Method(h.immediate, name, func(c goja.FunctionCall) goja.Value {
			im, ok := vm.Slot(c.This).(*immediate)
			if !ok {
				vm.ThrowType("%s was called on %s, not on an Immediate", name, vm.TypeName(c.This))
			}
			if v := f(im); v != nil {
				return v
			}
			return c.This
		})
	}
	method("ref", func(im *immediate) goja.Value { im.unrefed = false; return nil })
	method("unref", func(im *immediate) goja.Value { im.unrefed = true; return nil })
	method("hasRef", func(im *immediate) goja.Value { return vm.Runtime().ToValue(!im.unrefed) })
}
