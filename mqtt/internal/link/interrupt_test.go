package link

import (
	"bytes"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"dunlin/mqtt/internal/wire"
)

// leaver is an owner whose reader leaves, or stays, when it is interrupted.
type leaver struct {
	counter
	leaves  bool
	resumes bool          // another one reads at once
	left    chan struct{} // has a value when a reader left and nobody reads
	told    chan struct{} // has a value when a reader was interrupted; nil: it does not matter
	done    atomic.Bool   // all interrupts are through
	link    atomic.Pointer[Link]
}

func (o *leaver) Interrupted() bool {
	if o.told != nil {
		o.told <- struct{}{}
	}
	if !o.leaves {
		return false
	}
	if o.resumes {
		o.link.Load().Resume(false)
	} else {
		o.left <- struct{}{}
	}
	return true
}

// linkOf runs a link for o over a socket, or over TLS on one.
func (o *leaver) linkOf(t *testing.T, secure bool) (*Link, net.Conn) {
	t.Helper()
	ours, theirs := sockets(t, secure)
	o.thousand, o.left, o.ended = make(chan int, 1), make(chan struct{}, 1), make(chan error, 1)
	l := Start(ours, o, Config{ReadBuffer: 512, MaxPacket: 1 << 20, Linger: time.Second, WriteStalls: o.writeStalls})
	o.link.Store(l)
	_, _ = theirs.Write(pings) // the packets that come tell, and that TLS shook hands
	o.await(t, 1000)
	return l, theirs
}

// ends closes the other end, and checks that the link ends with want.
func (o *leaver) ends(t *testing.T, peer net.Conn, want error) {
	t.Helper()
	_ = peer.Close()
	if err := <-o.ended; !errors.Is(err, want) {
		t.Errorf("the link ended with: %v", err)
	}
}

// eachSecurity runs a test over TCP, and over TLS on that.
func eachSecurity(t *testing.T, f func(t *testing.T, secure bool)) {
	t.Helper()
	t.Run("TCP", func(t *testing.T) { f(t, false) })
	t.Run("TLS", func(t *testing.T) { f(t, true) })
}

var pings = bytes.Repeat([]byte("\xD0\x00"), 1000)

// TestInterruptEndsNoConnection: 20,000 of them, each when the one before is through, against reads
// that mostly bring something, of readers that stay and of readers that leave to another one.
func TestInterruptEndsNoConnection(t *testing.T) {
	for _, leaves := range []bool{false, true} {
		eachSecurity(t, func(t *testing.T, secure bool) {
			o := &leaver{leaves: leaves, resumes: true, told: make(chan struct{}, 1)}
			l, peer := o.linkOf(t, secure)
			go func() {
				for range 20_000 {
					l.Interrupt()
					<-o.told
				}
				o.done.Store(true)
			}()
			for frames := 1000; !o.done.Load(); frames += 1000 {
				go func() {
					for range 1000 {
						_, _ = peer.Write(pings[:2]) // the packets that come tell
					}
				}()
				o.await(t, frames+1000)
			}
			o.ends(t, peer, ErrClean)
		})
	}
}

// TestReadHere: it returns when the caller leaves the reading, and another one goes on where it was: in
// the middle of a packet.
func TestReadHere(t *testing.T) {
	eachSecurity(t, func(t *testing.T, secure bool) {
		o := &leaver{leaves: true}
		l, peer := o.linkOf(t, secure)
		_, _ = peer.Write(pings[:1999]) // the packets that come tell
		l.Interrupt()
		<-o.left
		for i := range 20 {
			returned := make(chan struct{})
			go func() {
				l.ReadHere()
				close(returned)
			}()
			_, _ = peer.Write(append([]byte{0}, pings[:1999]...)) // as above
			o.await(t, 1000*(i+2))
			l.Interrupt()
			<-o.left
			<-returned
		}
		l.Resume(false)
		o.ends(t, peer, ErrTruncated)
	})
}

// TestBufferOfABurstIsLetGoWhereALoopReads: as in TestBufferOfABurstIsLetGo, and an interrupted read does not keep it.
func TestBufferOfABurstIsLetGoWhereALoopReads(t *testing.T) {
	const links = 20
	burst := bytes.Repeat(pings, 100)
	owners, peers := make([]*leaver, links), make([]net.Conn, links)
	for i := range links {
		owners[i] = &leaver{leaves: true}
		l, peer := owners[i].linkOf(t, false)
		peers[i] = peer
		l.Interrupt()
		<-owners[i].left
		go func() {
			l.ReadHere()
			l.ReadHere() // after an interrupt
		}()
	}
	before := heap()
	for i := range links {
		go func() { _, _ = peers[i].Write(burst) }() // the packets that come tell
	}
	for i := range links {
		owners[i].await(t, 101_000)
		owners[i].link.Load().Interrupt()
		<-owners[i].left
	}
	awaitHeap(t, before, links)
	for i := range links {
		owners[i].ends(t, peers[i], ErrClean)
	}
}

// lateInterrupter is an owner that interrupts a read when it has brought a packet, and then refuses that, or has
// the link read ahead.
type lateInterrupter struct {
	recorder
	refuses bool
	link    atomic.Pointer[Link]
}

func (o *lateInterrupter) Frame(wire.Header, []byte) error {
	o.link.Load().Interrupt()
	if o.refuses {
		return errors.New("no")
	}
	return nil
}

func (o *lateInterrupter) AwaitRoom(ended <-chan struct{}) (ahead int, reads bool) {
	if o.link.Load().Ahead() == AheadOff {
		return 100, true
	}
	<-ended
	return 0, true
}

func (o *lateInterrupter) HeardAhead(_ time.Time, _ int, state AheadState) {
	if state == AheadOver {
		o.link.Load().fail(o.link.Load().ahead.err)
	}
}

// TestLateInterruptEndsNoConnection: it came when the read had ended, and another kind of reading follows.
func TestLateInterruptEndsNoConnection(t *testing.T) {
	for _, refuses := range []bool{true, false} {
		o := &lateInterrupter{refuses: refuses}
		o.ended = make(chan error, 1)
		ours, theirs := sockets(t, false)
		o.link.Store(Start(ours, o, Config{ReadBuffer: 512, MaxPacket: 100, WriteStalls: o.writeStalls}))
		_, _ = theirs.Write([]byte("\xD0\x00")) // the end of the link tells
		select {
		case err := <-o.ended:
			t.Errorf("refuses %v: the link ended with: %v", refuses, err)
		case <-time.After(50 * time.Millisecond):
			_ = theirs.Close()
			<-o.ended
		}
	}
}
