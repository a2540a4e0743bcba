package link

import (
	"errors"
	"net"
	"testing"
	"time"
)

func TestStreamingAtEverySplit(t *testing.T) {
	packets := []byte("\x30\x03\x00\x01t" + "\x32\x19\x00\x01s\x00\x0712345678901234567890" + "\x40\x02\x00\x01" + "\x30\x14\x00\x12123456789012345678" + "\xD0\x00")
	for i := range packets {
		r := &recorder{ended: make(chan error, 1)}
		ours, peer := net.Pipe()
		Start(ours, r, Config{ReadBuffer: 16, MaxPacket: 21, StreamLarge: true, Linger: time.Second, WriteStalls: r.writeStalls})
		for _, part := range [][]byte{packets[:i], packets[i:]} {
			if len(part) > 0 {
				_, _ = peer.Write(part) // what was heard tells
			}
		}
		_ = peer.Close()
		if err := <-r.ended; !errors.Is(err, ErrClean) {
			t.Fatalf("split at %d: %v", i, err)
		}
		r.check(t, "PUBLISH 3", "stream s 20", "streamed 20", "PUBACK 2", "stream 123456789012345678 0", "streamed 0", "PINGRESP 0")
	}
}

// TestFaultyPacketsAtEverySplit: an owner that endures them gets those that can be framed, and the
// beginning of those above the limit.
func TestFaultyPacketsAtEverySplit(t *testing.T) {
	packets := "\x36\x05\x00\x01t\x00\x01" + "\x41\x02\x00\x01" + "\x32\x19\x00\x01s\x00\x0712345678901234567890" + "\xD0\x00"
	for i := range packets {
		for _, endures := range []bool{true, false} {
			r := &recorder{ended: make(chan error, 1), endures: endures}
			ours, peer := net.Pipe()
			Start(ours, r, Config{ReadBuffer: 16, MaxPacket: 21, Linger: time.Second, WriteStalls: r.writeStalls})
			for _, part := range []string{packets[:i], packets[i:]} {
				_, _ = peer.Write([]byte(part)) // what was heard tells
			}
			_ = peer.Close()
			<-r.ended
			if endures {
				r.check(t, "PUBLISH 5", "PUBACK 2", "overlooked 25", "streamed 0", "PINGRESP 0")
			} else {
				r.check(t, "refused PUBLISH: QoS 3 (0x81 Malformed Packet)")
			}
		}
	}
}

func TestStreamCutShort(t *testing.T) {
	r := &recorder{ended: make(chan error, 1)}
	ours, peer := net.Pipe()
	Start(ours, r, Config{ReadBuffer: 16, MaxPacket: 21, StreamLarge: true, Linger: time.Second, WriteStalls: r.writeStalls})
	_, _ = peer.Write([]byte("\x30\x17\x00\x01s1234567890123456789")) // one byte is missing
	_ = peer.Close()
	if err := <-r.ended; !errors.Is(err, ErrTruncated) {
		t.Fatalf("got %v", err)
	}
	r.check(t, "stream s 20")
}

// What stands in front of a payload is held to the limit of packets, also when
// more than that comes with one read.
func TestStreamHeadAtTheLimit(t *testing.T) {
	for _, c := range []struct{ name, packet, note string }{
		{"at the limit", "\x30\x0C\x00\x0812345678xx", "stream 12345678 2"},
		{"above it", "\x30\x0C\x00\x09123456789x", "refused PUBLISH: has a topic and properties above the limit of 10 bytes (0x95 Packet too large)"},
	} {
		for i := range c.packet {
			r := &recorder{ended: make(chan error, 1)}
			ours, peer := net.Pipe()
			Start(ours, r, Config{ReadBuffer: 64, MaxPacket: 10, StreamLarge: true, Linger: time.Second, WriteStalls: r.writeStalls})
			for _, part := range []string{c.packet[:i], c.packet[i:]} {
				_, _ = peer.Write([]byte(part)) // what was heard tells
			}
			_ = peer.Close()
			<-r.ended
			if len(r.notes) == 0 || r.notes[0] != c.note {
				t.Errorf("%s, split at %d: %q, want %q first", c.name, i, r.notes, c.note)
			}
		}
	}
}
