package link

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"runtime"
	"testing"
	"time"

	"dunlin/internal/testcert"
	"dunlin/mqtt/internal/wire"
)

// counter is an owner that tells of every 1,000th packet that comes.
type counter struct {
	recorder
	frames   int
	thousand chan int
}

func (c *counter) Frame(wire.Header, []byte) error {
	if c.frames++; c.frames%1000 == 0 {
		c.thousand <- c.frames
	}
	return nil
}

// await waits for so many packets.
func (c *counter) await(t *testing.T, frames int) {
	t.Helper()
	for got := 0; got < frames; {
		select {
		case got = <-c.thousand:
		case err := <-c.ended:
			t.Fatalf("the link ended: %v", err)
		}
	}
}

// sockets returns both ends of a connection over TCP, or over TLS on that.
func sockets(t *testing.T, secure bool) (ours, theirs net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	ours, err = net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err = listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if secure {
		authority := testcert.NewAuthority(t)
		theirs = tls.Server(theirs, &tls.Config{Certificates: []tls.Certificate{authority.Server(t, testcert.Options{}).Certificate(t)}})
		ours = tls.Client(ours, &tls.Config{RootCAs: authority.Pool(), ServerName: "localhost"})
	}
	return ours, theirs
}

// linkOver runs a link over a socket, or over TLS on one, and returns the other end.
func linkOver(t *testing.T, secure bool) (*counter, net.Conn) {
	t.Helper()
	ours, theirs := sockets(t, secure)
	c := &counter{thousand: make(chan int, 1)}
	c.ended = make(chan error, 1)
	Start(ours, c, Config{ReadBuffer: 512, MaxPacket: 1 << 20, Linger: time.Second, WriteStalls: c.writeStalls})
	return c, theirs
}

func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// awaitHeap waits until so many links have added at most 8 KiB each.
func awaitHeap(t *testing.T, before, links int) {
	t.Helper()
	for late := time.After(20 * time.Second); heap()-before > links*8<<10; {
		select {
		case <-late:
			t.Fatalf("%d bytes a link stay after a burst", (heap()-before)/links)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// A read holds its buffer while it waits, so a large one must not wait for long. Two
// links are over TLS, to see that they outlive that as well; what TLS itself keeps is
// not ours.
func TestBufferOfABurstIsLetGo(t *testing.T) {
	const links, secure = 22, 2
	burst := bytes.Repeat([]byte("\xD0\x00"), 100_000)
	counters, peers := make([]*counter, links), make([]net.Conn, links)
	write := func(i int, b []byte) { _, _ = peers[i].Write(b) } // the packets that come tell
	for i := range links {
		counters[i], peers[i] = linkOver(t, i < secure)
		write(i, burst[:2000])
		counters[i].await(t, 1000)
	}
	before := heap()
	for i := range links {
		go write(i, burst)
	}
	for i := range links {
		counters[i].await(t, 101_000)
	}
	awaitHeap(t, before, links)
	for i := range links { // and the links are well
		go write(i, burst[:2000])
		counters[i].await(t, 102_000)
		_ = peers[i].Close()
		if err := <-counters[i].ended; !errors.Is(err, ErrClean) {
			t.Errorf("the link ended with: %v", err)
		}
	}
}

// napping is an owner that has no room for a moment, once, while a burst comes.
type napping struct {
	counter
	link  *Link
	begun chan struct{} // closed when link is set
	naps  int           // left
}

func (o *napping) AwaitRoom(ended <-chan struct{}) (int, bool) {
	<-o.begun
	switch {
	case o.naps == 0 || o.frames < 50_000:
		return 0, true
	case o.link.Ahead() == AheadOff:
		return roomyBuffer, true
	}
	o.naps--
	select { // whatever comes meanwhile is read ahead
	case <-time.After(50 * time.Millisecond):
	case <-ended:
	}
	return 0, true
}

// TestWhatWasReadAheadIsLetGo: when nothing follows it, too, and after what follows. The read that
// was begun ahead waits meanwhile.
func TestWhatWasReadAheadIsLetGo(t *testing.T) {
	const links = 20
	burst := bytes.Repeat([]byte("\xD0\x00"), 100_000)
	owners, peers := make([]*napping, links), make([]net.Conn, links)
	write := func(i int, b []byte) { _, _ = peers[i].Write(b) } // the packets that come tell
	before := heap()
	for i := range links {
		o := &napping{naps: 1, begun: make(chan struct{})}
		o.thousand, o.ended = make(chan int, 1), make(chan error, 1)
		ours, theirs := sockets(t, false)
		o.link = Start(ours, o, Config{ReadBuffer: 512, MaxPacket: 1 << 20, Linger: time.Second, WriteStalls: o.writeStalls})
		close(o.begun)
		owners[i], peers[i] = o, theirs
		go write(i, burst)
	}
	for i := range links {
		owners[i].await(t, 100_000)
	}
	awaitHeap(t, before, links)
	for i := range links {
		go write(i, burst)
		owners[i].await(t, 200_000)
	}
	awaitHeap(t, before, links)
	for i := range links {
		_ = peers[i].Close()
		if err := <-owners[i].ended; !errors.Is(err, ErrClean) {
			t.Errorf("the link ended with: %v", err)
		}
	}
}
