package wire_test

import (
	"slices"
	"testing"

	"dunlin/mqtt/internal/wire"
)

// TestTruncated cuts every packet at every byte, once as a stream that ends early and
// once with a remaining length that agrees with the cut.
func TestTruncated(t *testing.T) {
	for _, g := range goldens() {
		whole := bytesOf(t, g.hex)
		h, n, err := wire.ParseHeader(whole, g.v)
		if err != nil || n == 0 {
			t.Fatalf("%s: %v", g.name, err)
		}
		for cut := range n {
			if _, size, err := wire.ParseHeader(whole[:cut], g.v); size != 0 || err != nil {
				t.Errorf("%s: header of %d bytes gave %d %v, want a wish for more", g.name, cut, size, err)
			}
		}
		for cut := range h.Length {
			body := whole[n : n+cut]
			if _, err := decodeBody(h, body, g.v); codeOf(err) != wire.MalformedPacket {
				t.Errorf("%s cut to %d bytes: %v, want malformed", g.name, cut, err)
			}
			short := wire.Header{h.Type, h.Flags, cut}
			_, err := decodeBody(short, body, g.v)
			if legal := slices.Contains(g.cuts, cut); legal != (err == nil) {
				t.Errorf("%s as a packet of %d bytes: %v, want legal %t", g.name, cut, err, legal)
			}
		}
	}
}

// TestTrailing adds a byte to every packet that has an end of its own.
func TestTrailing(t *testing.T) {
	for _, g := range goldens() {
		whole := bytesOf(t, g.hex)
		h, n, _ := wire.ParseHeader(whole, g.v)
		if grows(g) {
			continue
		}
		h.Length++
		if p, err := decodeBody(h, append(whole[n:], 0), g.v); err == nil {
			t.Errorf("%s with a byte too many: accepted as %s", g.name, show(p))
		}
	}
}

// grows reports whether a zero byte at the end makes another legal packet: payload,
// a further code, or a part of an MQTT 5 acknowledgement that was left out.
func grows(g golden) bool {
	switch p := g.packet.(type) {
	case *wire.Publish, *wire.SubAck:
		return true
	case *wire.UnsubAck:
		return g.v == wire.V5
	case *wire.Ack:
		return g.v == wire.V5 && len(p.Properties) == 0
	case *wire.Disconnect:
		return g.v == wire.V5 && len(p.Properties) == 0
	}
	return false
}
