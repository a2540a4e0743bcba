package mqtt

import (
	"errors"
	"fmt"
)

// Ended implements link.Owner: the connection is closed. Everything unfinished
// ends now.
func (o *owner) Ended(err error) {
	c := (*Client)(o)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause == nil {
		c.cause = err
	}
	c.endingLocked(err)
	c.breakStreamLocked()
	if !c.accepted {
		close(c.answered)
	}
	close(c.down)
	if c.lasting() {
		c.detachLocked()
		return
	}
	c.finalLocked()
}

// finalLocked ends the client: no connection follows.
func (c *Client) finalLocked() {
	asked := c.sess != nil
	c.state = closed
	c.out.makeRoom() // to whoever waited for a connection
	c.resent.Store(c.keptLocked())
	if c.saver.wake != nil { // what is accepted is saved first
		c.saver.last = true
		c.kickSaverLocked()
		return
	}
	c.failAllLocked()
	if !c.lasting() && (c.accepted || !asked && !c.dialing) { // else it was told, or the call returns the error
		c.farewellLocked()
	}
	c.goneLocked()
}

// goneLocked lets go of everybody who waits for the end.
func (c *Client) goneLocked() {
	c.in.ended = true
	c.wakeLocked()
	close(c.gone)
}

// breakStreamLocked ends a payload that will not come whole. Its message is to
// come again.
func (c *Client) breakStreamLocked() {
	s := c.in.stream
	if s == nil {
		return
	}
	c.in.stream = nil
	s.fail(fmt.Errorf("payload cut off: %w", c.causeLocked()))
	if c.sess != nil && s.item.seq != 0 {
		c.sess.Drop(nil, s.item.seq)
	}
}

// causeLocked is why the connection ended, for those who cannot go on.
func (c *Client) causeLocked() error {
	if c.lasting() && !c.byUser {
		return fmt.Errorf("%w: %w", ErrNotConnected, c.cause)
	}
	return c.endLocked()
}

// keptLocked reports whether the session outlives the connection.
func (c *Client) keptLocked() bool {
	if c.cfg.Version >= V5 {
		return c.connAck.SessionExpiry > 0
	}
	return c.cfg.KeepSession
}

// failAllLocked ends what was unfinished.
func (c *Client) failAllLocked() {
	cause := c.endLocked()
	c.failWaitersLocked(cause)
	if c.sess == nil {
		return
	}
	for _, e := range c.sess.Unfinished() {
		if d, ok := e.Owner.(*Delivery); ok {
			c.settleLocked(d, d.failure(c.outcomeLocked(d), cause))
		}
	}
	if c.course != nil {
		for _, r := range c.course.parked {
			c.settleLocked(&r.Delivery, r.failure(c.outcomeLocked(&r.Delivery), cause))
		}
		c.course.parked = nil
	}
	if c.saver.wake == nil { // else handlers that still run are noted
		c.sess = nil
	}
}

// failWaitersLocked ends the QoS 0 publishes that somebody waits for and that
// were not written.
func (c *Client) failWaitersLocked(cause error) {
	for _, d := range c.out.waiters {
		c.settleLocked(d, d.failure(c.outcomeLocked(d), cause))
	}
	c.out.waiters = nil
}

// farewellLocked queues the events that tell of the end. A user who called
// Close knows, and so does one whose Connect returns the error.
func (c *Client) farewellLocked() {
	if c.byUser {
		return
	}
	cause := c.cause
	h := &c.transport.Handlers
	if c.orderly() && h.Close != nil {
		c.pushEventLocked(func() { h.Close(cause) })
	}
	if h.Disconnect != nil {
		c.pushEventLocked(func() { h.Disconnect(cause) })
	}
}

// orderly reports whether the server ended the connection properly.
func (c *Client) orderly() bool {
	var left *DisconnectError
	return errors.Is(c.cause, ErrServerClosed) || errors.As(c.cause, &left)
}
