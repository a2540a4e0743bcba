package mqtt

import (
	"math"
	"sync/atomic"
)

// messageOverhead is what a queued message counts beyond what it refers to.
const messageOverhead = 160

// overrun is how many times the receive limits may be exceeded while somebody
// waits for the server. Beyond it QoS 0 messages are dropped and counted, if no
// handler returns.
const overrun = 16

// item is one thing to do for who delivers: a message for handlers, the
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

// receiver is the receiving side. Two roles are given to goroutines: one reads, and queues what
// came, and one delivers, which is to run the handlers and callbacks, one at a time and in order. Mostly
// one goroutine has both, see handover.go. The client's mutex guards it, except for what is said
// to be of who has a role.
type receiver struct {
	// Set when it is made, not changed afterwards.
	mu     *lock
	limits *Limits // guarded
	guard  guard
	client *Client

	done           signal        // nothing is delivered any more
	quiet          atomic.Bool   // Close was called: no handler or event begins any more
	unacknowledged atomic.Bool   // the client has ended, and the server will send again what is not acknowledged
	comeAgain      atomic.Uint64 // the server sends messages of QoS 1 with a seq below that again

	items     []item
	batch     []item // being handled; who delivers changes it with the lock held
	at        int    // of batch: the item being handled; of who delivers
	noted     int    // of batch: what was handled before is counted
	messages  int    // queued or being handled
	bytes     int    // of memory that those hold
	deferred  int    // messages that wait until they, or those before them, are on record
	waiting   int    // goroutines that wait for the server
	paused    bool   // who reads waits for room
	over      bool   // what was read ahead has the end of the input; of who reads, with the lock held
	ended     bool   // nothing is pushed any more
	finished  bool   // and all was delivered
	stuck     bool   // no handler returned for long, and somebody waits; until there is room
	crowded   bool   // full at the end of the last read; of who reads
	plain     bool   // messages may take the short way; of who reads, with the lock held
	dropped   int32  // QoS 0 messages lost and not reported yet
	unhandled int32  // messages that nobody takes and that were not reported yet; of who delivers
	read      uint64 // bytes
	through   uint64 // messages whose handlers have returned, and reads of a large one

	stream *stream // the large message that is coming; nil: none
	memory memory  // for messages; of who reads, with the lock held

	handled atomic.Int32 // of batch: what is before is handled, at the least
	unnoted int          // bytes handled since that was counted; of who delivers

	together []*Received // memory for the messages of a BatchHandler; who delivers changes it with the lock held

	roles
	shared  stock[shared]
	workers *workers // handlers on goroutines of their own; nil: there have been none

	gate chan struct{} // wakes who reads and waits for room; made when the first one does
}

func (r *receiver) init(c *Client) {
	r.mu, r.limits, r.client = &c.mu, &c.cfg.Limits, c
	r.guard = guard{c.opened}
}

// push queues it.
func (r *receiver) push(it item) {
	r.items = append(r.items, it)
	r.serve()
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

// pushSized has f called in its turn, also after Close, and counts what it holds until then.
func (r *receiver) pushSized(memory int, f func()) {
	r.push(item{call: f})
	size := countedSize(memory)
	r.items[len(r.items)-1].size = size
	r.bytes += int(size)
}

// pushError has the Error handler told of err, unless Close was called.
func (r *receiver) pushError(err error) {
	r.push(item{call: func() { r.report(err) }})
}

// report tells the Error handler of the outcome of something that nobody waits
// for. Who delivers calls it; after Close nothing is told.
func (r *receiver) report(err error) {
	if err != nil && r.guard.cfg.OnError != nil && !r.quiet.Load() {
		r.guard.cfg.OnError(err)
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
	r.serve()
}

// idleItems is how many places are kept for the next ones when nothing waits.
const idleItems = 4

// rest lets go of what an idle client does not need.
func (r *receiver) rest() {
	r.memory.dropSpare()
	r.memory, r.shared = memory{}, nil
	if r.puller != nil {
		r.puller.spare = nil
	}
	if cap(r.items) > idleItems && len(r.items) == 0 {
		r.items = nil
	}
	if cap(r.batch) > idleItems && !r.delivering {
		r.batch = nil
	}
	if cap(r.together) > idleItems && !r.delivering {
		r.together = nil
	}
}

// busy reports whether there is more than an idle client needs.
func (r *receiver) busy() bool {
	return cap(r.items) > idleItems || cap(r.batch) > idleItems || cap(r.together) > idleItems || len(r.shared) > 0 || !r.memory.idle() ||
		r.puller != nil && cap(r.puller.spare) > idleItems
}
