package wire_test

import (
	"testing"

	"dunlin/mqtt/internal/wire"
	"pgregory.net/rapid"
)

// TestPublishHead compares every prefix with the parser of whole packets.
func TestPublishHead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SampledFrom([]wire.Version{wire.V31, wire.V311, wire.V5}).Draw(t, "version")
		want := wire.Publish{
			Topic:   rapid.StringMatching(`[a-z/]{1,20}`).Draw(t, "topic"),
			Payload: rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(t, "payload"),
			QoS:     rapid.ByteRange(0, 2).Draw(t, "qos"),
		}
		if want.QoS > 0 {
			want.PacketID = 7
		}
		if v == wire.V5 && rapid.Bool().Draw(t, "properties") {
			want.Properties = want.Properties.AppendText(wire.ContentType, rapid.StringMatching(`[a-z]{0,150}`).Draw(t, "type"))
		}
		packet := wire.AppendPublish(nil, v, &want)
		h, n, err := wire.ParseHeader(packet, v)
		if err != nil {
			t.Fatal(err)
		}
		body := packet[n:]
		head := len(body) - len(want.Payload)
		for i := range body {
			p, n, err := wire.ParsePublishHead(h, body[:i], v)
			switch {
			case err != nil:
				t.Fatalf("%d of %d bytes: %v", i, len(body), err)
			case i < head && n != 0:
				t.Fatalf("a head of %d bytes was read from %d", head, i)
			case i >= head && (n != head || p.Topic != want.Topic || p.PacketID != want.PacketID || string(p.Properties) != string(want.Properties)):
				t.Fatalf("got %+v of %d bytes, want %+v of %d", p, n, want, head)
			}
		}
	})
}

func TestPublishHeadFaults(t *testing.T) {
	for name, test := range map[string]struct {
		b []byte
		v wire.Version
	}{
		"topic longer than packet":      {[]byte{0xFF, 0xFF, 'a'}, wire.V311},
		"topic longer than packet, 5":   {[]byte{0x00, 0xFF, 'a'}, wire.V5},
		"properties longer than packet": {[]byte{0, 1, 'a', 0xFF, 0x7F}, wire.V5},
		"property length of 5 bytes":    {[]byte{0, 1, 'a', 0xFF, 0xFF, 0xFF, 0xFF}, wire.V5},
		"wildcard":                      {[]byte{0, 1, '#', 0}, wire.V5},
		"empty topic":                   {[]byte{0, 0}, wire.V311},
	} {
		if _, n, err := wire.ParsePublishHead(wire.Header{Type: wire.PUBLISH, Length: 100}, test.b, test.v); err == nil {
			t.Errorf("%s: %d bytes and no error", name, n)
		}
	}
}
