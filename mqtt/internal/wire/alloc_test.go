package wire

import (
	"fmt"
	"testing"
)

// TestAllocations is the budget: nothing for what a client receives, nothing for what
// it sends into a buffer with room.
func TestAllocations(t *testing.T) {
	for _, g := range goldens() {
		b := bytesOf(t, g.hex)
		h, n, err := ParseHeader(b, g.v)
		if err != nil {
			t.Fatal(err)
		}
		if got := testing.AllocsPerRun(100, func() { _, _, _ = ParseHeader(b, g.v) }); got != 0 {
			t.Errorf("%s: ParseHeader allocates %v times", g.name, got)
		}
		if IsServerToClient(h.Type, g.v) {
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
func parseOnly(h Header, body []byte, v Version) {
	switch h.Type {
	case CONNACK:
		_, _ = ParseConnAck(h, body, v)
	case PUBLISH:
		_, _ = ParsePublish(h, body, v)
	case PUBACK, PUBREC, PUBREL, PUBCOMP:
		_, _ = ParseAck(h, body, v)
	case SUBACK:
		_, _ = ParseSubAck(h, body, v)
	case UNSUBACK:
		_, _ = ParseUnsubAck(h, body, v)
	case PINGRESP:
		_ = ParsePing(h, body)
	case DISCONNECT:
		_, _ = ParseDisconnect(h, body, v)
	case AUTH:
		_, _ = ParseAuth(h, body, v)
	default:
		panic(fmt.Sprintf("%s does not reach a client", h.Type))
	}
}

var benchPublish = Publish{
	Topic: "plant/7/east/temperature", QoS: 1, PacketID: 7, Payload: make([]byte, 64),
	Properties: Properties{}.AppendUint(MessageExpiryInterval, 60).AppendText(ContentType, "text/plain"),
}

func BenchmarkParsePublish(b *testing.B) {
	for _, v := range []Version{V311, V5} {
		frame := AppendPublish(nil, v, &benchPublish)
		b.Run(v.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				h, n, _ := ParseHeader(frame, v)
				if _, err := ParsePublish(h, frame[n:], v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppendPublish(b *testing.B) {
	for _, v := range []Version{V311, V5} {
		dst := make([]byte, 0, 512)
		b.Run(v.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				dst = AppendPublish(dst[:0], v, &benchPublish)
			}
		})
	}
}
