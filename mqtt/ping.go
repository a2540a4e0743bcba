package mqtt

import (
	"context"
	"fmt"
	"slices"
	"time"

	"dunlin/mqtt/internal/wire"
)

// ping is a PINGREQ.
type ping struct {
	sent time.Time
	rtt  time.Duration
	done chan struct{} // nil: nobody waits
}

// Ping asks the server for a sign of life and returns how long it took, from
// the call to the answer. It works with keep alive switched off too. When ctx
// ends first the answer is awaited no longer.
func (c *Client) Ping(ctx context.Context) (time.Duration, error) {
	p := &ping{sent: time.Now(), done: make(chan struct{})}
	down, err := c.sendPing(p)
	if err != nil {
		return 0, fmt.Errorf("ping: %w", err)
	}
	c.enterWait()
	defer c.leaveWait()
	select {
	case <-p.done:
		return p.rtt, nil
	case <-down:
		return 0, fmt.Errorf("ping: %w", c.lost())
	case <-ctx.Done():
		c.forgetPing(p)
		return 0, fmt.Errorf("ping: no answer: %w", context.Cause(ctx))
	}
}

// lost returns why a connection is not there any more.
func (c *Client) lost() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state >= closing {
		return c.endLocked()
	}
	return fmt.Errorf("%w: %w", ErrNotConnected, c.course.last)
}

// sendPing returns what is closed when the connection is lost.
func (c *Client) sendPing(p *ping) (down <-chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.usableLocked(); err != nil {
		return nil, err
	}
	c.out.buf = wire.AppendPingReq(c.out.buf)
	c.pings = append(c.pings, p)
	c.kickLocked()
	return c.down, nil
}

// forgetPing leaves p's place in the order of answers to nobody.
func (c *Client) forgetPing(p *ping) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.done = nil
}

// handlePingResp gives the answer to the oldest PINGREQ. One that answers
// nothing is ignored.
func (c *Client) handlePingResp(h wire.Header, body []byte) error {
	if err := wire.ParsePing(h, body); err != nil {
		return err
	}
	if len(c.pings) == 0 {
		c.log.Debug("mqtt: PINGRESP without a PINGREQ")
		return nil
	}
	p := c.pings[0]
	c.pings = slices.Delete(c.pings, 0, 1)
	p.rtt = time.Since(p.sent)
	c.rtt = p.rtt
	if p.done != nil {
		close(p.done)
	}
	if c.sess.Proving() {
		c.out.buf = c.sess.Proved(c.out.buf)
		c.pumpedLocked()
	}
	return nil
}
