//go:build unix

package connect_test

import (
	"net"
	"syscall"
	"testing"

	"dunlin/internal/connect"
)

// Small packets go at once, unless the options say otherwise.
func TestNagleIsAChoice(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, nagle := range []bool{false, true} {
		o := connect.Options{Nagle: nagle}
		_, cfg, err := o.Prepare(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		conn, err := cfg.Transport.Dial(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		raw, err := conn.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		atOnce := 0
		if e := raw.Control(func(fd uintptr) {
			atOnce, err = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_NODELAY)
		}); e != nil || err != nil {
			t.Fatal(e, err)
		}
		if (atOnce == 0) != nagle {
			t.Errorf("Nagle %v: TCP_NODELAY is %d", nagle, atOnce)
		}
		_ = conn.Close()
	}
}
