package wire_test

import (
	"bytes"
	"testing"

	"dunlin/mqtt/internal/wire"
	"pgregory.net/rapid"
)

// TestParseKnownPublish gives it what others would parse differently, or refuse: it
// says the same as ParsePublish, or nothing.
func TestParseKnownPublish(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SampledFrom([]wire.Version{wire.V31, wire.V311, wire.V5}).Draw(t, "version")
		p := wire.Publish{
			Topic: rapid.SampledFrom([]string{"a", "a/b", "ab"}).Draw(t, "topic"),
			QoS:   rapid.ByteRange(0, 2).Draw(t, "qos"), Retain: rapid.Bool().Draw(t, "retain"),
			Payload: rapid.SliceOfN(rapid.Byte(), 0, 4).Draw(t, "payload"),
		}
		if p.QoS > 0 {
			p.PacketID, p.Dup = rapid.SampledFrom([]uint16{0, 1, 258, 65535}).Draw(t, "id"), rapid.Bool().Draw(t, "dup")
		}
		if v == wire.V5 && rapid.Bool().Draw(t, "properties") {
			p.Properties = p.Properties.AppendUint(wire.MessageExpiryInterval, 5)
		}
		packet := wire.AppendPublish(nil, v, &p)
		body := packet[2:rapid.IntRange(2, len(packet)).Draw(t, "cut")]
		h := wire.Header{Type: wire.PUBLISH, Flags: packet[0]&0x0F | rapid.SampledFrom([]byte{0, 0, 0, 6}).Draw(t, "odd"), Length: len(body)}
		var got wire.Publish
		ok := got.ParseKnown(h, body, v, "a/b")
		want, err := wire.ParsePublish(h, body, v)
		if !ok {
			if err == nil && want.Topic == "a/b" && len(want.Properties) == 0 {
				t.Fatalf("% X was not parsed", body)
			}
			return
		}
		same := got.Topic == want.Topic && bytes.Equal(got.Payload, want.Payload) && got.PacketID == want.PacketID &&
			got.QoS == want.QoS && got.Retain == want.Retain && got.Dup == want.Dup
		if err != nil || !same || len(want.Properties) > 0 {
			t.Fatalf("% X is %+v, got %+v (%v)", body, want, got, err)
		}
	})
}
