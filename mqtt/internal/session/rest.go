package session

import "dunlin/internal/fifo"

// restPlaces is for how many entries a session at rest has places at most.
const restPlaces = 16

// Holds reports whether there are places for many entries, and none that needs them: what a busy
// time leaves behind.
func (s *Session) Holds() bool {
	return s.out.holds() || s.in.flows.holds() || s.queue.Len() == 0 && s.queue.Cap() > restPlaces ||
		s.resend.Len() == 0 && s.resend.Cap() > restPlaces || s.in.pending.Len() == 0 && s.in.pending.Cap() > restPlaces ||
		len(s.freed) == 0 && cap(s.freed) > restPlaces
}

// Rest lets go of all places that no entry needs.
func (s *Session) Rest() {
	s.out.rest()
	s.in.flows.rest()
	if len(s.freed) == 0 {
		s.freed = nil
	}
	empty(&s.queue)
	empty(&s.resend)
	empty(&s.in.pending)
	if len(s.in.held) == 0 {
		s.in.held = nil
	}
}

// holds reports whether it is empty and has places for many.
func (t *table[T]) holds() bool { return t.n == 0 && len(t.places) > restPlaces }

// rest lets go of the places of an empty table.
func (t *table[T]) rest() {
	if t.n == 0 && len(t.places) > 0 {
		*t = table[T]{burst: t.most}
	}
}

// empty lets go of the places of an empty queue.
func empty[T any](q *fifo.Queue[T]) {
	if q.Len() == 0 {
		*q = fifo.Queue[T]{}
	}
}
