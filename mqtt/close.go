package mqtt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dunlin/mqtt/internal/wire"
)

// closeTime bounds Close where its context sets no deadline.
const closeTime = 10 * time.Second

// Close ends the client: what waits to be written is written, then DISCONNECT,
// so that the server does not publish the will, and the connection is closed.
// Unacknowledged publishes end with ErrInDoubt and ErrClosed. No event follows,
// and when Close returns no goroutine of the client is left, and no handler
// runs; called from inside a handler it does not wait for that one.
//
// Close may be called at any time, from anywhere, and again. ctx bounds it, or
// 10 seconds when it has no deadline: then the connection is cut, and the error
// says what was not done in time.
func (c *Client) Close(ctx context.Context) error {
	ctx, cancel := within(ctx, closeTime, "not closed")
	defer cancel()
	c.beginClose()
	var late error
	if !c.goneBy(ctx) {
		late = fmt.Errorf("close %s: cut off, what was queued may be lost: %w", c.remote, context.Cause(ctx))
		c.abort(ErrClosed)
		<-c.gone
	}
	if goroutineID() == c.deliverID.Load() {
		return late
	}
	select {
	case <-c.delivered:
	case <-ctx.Done():
		select {
		case <-c.delivered:
		default:
			return errors.Join(late, fmt.Errorf("close %s: a handler is still running: %w", c.remote, context.Cause(ctx)))
		}
	}
	return late
}

// goneBy waits for the end of the connection, and reports false when ctx ended
// first.
func (c *Client) goneBy(ctx context.Context) bool {
	select {
	case <-c.gone: // counts, whatever became of ctx
		return true
	default:
	}
	select {
	case <-c.gone:
		return true
	case <-ctx.Done():
		return false
	}
}

// beginClose sends DISCONNECT to a server that accepted us, and cuts off one
// that did not: before MQTT 5 a DISCONNECT has no place there.
func (c *Client) beginClose() {
	c.hushed.Store(true)
	c.cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state >= closing {
		return
	}
	c.byUser = true
	if c.state != connected {
		c.cutLocked(ErrClosed)
		return
	}
	v := wire.Version(c.cfg.Version)
	c.out.buf = wire.AppendDisconnect(c.out.buf, v, &wire.Disconnect{}) // [MQTT-3.14.4-1]
	c.finishLocked(ErrClosed)
}

// abort cuts the connection.
func (c *Client) abort(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state < closed {
		c.cutLocked(cause)
	}
}
