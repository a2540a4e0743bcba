package link

import (
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"dunlin/mqtt/internal/wire"
)

// reader is an owner that notes what is in the packets, and which came straight.
type reader struct{ recorder }

func (r *reader) Frame(h wire.Header, body []byte) error {
	r.note("%v %q", h.Type, body)
	return nil
}

func (r *reader) Large(h wire.Header, head, payload []byte) error {
	r.streamed++
	return r.Frame(h, slices.Concat(head, payload))
}

// TestStraightAtEverySplit: a payload that is read into memory of its own comes whole, and so does
// what is around it, however the bytes come.
func TestStraightAtEverySplit(t *testing.T) {
	packets := []byte("\x30\x03\x00\x01t" + "\x32\x19\x00\x01s\x00\x0712345678901234567890" + "\x40\x02\x00\x01" + "\x30\x17\x00\x01u12345678901234567890" + "\x30\x14\x00\x12123456789012345678" + "\xD0\x00")
	for i := range packets {
		for j := i; j < len(packets); j++ {
			r := &reader{recorder{ended: make(chan error, 1)}}
			ours, peer := net.Pipe()
			Start(ours, r, Config{ReadBuffer: 16, MaxPacket: 100, Straight: 20, Linger: time.Second, WriteStalls: r.writeStalls})
			for _, part := range [][]byte{packets[:i], packets[i:j], packets[j:]} {
				if len(part) > 0 {
					_, _ = peer.Write(part) // what was heard tells
				}
			}
			_ = peer.Close()
			if err := <-r.ended; !errors.Is(err, ErrClean) {
				t.Fatalf("split at %d and %d: %v", i, j, err)
			}
			r.check(t, `PUBLISH "\x00\x01t"`, `PUBLISH "\x00\x01s\x00\a12345678901234567890"`, `PUBACK "\x00\x01"`,
				`PUBLISH "\x00\x01u12345678901234567890"`, `PUBLISH "\x00\x12123456789012345678"`, `PINGRESP ""`)
			if r.streamed == 0 {
				t.Errorf("split at %d and %d: nothing came straight", i, j)
			}
		}
	}
}

func TestStraightCutShort(t *testing.T) {
	r := &recorder{ended: make(chan error, 1)}
	ours, peer := net.Pipe()
	Start(ours, r, Config{ReadBuffer: 16, MaxPacket: 100, Straight: 20, Linger: time.Second, WriteStalls: r.writeStalls})
	_, _ = peer.Write([]byte("\x30\x17\x00\x01s1234567890123456789")) // one byte is missing
	_ = peer.Close()
	if err := <-r.ended; !errors.Is(err, ErrTruncated) {
		t.Fatalf("got %v", err)
	}
	r.check(t)
}

// TestBufferStaysSmallBesideALargePayload: what is in front of the payload is all that waits there.
func TestBufferStaysSmallBesideALargePayload(t *testing.T) {
	in := newInbox(16)
	in.end = 12
	in.straight = straight{payload: []byte{0}, size: 10}
	for range 9 {
		in.took(0)
		in.makeRoom(1)
	}
	if len(in.buf) != 16 {
		t.Errorf("the buffer grew to %d bytes", len(in.buf))
	}
}
