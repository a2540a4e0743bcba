package wire_test

import (
	"fmt"
	"testing"

	"dunlin/mqtt/internal/wire"
)

// TestAllocations is the budget: nothing for what a client receives, nothing for what
// it sends into a buffer with room.
func TestAllocations(t *testing.T) {
	for _, g := range goldens() {
		b := bytesOf(t, g.hex)
		h, n, err := wire.ParseHeader(b, g.v)
		if err != nil {
			t.Fatal(err)
		}
		if got := testing.AllocsPerRun(100, func() { _, _, _ = wire.ParseHeader(b, g.v) }); got != 0 {
			t.Errorf("%s: ParseHeader allocates %v times", g.name, got)
		}
		if wire.IsServerToClient(h.Type, g.v) {
			if got := testing.AllocsPerRun(100, func() { parseOnly(h, b[n:], g.v) }); got != 0 {
				t.Errorf("%s %s: parsing allocates %v times", g.name, h.Type, got)
			}
		}
		dst := make([]byte, 0, 512)
		if got := testing.AllocsPerRun(100, func() { dst = encode(dst[:0], g.packet, g.v) }); got != 0 {
			t.Errorf("%s %s: encoding allocates %v times", g.name, h.Type, got)
		}
		if validate(g.packet, g.v) != nil {
			continue // a packet to receive and not to send: the error is allocated
		}
		if got := testing.AllocsPerRun(100, func() { _ = validate(g.packet, g.v) }); got != 0 {
			t.Errorf("%s %s: Validate allocates %v times", g.name, h.Type, got)
		}
	}
}

// parseOnly parses what a client receives and drops it where it stands.
func parseOnly(h wire.Header, body []byte, v wire.Version) {
	switch h.Type {
	case wire.CONNACK:
		_, _ = wire.ParseConnAck(h, body, v)
	case wire.PUBLISH:
		_, _ = wire.ParsePublish(h, body, v)
	case wire.PUBACK, wire.PUBREC, wire.PUBREL, wire.PUBCOMP:
		_, _ = wire.ParseAck(h, body, v)
	case wire.SUBACK:
		_, _ = wire.ParseSubAck(h, body, v)
	case wire.UNSUBACK:
		_, _ = wire.ParseUnsubAck(h, body, v)
	case wire.PINGRESP:
		_ = wire.ParsePing(h, body)
	case wire.DISCONNECT:
		_, _ = wire.ParseDisconnect(h, body, v)
	case wire.AUTH:
		_, _ = wire.ParseAuth(h, body, v)
	default:
		panic(fmt.Sprintf("%s does not reach a client", h.Type))
	}
}

var benchPublish = wire.Publish{
	Topic: "plant/7/east/temperature", QoS: 1, PacketID: 7, Payload: make([]byte, 64),
	Properties: wire.Properties{}.AppendUint(wire.MessageExpiryInterval, 60).AppendText(wire.ContentType, "text/plain"),
}

func BenchmarkParsePublish(b *testing.B) {
	for _, v := range []wire.Version{wire.V311, wire.V5} {
		frame := wire.AppendPublish(nil, v, &benchPublish)
		b.Run(v.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				h, n, _ := wire.ParseHeader(frame, v)
				if _, err := wire.ParsePublish(h, frame[n:], v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppendPublish(b *testing.B) {
	for _, v := range []wire.Version{wire.V311, wire.V5} {
		dst := make([]byte, 0, 512)
		b.Run(v.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				dst = wire.AppendPublish(dst[:0], v, &benchPublish)
			}
		})
	}
}
