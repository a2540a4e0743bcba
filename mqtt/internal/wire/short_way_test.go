package wire_test

import (
	"bytes"
	"slices"
	"testing"

	"dunlin/mqtt/internal/wire"
)

// commonPackets returns packets of those that come most, and such as are nearly one.
func commonPackets() (all [][]byte) {
	for _, first := range []byte{0x30, 0x31, 0x32, 0x34, 0x36, 0x38, 0x3A, 0x40, 0x41, 0x50, 0x60, 0x62, 0x70, 0x90, 0xD0} {
		for _, topic := range []string{"", "\x00\x03a/b", "\x00\x03a/c", "\x00\x04a/b"} {
			for _, id := range []string{"", "\x00", "\x00\x00", "\x00\x07", "\x00\x07\x00", "\x00\x07\x01"} {
				for _, tail := range []int{0, 1, 2, 130} {
					body := slices.Concat([]byte(topic+id), bytes.Repeat([]byte{'x'}, tail))
					n := len(body)
					for _, length := range [][]byte{{byte(n)}, {byte(n) | 0x80, byte(n >> 7)}, {byte(n) | 0x80, byte(n>>7) | 0x80, 0}} {
						all = append(all, slices.Concat([]byte{first}, length, body))
					}
				}
			}
		}
	}
	return all
}

// TestPlainPacketsAreWhatTheFullParserSays: what takes the short way is framed and read as by the long
// one, also where not all of it has come.
func TestPlainPacketsAreWhatTheFullParserSays(t *testing.T) {
	plain := 0
	for _, whole := range commonPackets() {
		for cut := range min(len(whole), 12) {
			plain += comparePlain(t, whole[:len(whole)-cut])
		}
	}
	if plain == 0 {
		t.Error("no message was plain")
	}
}

// comparePlain returns in how many versions b is a plain message.
func comparePlain(t *testing.T, b []byte) (plain int) {
	from, to := wire.Plain(b)
	if to == 0 {
		return 0
	}
	for _, v := range []wire.Version{wire.V31, wire.V311, wire.V5} {
		h, n, err := wire.ParseHeader(b, v)
		if err != nil || n != from || n+h.Length != to {
			t.Fatalf("% X in %s: body from %d to %d, but the header has %d bytes for %d, %v", b, v, from, to, n, h.Length, err)
		}
		if h.Type != wire.PUBLISH {
			if _, err := wire.ParseAck(h, b[from:to], v); err != nil && !bytes.Equal(b[from:to], []byte{0, 0}) {
				t.Fatalf("% X in %s: %v", b, v, err)
			}
			continue
		}
		id, payload, ok := wire.PlainMessage(h.Flags, b[from:to], v, "a/b")
		if !ok {
			continue
		}
		plain++
		p, err := wire.ParsePublish(h, b[from:to], v)
		if err != nil || p.Topic != "a/b" || p.PacketID != id || !bytes.Equal(p.Payload, payload) || len(p.Properties) > 0 || p.Retain || p.Dup {
			t.Fatalf("% X in %s: read as %d %q, but it is %+v, %v", b, v, id, payload, p, err)
		}
	}
	return plain
}
