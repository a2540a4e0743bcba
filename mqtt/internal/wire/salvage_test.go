package wire_test

import (
	"testing"

	"dunlin/mqtt/internal/wire"
)

// TestSalvagePublish: topic and packet identifier are found in what no parser takes, and a topic alias
// as long as the properties can be read up to it.
func TestSalvagePublish(t *testing.T) {
	for _, test := range []struct {
		packet       string
		v            wire.Version
		named        bool
		topic        string
		id, alias    uint16
		unsure, acks bool
		payload      string
	}{
		{"32 08 0003 612F2B 0007 78", wire.V311, true, "a/+", 7, 0, false, true, "x"},
		{"32 09 0003 612F2B 0007 00 78", wire.V5, true, "a/+", 7, 0, false, true, "x"},
		{"30 05 0002 FF00 78", wire.V311, true, "\xff\x00", 0, 0, false, false, "x"},
		{"32 0B 0001 2B 0007 05 230009 7F 78", wire.V5, true, "+", 7, 9, false, true, ""}, // its list is said to be longer
		{"32 0A 0001 2B 0007 04 230009 7F", wire.V5, true, "+", 7, 9, false, true, ""},
		{"32 0B 0001 2B 0007 05 7F 230009 78", wire.V5, true, "+", 7, 0, true, true, ""},
		{"32 07 0001 2B 0007 7F 78", wire.V5, true, "+", 7, 0, true, true, "\x7fx"},
		{"36 05 0001 74 0007", wire.V311, true, "t", 7, 0, false, false, ""},
		{"34 05 0001 74 0000", wire.V311, true, "t", 0, 0, false, false, ""},
		{"32 04 0001 74 07", wire.V311, false, "", 0, 0, false, false, ""},
		{"30 04 FFFF 7474", wire.V311, false, "", 0, 0, false, false, ""},
		{"30 01 00", wire.V311, false, "", 0, 0, false, false, ""},
	} {
		b := bytesOf(t, test.packet)
		m, named := wire.SalvagePublish(wire.Header{Type: wire.PUBLISH, Flags: b[0] & 15, Length: len(b) - 2}, b[2:], test.v)
		if named != test.named || m.Topic != test.topic || m.PacketID != test.id || m.Alias != test.alias || m.Unsure != test.unsure ||
			m.Acknowledgeable() != test.acks || string(m.Payload) != test.payload {
			t.Errorf("%s: %v, %+v", test.packet, named, m)
		}
	}
}
