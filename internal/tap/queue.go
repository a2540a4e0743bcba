package tap

import (
	"sync"
	"time"
)

// mostQueued is how many bytes wait in one direction. A side that reads slowly is felt by the other one as it is without a proxy,
// only that much later.
const mostQueued = 256 << 10

// chunk is bytes that are passed on at a time.
type chunk struct {
	bytes []byte
	due   time.Time
}

// queue is what waits in one direction, in order.
type queue struct {
	mu     sync.Mutex
	chunks []chunk
	bytes  int
	ended  bool
	err    error         // of the reading side; nil: it ended in order
	filled chan struct{} // has one element when something was put in
	taken  chan struct{} // has one element when something was taken out
}

func newQueue() *queue {
	return &queue{filled: make(chan struct{}, 1), taken: make(chan struct{}, 1)}
}

// signal leaves one element in a channel.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// put adds a chunk once there is room, and returns false when done is closed meanwhile.
func (q *queue) put(c chunk, done <-chan struct{}) bool {
	for !q.tryPut(c) {
		select {
		case <-q.taken:
		case <-done:
			return false
		}
	}
	signal(q.filled)
	return true
}

func (q *queue) tryPut(c chunk) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.bytes > 0 && q.bytes+len(c.bytes) > mostQueued {
		return false
	}
	q.chunks = append(q.chunks, c)
	q.bytes += len(c.bytes)
	return true
}

// end says that nothing more comes, and why.
func (q *queue) end(err error) {
	q.mu.Lock()
	q.ended, q.err = true, err
	q.mu.Unlock()
	signal(q.filled)
}

// next returns the next chunk once there is one. ok is false when there will be none, with the reason, or when done is closed. The
// chunk stays in the queue's account until passed is called.
func (q *queue) next(done <-chan struct{}) (c chunk, ok bool, err error) {
	for {
		q.mu.Lock()
		switch {
		case len(q.chunks) > 0:
			c, q.chunks = q.chunks[0], q.chunks[1:]
			q.mu.Unlock()
			return c, true, nil
		case q.ended:
			err = q.err
			q.mu.Unlock()
			return chunk{}, false, err
		}
		q.mu.Unlock()
		select {
		case <-q.filled:
		case <-done:
			return chunk{}, false, nil
		}
	}
}

// passed makes room for what was passed on.
func (q *queue) passed(c chunk) {
	q.mu.Lock()
	q.bytes -= len(c.bytes)
	q.mu.Unlock()
	signal(q.taken)
}
