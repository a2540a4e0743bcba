package timers

import (
	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/events"
	"dunlin/jsre/nodeerr"
)

// Promises is require('timers/promises').
func Promises() engine.Module {
	return engine.Module{Name: "timers/promises", Load: func(vm *engine.VM) goja.Value { return promisesOf(vm).obj }}
}

// promises are the timers that give promises.
type promises struct {
	vm  *engine.VM
	rt  *goja.Runtime
	obj *goja.Object
}

type promisesKey struct{}

func promisesOf(vm *engine.VM) *promises {
	p, _ := vm.Shared(promisesKey{}, func() any {
		p := &promises{vm: vm, rt: vm.Runtime(), obj: vm.NewObject()}
		p.define()
		return p
	}).(*promises)
	return p
}

func (p *promises) define() {
	export := func(o *goja.Object, name string, f func(engine.Args) goja.Value) {
		p.vm.Export(o, name, func(c goja.FunctionCall) goja.Value { return f(p.vm.Args(name, c.Arguments)) })
	}
	export(p.obj, "setTimeout", func(a engine.Args) goja.Value {
		return p.checked(func() goja.Value { return p.after(a, a.Value(1), 2) })
	})
	export(p.obj, "setImmediate", func(a engine.Args) goja.Value {
		return p.checked(func() goja.Value { return p.soon(a.Value(0), p.signal(a, 1)) })
	})
	export(p.obj, "setInterval", p.interval)
	scheduler := p.vm.NewObject()
	export(scheduler, "wait", func(a engine.Args) goja.Value {
		return p.checked(func() goja.Value { return p.after(a, goja.Undefined(), 1) })
	})
	export(scheduler, "yield", func(engine.Args) goja.Value { return p.soon(goja.Undefined(), nil) })
	_ = p.obj.Set("scheduler", scheduler)
}

// signal is the signal among the options, nil when there is none.
func (p *promises) signal(a engine.Args, i int) *events.Signal {
	if !a.Given(i) {
		return nil
	}
	v := p.vm.Field(p.options(a, i), "signal")
	if goja.IsUndefined(v) {
		return nil
	}
	s := events.SignalOf(p.vm, v)
	if s == nil {
		nodeerr.ArgType(p.vm, "options.signal", "an instance of AbortSignal", v)
	}
	return s
}

// checked is what f gives, or a promise that what is wrong with the arguments rejects.
func (p *promises) checked(f func() goja.Value) (v goja.Value) {
	if ex := p.rt.Try(func() { v = f() }); ex != nil {
		promise, _, reject := p.rt.NewPromise()
		_ = reject(ex.Value())
		return p.rt.ToValue(promise)
	}
	return v
}

func (p *promises) options(a engine.Args, i int) *goja.Object {
	o, ok := a.Value(i).(*goja.Object)
	if !ok {
		nodeerr.ArgType(p.vm, "options", "of type object", a.Value(i))
	}
	return o
}

// unrefed reports whether the options say that the timer keeps nothing alive.
func (p *promises) unrefed(a engine.Args, i int) bool {
	if !a.Given(i) {
		return false
	}
	v := p.vm.Field(p.options(a, i), "ref")
	if !goja.IsUndefined(v) && p.vm.TypeName(v) != "boolean" {
		nodeerr.ArgType(p.vm, "options.ref", "of type boolean", v)
	}
	return !goja.IsUndefined(v) && !v.ToBoolean()
}

// after is a promise of a value after a time; the options are argument i.
func (p *promises) after(a engine.Args, value goja.Value, i int) goja.Value {
	if d := a.Value(0); !goja.IsUndefined(d) && !goja.IsNumber(d) {
		nodeerr.ArgType(p.vm, "delay", "of type number", d)
	}
	promise, resolve, reject := p.rt.NewPromise()
	signal := p.signal(a, i)
	if signal != nil && signal.Aborted() {
		_ = reject(events.AbortError(p.vm, signal))
		return p.rt.ToValue(promise)
	}
	off := func() {}
	t := p.vm.Loop().NewTimer(delay(a.Value(0)), false, func() {
		off()
		_ = resolve(value)
	})
	if p.unrefed(a, i) {
		t.Unref()
	}
	if signal != nil {
		off = signal.OnAbort(func() {
			t.Cancel()
			_ = reject(events.AbortError(p.vm, signal))
		})
	}
	return p.rt.ToValue(promise)
}

// soon is a promise of a value at the end of the turn.
func (p *promises) soon(value goja.Value, signal *events.Signal) goja.Value {
	promise, resolve, reject := p.rt.NewPromise()
	if signal != nil && signal.Aborted() {
		_ = reject(events.AbortError(p.vm, signal))
		return p.rt.ToValue(promise)
	}
	im := p.vm.Loop().SetImmediate(func() { _ = resolve(value) })
	if signal != nil {
		signal.OnAbort(func() {
			im.Cancel()
			_ = reject(events.AbortError(p.vm, signal))
		})
	}
	return p.rt.ToValue(promise)
}

// interval is an asynchronous iterator that gives a value after each interval.
func (p *promises) interval(a engine.Args) goja.Value {
	value, signal := a.Value(1), p.signal(a, 2)
	off := func() {}
	var t *engine.Timer
	it := p.vm.NewAsyncIterator(func() {
		off()
		if t != nil {
			t.Cancel()
		}
	})
	if signal != nil && signal.Aborted() {
		it.Fail(events.AbortError(p.vm, signal))
		return it.Object()
	}
	t = p.vm.Loop().NewTimer(delay(a.Value(0)), true, func() { it.Push(value) })
	if p.unrefed(a, 2) {
		t.Unref()
	}
	if signal != nil {
		off = signal.OnAbort(func() { it.Fail(events.AbortError(p.vm, signal)) })
	}
	return it.Object()
}
