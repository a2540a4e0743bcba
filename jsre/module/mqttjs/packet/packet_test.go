package packet_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"dunlin/jsre/module/mqttjs/packet"
)

func read(t *testing.T, text string, version int) (*packet.Packet, error) {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	h, n, err := packet.Frame(b)
	if err != nil {
		return nil, err
	}
	if n == 0 || len(b) != n+h.Length {
		t.Fatalf("%s: not one packet", text)
	}
	return packet.Parse(h, b[n:], version, "")
}

// What a server sends that is no packet is refused in the words that scripts of MQTT.js compare
// (seen with mqtt-packet of mqtt 5.16.0).
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		bytes   string
		version int
		want    string
	}{
		{"00 00", 4, "Not supported"},
		{"10 00", 4, "Not supported"},
		{"22 00", 4, "Invalid header flag bits, must be 0x0 for connack packet"},
		{"60 02 0001", 4, "Invalid header flag bits, must be 0x2 for pubrel packet"},
		{"30 FFFFFFFF 01", 4, "Invalid variable byte integer"},
		{"20 02 0200", 4, "Invalid connack flags, bits 7-1 must be set to 0"},
		{"36 05 000161 0001", 4, "Packet must not have both QoS bits set to 1"},
		{"30 03 000261", 4, "Cannot parse topic"},
		{"32 03 000161", 4, "Cannot parse messageId"},
		{"40 03 0001 FF", 5, "Invalid puback reason code"},
		{"90 03 0001 07", 4, "Invalid suback QoS, must be 0, 1, 2 or 128"},
		{"90 04 0001 00 0F", 5, "Invalid suback code"},
		{"F0 00", 5, "Invalid auth reason code"},
		{"30 06 000161 01 99 00", 5, "Unknown property"},
		{"30 06 000161 02 03 00", 5, "Cannot parse property code type"},
	} {
		if _, err := read(t, c.bytes, c.version); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.bytes, err, c.want)
		}
	}
}

// Each property that a server sends is read as it is written: those of messages in PUBLISH, the others in CONNACK.
func TestProperties(t *testing.T) {
	var ofMessages, ofServers []packet.Property
	for id := byte(1); id <= 0x2A; id++ {
		d, ok := packet.Define(id)
		if !ok {
			continue
		}
		if back, kind, ok := packet.PropertyNamed(d.Name); !ok || back != id || kind != d.Kind {
			t.Errorf("property %s is found as 0x%x", d.Name, back)
		}
		switch {
		case id <= packet.SubscriptionIdentifier, id == packet.TopicAlias, id == packet.UserProperty:
			ofMessages = append(ofMessages, filled(id, d.Kind))
		case id < 0x17 || id > 0x19: // those are the client's
			ofServers = append(ofServers, filled(id, d.Kind))
		}
	}
	publish := written(t, ofMessages)
	compareProperties(t, publish, ofMessages)
	props := propertiesOf(written(t, ofServers))
	connack := append([]byte{0x20, byte(2 + len(props)), 0, 0}, props...)
	compareProperties(t, connack, ofServers)
}

// filled is a property with a value of its kind.
func filled(id byte, kind packet.Kind) packet.Property {
	switch kind {
	case packet.Text:
		return packet.Property{ID: id, Text: "text"}
	case packet.Binary:
		return packet.Property{ID: id, Bytes: []byte("bytes")}
	case packet.Pair:
		return packet.Property{ID: id, Name: "name", Text: "text"}
	default:
		return packet.Property{ID: id, Num: 1}
	}
}

// written is a PUBLISH with properties, of which the payload is one byte.
func written(t *testing.T, list []packet.Property) []byte {
	t.Helper()
	sent := &packet.Packet{Type: packet.Publish, Topic: "t", QoS: 1, ID: 7, Payload: []byte("x"), Properties: list}
	b := packet.Append(nil, sent, packet.V5)
	if len(b) != packet.PublishSize(sent, packet.V5) {
		t.Errorf("%d bytes, PublishSize says %d", len(b), packet.PublishSize(sent, packet.V5))
	}
	return b
}

// propertiesOf are the properties of such a PUBLISH with their length, which is below 128 bytes.
func propertiesOf(publish []byte) []byte { return publish[2+3+2 : len(publish)-1] }

func compareProperties(t *testing.T, b []byte, list []packet.Property) {
	t.Helper()
	got, err := read(t, hex.EncodeToString(b), packet.V5)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Properties) != len(list) {
		t.Fatalf("%d properties of %d", len(got.Properties), len(list))
	}
	for i, p := range got.Properties {
		w := list[i]
		if p.ID != w.ID || p.Num != w.Num || p.Text != w.Text || p.Name != w.Name || !bytes.Equal(p.Bytes, w.Bytes) {
			t.Errorf("%+v, want %+v", p, w)
		}
	}
}

// FuzzParse: no input panics, and what was read does not share memory with it.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"20020000", "200d00000a21001422000a1f000141", "320700016100076263", "40020001", "900400010180", "b00400010011", "e0028700",
		"f006180415000161", "300b000161072300050b050b060101",
	} {
		b, _ := hex.DecodeString(text)
		f.Add(b, true)
		f.Add(b, false)
	}
	f.Fuzz(func(t *testing.T, b []byte, five bool) {
		version := packet.V311
		if five {
			version = packet.V5
		}
		h, n, err := packet.Frame(b)
		if err != nil || n == 0 || len(b)-n < h.Length {
			return
		}
		p, err := packet.Parse(h, b[n:n+h.Length], version, "")
		if err != nil {
			return
		}
		payload, topic := bytes.Clone(p.Payload), strings.Clone(p.Topic)
		clear(b)
		if !bytes.Equal(payload, p.Payload) || topic != p.Topic {
			t.Error("the packet shares memory with the input")
		}
	})
}
