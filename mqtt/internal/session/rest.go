package session

import "dunlin/internal/fifo"

// idlePlaces is for how many entries an idle session has places at most.
const idlePlaces = 16

// Holds reports whether there are places for many entries, and none that needs them: what a busy
// time leaves behind.
func (s *Session) Holds() bool {
	return s.out.n == 0 && len(s.out.slots) > idlePlaces || s.queue.Len() == 0 && s.queue.Cap() > idlePlaces ||
		s.resend.Len() == 0 && s.resend.Cap() > idlePlaces || s.in.pending.Len() == 0 && s.in.pending.Cap() > idlePlaces ||
		len(s.freed) == 0 && cap(s.freed) > idlePlaces
}

// Rest lets go of all places that no entry needs.
func (s *Session) Rest() {
	if s.out.n == 0 {
		s.out.slots = nil
	}
	if len(s.freed) == 0 {
		s.freed = nil
	}
	empty(&s.queue)
	empty(&s.resend)
	empty(&s.in.pending)
	if len(s.in.flows) == 0 {
		s.in.flows = nil
	}
	if len(s.in.held) == 0 {
		s.in.held = nil
	}
}

// empty lets go of the places of an empty queue.
func empty[T any](q *fifo.Queue[T]) {
	if q.Len() == 0 {
		*q = fifo.Queue[T]{}
	}
}
