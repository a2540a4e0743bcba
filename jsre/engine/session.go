package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"

	"github.com/dop251/goja"
)

// ErrInterrupted is what a text of a [Session] ends with that [Session.Interrupt] broke off.
var ErrInterrupted = errors.New("interrupted")

// Session runs texts in a VM one after the other, as a person types them. All of them share the global
// scope, where let, const and class may declare a name again.
type Session struct {
	vm       *VM
	unit     *unit // what require is relative to
	require  goja.Value
	texts    int
	lazy     map[string]goja.Value // getters of globals that are made when they are first asked for
	waiting  func(Outcome)         // ends the text that waits for a promise; nil: none does
	uncaught func(Outcome)
	broken   atomic.Bool // the text that runs, or the next one, is to be broken off
}

// Outcome is what became of a text of a [Session].
type Outcome struct {
	Value    goja.Value // what it gave, or threw; loop goroutine only
	Declared bool       // its last statement declares something, and gives nothing
	Thrown   bool
	Err      error // a *LoadError, an *ExitError, ErrInterrupted, or why the script ended; nil otherwise
}

// Serve runs the VM as [VM.Run] does, until talk returns the exit status or a text ends the script. talk is called
// on a goroutine of its own, which is left behind when the script ends first. What nobody catches is told to
// uncaught, on the loop goroutine, and ends nothing.
func (vm *VM) Serve(ctx context.Context, uncaught func(Outcome), talk func(*Session) int) error {
	return vm.Run(ctx, func() error {
		s := vm.newSession(uncaught)
		vm.loop.Ref()
		go func() {
			code := talk(s)
			if vm.ctx.Err() == nil { // or a text has ended the script, whose status it is
				vm.Stop(&ExitError{Code: code})
			}
		}()
		return nil
	})
}

func (vm *VM) newSession(uncaught func(Outcome)) *Session {
	abs := filepath.Join(vm.opts.Dir, "[repl]")
	s := &Session{vm: vm, unit: &unit{abs: abs, name: "[repl]", lowered: &Lowered{}}, uncaught: uncaught, lazy: map[string]goja.Value{}}
	vm.session = s
	vm.tellMain(abs)
	s.require = vm.modules.requireFunc(s.unit)
	exports := vm.rt.NewObject()
	vm.SetGlobal("require", s.require)
	vm.SetGlobal("exports", exports)
	vm.SetGlobal("module", vm.NewObject("exports", exports, "id", "[repl]", "path", vm.opts.Dir, "filename", abs, "loaded", false))
	global := vm.rt.GlobalObject()
	for _, name := range vm.modules.names() {
		if identifier().MatchString(name) && global.Get(name) == nil {
			vm.LazyGlobal(name, func() goja.Value {
				v, _ := vm.modules.native(name)
				return v
			})
		}
	}
	// What is an accessor now is one of ours, and harmless to call.
	for _, name := range global.GetOwnPropertyNames() {
		if get := s.ownGetter(global, name); get != nil {
			s.lazy[name] = get
		}
	}
	return s
}

var identifier = pattern(`^[A-Za-z_$][\w$]*$`)

// Eval runs a text and waits until it has ended: also for the promise that an await of it, outside of
// functions, waits for. done is called with its outcome on the loop goroutine, unless the script ends before.
// Eval reports whether it was.
func (s *Session) Eval(text string, done func(Outcome)) bool {
	ended := make(chan struct{})
	s.vm.loop.Post(func() {
		s.clearInterrupt()
		if s.broken.Swap(false) {
			done(Outcome{Err: ErrInterrupted})
			close(ended)
			return
		}
		s.start(text, func(o Outcome) {
			done(o)
			close(ended)
		})
	})
	select {
	case <-ended:
		return true
	case <-s.vm.ctx.Done():
		return false
	}
}

// Interrupt breaks off the text that runs, or waits, or where there is none the next one. Safe from any goroutine.
func (s *Session) Interrupt() {
	s.broken.Store(true)
	s.vm.mu.Lock()
	if s.vm.stop == nil {
		s.vm.rt.Interrupt(ErrInterrupted)
	}
	s.vm.mu.Unlock()
	s.vm.loop.Post(func() {
		s.clearInterrupt()
		s.finish(Outcome{Err: ErrInterrupted})
	})
}

// ClearInterrupt takes an Interrupt back that came when no text ran. Safe from any goroutine.
func (s *Session) ClearInterrupt() { s.broken.Store(false) }

// clearInterrupt takes an interrupt back that found nothing to interrupt.
func (s *Session) clearInterrupt() {
	s.vm.mu.Lock()
	defer s.vm.mu.Unlock()
	if s.vm.stop == nil {
		s.vm.rt.ClearInterrupt()
	}
}

// finish ends the text that waits for a promise. It reports whether there was one.
func (s *Session) finish(o Outcome) bool {
	done := s.waiting
	s.waiting = nil
	if done != nil {
		done(o)
	}
	return done != nil
}

// start runs a text; done is called now or, when it waits for a promise, later.
func (s *Session) start(text string, done func(Outcome)) {
	vm := s.vm
	p, err := s.parse(text)
	if err != nil {
		done(Outcome{Err: err})
		return
	}
	var v goja.Value
	thrown := vm.loop.try(func() {
		if v, err = vm.rt.RunProgram(p.program); err != nil {
			panic(err)
		}
		if start, ok := vm.ToFunc(v); p.async && ok {
			v = start.Call(goja.Undefined())
		}
	})
	switch {
	case vm.stopped.Load(): // Eval sees it
	case thrown != nil:
		done(s.thrown(thrown))
	case p.async:
		s.wait(v, func(o Outcome) {
			o.Declared = p.declared
			done(o)
		})
	default:
		done(Outcome{Value: v, Declared: p.declared})
	}
}

// wait has the value of an async text end it: a promise of an array with what it gives.
func (s *Session) wait(promise goja.Value, done func(Outcome)) {
	vm := s.vm
	async := vm.modules.asyncFunctions()
	s.waiting = done
	mine := func(o Outcome) goja.Value {
		if !s.finish(o) && o.Thrown { // it was broken off before
			s.uncaught(o)
		}
		return goja.Undefined()
	}
	async.then.Call(goja.Undefined(), async.catch.Call(goja.Undefined(), promise, vm.NewFunction("", func(c goja.FunctionCall) goja.Value {
		return mine(Outcome{Value: c.Argument(0), Thrown: true})
	})), vm.NewFunction("", func(c goja.FunctionCall) goja.Value {
		list, ok := c.Argument(0).(*goja.Object)
		if !ok { // it was rejected
			return goja.Undefined()
		}
		v := list.Get("0")
		if v == nil {
			v = goja.Undefined()
		}
		return mine(Outcome{Value: v})
	}))
}

// thrown is the outcome of an error that the loop caught.
func (s *Session) thrown(err error) Outcome {
	var interrupted *goja.InterruptedError
	if errors.As(err, &interrupted) {
		s.clearInterrupt()
		return Outcome{Err: ErrInterrupted}
	}
	return Outcome{Value: s.vm.errorValue(err), Thrown: true}
}

// tell deals with what nobody caught.
func (s *Session) tell(o Outcome) {
	if o.Err != nil && s.finish(o) {
		return
	}
	s.uncaught(o)
}

// nextName is what stacks call the next text.
func (s *Session) nextName() string {
	s.texts++
	return fmt.Sprintf("REPL%d", s.texts)
}
