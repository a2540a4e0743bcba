package link

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"dunlin/mqtt/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder is an owner that notes what the link tells it.
type recorder struct {
	streamed int // bytes of the payload that comes piece by piece
	mu       sync.Mutex
	notes    []string
	out      []byte
	last     bool
	refuse   wire.Type // Frame fails at this type
	ended    chan error
	stall    time.Duration
	endures  bool // faulty packets
	ignores  bool // what is streamed now
}

func (r *recorder) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

func (r *recorder) Reads()                                {}
func (r *recorder) KeepReading()                          {}
func (r *recorder) BeginBatch(time.Time, int)             {}
func (r *recorder) EndBatch(bool) bool                    { return true }
func (r *recorder) AwaitRoom(<-chan struct{}) (int, bool) { return 0, true }
func (r *recorder) Interrupted() bool                     { return false }
func (r *recorder) HeardAhead(time.Time, int, AheadState) {}
func (r *recorder) Written()                              { r.note("written") }
func (r *recorder) Refuse(err error)                      { r.note("refused %v", err) }
func (r *recorder) Ended(err error)                       { r.ended <- err }
func (r *recorder) writeStalls() time.Duration            { return r.stall }

func (r *recorder) Endures(error) bool { return r.endures }

func (r *recorder) Overlook(_ wire.Header, b []byte, left int, err error) bool {
	if !r.endures {
		r.Refuse(err)
		return false
	}
	r.note("overlooked %d", len(b)+left)
	r.ignores = true
	return true
}

func (r *recorder) BeginStream(p *wire.Publish, size int) error {
	r.note("stream %s %d", p.Topic, size)
	return nil
}

func (r *recorder) Stream(piece []byte, last bool) {
	r.streamed += len(piece)
	if last && r.ignores { // how much there was depends on the reads
		r.ignores, r.streamed = false, 0
	}
	if last {
		r.note("streamed %d", r.streamed)
		r.streamed = 0
	}
}

func (r *recorder) Frame(h wire.Header, body []byte) error {
	r.note("%v %d", h.Type, len(body))
	if h.Type == r.refuse {
		return errors.New("no")
	}
	return nil
}

func (r *recorder) Room(size int, came []byte, _ bool) []byte {
	if size < 1 {
		return nil
	}
	return append(make([]byte, 0, min(size, 2*len(came)+16)), came...)
}

func (r *recorder) Large(h wire.Header, head, payload []byte) error {
	return r.Frame(h, slices.Concat(head, payload))
}

func (r *recorder) Take(time.Time) (Batch, time.Duration, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.out
	r.out = nil
	return Batch{Bytes: b}, time.Hour, r.last && b == nil
}

// send has the link write b, and hang up afterwards if it is the last.
func (r *recorder) send(l *Link, b []byte, last bool) {
	r.mu.Lock()
	r.out, r.last = append(r.out, b...), last
	r.mu.Unlock()
	l.Kick()
}

// start runs a link over net.Pipe.
func start(r *recorder) (*Link, net.Conn) {
	ours, theirs := net.Pipe()
	r.ended = make(chan error, 1)
	return Start(ours, r, Config{ReadBuffer: 16, MaxPacket: 1000, Linger: time.Second, WriteStalls: r.writeStalls}), theirs
}

func (r *recorder) check(t *testing.T, want ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.notes, want) {
		t.Errorf("got %q, want %q", r.notes, want)
	}
}

var stream = []byte("\x30\x03\x00\x01t" + "\xD0\x00" + "\x30\x87\x00\x00\x01t1234" + "\x40\x02\x00\x01")

// TestFramingAtEverySplit shows FR-01: one byte at a time [MQTT-6.0.0-2]; FR-02: split within the
// remaining length; FR-04: split within the next header.
func TestFramingAtEverySplit(t *testing.T) {
	for i := range stream {
		for j := i; j < len(stream); j++ {
			r := &recorder{}
			_, peer := start(r)
			for _, part := range [][]byte{stream[:i], stream[i:j], stream[j:]} {
				if len(part) > 0 {
					_, _ = peer.Write(part) // what was heard tells
				}
			}
			_ = peer.Close()
			if err := <-r.ended; !errors.Is(err, ErrClean) {
				t.Fatalf("split at %d and %d: %v", i, j, err)
			}
			r.check(t, "PUBLISH 3", "PINGRESP 0", "PUBLISH 7", "PUBACK 2")
		}
	}
}

// TestCutAtEveryByte: no half packet is handed on. It shows DC-17: end of the stream within a
// packet; MF-12: PUBLISH cut at every byte [MQTT-3.3.2-1].
func TestCutAtEveryByte(t *testing.T) {
	ends := map[int]int{0: 0, 5: 1, 7: 2, 17: 3, len(stream): 4} // whole packets at that length
	whole := 0
	for i := range len(stream) + 1 {
		n, clean := ends[i]
		if clean {
			whole = n
		}
		r := &recorder{}
		_, peer := start(r)
		if i > 0 {
			_, _ = peer.Write(stream[:i]) // what was heard tells
		}
		_ = peer.Close()
		err := <-r.ended
		if len(r.notes) != whole || errors.Is(err, ErrClean) != clean || errors.Is(err, ErrTruncated) == clean {
			t.Errorf("%d bytes: %q, %v", i, r.notes, err)
		}
	}
}

// TestHostileHeaders shows MF-01: remaining length of five bytes; MF-02: fifth byte is not waited
// for; MF-04: announced length costs no memory; MF-06: packet above our limit before MQTT 5.
func TestHostileHeaders(t *testing.T) {
	for _, test := range []struct{ send, want string }{
		{"\x30\xE6\x07", "refused PUBLISH: announces 998 bytes, more than the limit of 1000 bytes (0x95 Packet too large)"},
		{"\x30\xFF\xFF\xFF\x7F", "refused PUBLISH: announces 268435455 bytes"},
		{"\x30\xFF\xFF\xFF\xFF", "refused "},
		{"\x00\x00", "refused "},
	} {
		r := &recorder{}
		_, peer := start(r)
		_, _ = peer.Write([]byte(test.send))  // what was heard tells
		_, _ = peer.Write([]byte("\xD0\x00")) // is thrown away
		_ = peer.Close()
		<-r.ended
		if len(r.notes) != 1 || r.notes[0][:min(len(test.want), len(r.notes[0]))] != test.want {
			t.Errorf("% X: %q", test.send, r.notes)
		}
	}
}

// TestNothingIsToldAfterARefusal shows MF-31: DISCONNECT arrives before the connection is closed
// [MQTT-3.14.4-2]; DC-18: bytes after DISCONNECT [MQTT-3.14.4-1].
func TestNothingIsToldAfterARefusal(t *testing.T) {
	r := &recorder{refuse: wire.PINGRESP}
	l, peer := start(r)
	_, _ = peer.Write(stream) // what was heard tells
	r.send(l, []byte("bye"), true)
	b := make([]byte, 10)
	if n, _ := peer.Read(b); string(b[:n]) != "bye" {
		t.Errorf("the peer read %q", b[:n])
	}
	_ = peer.Close()
	<-r.ended
	r.check(t, "PUBLISH 3", "PINGRESP 0", "written")
}

// TestAbortDoesNotWait: both loops are stuck. It shows KA-13: server that does not read.
func TestAbortDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		l, peer := start(r)
		r.send(l, []byte("nobody reads this"), false)
		synctest.Wait()
		begin := time.Now()
		why := errors.New("why")
		l.Abort(why)
		l.Abort(errors.New("late"))
		if err := <-r.ended; !errors.Is(err, why) || time.Since(begin) != 0 {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		_ = peer.Close()
		r.check(t)
	})
}

// TestHurryUp: it reaches what is being written, too.
func TestHurryUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{stall: time.Hour}
		l, peer := start(r)
		r.send(l, []byte("nobody reads this"), false)
		synctest.Wait()
		begin := time.Now()
		l.HurryUp(3 * time.Second)
		read := make(chan struct{})
		go func() { // a byte now and then does not help
			defer close(read)
			b := make([]byte, 1)
			for {
				if _, err := peer.Read(b); err != nil {
					return
				}
				<-time.After(time.Second)
			}
		}()
		<-r.ended
		if time.Since(begin) != 3*time.Second {
			t.Errorf("it took %v", time.Since(begin))
		}
		<-read
		_ = peer.Close()
	})
}
