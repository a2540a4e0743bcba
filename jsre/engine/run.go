package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/dop251/goja"
)

// stopToken is the panic value that unwinds the script when it has to stop. goja does not know it,
// so no catch or finally of the script sees it.
type stopToken struct{}

// Run runs main on the calling goroutine, serves events until nothing can happen any more or the
// script is stopped, then runs the close hooks. It returns nil, an [*ExitError], a [*ScriptError],
// what main returned, or the context's error. A VM runs once.
func (vm *VM) Run(ctx context.Context, main func() error) error {
	vm.mu.Lock()
	if vm.phase != phaseNew {
		vm.mu.Unlock()
		return errRan
	}
	vm.phase = phaseRunning
	vm.mu.Unlock()
	unwatch := context.AfterFunc(ctx, func() { vm.Stop(context.Cause(ctx)) })
	defer unwatch()
	defer close(vm.ended)

	// Everything happens inside one script call: goja would otherwise serve promise jobs at every
	// return to Go and at no other time, which a nested loop (iosched.forever in a callback) cannot
	// use.
	var loadErr error
	host := vm.rt.ToValue(func(goja.FunctionCall) goja.Value {
		loadErr = vm.serveAll(main)
		return goja.Undefined()
	})
	vm.overflow.watch(host.ToObject(vm.rt))
	if _, err := vm.enter(goja.Undefined(), host); err != nil && !vm.stopped.Load() {
		vm.Stop(vm.scriptError(err))
	}
	vm.close()
	if loadErr != nil {
		return loadErr
	}
	return vm.result()
}

// serveAll runs main and the loop, then tells the exit listeners. An error of main itself (a file
// that does not load) ends the run at once.
func (vm *VM) serveAll(main func() error) (err error) {
	vm.loop.Run(func() { err = main() })
	if err != nil {
		vm.Stop(err)
		return err
	}
	for {
		for !vm.stopped.Load() && vm.loop.alive() {
			vm.loop.turn(forever)
		}
		if vm.stopped.Load() || vm.tasks.Count("beforeExit") == 0 {
			break
		}
		// A listener may begin something, after which it is told again.
		vm.tasks.Dispatch("beforeExit", vm.rt.ToValue(vm.exit))
		if !vm.loop.alive() {
			break
		}
	}
	vm.modules.checkSettled()
	vm.emitExit()
	return nil
}

// emitExit tells the listeners of 'exit' with the status, unless the host cancelled the script.
// The interrupt of the stop is taken back for them; a cancellation meanwhile interrupts them again.
func (vm *VM) emitExit() {
	vm.mu.Lock()
	before := vm.stop
	code, tell := vm.status()
	if tell {
		vm.stop = nil
		vm.stopped.Store(false)
		vm.rt.ClearInterrupt()
	}
	vm.mu.Unlock()
	if !tell || vm.tasks.Count("exit") == 0 {
		vm.restoreStop(before)
		return
	}
	if before == nil || vm.exit == 0 {
		vm.exit = code
	}
	vm.loop.guard(func() { vm.tasks.Emit("exit", vm.rt.ToValue(code)) })
	vm.restoreStop(before)
}

// status is the exit status as far as it is known; false when the host cancelled the script, which
// has none then. vm.mu is held.
func (vm *VM) status() (code int, ended bool) {
	var exit *ExitError
	var script *ScriptError
	switch {
	case vm.stop == nil:
		return vm.exit, true
	case errors.As(vm.stop, &exit):
		return exit.Code, true
	case errors.As(vm.stop, &script):
		return ExitScript, true
	}
	return 0, false
}

// restoreStop puts the reason back that emitExit took away, unless a newer one came.
func (vm *VM) restoreStop(before error) {
	if before != nil {
		vm.Stop(before)
	}
}

// close ends serving: context done, no more jobs, then the hooks in reverse order.
func (vm *VM) close() {
	vm.mu.Lock()
	vm.phase = phaseClosing
	vm.rt.ClearInterrupt()
	vm.mu.Unlock()
	vm.cancel(ErrClosed)
	vm.loop.close()
	for i := len(vm.hooks) - 1; i >= 0; i-- {
		vm.runHook(vm.hooks[i])
	}
	vm.tasked.Wait()
	vm.mu.Lock()
	vm.phase = phaseClosed
	vm.mu.Unlock()
}

// runHook runs one close hook; a panic in it must not keep the others from running.
func (vm *VM) runHook(hook func()) {
	defer func() {
		if x := recover(); x != nil {
			_, _ = fmt.Fprintf(vm.opts.Stderr, "close hook failed: %q\n", fmt.Sprint(x))
		}
	}()
	hook()
}

// result is what Run returns once all is over.
func (vm *VM) result() error {
	vm.mu.Lock()
	defer vm.mu.Unlock()
	var exit *ExitError
	switch {
	case errors.As(vm.stop, &exit):
		if exit.Code == 0 {
			return nil
		}
		return exit
	case vm.stop != nil:
		return vm.stop
	case vm.exit != 0:
		return &ExitError{Code: vm.exit}
	}
	return nil
}

// Failed reports whether the script has ended, or is ending, by an exception that nobody caught, or because it could
// not be loaded. It is for close hooks.
func (vm *VM) Failed() bool {
	vm.mu.Lock()
	defer vm.mu.Unlock()
	var script *ScriptError
	var load *LoadError
	return errors.As(vm.stop, &script) || errors.As(vm.stop, &load)
}

// Stop asks the script to end because of reason; the first reason wins. Running byte code is
// interrupted, blocking natives see [VM.Context]. Safe from any goroutine.
func (vm *VM) Stop(reason error) {
	vm.mu.Lock()
	if vm.stop == nil && (vm.phase == phaseRunning || vm.phase == phaseNew) {
		vm.stop = reason
		vm.stopped.Store(true)
		vm.rt.Interrupt(stopToken{})
	}
	vm.mu.Unlock()
	vm.cancel(reason)
	vm.loop.wakeUp()
}

// Exit ends the script with a status from inside a native function. It does not return.
func (vm *VM) Exit(code int) {
	vm.Stop(&ExitError{Code: code})
	panic(stopToken{})
}

// CheckStop unwinds the script when it has been asked to stop; a native that was blocked calls it
// before it goes on. It returns otherwise.
func (vm *VM) CheckStop() {
	if vm.stopped.Load() {
		panic(stopToken{})
	}
}

// Aside does what may take long on a goroutine of its own, and waits for it. When the script is stopped meanwhile it is
// left behind. Inside a native function.
func (vm *VM) Aside(do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
	case <-vm.ctx.Done():
		vm.CheckStop()
		<-done
	}
}

// Close stops the script and waits for the end of Run. A VM that never ran runs its hooks here.
// It must not be called on the loop goroutine while Run is active.
func (vm *VM) Close() {
	vm.mu.Lock()
	fresh := vm.phase == phaseNew
	if fresh {
		vm.phase = phaseClosing
	}
	vm.mu.Unlock()
	if fresh {
		vm.close()
		close(vm.ended)
		return
	}
	vm.Stop(ErrClosed)
	<-vm.ended
}
