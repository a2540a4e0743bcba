package link

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// appender is an owner that has consecutive numbers written, in the way of the
// client.
type appender struct {
	recorder

	buf, other []byte
	next       uint64
	meanwhile  int  // numbers that are appended while Flush writes
	apart      bool // half of what Flush takes is in parts
	idle       bool // the write loop sleeps
	looped     int  // bytes that the write loop took
	over       bool // Ended was called
	late       bool // something was taken after that
}

func (a *appender) Take(time.Time) (Batch, time.Duration, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.idle = len(a.buf) == 0
	a.looped += len(a.buf)
	return Batch{Bytes: a.swap()}, time.Hour, false
}

func (a *appender) TakeSmall(_ time.Time, limit int) Batch {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.buf) > limit {
		return Batch{}
	}
	b := Batch{Bytes: a.swap()}
	if a.apart {
		for at := 8; at <= len(b.Bytes); at += 8 { // the second half of each number
			b.Parts = append(b.Parts, Part{At: at / 2, Bytes: bytes.Clone(b.Bytes[at-4 : at])})
			copy(b.Bytes[at/2-4:], b.Bytes[at-8:at-4])
		}
		b.Bytes = b.Bytes[:len(b.Bytes)/2]
	}
	return b
}

func (a *appender) swap() []byte {
	a.late = a.late || a.over
	a.buf, a.other = a.other[:0], a.buf
	return a.other
}

func (a *appender) Written() {}

func (a *appender) Flushed() bool {
	a.add(a.meanwhile, func() {})
	a.mu.Lock()
	defer a.mu.Unlock()
	a.idle = len(a.buf) == 0
	return a.idle
}

func (a *appender) Ended(err error) {
	a.mu.Lock()
	a.over = true
	a.mu.Unlock()
	a.ended <- err
}

// add appends n numbers and calls wake if the write loop slept.
func (a *appender) add(n int, wake func()) {
	a.mu.Lock()
	for range n {
		a.buf = binary.BigEndian.AppendUint64(a.buf, a.next)
		a.next++
	}
	slept := a.idle
	a.idle = false
	a.mu.Unlock()
	if slept {
		wake()
	}
}

// asleep waits for the write loop to have nothing to do.
func (a *appender) asleep(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		a.mu.Lock()
		idle := a.idle
		a.mu.Unlock()
		if idle {
			return
		}
	}
	t.Fatal("the write loop does not come to rest")
}

// startTCP runs a link over a socket, and waits for its write loop to sleep.
func startTCP(t *testing.T, a *appender) (*Link, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ours, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	a.ended = make(chan error, 1)
	link := Start(ours, a, Config{ReadBuffer: 16, MaxPacket: 100, Linger: time.Second, WriteStalls: a.writeStalls})
	t.Cleanup(func() {
		_ = theirs.Close()
		<-a.ended
	})
	a.asleep(t)
	return link, theirs
}

// hear reads numbers from first to end, which must come in order.
func hear(t *testing.T, peer net.Conn, first, end uint64) {
	t.Helper()
	_ = peer.SetReadDeadline(time.Now().Add(20 * time.Second)) // a socket takes it
	b := make([]byte, 8<<10)
	for n := first; n < end; {
		part := b[:min(uint64(len(b)), 8*(end-n))]
		if _, err := io.ReadFull(peer, part); err != nil {
			t.Fatalf("after %d of %d numbers: %v", n, end, err)
		}
		for ; len(part) > 0; part = part[8:] {
			if got := binary.BigEndian.Uint64(part); got != n {
				t.Fatalf("number %d instead of %d", got, n)
			}
			n++
		}
	}
}

func TestFlushWritesAtOnce(t *testing.T) {
	a := &appender{}
	l, peer := startTCP(t, a)
	for i := range uint64(3) {
		a.add(1, l.Flush)
		hear(t, peer, i, i+1)
	}
	if a.mu.Lock(); (a.looped == 0) != (l.sock != nil) {
		t.Errorf("the write loop wrote %d bytes", a.looped)
	}
	a.mu.Unlock()
}

// TestFlushOfParts leaves them to the write loop.
func TestFlushOfParts(t *testing.T) {
	a := &appender{apart: true}
	l, peer := startTCP(t, a)
	for i := range uint64(100) {
		a.asleep(t)
		a.add(10, l.Flush)
		hear(t, peer, 10*i, 10*i+10)
	}
}

// TestFlushLeavesTheRest has more to write than what was there at first.
func TestFlushLeavesTheRest(t *testing.T) {
	a := &appender{meanwhile: 2}
	l, peer := startTCP(t, a)
	a.add(1, l.Flush)
	hear(t, peer, 0, 3)
}

// TestFlushNeverWaits fills the sockets' buffers: the peer reads only afterwards.
func TestFlushNeverWaits(t *testing.T) {
	a := &appender{}
	l, peer := startTCP(t, a)
	const each = flushLimit / 8
	flushed := 0
	for woken := true; woken; flushed++ { // until the write loop is stuck
		woken = false
		a.add(each, func() { woken = true; l.Flush() })
	}
	for range 3 {
		l.Flush()
	}
	if flushed < 3 {
		t.Errorf("stuck after %d writes: nothing was tested", flushed)
	}
	hear(t, peer, 0, uint64(flushed*each))
	a.asleep(t)
	a.add(1, l.Flush)
	hear(t, peer, uint64(flushed*each), uint64(flushed*each+1))
}

func TestFlushKeepsOrder(t *testing.T) { // whoever writes
	a := &appender{}
	l, peer := startTCP(t, a)
	const each, goroutines = 20_000, 4
	var all sync.WaitGroup
	for i := range goroutines {
		all.Go(func() {
			for j := range each {
				if (i+j)%3 == 0 {
					a.add(1, l.Kick)
				} else {
					a.add(1, l.Flush)
				}
			}
		})
	}
	hear(t, peer, 0, each*goroutines)
	all.Wait()
}

func TestFlushAfterTheEnd(t *testing.T) {
	a := &appender{}
	l, _ := startTCP(t, a)
	l.Abort(io.EOF)
	err := <-a.ended
	a.ended <- err
	a.add(1, func() {})
	l.Flush()
	if a.mu.Lock(); a.late {
		t.Error("the link took something after it had ended")
	}
	a.mu.Unlock()
}

// TestFlushOfMoreThanASocket leaves the writing to the loop, which calls Write.
func TestFlushOfMoreThanASocket(t *testing.T) {
	a := &appender{}
	ours, theirs := net.Pipe()
	a.ended = make(chan error, 1)
	l := Start(ours, a, Config{ReadBuffer: 16, MaxPacket: 100, Linger: time.Second, WriteStalls: a.writeStalls})
	a.asleep(t)
	a.add(5, l.Flush)
	hear(t, theirs, 0, 5)
	_ = theirs.Close()
	<-a.ended
}

var _ Owner = (*appender)(nil)
