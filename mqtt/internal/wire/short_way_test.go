package wire_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"dunlin/mqtt/internal/wire"
)

// drawCommon draws bytes that often are a packet of those that come most, or nearly one.
func drawCommon(t *rapid.T) []byte {
	first := rapid.SampledFrom([]byte{0x30, 0x31, 0x32, 0x34, 0x36, 0x38, 0x3A, 0x40, 0x41, 0x50, 0x60, 0x62, 0x70, 0x90, 0xD0}).Draw(t, "first")
	body := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "body")
	if rapid.Bool().Draw(t, "to a/b") {
		rest := append(rapid.SampledFrom([][]byte{nil, {0, 0}, {0, 7}, {0, 7, 0}}).Draw(t, "identifier"), body...)
		body = append([]byte{0, 3, 'a', '/', 'b'}, rest...)
	}
	if rapid.Bool().Draw(t, "short") {
		body = body[:min(len(body), rapid.IntRange(0, 6).Draw(t, "length"))]
	}
	b := []byte{first}
	switch n := len(body); rapid.IntRange(0, 5).Draw(t, "how the length is written") {
	case 0:
		b = append(b, byte(n)|0x80, 0) // longer than need be, or not a length at all
	case 1:
		b = append(b, byte(n)|0x80, byte(n>>7)|0x80, 0)
	default:
		if n > 127 {
			b = append(b, byte(n)|0x80, byte(n>>7))
		} else {
			b = append(b, byte(n))
		}
	}
	return append(b, body...)
}

// TestPlainPacketsAreWhatTheFullParserSays: what takes the short way is framed and read as by the long one.
func TestPlainPacketsAreWhatTheFullParserSays(t *testing.T) {
	plain := 0
	rapid.Check(t, func(t *rapid.T) {
		b := drawCommon(t)
		if rapid.Bool().Draw(t, "cut") {
			b = b[:rapid.IntRange(0, len(b)).Draw(t, "at")]
		}
		from, to := wire.Plain(b)
		if to == 0 {
			return
		}
		for _, v := range []wire.Version{wire.V31, wire.V311, wire.V5} {
			h, n, err := wire.ParseHeader(b, v)
			if err != nil || n != from || n+h.Length != to {
				t.Fatalf("% X in %s: body from %d to %d, but the header has %d bytes for %d, %v", b, v, from, to, n, h.Length, err)
			}
			if h.Type != wire.PUBLISH {
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
	})
	if plain == 0 {
		t.Error("no message was plain")
	}
}
