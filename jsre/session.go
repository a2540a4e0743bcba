package jsre

import (
	"context"
	"errors"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/inspect"
)

// ErrIncomplete is what a text of a [Session] ends with that what follows may complete.
var ErrIncomplete = engine.ErrIncomplete

// ErrInterrupted is what a text of a [Session] ends with that [Session.Interrupt] broke off.
var ErrInterrupted = engine.ErrInterrupted

// Session runs texts one after the other in one runtime, as a person types them. They share the global
// scope; _ is the last value, _error the last exception. An await may stand outside of functions.
type Session struct {
	session *engine.Session
	vm      *engine.VM
}

// Interact runs a runtime for a [Session], which talk, on a goroutine of its own, gives texts to. It
// returns when talk has returned the exit status, or a text has ended the script: as RunFile does. talk is left behind
// then. uncaught is told what nobody catches, as text for people.
func (r *Runtime) Interact(ctx context.Context, uncaught func(text string), talk func(*Session) int) error {
	in := &Session{vm: r.vm}
	tell := func(o engine.Outcome) {
		if _, err := in.shown(o); err != nil {
			uncaught(err.Error())
		}
	}
	return r.vm.Serve(ctx, tell, func(s *engine.Session) int {
		in.session = s
		return talk(in)
	})
}

// thrownError is an exception as text for people.
type thrownError string

// Error implements error.
func (e thrownError) Error() string { return string(e) }

// Eval runs a text to its end and gives the value of its last expression as console.log shows it, or ""
// where it ends with a declaration. The error is what it threw, with its stack; ErrIncomplete; ErrInterrupted; ErrClosed
// when it ended the script; or what is wrong with the text.
func (s *Session) Eval(text string) (shown string, err error) {
	ended := s.session.Eval(text, func(o engine.Outcome) { shown, err = s.shown(o) })
	if !ended {
		return "", ErrClosed
	}
	return shown, err
}

// shown shows an outcome. Loop goroutine only.
func (s *Session) shown(o engine.Outcome) (string, error) {
	var load *engine.LoadError
	switch {
	case errors.As(o.Err, &load):
		return "", thrownError(strings.TrimSuffix(load.Report(), "\n"))
	case o.Err != nil:
		return "", o.Err
	}
	in := inspect.Of(s.vm)
	options := in.Defaults()
	options.Colors = s.vm.Options().Color
	if o.Thrown {
		options.Colors = false // who shows it makes it harmless, colours as well
		s.vm.SetGlobal("_error", o.Value)
		return "", thrownError("Uncaught " + s.vm.CleanStack(in.Inspect(o.Value, options)))
	}
	if o.Declared {
		return "", nil
	}
	if !goja.IsUndefined(o.Value) {
		s.vm.SetGlobal("_", o.Value)
	}
	return s.vm.CleanStack(in.Inspect(o.Value, options)), nil
}

// Interrupt breaks off the text that runs, or waits, or where there is none the next one, unless ClearInterrupt comes between. A
// native function that blocks is not broken off.
func (s *Session) Interrupt() { s.session.Interrupt() }

// ClearInterrupt takes an Interrupt back that came when no text ran.
func (s *Session) ClearInterrupt() { s.session.ClearInterrupt() }

// Complete gives the names that may stand at the end of a text, sorted, and the beginning of them that is there. No code of
// the script runs for it.
func (s *Session) Complete(text string) (names []string, begun string) {
	return s.session.Complete(text)
}
