// Package server is the other end of every measurement: an MQTT server for 3.1.1
// and 5 that does as little as one can, so that it is not what is measured. It
// acknowledges a read's worth of packets with one write and sends packets that
// were prepared. Special topics say what it does:
//
//   - a subscription to flood/QOS/SIZE/COUNT, with anything behind it, is answered
//     with COUNT messages of SIZE bytes at that QoS on that very topic, at most
//     Window of them unacknowledged;
//   - a message to echo or fence comes back at QoS 0, if the client has subscribed to
//     that;
//   - acknowledgements of messages to lag/N are held back until N of them wait, and
//     then come one for one: there are N messages in flight. A message to any
//     other topic lets all go;
//   - a message to fence is not counted: it is how a client learns that all before it
//     have come.
package server

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"dunlin/bench/ws"
)

// Window is how many messages of QoS 1 and 2 are sent before one is acknowledged.
const Window = 100

// Counts is what a server got and gave since it began.
type Counts struct {
	Connections int64
	Published   [3]int64 // messages from clients by QoS; of QoS 2 those released
	Sent        [3]int64 // messages to clients by QoS
	Completed   [3]int64 // of those, the acknowledged ones
}

// Server is a running server. Make it with Start.
type Server struct {
	// Addresses has the URL for each kind of network: tcp, tls, ws.
	Addresses map[string]string
	// CA is the certificate to trust for tls, in PEM.
	CA []byte

	listeners []net.Listener
	work      sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]struct{} // guarded by mu
	closed bool                  // guarded by mu
	failed error                 // the first fault of a client; guarded by mu

	connections                atomic.Int64
	published, sent, completed [3]atomic.Int64
}

// Start listens on free ports of the loopback interface.
func Start() (*Server, error) {
	cert, ca, err := certificate()
	if err != nil {
		return nil, err
	}
	s := &Server{Addresses: map[string]string{}, CA: ca, conns: map[net.Conn]struct{}{}}
	for _, kind := range []string{"tcp", "tls", "ws"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			s.Close()
			return nil, err
		}
		s.Addresses[kind] = kind + "://" + l.Addr().String()
		s.listeners = append(s.listeners, l)
		s.work.Go(func() { s.accept(l, kind, &tls.Config{Certificates: []tls.Certificate{*cert}}) })
	}
	return s, nil
}

// Counts returns what happened until now. Each number is exact once the client
// has got the answer to what is counted.
func (s *Server) Counts() Counts {
	c := Counts{Connections: s.connections.Load()}
	for i := range 3 {
		c.Published[i], c.Sent[i], c.Completed[i] = s.published[i].Load(), s.sent[i].Load(), s.completed[i].Load()
	}
	return c
}

// Err returns the first thing that a client did and must not, or nil.
func (s *Server) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// Close ends everything and waits for it.
func (s *Server) Close() {
	for _, l := range s.listeners {
		_ = l.Close()
	}
	s.mu.Lock()
	s.closed = true
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.work.Wait()
}

func (s *Server) accept(l net.Listener, kind string, config *tls.Config) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.connections.Add(1)
		s.work.Go(func() {
			if !s.keep(c) {
				return
			}
			if err := s.serve(c, kind, config); err != nil {
				s.blame(fmt.Errorf("client at %s: %w", c.RemoteAddr(), err))
			}
			s.drop(c)
		})
	}
}

func (s *Server) keep(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = c.Close()
		return false
	}
	s.conns[c] = struct{}{}
	return true
}

func (s *Server) drop(c net.Conn) {
	_ = c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

func (s *Server) blame(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil && !s.closed {
		s.failed = err
	}
}

// serve speaks with one client. A connection that ends is no fault.
func (s *Server) serve(c net.Conn, kind string, config *tls.Config) error {
	conn := c
	switch kind {
	case "tls":
		conn = tls.Server(c, config)
	case "ws":
		w, err := ws.Accept(c)
		if err != nil {
			return err
		}
		conn = w
	}
	p := &peer{server: s, conn: conn, in: make([]byte, smallBuffer)}
	err := p.loop()
	var gone *net.OpError
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.As(err, &gone) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}
