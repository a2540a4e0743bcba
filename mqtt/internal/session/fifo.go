package session

// fifo is a queue whose front is dropped at constant cost, amortised.
type fifo[T any] struct {
	items []T
	head  int
}

func (f *fifo[T]) len() int { return len(f.items) - f.head }

// at returns the i-th item from the front.
func (f *fifo[T]) at(i int) *T { return &f.items[f.head+i] }

func (f *fifo[T]) push(v T) { f.items = append(f.items, v) }

// drop removes n items from the front. It moves the rest to the start of the
// array once the free part is the larger one, so that an item moves at most
// once for each one dropped.
func (f *fifo[T]) drop(n int) {
	clear(f.items[f.head : f.head+n])
	f.head += n
	if f.head == len(f.items) && cap(f.items) > idleSlots {
		f.items, f.head = nil, 0
		return
	}
	if f.head*2 < len(f.items) {
		return
	}
	kept := copy(f.items, f.items[f.head:])
	clear(f.items[kept:])
	f.items, f.head = f.items[:kept], 0
}

// remove takes out the i-th item from the front.
func (f *fifo[T]) remove(i int) {
	at := f.head + i
	copy(f.items[at:], f.items[at+1:])
	var zero T
	f.items[len(f.items)-1] = zero
	f.items = f.items[:len(f.items)-1]
}
