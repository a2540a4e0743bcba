//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package link

import (
	"net"
	"syscall"
)

// socket writes to a connection's file descriptor without ever waiting.
type socket struct {
	raw   syscall.RawConn
	write func(fd uintptr) // made once
	b     []byte
	n     int
	rest  Batch // what Flush left of its batch
}

// socketOf returns the socket that conn is, nil if it is more than that: then its
// Write must be called.
func socketOf(conn net.Conn) *socket {
	var c syscall.Conn
	switch conn := conn.(type) {
	case *net.TCPConn:
		c = conn
	case *net.UnixConn:
		c = conn
	default:
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	s := &socket{raw: raw}
	s.write = func(fd uintptr) {
		s.n, _ = syscall.SendmsgN(int(fd), s.b, nil, nil, syscall.MSG_DONTWAIT) // an error is for the next write to meet
	}
	return s
}

// send writes b as far as that is possible at once, and returns how many bytes
// went.
func (s *socket) send(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	s.b, s.n = b, 0
	_ = s.raw.Control(s.write) // of a closed connection: the write loop will see
	s.b = nil
	return max(s.n, 0)
}
