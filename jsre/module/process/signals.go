package process

import (
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// Signals is what a host gives as its setting "signals", so that scripts can listen to signals.
type Signals interface {
	// Listen has deliver called, from any goroutine, instead of what a signal does otherwise. deliver
	// reports false when the script takes none any more. It returns the signal's number, or an error for
	// one that cannot be listened to.
	Listen(name string, deliver func() bool) (number int, err error)
	// Forget ends that.
	Forget(name string)
}

// signals knows which signals the script listens to.
type signals struct {
	vm      *engine.VM
	host    Signals
	numbers map[string]int
}

// changed follows a change of the listeners of an event, or of all when it has no name.
func (s *signals) changed(event string) {
	if s.host == nil {
		return
	}
	if event == "" || event == "undefined" {
		for name := range s.numbers {
			s.follow(name)
		}
		return
	}
	if strings.HasPrefix(event, "SIG") {
		s.follow(event)
	}
}

func (s *signals) follow(name string) {
	_, listens := s.numbers[name]
	switch wants := s.vm.Tasks().Count(name) > 0; {
	case wants && !listens:
		number, err := s.host.Listen(name, func() bool { return s.vm.Loop().Post(func() { s.deliver(name) }) })
		if err != nil {
			s.vm.Throw("EINVAL", "uv_signal_start EINVAL", "syscall", "uv_signal_start")
		}
		if s.numbers == nil {
			s.numbers = map[string]int{}
		}
		s.numbers[name] = number
	case !wants && listens:
		s.host.Forget(name)
		delete(s.numbers, name)
	}
}

func (s *signals) deliver(name string) {
	number := s.numbers[name]
	defer s.changed(name) // a listener of once is gone
	s.vm.Tasks().Emit(name, s.vm.Runtime().ToValue(name), s.vm.Runtime().ToValue(number))
}

// lend gives process a method of Task's emitter, and follows what it does to listeners of signals.
func (h *host) lend(name string, f *engine.Func) {
	owner := h.vm.Tasks().Object()
	h.vm.Export(h.obj, name, func(c goja.FunctionCall) goja.Value {
		v := f.Call(owner, c.Arguments...)
		if _, symbol := c.Argument(0).(*goja.Symbol); !symbol {
			h.signals.changed(c.Argument(0).String())
		}
		if v != owner {
			return v
		}
		return h.obj
	})
}
