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
	if len(c.send.buf) == 0 {
		return batch, min(c.send.rest(), c.untilDeadlineLocked(now)), c.send.last
	}
	if c.sess != nil {
		c.sess.Sent(now)
	}
	batch = c.send.take()
	c.recv.openGate() // the reader may wait for that
	if c.roomLocked() {
		c.send.makeRoom()
	}
	return batch, 0, false
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
