package link

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// feed puts n bytes into the buffer, takes taken bytes off its front, and
// prepares it for the next read, as the read loop does.
func (in *inbox) feed(n, taken int) {
	in.end += n
	in.start += taken
	in.makeRoom(n)
}

func newInbox(first int) *inbox { return &inbox{first: first, buf: make([]byte, first)} }

// TestBufferGrowsWithWhatComes: it never grows with the length that is announced. It shows MF-04:
// announced length costs no memory; RX-36: message with a large payload.
func TestBufferGrowsWithWhatComes(t *testing.T) {
	in := newInbox(512)
	for total := 0; total < 3<<20; {
		n := len(in.buf) - in.end
		if n <= 0 {
			t.Fatalf("no room at %d bytes", total)
		}
		in.feed(n, 0)
		total += n
		if len(in.buf) > 4*total {
			t.Fatalf("%d bytes of buffer for %d that came", len(in.buf), total)
		}
	}
	in.feed(0, in.end-in.start)
	if len(in.buf) != 512 {
		t.Errorf("%d bytes are kept after a large packet", len(in.buf))
	}
}

func TestBufferGrowsForManySmallPackets(t *testing.T) {
	in := newInbox(4096)
	for range 10 {
		in.feed(len(in.buf), len(in.buf))
	}
	if len(in.buf) != roomyBuffer {
		t.Errorf("%d bytes under a full stream, want %d", len(in.buf), roomyBuffer)
	}
	for range smallReads - 1 {
		in.feed(10, 10)
	}
	if len(in.buf) != roomyBuffer {
		t.Error("it shrank at once")
	}
	in.feed(10, 10)
	if len(in.buf) != 4096 {
		t.Errorf("%d bytes after small reads", len(in.buf))
	}
}

// TestLargeBufferDoesNotStay: it goes though the input never ends with a packet.
func TestLargeBufferDoesNotStay(t *testing.T) {
	in := newInbox(4096)
	for len(in.buf) < 8<<20 {
		in.feed(len(in.buf)-in.end, 0)
	}
	in.feed(0, in.end-3) // the large packet is through, 3 bytes of the next wait
	for range 100 {
		in.feed(1000, 1000) // always 3 bytes wait
	}
	if len(in.buf) > heldBuffer {
		t.Errorf("%d bytes are held for a trickle", len(in.buf))
	}
}

// TestBufferLosesNothing: whatever the sizes of reads and packets. It shows FR-01: one byte at a
// time [MQTT-6.0.0-2]; FR-02: split within the remaining length; FR-03: many packets at once;
// FR-04: split within the next header.
func TestBufferLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := newInbox(rapid.IntRange(16, 64).Draw(t, "first"))
		var sent, got []byte
		for i := range rapid.IntRange(1, 60).Draw(t, "reads") {
			room := len(in.buf) - in.end
			if room <= 0 {
				t.Fatal("no room to read")
			}
			n := rapid.IntRange(1, min(room, 500)).Draw(t, "n")
			b := bytes.Repeat([]byte{byte(i)}, n)
			copy(in.buf[in.end:], b)
			sent = append(sent, b...)
			taken := rapid.IntRange(0, in.end+n-in.start).Draw(t, "taken")
			got = append(got, in.buf[in.start:in.start+taken]...)
			in.feed(n, taken)
		}
		got = append(got, in.buf[in.start:in.end]...)
		if !bytes.Equal(got, sent) {
			t.Fatal("bytes were lost or changed")
		}
	})
}
