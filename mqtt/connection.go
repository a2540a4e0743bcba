package mqtt

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"dunlin/mqtt/dial"
	"dunlin/mqtt/internal/link"
)

// connection is what belongs to one connection and ends with it. Who waits for
// something on it keeps it, and is not led to the next one. The client's mutex
// guards what is not set when it is made.
type connection struct {
	link   *link.Link
	remote string // the server's URL, without credentials
	peer   net.Addr

	begun    time.Time // when it was dialed, if its time goes on with Connect; else zero
	answered signal    // the CONNACK came, or the connection ended
	down     signal    // it has ended
	ended    error     // why
	lost     error     // why what needed it cannot be done

	version     atomic.Uint32 // that CONNECT named, 0 before; for Config.OnPacket
	clean       bool          // CONNECT had Clean Start
	answer      []byte        // how what came in the place of CONNACK began, where that was not MQTT
	accepted    bool          // the server accepted the session
	watched     bool          // a timer runs that tells when to look how long reading waits
	connAck     ConnAck
	pingTimeout time.Duration   // in force
	pings       []*ping         // PINGREQs without an answer, oldest first
	rtt         time.Duration   // of the last ping
	caution     *caution        // about what is asked again on it; nil: nothing is
	auth        *authentication // nil: no method was asked for
	poison      *poison         // of this connection and those before; nil: there was none
}

// attachLocked begins a connection over conn. It reports false when the client
// is being closed.
func (c *Client) attachLocked(conn net.Conn, address dial.Address) bool {
	if !c.life.Attach() {
		return false
	}
	c.conn = &connection{
		remote: address.String(), peer: conn.RemoteAddr(), poison: c.conn.poison,
	}
	c.conn.link = link.Start(conn, (*owner)(c), link.Config{
		ReadBuffer:  c.opened.Transport.ReadBuffer,
		MaxPacket:   c.opened.Transport.MaxPacket,
		Trace:       c.trace(c.conn),
		Straight:    straightSize,
		StreamLarge: c.opened.OnLargeMessage != nil,
		Linger:      linger,
		WriteStalls: c.writeStalls,
	})
	c.send.link = c.conn.link
	c.recv.link, c.recv.reading = c.conn.link, readerReads
	return true
}

// writeStalls is how long a write may make no progress: as long as silence is
// allowed to last.
func (c *Client) writeStalls() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.life.Accepted() || c.conn.connAck.KeepAlive <= 0 {
		return 0
	}
	return c.conn.connAck.KeepAlive + c.conn.pingTimeout
}

// IsConnected reports whether the server has accepted the session and the
// connection stands.
func (c *Client) IsConnected() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.life.Live()
}

// AwaitConnected waits until the server has accepted the session and the connection
// stands; it may be lost again when AwaitConnected returns. The error is the
// context's cause, with ErrNotConnected, or says why the client has ended.
func (c *Client) AwaitConnected(ctx context.Context) error {
	for {
		c.mu.Lock()
		live, awaited := c.life.Live(), c.awaited
		if !live && awaited == nil {
			awaited = make(chan struct{})
			c.awaited = awaited
		}
		c.mu.Unlock()
		if live {
			return nil
		}
		select {
		case <-awaited:
		case <-c.Done():
			return fmt.Errorf("await connection: %w", c.Err())
		case <-ctx.Done():
			c.mu.Lock()
			defer c.mu.Unlock()
			return fmt.Errorf("await connection: %w: %w", context.Cause(ctx), c.life.Lost())
		}
	}
}

// Remote returns the server's URL in canonical form, without credentials; of the
// last connection when there is none, and "" before the first.
func (c *Client) Remote() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn.remote
}

// RemoteAddr returns the network address of the server; nil before the first
// connection.
func (c *Client) RemoteAddr() net.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn.peer
}

// ConnAck returns the server's answer to the CONNECT of the connection that stands, or
// of the last one; zero before it came.
func (c *Client) ConnAck() ConnAck {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn.connAck
}
