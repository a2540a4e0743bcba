package fleet

import (
	"context"
	"math"
	"net"
	"sync"
	"time"

	"dunlin/mqtt/dial"
)

// link is the network of one device: it can be cut, and it can be slow.
type link struct {
	via   dial.Func // nil: the system's
	delay time.Duration

	mu   sync.Mutex
	conn *slowConn // the last one that was made
	up   time.Time // before it nothing is to be reached
}

// dial waits until the link is up, and connects.
func (l *link) dial(ctx context.Context, network, address string) (net.Conn, error) {
	l.mu.Lock()
	wait := time.Until(l.up)
	l.mu.Unlock()
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	via := l.via
	if via == nil {
		via = (&net.Dialer{}).DialContext
	}
	conn, err := via(ctx, network, address)
	if err != nil {
		return nil, err
	}
	slow := &slowConn{Conn: conn, delay: l.delay, closed: make(chan struct{})}
	l.mu.Lock()
	l.conn = slow
	l.mu.Unlock()
	return slow, nil
}

// cut closes the connection under the client, without a DISCONNECT, and lets it have no other for a while. It reports
// whether there was one.
func (l *link) cut(away time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.up = time.Now().Add(away)
	if l.conn == nil {
		return false
	}
	_ = l.conn.Close() // it is given up
	l.conn = nil
	return true
}

// slowConn has each read and write take longer.
type slowConn struct {
	net.Conn
	delay time.Duration

	once   sync.Once
	closed chan struct{}
}

// Read reads what is there, and gives it later.
func (c *slowConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.pause()
	return n, err
}

// Write writes later.
func (c *slowConn) Write(b []byte) (int, error) {
	c.pause()
	return c.Conn.Write(b)
}

// Close ends the pauses, too.
func (c *slowConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

func (c *slowConn) pause() {
	if c.delay <= 0 {
		return
	}
	timer := time.NewTimer(c.delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.closed:
	}
}

// cut cuts the link, and plans the next cut.
func (d *device) cut(t task) {
	l := d.group.Link
	if d.link.cut(d.run.real(l.Away)) {
		d.run.counts.add(Cuts)
	}
	t.at = t.at.Add(d.untilCut(d.run.cuts.Add(1)))
	d.run.schedule.add(t)
}

// untilCut draws the time to the next cut: cuts know nothing of each other.
func (d *device) untilCut(n uint64) time.Duration {
	return time.Duration(-math.Log(1-uniform(d.key, n, 'l')) * float64(d.run.real(d.group.Link.Cut)))
}
