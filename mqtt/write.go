package mqtt

import (
	"slices"
	"time"

	"dunlin/mqtt/internal/life"
	"dunlin/mqtt/internal/link"
)

// kickLocked makes the write loop look at the out-buffer, and the save loop at
// what the session has to save.
func (c *Client) kickLocked() {
	c.saver.kick(c.sess)
	c.send.kick()
}

// flushLocked wakes the write loop when there is something to write, and the
// save loop when there is something to save.
func (c *Client) flushLocked() {
	c.saver.kick(c.sess)
	if len(c.send.buf) > 0 {
		c.send.kick()
	}
}

// Take implements link.Owner: it hands the write loop all that was appended,
// with a ping when one is due.
func (o *owner) Take(now time.Time) (batch link.Batch, wait time.Duration, last bool) {
	c := (*Client)(o)
	c.mu.Lock()
	defer c.mu.Unlock()
	if rest := c.send.rest; rest != nil {
		c.send.rest = nil
		return link.Batch{Bytes: rest}, 0, false
	}
	if c.life.Rule(life.KeepAlive) == life.Take {
		before := len(c.send.buf)
		buf, err := c.sess.Tick(c.send.buf, now)
		c.send.buf = buf
		if len(buf) > before {
			c.conn.pings = append(c.conn.pings, &ping{sent: now})
		}
		if err != nil { // no DISCONNECT, so that the will is published
			c.cutLocked(err)
			return batch, time.Hour, false
		}
	}
	switch {
	case c.send.here: // whoever writes will kick
		wait = c.untilDeadlineLocked(now)
		c.send.wakes = now.Add(wait)
		return batch, wait, false
	case len(c.send.buf) == 0:
		wait = min(c.settleWriterLocked(), c.untilDeadlineLocked(now))
		c.send.wakes = now.Add(wait)
		return batch, wait, c.send.last
	}
	c.mu.held = nil
	return c.takeLocked(now), 0, false
}

// settleWriterLocked notes that the write loop sleeps, and returns when it is to look what can be let go.
func (c *Client) settleWriterLocked() time.Duration {
	quiet := c.send.resting && !c.send.used
	wait := c.send.settle()
	if quiet {
		c.restLocked()
	}
	return wait
}

// takeLocked takes what is to be written now.
func (c *Client) takeLocked(now time.Time) link.Batch {
	if c.sess != nil {
		c.sess.Sent(now)
	}
	batch := c.send.take()
	c.recv.openGate() // the reader may wait for that
	c.makeRoomLocked()
	return batch
}

// makeRoomLocked wakes everybody who waits for room, if there is any.
func (c *Client) makeRoomLocked() {
	if c.send.room != nil && c.roomLocked() {
		c.send.makeRoom()
	}
}

// writeHereLocked writes what waits on the caller's goroutine, if the write loop was only about to
// be woken for it, and as far as the network takes it at once: a caller that waits for the answer, or
// reads, has nothing better to do, and no other goroutine has to be woken. It gives up the lock
// meanwhile.
func (c *Client) writeHereLocked() {
	s := &c.send
	switch {
	case c.mu.kick == nil && c.mu.held == nil:
		return
	case len(s.buf) == 0 && c.mu.kick == nil: // it was held for nothing
		c.mu.held = nil
		c.leaveWriterLocked(time.Now())
		return
	case !c.writesHereLocked():
		c.mu.releaseKick()
		return
	}
	c.mu.kick, c.mu.held, s.idle, s.here = nil, nil, false, true
	to := s.link
	now := time.Now()
	batch := c.takeLocked(now)
	c.mu.Unlock()
	n := to.WriteNow(batch.Bytes)
	c.mu.Lock()
	if s.link != to || !s.here { // the connection has ended
		return
	}
	s.here = false
	if n < len(batch.Bytes) {
		s.rest = batch.Bytes[n:]
		c.mu.kick = to
		return
	}
	c.writtenLocked()
	c.leaveWriterLocked(now)
}

// leaveWriterLocked lets the write loop sleep on, unless there is something for it to do, or
// earlier than it knows.
func (c *Client) leaveWriterLocked(now time.Time) {
	s := &c.send
	s.idle = true
	if len(s.buf) > 0 || s.last || s.large() && !s.resting || now.Add(c.untilDeadlineLocked(now)).Before(s.wakes) {
		s.kick()
	}
}

// writesHereLocked reports whether writing on the caller's goroutine can be all that is to be done.
func (c *Client) writesHereLocked() bool {
	s := &c.send
	return len(s.buf) > 0 && !s.last && s.apart.waiting() == 0 && c.life.Rule(life.KeepAlive) == life.Take && s.link.WritesNow()
}

func (c *Client) untilDeadlineLocked(now time.Time) time.Duration {
	if c.life.Rule(life.KeepAlive) == life.Take {
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
	c.writtenLocked()
}

func (c *Client) writtenLocked() {
	c.send.written = c.send.start
	c.send.apart.written()
	n := 0
	for _, d := range c.send.waiters {
		if d.end > c.send.written {
			break
		}
		n++
		c.settleLocked(d, nil)
	}
	c.send.waiters = slices.Delete(c.send.waiters, 0, n)
}

// roomLocked reports whether a publisher may append.
func (c *Client) roomLocked() bool {
	waiting := len(c.send.buf) + c.send.apart.waiting()
	if c.sess != nil {
		if c.lasting() {
			return waiting < c.cfg.Limits.SendBytes && c.queueRoomLocked()
		}
		waiting += c.sess.QueueBytes()
	}
	return waiting < c.cfg.Limits.SendBytes
}
