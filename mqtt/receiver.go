package mqtt

import (
	"math"
	"sync/atomic"
	"time"
)

// messageOverhead is what a queued message counts beyond what it refers to.
const messageOverhead = 160

// overrun is how many times the receive limits may be exceeded while somebody
// waits for the server. Beyond it QoS 0 messages are dropped and counted, if no
// handler returns.
const overrun = 16

// item is one thing to do on the deliver goroutine: a message for handlers, the
// callback of a delivery, or a call.
type item struct {
	message  *Received
	delivery *Delivery
	call     func()

	// Of the message, for its handlers may change it:
	to     *destination
	seq    uint64
	size   uint32 // as it was counted, in bytes of memory
	result result
	manual bool
}

// result is what became of a message at its handlers.
type result byte

const (
	notRun   result = iota // they did not run
	failed                 // one panicked
	handled                // all have returned
	passedOn               // queues of their own have it
)

// receiver is the receiving side: the read loop queues what came, and the deliver
// loop runs the handlers and callbacks, one at a time and in order. The client's
// mutex guards it, except for what is said to be a loop's own.
type receiver struct {
	// Set when it is made, not changed afterwards.
	mu        *lock
	limits    *Limits // guarded
	guard     guard
	concluded func(*item)   // tells, with the mutex held, that the handlers of a message are through
	ending    func()        // is called when the deliver loop ends
	done      chan struct{} // closed when it has ended

	quiet          atomic.Bool   // Close was called: no handler or event begins any more
	comeAgain      atomic.Uint64 // the server sends messages of QoS 1 with a seq below that again
	unacknowledged atomic.Bool   // the client has ended, and the server will send again what is not acknowledged

	items     []item
	batch     []item // being handled; the deliver loop changes it with the lock held
	at        int    // of batch: the item being handled; the deliver loop's own
	noted     int    // of batch: what was handled before is counted
	messages  int    // queued or being handled
	bytes     int    // of memory that those hold
	deferred  int    // messages that wait until they, or those before them, are on record
	waiting   int    // goroutines that wait for the server
	paused    bool   // the read loop waits for room
	over      bool   // what was read ahead has the end of the input; the read loop's, with the lock held
	asleep    bool   // the deliver loop waits to be woken
	ended     bool   // nothing is pushed any more
	dropped   int32  // QoS 0 messages lost and not reported yet
	unhandled int32  // messages that nobody takes and that were not reported yet; the deliver loop's own
	read      uint64 // bytes
	through   uint64 // messages whose handlers have returned, and reads of a large one
	stuck     bool   // no handler returned for long, and somebody waits; until there is room

	stream *stream // the large message that is coming; nil: none
	memory memory  // for messages; the read loop's own, with the lock held

	crowded bool // full at the end of the last read; the read loop's own

	finished  atomic.Int32 // of batch: what is before is handled
	unnoted   int          // bytes handled since that was counted; the deliver loop's own
	noteLater *time.Timer  // counts what is handled; the deliver loop's own
	notesSoon atomic.Bool  // it runs

	loop    uint64   // the goroutine of the deliver loop
	workers *workers // handlers on goroutines of their own; nil: there have been none

	wake chan struct{} // wakes the deliver loop
	gate chan struct{} // wakes the read loop
}

func (r *receiver) init(c *Client) {
	r.mu, r.limits, r.concluded, r.ending = &c.mu, &c.cfg.Limits, c.concludeLocked, c.cancel
	r.guard = guard{log: c.opened.Transport.Logger, onError: c.opened.OnError}
	r.done = make(chan struct{})
	r.wake, r.gate = make(chan struct{}, 1), make(chan struct{}, 1)
}

// push queues it.
func (r *receiver) push(it item) {
	r.items = append(r.items, it)
	r.wakeLoop()
}

// pushEvent queues a call that is left out once Close was called.
func (r *receiver) pushEvent(f func()) {
	r.push(item{call: func() {
		if !r.quiet.Load() {
			f()
		}
	}})
}

// pushEventOf is pushEvent for one that tells of err, and holds it until then.
func (r *receiver) pushEventOf(err error, f func()) {
	r.pushEvent(f)
	size := countedSize(memoryOf(err))
	r.items[len(r.items)-1].size = size
	r.bytes += int(size)
}

// pushError has the Error handler told of err, unless Close was called.
func (r *receiver) pushError(err error) {
	r.push(item{call: func() { r.report(err) }})
}

// report tells the Error handler of the outcome of something that nobody waits
// for. It runs on the deliver loop; after Close nothing is told.
func (r *receiver) report(err error) {
	if err != nil && r.guard.onError != nil && !r.quiet.Load() {
		r.guard.onError(err)
	}
}

// count counts m, and what it holds, as waiting for its handlers, and fills in its
// item.
func (r *receiver) count(it *item, m *Received) {
	it.message, it.to, it.seq = m, m.to, m.seq
	it.size = countedSize(m.MemorySize())
	r.messages++
	r.bytes += int(it.size)
}

// countedSize is how a size is kept in an item: 4 GiB and more count as that.
func countedSize(bytes int) uint32 { return uint32(min(uint64(bytes), math.MaxUint32)) }

// MemorySize returns how many bytes of memory the message holds, roughly: what counts
// in Limits.ReceiveBytes.
func (m *Received) MemorySize() int {
	size := messageOverhead + len(m.Topic) + cap(m.Payload)
	if m.Properties != nil { // seldom, and a call
		size += m.Properties.memory()
	}
	return size
}

// end tells that nothing is pushed any more.
func (r *receiver) end() {
	r.ended = true
	r.memory.dropSpare()
	r.wakeLoop()
}

// wakeLoop wakes the deliver loop when it sleeps and has something to do.
func (r *receiver) wakeLoop() {
	if r.asleep && (len(r.items) > 0 || r.ended) {
		r.asleep = false
		r.mu.wake = r.wake
	}
}

// idleItems is how many places are kept for the next ones when nothing waits.
const idleItems = 16

// rest lets go of what an idle client does not need.
func (r *receiver) rest() {
	r.memory.dropSpare()
	r.memory = memory{}
	if cap(r.items) > idleItems && len(r.items) == 0 {
		r.items = nil
	}
	if cap(r.batch) > idleItems {
		r.batch = nil
	}
}

// busy reports whether there is more than an idle client needs.
func (r *receiver) busy() bool {
	return cap(r.items) > idleItems || cap(r.batch) > idleItems || r.memory.busy || r.memory.backBytes > sharedBytes || r.memory.spare != nil
}
