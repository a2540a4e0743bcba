package mqtt

import (
	"sync/atomic"
	"time"

	"dunlin/mqtt/internal/wire"
)

// messageOverhead is what a queued message counts beyond its payload and topic.
const messageOverhead = 128

// overrun is how many times the receive limits may be exceeded while somebody
// waits for the server. Beyond it QoS 0 messages are dropped and counted, if no
// handler returns.
const overrun = 16

// item is one thing to do on the deliver goroutine: a message for handlers, the
// callback of a delivery, or a call.
type item struct {
	message  *Message
	delivery *Delivery
	call     func()

	// Of the message, for its handlers may change it:
	to     *destination
	seq    uint64
	size   int32 // as it was counted
	fate   fate
	manual bool
}

// inbox is what waits for the deliver goroutine. It is guarded by the client's
// mutex, except for the channels.
type inbox struct {
	items    []item
	batch    []item    // being handled; the deliver loop changes it with the lock held
	at       int       // of batch: the item being handled; of the deliver loop
	unnoted  int       // bytes handled since that was noted; of the deliver loop
	noted    int       // of batch: what was handled before is counted
	messages int       // queued or being handled
	bytes    int       // of those
	deferred int       // messages that wait until they, or those before them, are on record
	waiting  int       // goroutines that wait for the server
	paused   bool      // the read loop waits at the gate
	asleep   bool      // the deliver loop waits to be woken
	ended    bool      // nothing is pushed any more
	now      time.Time // of the batch; of the read loop
	dropped  int       // QoS 0 messages lost and not reported yet
	read     uint64    // bytes
	through  uint64    // messages whose handlers have returned
	stuck    bool      // no handler returned for long, and somebody waits; until there is room
	stream   *stream   // the large message that is coming; nil: none
	crowded  bool      // full at the end of the last batch; of the read loop

	slabs   slabs        // of the read loop
	late    *time.Timer  // has noted what is handled; of the deliver loop
	handled atomic.Int32 // of batch: what is before is handled

	wake chan struct{} // wakes the deliver loop
	gate chan struct{} // wakes the read loop
}

func (c *Client) pushLocked(it item) {
	c.in.items = append(c.in.items, it)
	c.wakeLocked()
}

// count counts m as waiting for its handlers, and fills in its item.
func (in *inbox) count(it *item, m *Message) {
	size := len(m.Topic) + len(m.Payload) + messageOverhead
	in.messages++
	in.bytes += size
	it.message, it.to, it.seq, it.size = m, m.to, m.seq, int32(size)
}

// idleItems is how many places are kept for the next ones when nothing waits.
const idleItems = 16

// rest lets go of what an idle client does not need.
func (in *inbox) rest() {
	in.slabs = slabs{}
	if cap(in.items) > idleItems && len(in.items) == 0 {
		in.items = nil
	}
	if cap(in.batch) > idleItems {
		in.batch = nil
	}
}

// wakeLocked wakes the deliver loop when it sleeps and has something to do.
func (c *Client) wakeLocked() {
	if c.in.asleep && (len(c.in.items) > 0 || c.in.ended) {
		c.in.asleep = false
		c.mu.wake = c.in.wake
	}
}

func (in *inbox) full(l *Limits) bool {
	return in.messages >= orDefault(l.ReceiveMessages, 1) || in.bytes >= orDefault(l.ReceiveBytes, 1) || in.stream.full()
}

// overfull reports whether even a QoS 0 message more is too much.
func (in *inbox) overfull(l *Limits) bool {
	// Not multiplied: with large limits that does not fit into the int of a 32-bit build.
	return in.messages/overrun >= l.ReceiveMessages || in.bytes/overrun >= l.ReceiveBytes
}

// pushEventLocked queues a call that is left out once Close was called.
func (c *Client) pushEventLocked(f func()) {
	c.pushLocked(item{call: func() {
		if !c.hushed.Load() {
			f()
		}
	}})
}

// openGate wakes the read loop if it waits.
func (in *inbox) openGate() {
	if in.paused {
		select {
		case in.gate <- struct{}{}:
		default:
		}
	}
}

// deliverLoop runs the handlers and callbacks, one at a time.
func (c *Client) deliverLoop() {
	finished := false
	defer func() {
		if !finished { // a handler called runtime.Goexit
			go c.deliverLoop()
			return
		}
		if c.in.late != nil {
			c.in.late.Stop()
		}
		c.cancel()
		close(c.delivered)
	}()
	c.deliverID.Store(goroutineID())
	for {
		for c.in.at < len(c.in.batch) {
			c.deliver(&c.in.batch[c.in.at])
		}
		if !c.nextBatch() {
			finished = true
			return
		}
	}
}

// notedEach is how many messages may be handled before that is noted, and
// lateNote after how long it is noted even so: acknowledgements of messages that
// are handled one after the other leave together.
const (
	notedEach = 64
	lateNote  = time.Millisecond
	// notedBytes of messages are noted at once, so that the memory of borrowed
	// ones is used again while it is in the processor's cache.
	notedBytes = 128 << 10
)

// conclude tells that the item at hand is through. It is noted with those that
// follow at once, unless one of them takes its time.
func (c *Client) conclude(it *item) {
	in := &c.in
	message, urgent, waits := it.message != nil, it.message != nil && it.to.stream != nil, it.seq != 0
	in.at++
	in.unnoted += int(it.size)
	in.handled.Store(int32(in.at)) // from here on the item is the noter's
	switch {
	case !message:
	case urgent, in.at == len(in.batch), in.at%notedEach == 0, in.unnoted >= notedBytes:
		in.unnoted = 0
		c.mu.offer()
	case waits && !c.mu.due.Load():
		c.mu.due.Store(true)
		if in.late == nil {
			in.late = time.AfterFunc(lateNote, c.mu.offer)
		} else {
			in.late.Reset(lateNote)
		}
	}
}

// noteHandledLocked counts the messages whose handlers are through, and
// acknowledges them.
func (c *Client) noteHandledLocked() {
	in := &c.in
	end := int(in.handled.Load())
	for ; in.noted < end; in.noted++ {
		it := &in.batch[in.noted]
		if it.message == nil {
			continue
		}
		in.messages--
		in.bytes -= int(it.size)
		in.through++
		if it.to.stream != nil {
			c.finishStreamLocked(it)
		} else if it.seq != 0 {
			c.concludeLocked(it)
		}
		if it.to.borrowed {
			in.slabs.takeBack(it.message, c.cfg.Limits.ReceiveBytes)
		}
		it.message = nil
	}
	in.stuck = in.stuck && in.full(&c.cfg.Limits)
	if in.paused && !in.heldBack(&c.cfg.Limits) {
		in.openGate()
	}
}

// nextBatch waits for work, and reports false when there will be none.
func (c *Client) nextBatch() bool {
	for {
		c.mu.Lock()
		c.noteHandledLocked()
		in := &c.in
		clear(in.batch) // a message is the handlers' alone
		in.batch, in.at, in.noted = in.batch[:0], 0, 0
		in.handled.Store(0)
		if len(in.items) > 0 {
			in.batch, in.items = in.items, in.batch
			c.mu.Unlock()
			return true
		}
		if in.ended {
			c.mu.Unlock()
			return false
		}
		in.asleep = true
		busy := cap(in.items) > idleItems || cap(in.batch) > idleItems || in.slabs.busy || in.slabs.backBytes > slabBytes
		c.mu.Unlock()
		c.sleep(busy)
	}
}

// sleep waits to be woken. What only a busy client needs is let go after a while.
func (c *Client) sleep(busy bool) {
	in := &c.in
	if busy {
		timer := time.NewTimer(calm)
		defer timer.Stop()
		select {
		case <-in.wake:
			return
		case <-timer.C:
		}
		c.mu.Lock()
		in.rest()
		c.mu.Unlock()
	}
	<-in.wake
}

// deliver runs what it is for. It counts as through even if a handler ends the
// goroutine.
func (c *Client) deliver(it *item) {
	defer c.conclude(it)
	switch {
	case it.message != nil:
		c.deliverMessage(it)
	case it.delivery != nil:
		c.guard(func() { it.delivery.more.call(it.delivery.more.err) })
	default:
		c.guard(it.call)
	}
}

// deliverMessage runs the handlers of a message. One whose handler panicked is not
// acknowledged. After Close nothing is delivered any more. When the connection was
// lost, what had come before is, except for what the server keeps and sends again.
func (c *Client) deliverMessage(it *item) {
	it.fate = broken // until they have returned
	switch {
	case c.hushed.Load() || it.seq != 0 && c.resent.Load():
		it.fate = unseen
	case c.runHandlers(it):
		it.fate = sound
	}
}

// fate is what became of a message at its handlers.
type fate byte

const (
	unseen fate = iota // they did not run
	broken             // one panicked
	sound
)

// concludeLocked acknowledges a message after its handlers, unless the
// application does.
func (c *Client) concludeLocked(it *item) {
	if it.seq == 0 || c.sess == nil || it.fate == unseen {
		return
	}
	switch {
	case it.fate == broken:
		c.sayLocked(func(dst []byte) []byte {
			dst, _ = c.sess.Drop(dst, it.seq)
			return dst
		})
	case !it.manual:
		c.sayLocked(func(dst []byte) []byte {
			dst, _ = c.sess.Ack(dst, it.seq, wire.Success)
			return dst
		})
	}
}

// sayLocked appends what f does to the out-buffer. After our last packet nothing
// is said any more [MQTT-3.14.4-1], but what a store is to know is noted.
func (c *Client) sayLocked(f func(dst []byte) []byte) {
	if c.state < closing {
		c.out.buf = f(c.out.buf)
		c.kickIfAppendedLocked()
	} else if c.store != nil {
		f(nil)
		c.kickSaverLocked()
	}
}

// runHandlers gives the message to each of its handlers, and reports whether none
// panicked. Who acknowledges is settled before any handler has it.
func (c *Client) runHandlers(it *item) (sound bool) {
	m := it.message
	if s := it.to.stream; s != nil {
		it.manual = m.manual
		return c.guard(func() { c.transport.Handlers.Stream(m, s) })
	}
	subs := it.to.subs
	if len(subs) == 1 && subs[0].handler != nil { // as nearly always
		m.manual = m.manual || subs[0].manual
		it.manual = m.manual
		return c.guardHandler(subs[0].handler, m)
	}
	return c.runAll(it)
}

// runAll gives the message to the handlers of all its subscriptions, and to the
// client's where one has none.
func (c *Client) runAll(it *item) (sound bool) {
	m, subs := it.message, it.to.subs
	f := c.transport.Handlers.Message
	other := len(subs) == 0
	for _, s := range subs {
		m.manual = m.manual || s.manual
		other = other || s.handler == nil
	}
	other = other && f != nil
	m.manual = m.manual || other && c.transport.Handlers.ManualAck
	it.manual = m.manual
	sound = true
	for _, s := range subs {
		if s.handler != nil {
			sound = c.guardHandler(s.handler, m) && sound
		}
	}
	if other {
		sound = c.guardHandler(f, m) && sound
	}
	return sound
}
