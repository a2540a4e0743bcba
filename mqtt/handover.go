package mqtt

import (
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
	reading readerState
	reader  uint64 // the goroutine that reads, or was the last to
	seen    uint64 // turns, when reading last changed hands

	delivering bool   // somebody has that role
	own        bool   // it is who reads, and what is being parsed goes to it
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
	r.mu.releaseKick()
}

func (r *receiver) resume(borrowed bool) {
	r.reading, r.seen = readerReads, r.turns
	r.link.Resume(borrowed)
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
	case r.delivering || !r.busy():
	case r.rested == r.turns:
		r.rest()
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
	if size > 0 {
		r.memory.busy = size >= sharedBytes
	}
	if o.sess != nil {
		o.sess.Received(now)
	}
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
		reads = c.deliverReadLocked()
	} else {
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
// one has got on since, so its handlers are quick.
func (r *receiver) stays() bool {
	if r.turns == r.seen {
		return true
	}
	r.reading, r.began = readerAway, time.Now()
	r.watchSoon()
	return false
}

// deliverReadLocked delivers what was read, and what has come up meanwhile. It reports
// whether the caller still is who reads.
func (c *Client) deliverReadLocked() (reads bool) {
	r := &c.recv
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

// release gives the role of who delivers back.
func (r *receiver) release() {
	r.delivering = false
	if r.reading == readerAway {
		r.resume(false)
	}
	r.serve()
}
