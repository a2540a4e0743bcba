package wire_test

import (
	"bytes"
	"testing"

	"dunlin/mqtt/internal/wire"
	"pgregory.net/rapid"
)

// TestRoundTrip encodes packets of every type and version and reads them back.
func TestRoundTrip(t *testing.T) {
	for typ := wire.CONNECT; typ <= wire.AUTH; typ++ {
		t.Run(typ.String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				v := wire.V5
				if typ != wire.AUTH {
					v = versions.Draw(t, "version")
				}
				packet := drawPacket(t, typ, v)
				if err := validate(packet, v); err != nil {
					t.Fatalf("%s: Validate: %v", show(packet), err)
				}
				b := encode(nil, packet, v)
				if n := length(packet, v); n != len(b) {
					t.Fatalf("%s: Length is %d, encoded are %d bytes", show(packet), n, len(b))
				}
				got, err := decode(b, v)
				if err != nil || show(got) != show(packet) {
					t.Fatalf("%s became [% X] became %s %v", show(packet), b, show(got), err)
				}
			})
		})
	}
}

// TestBorrowed checks that what a parser returns is a view which cannot be appended to
// over its neighbours.
func TestBorrowed(t *testing.T) {
	p := wire.Publish{Topic: "topic", QoS: 1, PacketID: 7, Payload: []byte("payload"), Properties: userProperty("k", "v")}
	b := wire.AppendPublish(nil, wire.V5, &p)
	h, n, _ := wire.ParseHeader(b, wire.V5)
	got, err := wire.ParsePublish(h, b[n:], wire.V5)
	if err != nil {
		t.Fatal(err)
	}
	before := bytes.Clone(b)
	_ = append(got.Properties, "overwrite"...)
	if !bytes.Equal(b, before) {
		t.Errorf("appending to Properties changed the packet to [% X]", b)
	}
	copy(b[n+2:], "TOPIC")
	if got.Topic != "TOPIC" {
		t.Errorf("topic %q is a copy, want a view", got.Topic)
	}
}
