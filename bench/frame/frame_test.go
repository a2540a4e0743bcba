package frame

import (
	"bytes"
	"testing"

	"dunlin/mqtt/mqtttest/packet"
)

// TestAgreesWithTheCodec compares what is done here without any check with the codec.
func TestAgreesWithTheCodec(t *testing.T) {
	for _, size := range []int{0, 1, 120, 20_000, 3 << 20} {
		for qos := range byte(3) {
			want := packet.Publish{Topic: "bench/topic", Payload: make([]byte, size), QoS: qos}
			b := Series(1, packet.V311, want)
			n, at := Cut(b)
			if n != len(b) {
				t.Fatalf("%d bytes: cut at %d of %d", size, n, len(b))
			}
			topic, id, rest := Publish(qos, b[at:n])
			if string(topic) != want.Topic || (id == 1) != (qos > 0) || !bytes.Equal(rest, want.Payload) {
				t.Errorf("%d bytes, QoS %d: topic %q, identifier %d, %d bytes behind it", size, qos, topic, id, len(rest))
			}
		}
	}
	for _, kind := range []packet.Type{packet.PUBACK, packet.PUBREC, packet.PUBREL, packet.PUBCOMP} {
		want := packet.AppendAck(nil, packet.V5, &packet.Ack{Type: kind, PacketID: 300})
		if got := AppendAck(nil, kind, 300); !bytes.Equal(got, want) || ID(got[2:]) != 300 {
			t.Errorf("%s is % X, want % X", kind, got, want)
		}
	}
	if n, _ := Cut([]byte{0x30, 0x80}); n != 0 {
		t.Errorf("a header that is cut off has a length of %d", n)
	}
}
