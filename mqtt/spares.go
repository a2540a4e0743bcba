package mqtt

import "sync"

// spares keeps slices that clients let go after a busy time for the next client
// that gets busy, of whichever in the process: with many clients that have a burst
// now and then, making them anew takes a fifth of the time. What nobody takes goes
// with the garbage.
type spares[T any] struct {
	most int // the largest capacity that is kept
	pool sync.Pool
}

// The spare out-buffers and queues for handlers.
var (
	spareBytes = spares[byte]{most: 64 << 10}
	spareItems = spares[item]{most: 1 << 10}
)

// swap returns what is in small in a larger slice: a spare one, or one with the
// given capacity.
func (s *spares[T]) swap(small []T, capacity int) []T {
	if v, ok := s.pool.Get().(*[]T); ok {
		return append((*v)[:0], small...)
	}
	return append(make([]T, 0, capacity), small...)
}

// give takes a slice that holds nothing that matters.
func (s *spares[T]) give(v []T) {
	if cap(v) <= s.most {
		s.pool.Put(&v)
	}
}
