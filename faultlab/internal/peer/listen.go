package peer

import (
	"fmt"
	"net"

	"dunlin/internal/testserver"
)

// Listen returns a peer that listens at a free port of the loopback interface, which stays its own while it is down.
func Listen(cfg Config) (*Peer, error) {
	l, err := testserver.Listen()
	if err != nil {
		return nil, fmt.Errorf("peer: %w", err)
	}
	p := New(cfg)
	p.address = l.Addr().String()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listenLocked(l)
	return p, nil
}

// Addr returns host:port of the listener, or some other one when the peer is in
// memory only.
func (p *Peer) Addr() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.address == "" {
		return "peer.invalid:1883"
	}
	return p.address
}

// URL returns the listener's mqtt URL.
func (p *Peer) URL() string { return "mqtt://" + p.Addr() }

// Down refuses new links and breaks those there are, as if the server had been
// killed; its sessions stay.
func (p *Peer) Down() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = true
	if p.listener != nil {
		_ = p.listener.Close() // it is given up
		p.listener = nil
	}
	for l := range p.links {
		l.breakLocked(true)
	}
}

// Up takes links again, at the same address.
func (p *Peer) Up() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = false
	if p.address == "" || p.listener != nil {
		return nil
	}
	l, err := net.Listen("tcp", p.address)
	if err != nil {
		return fmt.Errorf("peer: %w", err)
	}
	p.listenLocked(l)
	return nil
}

// listenLocked takes the links of a listener.
func (p *Peer) listenLocked(l net.Listener) {
	p.listener = l
	p.tasks.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.Serve(conn)
		}
	})
}
