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
	reader  uint64     // the goroutine that reads, or was the last to
	seen    uint64     // turns, when reading last changed hands
	puller  *ownQueue  // whose iterator reads; nil: none does
	pulled  bool       // a message was queued for one that is about to ask for it
	reading readerState
	queues  bool  // there has been a subscription with a queue of its own
	behind  bool  // a message for one waits for its handlers
	looked  int32 // items that passOn has looked at

	delivering bool   // somebody has that role
	own        bool   // it is who reads, and what is being parsed goes to it
	lends      bool   // and runs its handlers before it reads on: they may be lent what it has read
	parsing    bool   // the mutex is held for a batch
	deliverer  uint64 // the goroutine that has that role, or was the last to
	turns      uint64 // how often what was queued was taken

	began   time.Time   // when nobody began to read
	watch   *time.Timer // has look called
	watched atomic.Bool // soon
	eager   atomic.Bool // each message is counted as it is handled
	rested  uint64      // turns and messages through, when look last found nobody at work
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
		r.crowded = true // perhaps: how much waits was not looked at yet
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
	case r.rested == r.turns+r.through:
		r.rest()
		r.client.restLocked()
	default:
		r.rested = r.turns + r.through
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
	r.lends = !r.delivering && r.puller == nil
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
	r.passOn()
	r.parsing = false
	own := r.own
	if r.own = false; own {
		reads = c.deliverReadLocked()
	} else {
		r.noteHandled()
		reads = true
	}
	if reads { // before another goroutine reads
		r.crowded = c.life.Rule(life.Packet) == life.Take && (r.full() || c.jammedLocked())
		reads = !c.leavesReadingLocked(own)
	}
	c.flushLocked()
	if reads && more {
		c.send.holdKick()
	} else {
		c.writeHereLocked()
	}
	c.mu.Unlock() // not deferred: a handler may end the goroutine, without the lock
	return reads
}

// leavesReadingLocked reports whether who reads leaves that to another goroutine; own says that it also
// delivered.
func (c *Client) leavesReadingLocked(own bool) bool {
	r := &c.recv
	switch {
	case r.puller != nil && c.life.Rule(life.Packet) != life.Take: // no message comes any more
		r.resume(false)
	case r.yields(), !own && !r.stays():
		r.leaveReading()
	default:
		return false
	}
	return true
}

// stays reports whether who reads goes on with it, and does not leave it to who delivers: that
// one has got on since, so its handlers are quick, and nobody waits for what is to be read.
func (r *receiver) stays() bool { return r.turns == r.seen || r.waiting > 0 || r.puller != nil }

// yields reports whether who reads leaves that to an iterator, which got a message and
// will read when it wants the next one.
func (r *receiver) yields() bool {
	pulled := r.pulled
	r.pulled = false
	return pulled && r.link.Interruptible()
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
		if eager := r.nearlyFull(); r.eager.Load() != eager {
			r.eager.Store(eager)
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

// passOn gives the messages that are only for queues of their own to those, so that they wait for no
// handler. Those behind one that handlers get first wait with it, or they would overtake it.
func (r *receiver) passOn() {
	if !r.queues {
		return
	}
	kept := int(r.looked)
	for i := kept; i < len(r.items); i++ {
		it := &r.items[i]
		if it.message != nil && it.to.queues != nil {
			if r.behind = r.behind || !it.to.queued; !r.behind && r.delivers(it) {
				it.message.manual = it.to.manual
				it.manual = it.message.manual
				r.shareLocked(it, it.to.queues, handled)
				continue
			}
		}
		r.items[kept] = *it
		kept++
	}
	clear(r.items[kept:])
	r.items, r.looked = r.items[:kept], int32(kept)
}

// release gives the role of who delivers back.
func (r *receiver) release() {
	r.delivering = false
	r.behind = r.behind && len(r.items) > 0
	if r.reading == readerAway {
		r.resume(false)
	}
	r.serve()
}
