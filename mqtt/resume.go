package mqtt

import (
	"errors"
	"time"

	"dunlin/mqtt/internal/session"
)

// suspendLocked keeps what the session has for a connection to come, and ends
// what cannot go on without the one that has ended.
func (c *Client) suspendLocked() {
	c.failWaitersLocked(c.conn.lost)
	parked := c.subs.parked
	c.subs.parked = nil
	byServer := c.conn.accepted && endedByServer(c.conn.ended)
	var blamed *request
	if byServer {
		blamed = c.blamedLocked()
	}
	left := (*DisconnectError)(nil)
	told := errors.As(c.conn.ended, &left) && !left.bare()
	if left == nil || told {
		c.supervisor.takeovers = 0
	}
	now := time.Now()
	late := !told && !c.send.waiting() && c.sess.Late(now)
	requests := c.sess.Suspend(session.Loss{
		Untouched: c.untouchedLocked, ByServer: byServer && blamed == nil && !late,
		Now: now, Patience: c.suspects(left),
	})
	c.quarantineLocked(c.sess.TakeQuarantined())
	for _, e := range requests {
		if d, ok := e.Owner.(*Delivery); ok {
			if d.end > c.send.start { // the write loop had not even taken it
				d.end = 0
			}
			c.subs.parked = append(c.subs.parked, d.op.request)
		}
	}
	c.subs.parked = append(c.subs.parked, parked...) // these came later, while the connection ended
	c.oweLocked()
	c.blameLocked(blamed, byServer)
	c.send.abandon()
	c.send.makeRoom() // to whoever does not want to wait for a connection
	c.saver.kick(c.sess)
}

// suspects returns how long a message at which the server ends connections is under suspicion, at least, before it is given up; left
// is what the server said at this end, or nil.
func (c *Client) suspects(left *DisconnectError) time.Duration {
	retry := c.supervisor.retry
	if retry == nil || left != nil && blamesMessage(left) {
		return 0
	}
	return retry.QuarantineAfter
}

// untouchedLocked reports whether no byte of e's packet was written.
func (c *Client) untouchedLocked(e *session.Entry) bool {
	d, ok := e.Owner.(*Delivery)
	if !ok {
		return false
	}
	d.op.last = 0
	if d.end > c.send.start {
		d.end = 0
	}
	return d.end == 0
}

// resumeLocked goes on with the session after CONNACK.
func (c *Client) resumeLocked(present bool, now time.Time) {
	if present {
		c.recv.comeAgain.Store(c.sess.Begun())
	}
	retry := c.supervisor.retry
	buf, failed := c.sess.Resume(c.send.buf, session.Resumption{
		Present: present, Untold: c.cfg.Version == V31 && !c.conn.clean, Republish: func(qos byte) bool { return retry.republishes(QoS(qos)) }, Fits: c.fitsLocked, Now: now,
		Requests: func(dst []byte) []byte {
			c.send.buf = dst
			c.resumeRequestsLocked(present, now)
			return c.send.buf
		},
	})
	c.send.buf = buf
	if c.sess.Proving() {
		c.conn.pings = append(c.conn.pings, &ping{sent: now})
	}
	c.failLeftLocked(failed)
	c.pumpedLocked()
	c.flushLocked()
}

// failLeftLocked ends what earlier connections left and cannot go on.
func (c *Client) failLeftLocked(failed []session.Failure) {
	for _, f := range failed {
		outcome := ErrNotSent
		if f.Entry.Again() || errors.Is(f.Err, ErrSessionLost) {
			outcome = ErrInDoubt
		}
		c.failEntryLocked(f.Entry, outcome, f.Err)
	}
}

// fitsLocked returns why the server of this connection does not take e.
func (c *Client) fitsLocked(e *session.Entry) error {
	if what := c.conn.connAck.obstacle(QoS(e.QoS()), e.Retain(), e.Size()); what != "" {
		return errors.New(what)
	}
	return nil
}
