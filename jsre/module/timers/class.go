package timers

import (
	"math"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// timer is the Go side of a Timer: it fires once after a time, then, when it has an interval, again
// and again.
type timer struct {
	vm       *engine.VM
	running  *engine.Timer // nil: stopped or paused
	count    time.Duration // from start to the first time
	interval time.Duration // 0: once
	left     time.Duration // while paused
	paused   bool
	call     func()
}

type classKey struct{}

// timerClass is the class Timer, made at the first call.
func timerClass(vm *engine.VM) *goja.Object {
	class, _ := vm.Shared(classKey{}, func() any { return newTimerClass(vm) }).(*goja.Object)
	return class
}

func newTimerClass(vm *engine.VM) *goja.Object {
	rt := vm.Runtime()
	class, proto := vm.NewClass("Timer", func(c goja.ConstructorCall) *goja.Object {
		vm.SetSlot(c.This, &timer{vm: vm})
		return nil
	})
	vm.NeedsNew(class, "Timer")
	method := func(name string, f func(*timer, engine.Args) any) {
		vm.Method(proto, name, func(c goja.FunctionCall) goja.Value {
			t, ok := vm.Slot(c.This).(*timer)
			if !ok {
				vm.ThrowType("%s was called on %s, not on a Timer", name, vm.TypeName(c.This))
			}
			if v := f(t, vm.Args(name, c.Arguments)); v != nil {
				return rt.ToValue(v)
			}
			return goja.Undefined()
		})
	}
	method("start", func(t *timer, a engine.Args) any { t.start(a); return nil })
	method("stop", func(t *timer, _ engine.Args) any { t.stop(); return nil })
	method("remain", func(t *timer, _ engine.Args) any { return t.remain() })
	method("isRepeat", func(t *timer, _ engine.Args) any { return t.interval > 0 })
	method("isStopped", func(t *timer, _ engine.Args) any { return !t.paused && !t.ticking() })
	method("interval", func(t *timer, a engine.Args) any { return t.setInterval(a) })
	method("pause", func(t *timer, _ engine.Args) any { return t.pause() })
	method("resume", func(t *timer, a engine.Args) any { return t.resume(a) })
	method("reset", func(t *timer, _ engine.Args) any {
		if t.ticking() {
			t.run(t.count)
		}
		return nil
	})
	method("expire", func(t *timer, _ engine.Args) any {
		if t.ticking() {
			t.run(0)
		}
		return nil
	})
	return class
}

// milliseconds reads a time; 0 means as soon as possible.
func milliseconds(a engine.Args, i int, name string) time.Duration {
	return time.Duration(a.Int(i, name, 0, math.MaxInt32)) * time.Millisecond
}

// start is start(count[, interval], func, ...args).
func (t *timer) start(a engine.Args) {
	count, interval, at := milliseconds(a, 0, "count"), time.Duration(0), 1
	if goja.IsNumber(a.Value(1)) {
		interval, at = milliseconds(a, 1, "interval"), 2
	}
	f := a.Func(at, "func")
	var args []goja.Value
	for i := at + 1; i < a.Len(); i++ {
		args = append(args, a.Value(i))
	}
	t.stop()
	t.count, t.interval = count, interval
	t.call = func() { f.Call(goja.Undefined(), args...) }
	t.run(count)
}

// run has the timer fire after d, and then after each interval.
func (t *timer) run(d time.Duration) {
	if t.running != nil {
		t.running.Cancel()
	}
	t.paused = false
	t.running = t.vm.Loop().NewTimer(d, false, func() {
		t.running = nil
		if t.interval > 0 {
			t.run(t.interval)
		}
		t.call()
	})
}

func (t *timer) stop() {
	if t.running != nil {
		t.running.Cancel()
		t.running = nil
	}
	t.paused = false
}

func (t *timer) ticking() bool { return t.running != nil }

// remain is the number of milliseconds until the timer fires, Infinity when it does not.
func (t *timer) remain() any {
	if t.paused {
		return t.left.Milliseconds()
	}
	if t.running == nil {
		return math.Inf(1)
	}
	left, _ := t.running.Left()
	return left.Milliseconds()
}

// setInterval is interval([n]): the interval, after it was set when one is given. It counts from the
// next time on.
func (t *timer) setInterval(a engine.Args) any {
	if a.Given(0) {
		t.interval = milliseconds(a, 0, "interval")
	}
	return t.interval.Milliseconds()
}

// pause keeps the time that is left; it is the result, Infinity when the timer does not run.
func (t *timer) pause() any {
	left := t.remain()
	if t.running != nil {
		t.left, _ = t.running.Left()
		t.stop()
		t.paused = true
	}
	return left
}

// resume lets a paused timer go on, with the time that was left or a new one.
func (t *timer) resume(a engine.Args) any {
	if !t.paused {
		return false
	}
	left := t.left
	if a.Given(0) {
		left = milliseconds(a, 0, "timeout")
	}
	t.run(left)
	return true
}
