package mqtt

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"dunlin/mqtt/internal/life"
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
// ends first the answer is awaited no longer; a ctx without a deadline waits for
// Limits.PingTimeout, or its default, as long as the connection stands.
func (c *Client) Ping(ctx context.Context) (time.Duration, error) {
	p := &ping{sent: time.Now(), done: make(chan struct{})}
	conn, err := c.sendPing(p)
	if err != nil {
		return 0, fmt.Errorf("ping: %w", err)
	}
	ctx, cancel := within(ctx, conn.pingTimeout, "no answer")
	defer cancel()
	c.enterWait()
	defer c.leaveWait()
	select {
	case <-p.done:
		return p.rtt, nil
	case <-conn.down.given():
		return 0, fmt.Errorf("ping: %w", conn.lost)
	case <-ctx.Done():
		c.forgetPing(p)
		return 0, fmt.Errorf("ping: %w", context.Cause(ctx))
	}
}

// sendPing returns the connection that the ping is sent on.
func (c *Client) sendPing(p *ping) (*connection, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.life.Refusal(life.Exchange); err != nil {
		return nil, err
	}
	c.send.buf = wire.AppendPingReq(c.send.buf)
	conn := c.conn
	conn.pings = append(conn.pings, p)
	c.kickLocked()
	c.writeHereLocked()
	return conn, nil
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
	conn := c.conn
	if len(conn.pings) == 0 {
		c.logLocked(slog.LevelDebug, "mqtt: PINGRESP without a PINGREQ")
		return nil
	}
	p := conn.pings[0]
	conn.pings = slices.Delete(conn.pings, 0, 1)
	p.rtt = time.Since(p.sent)
	conn.rtt = p.rtt
	if p.done != nil {
		close(p.done)
	}
	c.noteAliveLocked(p)
	if c.sess.Proving() {
		c.send.buf = c.sess.Proved(c.send.buf)
		c.pumpedLocked()
	}
	return nil
}
