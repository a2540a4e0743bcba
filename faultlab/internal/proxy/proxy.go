// Package proxy stands between a client and a real server and ends its links
// after a while.
package proxy

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// Proxy forwards connections. Its methods may be called by many goroutines.
type Proxy struct {
	target   string
	life     func(*rand.Rand) time.Duration
	listener net.Listener
	tasks    sync.WaitGroup

	mu     sync.Mutex
	random *rand.Rand
	links  map[*link]struct{}
	drops  int
	closed bool
}

// link is one connection and what it is forwarded to.
type link struct {
	client, server net.Conn
	timer          *time.Timer
}

// Listen returns a proxy at a free port of the loopback interface that forwards to
// target, a host:port. A link lives as long as life says.
func Listen(target string, seed uint64, life func(*rand.Rand) time.Duration) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	p := &Proxy{
		target: target, life: life, listener: l,
		random: rand.New(rand.NewPCG(seed, 0x960C4)), links: map[*link]struct{}{},
	}
	p.tasks.Go(p.acceptLoop)
	return p, nil
}

// Addr returns host:port of the listener.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Drops returns how many links the proxy has ended by itself.
func (p *Proxy) Drops() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.drops
}

// Close ends everything and waits until it has ended.
func (p *Proxy) Close() {
	_ = p.listener.Close()
	p.mu.Lock()
	p.closed = true
	for l := range p.links {
		p.endLocked(l, false)
	}
	p.mu.Unlock()
	p.tasks.Wait()
}

func (p *Proxy) acceptLoop() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil { // the server is away
			reset(conn)
			_ = conn.Close()
			continue
		}
		p.serve(&link{client: conn, server: server})
	}
}

func (p *Proxy) serve(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.links[l] = struct{}{}
	if p.closed {
		p.endLocked(l, false)
		return
	}
	l.timer = time.AfterFunc(p.life(p.random), func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if _, ok := p.links[l]; ok {
			p.drops++
			p.endLocked(l, p.random.IntN(2) == 0)
		}
	})
	p.tasks.Go(func() { p.forward(l, l.server, l.client) })
	p.tasks.Go(func() { p.forward(l, l.client, l.server) })
}

// forward copies until one side has ended, which ends the link.
func (p *Proxy) forward(l *link, to, from net.Conn) {
	_, _ = io.Copy(to, from) // however it ended, the link has
	p.mu.Lock()
	p.endLocked(l, false)
	p.mu.Unlock()
}

// endLocked ends a link, with a reset or in an orderly way. What is under way in
// the proxy is lost.
func (p *Proxy) endLocked(l *link, hard bool) {
	if _, ok := p.links[l]; !ok {
		return
	}
	delete(p.links, l)
	if l.timer != nil {
		l.timer.Stop()
	}
	if hard {
		reset(l.client)
		reset(l.server)
	}
	_ = l.client.Close()
	_ = l.server.Close()
}

// reset has Close reset the connection.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // Close is what counts
	}
}
