package mqtt

import "sync/atomic"

// signal is a channel that is closed once, to tell something to all who wait for it. There is none
// before somebody asks for it, and all that are closed share one, so that an idle client needs none.
type signal struct{ ch atomic.Pointer[chan struct{}] }

// closed is what the channel of a signal is once it was given.
var closed = func() chan struct{} {
	ch := make(chan struct{})
	close(ch)
	return ch
}()

// given returns what is closed once the signal is given.
func (s *signal) given() <-chan struct{} {
	if ch := s.ch.Load(); ch != nil {
		return *ch
	}
	ch := make(chan struct{})
	if s.ch.CompareAndSwap(nil, &ch) {
		return ch
	}
	return *s.ch.Load() // another one has asked, or given it
}

// isGiven reports whether the signal was given.
func (s *signal) isGiven() bool { return s.ch.Load() == &closed }

// give gives the signal, which is done once.
func (s *signal) give() {
	if ch := s.ch.Swap(&closed); ch != nil {
		close(*ch)
	}
}
