package mqtttest

import (
	"net"
	"testing"
	"time"
)

// patience is how long a step may take before the test fails.
const patience = 30 * time.Second

// Server listens on a free loopback port and lets the test play the server.
type Server struct {
	t        testing.TB
	listener net.Listener
}

// NewServer starts a server that is closed when the test ends.
func NewServer(t testing.TB) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("mqtttest: listen: %v", err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return &Server{t: t, listener: l}
}

// Addr returns host:port of the server.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// URL returns the server's mqtt URL.
func (s *Server) URL() string { return "mqtt://" + s.Addr() }

// Accept waits for the next connection.
func (s *Server) Accept() *Conn {
	s.t.Helper()
	if tcp, ok := s.listener.(*net.TCPListener); ok {
		if err := tcp.SetDeadline(time.Now().Add(patience)); err != nil {
			s.t.Fatalf("mqtttest: accept: %v", err)
		}
	}
	conn, err := s.listener.Accept()
	if err != nil {
		s.t.Fatalf("mqtttest: accept: %v", err)
	}
	return NewConn(s.t, conn)
}
