package mqtt

import (
	"errors"
	"time"

	"dunlin/mqtt/internal/session"
)

// detachLocked tells a lasting client that its connection has ended.
func (c *Client) detachLocked() {
	if c.accepted {
		c.course.last = c.cause
		if c.retry != nil && time.Since(c.course.since) >= c.retry.Stable {
			c.course.tries = 0
		}
		c.farewellLocked()
	}
	c.suspendLocked()
	switch {
	case c.course.looping: // who does will see
	case c.byUser || c.retry == nil:
		c.finalLocked()
	default:
		c.course.looping = true
		go c.connectLoop()
	}
}

// suspendLocked keeps what the session has for a connection to come, and ends
// what cannot go on without this one.
func (c *Client) suspendLocked() {
	c.failWaitersLocked(c.causeLocked())
	requests := c.sess.Suspend(session.Loss{Untouched: c.untouchedLocked, ByServer: c.accepted && endedByServer(c.cause)})
	c.giveUpOnLocked(c.sess.TakeQuarantined())
	for _, e := range requests {
		if d, ok := e.Owner.(*Delivery); ok {
			if d.end > c.out.start { // the write loop had not even taken it
				d.end = 0
			}
			c.course.parked = append(c.course.parked, d.more.request)
		}
	}
	c.out.abandon()
	c.pings, c.reauth = nil, nil
	c.state = offline
	c.out.makeRoom() // to whoever does not want to wait for a connection
	c.kickSaverLocked()
}

// untouchedLocked reports whether no byte of e's packet was written.
func (c *Client) untouchedLocked(e *session.Entry) bool {
	d, ok := e.Owner.(*Delivery)
	if !ok {
		return false
	}
	d.more.last = 0
	if d.end > c.out.start {
		d.end = 0
	}
	return d.end == 0
}

// resumeLocked goes on with the session after CONNACK.
func (c *Client) resumeLocked(present bool, now time.Time) {
	c.course.accepts++
	c.course.since = now
	buf, failed := c.sess.Resume(c.out.buf, session.Resumption{
		Present: present, Republish: c.retry != nil && c.retry.Republish, Fits: c.fitsLocked, Now: now,
		Requests: func(dst []byte) []byte {
			c.out.buf = dst
			c.resumeRequestsLocked(present)
			return c.out.buf
		},
	})
	c.out.buf = buf
	if c.sess.Proving() {
		c.pings = append(c.pings, &ping{sent: now})
	}
	for _, f := range failed {
		outcome := ErrNotSent
		if f.Entry.Again() || errors.Is(f.Err, ErrSessionLost) {
			outcome = ErrInDoubt
		}
		c.failEntryLocked(f.Entry, outcome, f.Err)
	}
	c.pumpedLocked()
	c.kickIfAppendedLocked()
}

// fitsLocked returns why the server of this connection does not take e.
func (c *Client) fitsLocked(e *session.Entry) error {
	if what := c.connAck.obstacle(QoS(e.QoS()), e.Retain(), e.Size()); what != "" {
		return errors.New(what)
	}
	return nil
}
