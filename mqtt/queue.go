package mqtt

import (
	"context"

	"dunlin/mqtt/internal/session"
)

// queueRoomLocked reports whether Limits.Queue has room.
func (c *Client) queueRoomLocked() bool {
	q := &c.cfg.Limits.Queue
	return c.sess.InFlight()+c.sess.Queued() < q.Messages && c.sess.Held() < q.Bytes
}

// fullLocked does what Queue.Full says when there is no room. done tells that the
// caller need not wait: it may go on, or fails with err.
func (c *Client) fullLocked() (done bool, err error) {
	if !c.lasting() || c.queueRoomLocked() { // it is the network that is slow
		return false, nil
	}
	switch c.cfg.Limits.Queue.Full {
	case QueueFail:
		return true, ErrQueueFull
	case QueueDropOldest:
		for !c.queueRoomLocked() {
			e := c.sess.Oldest()
			if e == nil {
				return true, ErrQueueFull
			}
			c.sess.Cancel(e)
			c.send.dropped++
			c.failEntryLocked(e, ErrNotSent, ErrQueueFull)
		}
		return true, nil
	default:
		return false, nil
	}
}

// failEntryLocked ends the publish of e.
func (c *Client) failEntryLocked(e *session.Entry, outcome, cause error) {
	if d, ok := e.Owner.(*Delivery); ok {
		c.settleLocked(d, d.failure(outcome, cause))
	}
}

// Enqueue is Publish without waiting for the server: it returns when the client
// has taken m over. With a Config.Store that is when m is saved, as durably as the
// store promises; then m is delivered though this process ends, and its failure,
// if the server refuses it, is told to Config.OnError. A QoS 0 message is not
// saved.
//
// The errors are those of Publish; after one m will not be sent, unless it says
// ErrInDoubt.
func (c *Client) Enqueue(ctx context.Context, m Message) error {
	if ctx.Err() != nil {
		return &PublishError{Topic: m.Topic, Outcome: ErrNotSent, Err: context.Cause(ctx)}
	}
	var report func(error)
	if m.QoS > AtMostOnce {
		report = c.recv.report
	}
	d, err := c.publish(ctx, &m, report, forgotten)
	if err != nil || d == nil {
		return err
	}
	select {
	case <-d.Accepted():
	case <-ctx.Done():
		return c.withdraw(d, context.Cause(ctx))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if op := c.lookLocked(d); op.settled && !op.accepted && c.saver != nil {
		return op.err
	}
	return nil
}

// Accepted returns a channel that is closed when the message is taken over: with
// a Config.Store when it is saved, otherwise at once. It is closed at the end of
// the operation, too: Err tells.
func (d *Delivery) Accepted() <-chan struct{} {
	c := d.client
	c.mu.Lock()
	defer c.mu.Unlock()
	op := c.lookLocked(d)
	if c.saver == nil || op.qos0 || op.request != nil || op.accepted || op.settled {
		return finished
	}
	if op.saved == nil {
		op.saved = make(chan struct{})
	}
	return op.saved
}

// acceptLocked lets go of who waits for the message to be taken over.
func (op *operation) acceptLocked() {
	if op.saved != nil {
		close(op.saved)
		op.saved = nil
	}
}
