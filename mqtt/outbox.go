package mqtt

import (
	"slices"
	"time"

	"dunlin/mqtt/internal/link"
	"dunlin/mqtt/internal/wire"
)

// idleBuffer is how much of an out-buffer is kept when there is nothing to
// write, so that an idle client is small.
const idleBuffer = 2 << 10

// lastWords is how long a server that broke the protocol may take to read why
// the connection ends.
const lastWords = 5 * time.Second

// outbox is what goes out: packets are appended to buf under the client's
// mutex, and the write loop takes all of it at once. Positions count the bytes
// of the whole connection.
type outbox struct {
	buf     []byte
	other   []byte // the buffer that is being written, or was
	lent    *parts
	start   uint64        // position of buf[0]; payloads that are lent do not count
	written uint64        // position up to which the network has everything
	idle    bool          // the write loop sleeps
	last    bool          // nothing is appended any more: write and hang up
	waiters []*Delivery   // QoS 0 publishes somebody waits for, by position
	lost    []span        // what earlier connections did not send, oldest first
	room    chan struct{} // closed when there is room again; nil: nobody waits

	topic string // of the last message; nothing is wrong with it

	deliveries slab[Delivery]
	flows      slab[flow]
}

// end returns the position behind everything appended.
func (o *outbox) end() uint64 { return o.start + uint64(len(o.buf)) }

// waiting reports whether bytes were appended and are not written.
func (o *outbox) waiting() bool { return o.written < o.end() }

// take hands over what was appended and begins a new buffer.
func (o *outbox) take() link.Batch {
	o.start = o.end()
	o.buf, o.other = o.other[:0], o.buf
	return link.Batch{Bytes: o.other, Parts: o.lent.take()}
}

// answered notes that the server has answered the packet that ends at position:
// it was written, though the write loop may not have said so yet. While payloads are
// written from where they are only the write loop's word counts: a server could
// answer what it has not read, and they would be given back too early.
func (o *outbox) answered(position uint64) {
	if !o.lent.reading() {
		o.written = max(o.written, min(position, o.start))
	}
}

// calm is how long nothing may be written before the buffers of a busy time are
// let go: making them anew for each burst costs more than all else in a publish.
const calm = time.Second

// rest notes that the write loop sleeps. It lets go of what an idle client does not
// need once it has been idle for a while, and returns when to look for that.
func (o *outbox) rest() time.Duration {
	if o.large() && !o.idle { // it was woken since the last time
		o.idle = true
		return calm
	}
	o.idle = true
	if cap(o.buf) > idleBuffer {
		giveAway(o.buf)
		o.buf = nil
	}
	if cap(o.other) > idleBuffer {
		giveAway(o.other)
		o.other = nil
	}
	if cap(o.waiters) > idleItems && len(o.waiters) == 0 {
		o.waiters = nil
	}
	o.deliveries, o.flows, o.topic = nil, nil, ""
	o.lent.abandon() // there is nothing
	return 24 * time.Hour
}

// large reports whether there is more than an idle client needs.
func (o *outbox) large() bool {
	return len(o.deliveries)+len(o.flows)+len(o.topic) > 0 || cap(o.buf) > idleBuffer || cap(o.other) > idleBuffer ||
		cap(o.waiters) > idleItems || o.lent.large()
}

// prepare sees to a buffer for many packets when it comes to that.
func (o *outbox) prepare() {
	if len(o.buf) > idleBuffer/2 && cap(o.buf) <= idleBuffer {
		o.buf = enlarge(o.buf, 2*idleBuffer)
	}
}

// makeRoom wakes everybody who waits for room.
func (o *outbox) makeRoom() {
	if o.room != nil {
		close(o.room)
		o.room = nil
	}
}

// await registers d to be completed once its position is written. Most come in
// order; a late one is put in its place.
func (o *outbox) await(d *Delivery) {
	i := len(o.waiters)
	o.waiters = append(o.waiters, d)
	for i > 0 && o.waiters[i-1].end > d.end {
		o.waiters[i] = o.waiters[i-1]
		i--
	}
	o.waiters[i] = d
}

// kickLocked makes the write loop look at the out-buffer, and the save loop at
// what the session has to save.
func (c *Client) kickLocked() {
	c.kickSaverLocked()
	if c.out.idle {
		c.out.idle = false
		c.mu.kick = c.link
	}
}

// Take implements link.Owner: it hands the write loop all that was appended,
// with a ping when one is due.
func (o *owner) Take(now time.Time) (batch link.Batch, wait time.Duration, last bool) {
	c := (*Client)(o)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sess != nil && c.state == connected {
		before := len(c.out.buf)
		buf, err := c.sess.Tick(c.out.buf, now)
		c.out.buf = buf
		if len(buf) > before {
			c.pings = append(c.pings, &ping{sent: now})
		}
		if err != nil { // no DISCONNECT, so that the will is published
			c.cutLocked(err)
			return batch, time.Hour, false
		}
	}
	if len(c.out.buf) == 0 {
		return batch, min(c.out.rest(), c.untilDeadlineLocked(now)), c.out.last
	}
	if c.sess != nil {
		c.sess.Sent(now)
	}
	batch = c.out.take()
	c.in.openGate() // the reader may wait for that
	if c.roomLocked() {
		c.out.makeRoom()
	}
	return batch, 0, false
}

func (c *Client) untilDeadlineLocked(now time.Time) time.Duration {
	if c.sess != nil && c.state == connected {
		if at, ok := c.sess.Deadline(); ok {
			return max(at.Sub(now), 0)
		}
	}
	return 24 * time.Hour
}

// Written implements link.Owner: it completes the QoS 0 publishes that went
// out.
func (o *owner) Written() {
	c := (*Client)(o)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.written = c.out.start
	c.out.lent.written()
	n := 0
	for _, d := range c.out.waiters {
		if d.end > c.out.written {
			break
		}
		n++
		c.settleLocked(d, nil)
	}
	c.out.waiters = slices.Delete(c.out.waiters, 0, n)
}

// roomLocked reports whether a publisher may append.
func (c *Client) roomLocked() bool {
	waiting := len(c.out.buf) + c.out.lent.waiting()
	if c.sess != nil {
		if c.lasting() {
			return waiting < c.cfg.Limits.SendBytes && c.queueRoomLocked()
		}
		waiting += c.sess.QueueBytes()
	}
	return waiting < c.cfg.Limits.SendBytes
}

// refuseLocked ends the connection because the server broke the protocol. An
// MQTT 5 server is told why; an earlier one is left without a word, so that it
// publishes the will.
func (c *Client) refuseLocked(err error) {
	code := wire.ProtocolError
	if e := (*wire.Error)(nil); asError(err, &e) {
		code = e.Code
		err = &PacketError{Code: ReasonCode(code), Err: e}
	}
	if c.state >= closing {
		return
	}
	if c.cfg.Version < V5 || c.state == opened {
		c.cutLocked(err)
		return
	}
	c.out.buf = wire.AppendDisconnect(c.out.buf, wire.V5, &wire.Disconnect{Code: code})
	c.link.HurryUp(lastWords)
	c.finishLocked(err)
}

// finishLocked has the write loop write what is there and hang up.
func (c *Client) finishLocked(cause error) {
	c.endingLocked(cause)
	c.out.last = true
	c.kickLocked()
}

// cutLocked ends the connection without another byte.
func (c *Client) cutLocked(cause error) {
	if c.state == offline {
		return
	}
	c.endingLocked(cause)
	c.link.Abort(cause)
}

// endingLocked notes why the client ends and lets go everybody who waits.
func (c *Client) endingLocked(cause error) {
	if c.cause == nil {
		c.cause = cause
	}
	if c.state < closing {
		c.state = closing
	}
	c.out.makeRoom()
	c.in.openGate()
}
