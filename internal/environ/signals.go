package environ

import (
	"errors"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Signals are those that a script listens to, and that then do nothing else. Any goroutine may call its methods.
type Signals struct {
	// Patience is how long a script has that was asked to end twice.
	Patience time.Duration
	// End ends the command, as the signal does that nobody listens to.
	End func(syscall.Signal)

	mu      sync.Mutex
	deliver map[syscall.Signal]func() bool // guarded by mu
	extra   chan os.Signal                 // guarded by mu; for signals that only scripts listen to
	pressed int                            // guarded by mu; how often the command was asked to end
	ending  *time.Timer                    // guarded by mu
}

var errSignal = errors.New("no such signal, or one that nobody can listen to")

// Listen has deliver called when a signal comes.
func (s *Signals) Listen(name string, deliver func() bool) (int, error) {
	sig, ok := signalNames[name]
	if !ok {
		return 0, errSignal
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deliver == nil {
		s.deliver = map[syscall.Signal]func() bool{}
	}
	s.deliver[sig] = deliver
	if slices.Contains(systems, sig) {
		s.watch(sig)
	}
	return int(sig), nil
}

// watch asks for a signal that the command itself leaves to the system. mu is held.
func (s *Signals) watch(sig syscall.Signal) {
	if s.extra == nil {
		s.extra = make(chan os.Signal, 8)
		go func() {
			for sig := range s.extra {
				if sig, ok := sig.(syscall.Signal); ok {
					s.Taken(sig)
				}
			}
		}()
	}
	signal.Notify(s.extra, sig)
}

// Forget leaves a signal to do what it does without listeners.
func (s *Signals) Forget(name string) {
	sig := signalNames[name]
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.deliver, sig)
	if slices.Contains(systems, sig) {
		signal.Reset(sig)
	}
}

// Taken gives a signal to the script, and reports whether that listens to it. Who asks twice for the end
// gets it after a while, whatever the script does.
func (s *Signals) Taken(sig syscall.Signal) bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	deliver := s.deliver[sig]
	s.mu.Unlock()
	if deliver == nil || !deliver() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if sig == syscall.SIGINT || sig == syscall.SIGTERM {
		if s.pressed++; s.pressed == 2 && s.End != nil {
			s.ending = time.AfterFunc(s.Patience, func() { s.End(sig) })
		}
	}
	return true
}
