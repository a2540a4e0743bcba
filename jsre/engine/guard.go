package engine

import (
	"errors"
	"fmt"

	"github.com/dop251/goja"
)

// Run enters the script: it calls f guarded (what it throws becomes an uncaught exception) and then
// serves ticks and promise jobs. It is for the loop goroutine outside of native calls: in a job, a
// timer or a source. Inside a native call, call script functions directly.
func (l *Loop) Run(f func()) {
	l.guard(f)
	l.checkpoint()
}

// RunEach is Run for callbacks that follow each other: it calls step until that returns false, and
// serves ticks and promise jobs after each call. What a step throws becomes an uncaught exception,
// and the next step follows. It enters the script once for all of them, which costs as much as a
// short listener. It ends early when the script is being stopped.
func (l *Loop) RunEach(step func() bool) {
	more := true
	steps := func() {
		for more && !l.vm.stopped.Load() {
			more = step()
			l.checkpoint()
		}
	}
	for more && !l.vm.stopped.Load() {
		l.guard(steps)
		l.checkpoint() // after a step that threw
	}
}

// guard calls f and deals with everything it may panic with.
func (l *Loop) guard(f func()) {
	if thrown := l.try(f); thrown != nil {
		l.uncaught(thrown)
	}
}

// try calls f and returns what it threw: nil, or an error for scriptError. The unwinding of a
// script that stops is not an error.
func (l *Loop) try(f func()) (thrown error) {
	defer func() {
		x := recover()
		switch x := x.(type) {
		case nil:
		case stopToken:
		case *goja.InterruptedError:
			if !l.vm.stopped.Load() {
				thrown = x
			}
		case error:
			thrown = x
		default:
			thrown = fmt.Errorf("internal error: %v", x)
		}
	}()
	if ex := l.rt.Try(f); ex != nil {
		return ex
	}
	return nil
}

// uncaught deals with an exception that left the script: the listeners of 'uncaughtException' get
// it, else it ends the script.
func (l *Loop) uncaught(thrown error) {
	vm := l.vm
	vm.uncaught++
	switch {
	case vm.tasks.Count("uncaughtException") > 0:
	case vm.session != nil:
		vm.session.tell(vm.session.thrown(thrown))
		return
	default:
		vm.Stop(vm.scriptError(thrown))
		return
	}
	value := vm.errorValue(thrown)
	again := l.try(func() { vm.tasks.Emit("uncaughtException", value, vm.rt.ToValue("uncaughtException")) })
	if again != nil {
		vm.Stop(vm.scriptError(again))
	}
}

// uncaughtRejection deals with a rejected promise that nobody handled.
func (l *Loop) uncaughtRejection(reason goja.Value) {
	vm := l.vm
	vm.uncaught++
	switch {
	case vm.tasks.Count("uncaughtException") > 0:
	case vm.session != nil:
		vm.session.tell(Outcome{Value: reason, Thrown: true})
		return
	default:
		vm.Stop(vm.rejectionError(reason))
		return
	}
	again := l.try(func() { vm.tasks.Emit("uncaughtException", reason, vm.rt.ToValue("unhandledRejection")) })
	if again != nil {
		vm.Stop(vm.scriptError(again))
	}
}

// Uncaught is how many exceptions and rejections nobody has caught up to now: the script may listen to them
// and go on. Loop goroutine only.
func (vm *VM) Uncaught() int { return vm.uncaught }

// errorValue is what a script is shown of an exception.
func (vm *VM) errorValue(thrown error) goja.Value {
	var ex *goja.Exception
	if errors.As(thrown, &ex) {
		return ex.Value()
	}
	return vm.NewError("Error", "EINTERNAL", thrown.Error())
}
