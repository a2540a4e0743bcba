package broker_test

import (
	"io"
	"net"
	"testing"

	"dunlin/broker"
)

// Of many connections of one client that come at once one stays.
func TestManyTakeOver(t *testing.T) {
	const many = 30
	for version, connect := range connectKept {
		b := start(t, broker.Config{})
		conns := make([]net.Conn, many)
		for i := range conns {
			conns[i] = dial(t, b.Addr())
		}
		ended := make(chan int)
		for i, conn := range conns {
			go func() {
				_, _ = conn.Write(connect) // that the others end tells
				_, _ = io.Copy(io.Discard, conn)
				ended <- i
			}()
		}
		left := make(map[int]bool)
		for i := range conns {
			left[i] = true
		}
		for range many - 1 {
			delete(left, <-ended)
		}
		for last := range left {
			write(t, conns[last], []byte{0xC0, 0}) // still served, so that this is its end
			write(t, conns[last], []byte{0xE0, 0})
			if got := <-ended; got != last {
				t.Errorf("version %d: connection %d ended, want %d", version, got, last)
			}
		}
	}
}

// The one that is taken over is told so where its version has words for it.
func TestTakenOverIsTold(t *testing.T) {
	for version, connect := range connectKept {
		b := start(t, broker.Config{})
		old := dial(t, b.Addr(), connect)
		next(t, old)
		next(t, dial(t, b.Addr(), connect))
		rest, err := io.ReadAll(old)
		switch {
		case err != nil:
			t.Errorf("version %d: %v", version, err)
		case version < 5 && len(rest) > 0:
			t.Errorf("version %d: got % x, which is not for a server to send", version, rest)
		case version == 5 && (len(rest) < 3 || rest[0] != 0xE0 || rest[2] != 0x8E):
			t.Errorf("version %d: got % x, want DISCONNECT 0x8E", version, rest)
		}
	}
}

// A client that does not read, and has no keep alive, is taken over all the same.
func TestTakeOverOfWhoDoesNotRead(t *testing.T) {
	for version, connect := range map[byte][]byte{
		4: {0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, 1, 'p'},
		5: {0x10, 14, 0, 4, 'M', 'Q', 'T', 'T', 5, 2, 0, 0, 0, 0, 1, 'p'},
	} {
		b := start(t, broker.Config{})
		subscribe := []byte{0x82, 6, 0, 1, 0, 1, 'a', 0}
		if version == 5 {
			subscribe = []byte{0x82, 7, 0, 1, 0, 0, 1, 'a', 0}
		}
		subscriber := dial(t, b.Addr(), connect, subscribe)
		next(t, subscriber)
		next(t, subscriber)
		publisher := dial(t, b.Addr(), connect311)
		next(t, publisher)
		for range 30 { // more than sockets hold
			write(t, publisher, append([]byte{0x30, 0x83, 0x80, 0x40, 0, 1, 'a'}, make([]byte, 1<<20)...))
		}
		write(t, publisher, []byte{0x32, 5, 0, 1, 'a', 0, 9})
		await(t, publisher, 4, 9)
		if kind, _ := next(t, dial(t, b.Addr(), connect)); kind != 2 {
			t.Errorf("version %d: got a packet of type %d, want CONNACK", version, kind)
		}
	}
}
