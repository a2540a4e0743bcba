package broker

import (
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
)

// acceptPause is how long Accept waits after an error that passes.
const acceptPause = 50 * time.Millisecond

// attached is a listener in the shape that the wrapped broker takes.
type attached struct {
	*listener
}

// Init does nothing: the address is bound already.
func (a attached) Init(*slog.Logger) error { return nil }

// ID returns a name that no other listener of the broker has.
func (a attached) ID() string { return a.id }

// Address returns the address that was really bound.
func (a attached) Address() string { return a.inner.Addr().String() }

// Protocol returns the canonical scheme.
func (a attached) Protocol() string { return a.scheme }

// Close ends the listener. The callback is not used: it would send DISCONNECT to
// clients of MQTT 3 too, whose standard has none from a server.
func (a attached) Close(listeners.CloseFn) { a.end() }

// Accept waits for a connection, tracks it, counts the goroutine that will serve
// it, and outlasts errors that pass. It makes listener a net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.inner.Accept()
		switch {
		case err == nil:
			if tracked := l.track(conn); tracked != nil {
				return tracked, nil
			}
			conn.Close()
			return nil, net.ErrClosed
		case errors.Is(err, net.ErrClosed):
			return nil, err
		}
		// Out of file descriptors, for example: without a pause it would spin.
		l.logger.Warn("accept failed, trying again", "listener", l.id, "error", err)
		select {
		case <-time.After(acceptPause):
		case <-l.closed:
			return nil, net.ErrClosed
		}
	}
}

// Close stops accepting; the connections go on.
func (l *listener) Close() error { return l.inner.Close() }

// Addr returns the address that was really bound.
func (l *listener) Addr() net.Addr { return l.inner.Addr() }

// track returns the connection as one that the listener can end, or nil when it
// is closing.
func (l *listener) track(conn net.Conn) net.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closing {
		return nil
	}
	tracked := &trackedConn{Conn: conn, listener: l}
	l.conns[tracked] = struct{}{}
	l.serving.Add(1)
	return tracked
}

// trackedConn is a connection that its listener can end, and hold to a last
// deadline against the wishes of those who use it.
type trackedConn struct {
	net.Conn
	listener *listener
}

// Close closes the connection and has the listener forget it.
func (c *trackedConn) Close() error {
	c.listener.mu.Lock()
	delete(c.listener.conns, c)
	c.listener.mu.Unlock()
	return c.Conn.Close()
}

// SetDeadline sets the time of both, or the last one when the listener is closing.
func (c *trackedConn) SetDeadline(t time.Time) error { return c.bound(c.Conn.SetDeadline, t) }

// SetReadDeadline is SetDeadline for reading.
func (c *trackedConn) SetReadDeadline(t time.Time) error { return c.bound(c.Conn.SetReadDeadline, t) }

// SetWriteDeadline is SetDeadline for writing.
func (c *trackedConn) SetWriteDeadline(t time.Time) error { return c.bound(c.Conn.SetWriteDeadline, t) }

func (c *trackedConn) bound(set func(time.Time) error, t time.Time) error {
	c.listener.mu.Lock()
	defer c.listener.mu.Unlock()
	if c.listener.closing {
		t = c.listener.limit
	}
	return set(t)
}
