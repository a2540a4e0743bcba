package mqtt

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dunlin/internal/fifo"
)

// ownQueue holds messages for handlers on goroutines of their own, or for an iterator: who delivers
// only queues them. The client's mutex guards it.
type ownQueue struct {
	receiver *receiver
	handler  Handler      // or
	batch    BatchHandler // or an iterator takes them
	most     int          // goroutines at once; 0: an iterator
	running  int
	items    fifo.Queue[*shared]

	// For an iterator:
	more   chan struct{} // closed when there is a message, or the end; nil: nobody waits
	subs   int           // subscriptions that lead here
	agreed bool          // the server has agreed to one of them
	loops  int           // that run
	shut   atomic.Bool   // closed, for a loop that does not hold the mutex
	lively bool          // one has taken a message since the last one came
	over   bool          // no message comes any more; those that wait are given
	reason error         // why, for the loop; nil: the application ended the subscriptions
	closed bool          // nobody takes messages any more

	reserved int       // messages at the front, for one of the loops
	spare    []*shared // that a loop is through with

	iterated bool // somebody has asked for a message
	told     bool // that nobody does
}

// workers are the goroutines of handlers with Subscription.Workers.
type workers struct {
	running sync.WaitGroup
	loops   []uint64 // their identifiers; guarded by the client's mutex
}

// wait waits until they have ended.
func (w *workers) wait() {
	if w != nil {
		w.running.Wait()
	}
}

// has reports whether the goroutine id is one of them.
func (w *workers) has(id uint64) bool { return w != nil && slices.Contains(w.loops, id) }

// shared is a message on its way to one or more queues. It counts as waiting until all
// are through with it.
type shared struct {
	item item
	left int // queues that are not through
}

// share passes the message of it to the queues, after the other handlers returned, or
// not. The client's mutex is not held.
func (r *receiver) share(it *item, queues []*ownQueue, result result) {
	it.result = passedOn
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shareLocked(it, queues, result)
}

func (r *receiver) shareLocked(it *item, queues []*ownQueue, result result) {
	m := queues[0].used()
	if m == nil {
		m = r.shared.take(r.memory.busy)
	}
	m.item, m.left = *it, len(queues)
	m.item.result = result
	for _, q := range queues {
		q.push(m)
	}
}

// mostSpare is how many are kept to be used again, which saves a loop a fifth of its time.
const mostSpare = 128

// used returns one to be used again, nil when there is none.
func (q *ownQueue) used() *shared {
	n := len(q.spare) - 1
	if n < 0 {
		return nil
	}
	m := q.spare[n]
	q.spare = q.spare[:n]
	return m
}

// keep keeps m, which no queue has any more, to be used again.
func (q *ownQueue) keep(m *shared) {
	if m.left == 0 && len(q.spare) < mostSpare {
		*m = shared{}
		q.spare = append(q.spare, m)
	}
}

// push queues m, and sees to somebody who takes it.
func (q *ownQueue) push(m *shared) {
	if q.closed || q.over && q.loops == 0 {
		q.receiver.finishLocked(m, failed)
		return
	}
	q.items.Push(m)
	switch {
	case q.most == 0:
		q.receiver.pulled = q.receiver.pulled || q.more != nil || q.receiver.puller == q || q.lively
		q.lively = false // once: a loop that takes nothing more does not stop the reading
		q.wake()
		q.tellIfForgotten()
	case q.running < q.most:
		q.running++
		q.start()
	}
}

// start begins a goroutine that runs the handler.
func (q *ownQueue) start() {
	if q.receiver.workers == nil {
		q.receiver.workers = new(workers)
	}
	q.receiver.workers.running.Go(q.handlerLoop)
}

// pop takes the oldest message that no loop has reserved, nil when there is none.
func (q *ownQueue) pop() *shared {
	if q.reserved > 0 && q.reserved < q.items.Len() {
		m := *q.items.At(q.reserved)
		q.items.Remove(q.reserved)
		return m
	}
	if q.reserved > 0 {
		return nil
	}
	m, _ := q.items.Pop()
	return m
}

// wake lets the iterator look again.
func (q *ownQueue) wake() {
	q.receiver.interrupt(q)
	if q.more != nil {
		close(q.more)
		q.more = nil
	}
}

// close tells that nobody takes messages any more.
func (q *ownQueue) close() {
	q.closed, q.reserved = true, 0
	q.shut.Store(true)
	for m := q.pop(); m != nil; m = q.pop() {
		q.receiver.finishLocked(m, failed)
	}
	q.wake()
}

// release tells that one of the subscriptions is in force no more; reason is why, where
// the application did not end it. When it was the last one, and what came for it has been
// passed on, there is nothing left to wait for.
func (q *ownQueue) release(reason error) {
	q.subs--
	if q.subs > 0 || q.most > 0 {
		return
	}
	r := q.receiver
	r.push(item{call: func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		q.over, q.reason = true, reason
		q.closeIfLeft()
		q.wake()
	}})
}

// closeIfLeft closes a queue that nothing is to come for, and that no loop empties: what
// waits would count for ever, and hold back later acknowledgements. Where the server agreed
// once, and it is not the application that ended the subscriptions, it may still begin a loop.
func (q *ownQueue) closeIfLeft() {
	if q.over && q.loops == 0 && (q.reason == nil || !q.agreed) {
		q.close()
	}
}

// forgottenTime is how long a full receive queue may wait for a first loop over All before
// the Error handler is told: a program may need a moment between Subscribe and its loop.
const forgottenTime = time.Second

// tellIfForgotten has the Error handler told, once, that a full receive queue waits for an
// iterator that nobody has begun.
func (q *ownQueue) tellIfForgotten() {
	if q.iterated || q.told || !q.receiver.full() {
		return
	}
	q.told = true
	time.AfterFunc(forgottenTime, func() {
		q.receiver.mu.Lock()
		defer q.receiver.mu.Unlock()
		if q.iterated || q.closed || q.receiver.ended {
			return
		}
		q.receiver.pushError(&ArgumentError{
			Name: "Subscription.Handler",
			What: "is nil, as is Config.OnMessage, and nobody asks for the messages with All: the client reads no more until somebody does",
		})
	})
}

// handlerLoop runs the handler for what waits, and ends when nothing does.
func (q *ownQueue) handlerLoop() {
	r := q.receiver
	id := goroutineID()
	defer q.endLoop(id)
	r.mu.Lock()
	r.workers.loops = append(r.workers.loops, id)
	m := q.pop()
	r.mu.Unlock()
	for m != nil {
		q.handle(m)
		r.mu.Lock()
		m = q.pop()
		r.mu.Unlock()
	}
}

// endLoop ends the handler loop on the goroutine id. Another one takes what came since the
// loop looked last, and what is left when the handler called runtime.Goexit.
func (q *ownQueue) endLoop(id uint64) {
	r := q.receiver
	r.mu.Lock()
	defer r.mu.Unlock()
	r.workers.loops = slices.DeleteFunc(r.workers.loops, func(other uint64) bool { return other == id })
	if q.items.Len() > 0 {
		q.start()
		return
	}
	q.running--
}

// handle runs the handler for m, and a BatchHandler for what waits behind it, too.
func (q *ownQueue) handle(m *shared) {
	r := q.receiver
	if q.batch != nil {
		q.handleTogether(m)
		return
	}
	result := failed
	defer func() { r.finish(m, result) }()
	switch {
	case !r.delivers(&m.item):
		result = notRun
	case r.guard.runHandler(m.item.to.client.ctx, q.handler, m.item.message):
		result = handled
	}
}

// finish tells that a queue is through with m.
func (r *receiver) finish(m *shared, result result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.finishLocked(m, result)
}

func (r *receiver) finishLocked(m *shared, result result) {
	if result != handled && m.item.result != failed {
		m.item.result = result
	}
	if m.left--; m.left == 0 {
		r.countOut(&m.item)
		r.lookForRoom()
	}
}
