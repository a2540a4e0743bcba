package sparkplug_test

import (
	"context"
	"errors"
	"net"
	"sync"
)

// cuts dials, and cuts what it has dialed.
type cuts struct {
	mu    sync.Mutex
	conns []net.Conn
	held  bool
}

func (c *cuts) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held {
		return nil, errors.New("there is no way to the server for now")
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err == nil {
		c.conns = append(c.conns, conn)
	}
	return conn, err
}

// hold has all attempts fail from now on, until release.
func (c *cuts) hold()    { c.set(true) }
func (c *cuts) release() { c.set(false) }

func (c *cuts) set(held bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = held
}

// cut breaks all connections.
func (c *cuts) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
}
