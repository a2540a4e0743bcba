package mqtt

import (
	"slices"
	"sync/atomic"
	"time"

	"dunlin/mqtt/internal/life"
	"dunlin/mqtt/internal/link"
)

// One goroutine reads, runs the handlers of what it read, and writes what was answered: a
// message takes no turn between goroutines. It cannot read while a handler runs, so reading goes
// over to another goroutine when a handler waits for the server, or takes its time. The first one
// then only delivers, and ends when nothing is left to deliver. A reader that finds another goroutine
// at delivering, and getting on with it, leaves the reading to it in turn.

// handOverTime is how long who reads may run handlers before another goroutine reads on, and how
// long an acknowledgement may wait for the handlers of later messages.
const handOverTime = time.Millisecond

// readerState says what becomes of the input.
type readerState byte

const (
	readerNone     readerState = iota // there is no connection
	readerReads                       // a goroutine reads, or waits for room
	readerDelivers                    // it runs handlers instead
	readerAway                        // it has left: who delivers sees to another one
)

// roles says which goroutines read and deliver. The client's mutex guards it.
type roles struct {
	link    *link.Link // that is read
	reader  uint64     // the goroutine that reads, or was the last to
	seen    uint64     // turns, when reading last changed hands
	puller  *ownQueue  // whose iterator reads; nil: none does
	pullers int        // iterators that wait, or run their loop's body
	pulled  bool       // a message was queued for one
	reading readerState

	delivering bool   // somebody has that role
	own        bool   // it is who reads, and what is being parsed goes to it
	parsing    bool   // the mutex is held for a batch
	deliverer  uint64 // the goroutine that has that role, or was the last to
	turns      uint64 // how often what was queued was taken

	began   time.Time   // when nobody began to read
	watch   *time.Timer // has look called
	watched atomic.Bool // soon
	eager   atomic.Bool // each message is counted as it is handled
	rested  uint64      // turns, when look last found nobody at work
}

// serve sees to somebody who delivers what is queued.
func (r *receiver) serve() {
	if !r.delivering && (len(r.items) > 0 || r.ended && !r.finished) {
		r.delivering = true
		r.mu.deliver = r
	}
}

// handOver has another goroutine read if nobody does.
func (r *receiver) handOver() {
	switch r.reading {
	case readerDelivers:
		r.resume(r.memory.leave())
	case readerAway:
		r.resume(false)
	case readerNone, readerReads:
	}
}

func (r *receiver) resume(borrowed bool) {
	r.reading, r.seen, r.puller = readerReads, r.turns, nil
	r.link.Resume(borrowed)
	r.mu.releaseKick() // whoever held it does not write soon
}

// enter tells that a goroutine waits for the server, perhaps inside a handler: reading must
// not stop for a full receive queue meanwhile, nor for that handler. leave ends it.
func (r *receiver) enter() {
	r.waiting++
	r.openGate()
	if r.reading == readerAway || r.reading == readerDelivers && goroutineID() == r.deliverer {
		r.handOver()
	}
}

func (r *receiver) leave() { r.waiting-- }

// watchSoon has look called after handOverTime.
func (r *receiver) watchSoon() {
	if r.watched.Load() {
		return
	}
	r.watched.Store(true)
	r.watchIn(handOverTime)
}

func (r *receiver) watchIn(d time.Duration) {
	if r.watch == nil {
		r.watch = time.AfterFunc(d, r.look)
		return
	}
	r.watch.Reset(d)
}

// look counts what is handled, so that it is acknowledged, and sees to it that somebody reads.
// When nobody has had anything to do for a while, it lets go of what only a busy client needs.
func (r *receiver) look() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watched.Store(false)
	r.eager.Store(true) // before noteHandled: what it does not see is counted by who delivers
	r.noteHandled()
	switch {
	case r.reading == readerDelivers || r.reading == readerAway:
		if left := handOverTime - time.Since(r.began); left > 0 {
			r.watched.Store(true)
			r.watchIn(left)
			return
		}
		r.handOver()
		r.watchIn(idleTime) // for what is let go
	case !r.busy() && !r.client.holdsLocked():
	case r.delivering:
		r.watchIn(idleTime)
	case r.rested == r.turns:
		r.rest()
		r.client.restLocked()
	default:
		r.rested = r.turns
		r.watchIn(idleTime)
	}
}

// Reads implements link.Owner.
func (o *owner) Reads() {
	id := goroutineID()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.recv.reader = id
}

// KeepReading implements link.Owner.
func (o *owner) KeepReading() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.recv.handOver()
}

// BeginBatch implements link.Owner. The client's mutex is held from here to
// EndBatch: a batch is parsed, answered and queued at the cost of one lock.
func (o *owner) BeginBatch(now time.Time, size int) {
	o.mu.Lock()
	r := &o.recv
	r.read += uint64(size)
	if r.parsing = true; size > 0 {
		r.memory.busy = size >= sharedBytes
	}
	r.memory.age(now)
	if o.sess != nil {
		o.sess.Received(now)
	}
	r.plain = (*Client)(o).takesPlainLocked()
	if !r.delivering {
		r.delivering, r.own, r.deliverer, r.began = true, true, r.reader, now
		r.memory.begin()
	}
}

// EndBatch implements link.Owner: it runs the handlers, unless another goroutine is at it, and
// writes what is answered.
func (o *owner) EndBatch(more bool) (reads bool) {
	c := (*Client)(o)
	r := &c.recv
	r.memory.rest()
	if r.own {
		r.own = false
		r.passOn()
		r.parsing = false
		reads = c.deliverReadLocked() && !r.yields()
	} else {
		r.parsing = false
		r.noteHandled()
		reads = r.stays()
	}
	c.flushLocked()
	if reads && more {
		c.send.holdKick()
	} else {
		c.writeHereLocked()
	}
	if reads {
		r.crowded = c.life.Rule(life.Packet) == life.Take && (r.full() || c.jammedLocked())
	}
	c.mu.Unlock() // not deferred: a handler may end the goroutine, without the lock
	return reads
}

// stays reports whether who reads goes on with it, and does not leave it to who delivers: that
// one has got on since, so its handlers are quick, and nobody waits for what is to be read.
func (r *receiver) stays() bool {
	if r.turns == r.seen || r.waiting > 0 {
		return true
	}
	r.leaveReading()
	return false
}

// yields reports whether who reads leaves that to an iterator, which got a message and
// will read when it wants the next one.
func (r *receiver) yields() bool {
	if !r.pulled {
		return false
	}
	r.pulled = false
	if r.pullers == 0 || !r.link.Interruptible() {
		return false
	}
	r.leaveReading()
	return true
}

// leaveReading leaves the reading to whoever takes it up.
func (r *receiver) leaveReading() {
	r.reading, r.puller, r.began = readerAway, nil, time.Now()
	r.watchSoon()
}

// pull takes up the reading for the iterator of q, and returns what it is to read: nil when
// somebody else reads.
func (r *receiver) pull(q *ownQueue) *link.Link {
	if r.reading != readerAway || r.delivering || !r.link.Interruptible() {
		return nil
	}
	r.reading, r.reader, r.puller = readerReads, 0, q
	return r.link
}

// interrupt ends the read of the iterator of q, if it is at one.
func (r *receiver) interrupt(q *ownQueue) {
	if r.puller == q && r.reading == readerReads && !r.parsing {
		r.link.Interrupt()
	}
}

// Interrupted implements link.Owner.
func (o *owner) Interrupted() (leaves bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := &o.recv
	if r.puller == nil { // it has left already
		return false
	}
	r.leaveReading()
	return true
}

// deliverReadLocked delivers what was read, and what has come up meanwhile. It reports
// whether the caller still is who reads.
func (c *Client) deliverReadLocked() (reads bool) {
	r := &c.recv
	if len(r.items) > 0 && r.puller != nil { // handlers do not run on the goroutine of an iterator
		r.mu.deliver = r
		return true
	}
	if len(r.items) > 0 {
		r.reading = readerDelivers
		if r.eager.Load() {
			r.eager.Store(false)
		}
		r.watchSoon()
		c.send.holdKick()
		r.deliverAll()
		reads = r.reading == readerDelivers
		if reads {
			r.reading = readerReads
		}
	} else {
		reads = true
	}
	r.release()
	r.seen = r.turns
	return reads
}

// passOn gives the messages at the front that are only for queues of their own to those.
func (r *receiver) passOn() {
	n := 0
	for n < len(r.items) && r.items[n].message != nil && r.items[n].to.queued && r.delivers(&r.items[n]) {
		it := &r.items[n]
		it.message.manual = it.to.manual
		it.manual = it.message.manual
		r.shareLocked(it, it.to.queues, handled)
		n++
	}
	r.items = slices.Delete(r.items, 0, n)
}

// release gives the role of who delivers back.
func (r *receiver) release() {
	r.delivering = false
	if r.reading == readerAway {
		r.resume(false)
	}
	r.serve()
}
