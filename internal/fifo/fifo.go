// Package fifo has the first-in first-out queue that the client and the script engine
// share.
package fifo

// keptPlaces is how much memory an empty queue keeps, in items: after a burst the rest is
// let go.
const keptPlaces = 256

// Queue is a first-in first-out list whose front is dropped at constant cost,
// amortised. The zero value is empty. It is not safe for concurrent use.
type Queue[T any] struct {
	items []T
	head  int
}

// Len returns how many items there are.
func (q *Queue[T]) Len() int { return len(q.items) - q.head }

// Cap returns for how many items there is memory.
func (q *Queue[T]) Cap() int { return cap(q.items) }

// At returns the i-th item from the front, valid until the next change.
func (q *Queue[T]) At(i int) *T { return &q.items[q.head+i] }

// Push appends v.
func (q *Queue[T]) Push(v T) { q.items = append(q.items, v) }

// Pop takes the item at the front; ok is false when there is none.
func (q *Queue[T]) Pop() (v T, ok bool) {
	if q.Len() == 0 {
		return v, false
	}
	v = *q.At(0)
	q.Drop(1)
	return v, true
}

// Drop removes n items from the front. It moves the rest to the start of the
// array once the free part is the larger one, so that an item moves at most
// once for each one dropped.
func (q *Queue[T]) Drop(n int) {
	clear(q.items[q.head : q.head+n])
	q.head += n
	if q.head == len(q.items) && cap(q.items) > keptPlaces {
		q.items, q.head = nil, 0
		return
	}
	if q.head*2 < len(q.items) {
		return
	}
	kept := copy(q.items, q.items[q.head:])
	clear(q.items[kept:])
	q.items, q.head = q.items[:kept], 0
}

// Remove takes out the i-th item from the front.
func (q *Queue[T]) Remove(i int) {
	at := q.head + i
	copy(q.items[at:], q.items[at+1:])
	var zero T
	q.items[len(q.items)-1] = zero
	q.items = q.items[:len(q.items)-1]
}
