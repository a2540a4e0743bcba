package wire

import "testing"

// TestRejected lists packets that a parser must refuse, by the rules they break.
func TestRejected(t *testing.T) {
	tests := []struct {
		name string
		v    Version
		hex  string
		code ReasonCode
	}{
		{"CA-07", V311, "20 02 0006", MalformedPacket},
		{"CA-09", V5, "20 03 000100", MalformedPacket},
		{"CA-09 undefined failure", V5, "20 03 008B00", MalformedPacket},
		{"CA-11", V311, "20 02 0200", MalformedPacket},
		{"CA-11 in 5", V5, "20 03 800000", MalformedPacket},
		{"CA-20", V5, "20 02 0001", UnsupportedProtocolVersion},
		{"CA-20 new code", V5, "20 02 0084", UnsupportedProtocolVersion},
		{"CA-21", V311, "20 03 000000", MalformedPacket},
		{"CA-22 short", V5, "20 02 0000", MalformedPacket},
		{"CA-22 long", V5, "20 04 00000000", MalformedPacket},
		{"CA-23 list is cut", V5, "20 06 00000421000A", MalformedPacket},
		{"CA-23 property is cut", V5, "20 06 000002210005", MalformedPacket},
		{"CA-23 not minimal", V5, "20 04 00008000", MalformedPacket},
		{"CA-26 Receive Maximum", V5, "20 06 000003210000", ProtocolError},
		{"CA-26 Maximum Packet Size", V5, "20 08 0000052700000000", ProtocolError},
		{"CA-26 Maximum QoS", V5, "20 05 0000022402", ProtocolError},
		{"CA-26 availability", V5, "20 05 0000022502", ProtocolError},
		{"CA-27", V5, "20 09 000006210005210005", ProtocolError},
		{"CA-28", V5, "20 05 0000020100", MalformedPacket},
		{"CA-29", V5, "20 05 0000020401", MalformedPacket},
		{"CA-29 two bytes", V5, "20 06 000003800101", MalformedPacket},
		{"CA-29 four bytes", V5, "20 08 000005FFFFFF7F01", MalformedPacket},
		{"RX-14", V311, "32 10 0005746F70696300007061796C6F6164", ProtocolError},
		{"RX-24 code", V5, "62 03 346F80", MalformedPacket},
		{"RX-24 flags", V311, "60 02 346F", MalformedPacket},
		{"RX-24 empty", V5, "62 00", MalformedPacket},
		{"RX-24 half", V5, "62 01 34", MalformedPacket},
		{"RX-24 long", V5, "62 05 346F000000", MalformedPacket},
		{"RX-32 zero", V5, "32 13 0005746F70696304D2020B007061796C6F6164", ProtocolError},
		{"RX-32 not minimal", V5, "32 14 0005746F70696304D2030B80007061796C6F6164", MalformedPacket},
		{"RX-34 wildcard", V5, "32 15 0005746F70696304D204080001237061796C6F6164", ProtocolError},
		{"RX-34 empty", V5, "32 14 0005746F70696304D2030800007061796C6F6164", ProtocolError},
		{"RX-37", V311, "30 09 00007061796C6F6164", ProtocolError},
		{"RX-37 in 5", V5, "30 0A 0000007061796C6F6164", ProtocolError},
		{"RX-38", V311, "30 0E 00052B6F7069637061796C6F6164", MalformedPacket},
		{"TA-05", V5, "30 0C 00057465737431032300004D", TopicAliasInvalid},
		{"SU-10", V311, "90 03 000103", MalformedPacket},
		{"SU-10 failure", V311, "90 03 0001FF", MalformedPacket},
		{"SU-10 in 5", V5, "90 04 00010003", ProtocolError},
		{"SU-13", V311, "90 02 0001", ProtocolError},
		{"SU-13 in 5", V5, "90 03 000100", ProtocolError},
		{"SU-15", V311, "90 03 000000", ProtocolError},
		{"SU-15 length", V311, "90 01 02", MalformedPacket},
		{"SU-29 twice", V5, "90 0C 000108 1F000170 1F000170 00", ProtocolError},
		{"SU-29 foreign", V5, "90 06 000102 0101 00", MalformedPacket},
		{"UN-05", V5, "B0 03 000100", ProtocolError},
		{"UN-06", V311, "B0 02 0000", ProtocolError},
		{"UN-06 long", V311, "B0 03 000100", MalformedPacket},
		{"DC-11", V5, "E0 02 0001", MalformedPacket},
		{"DC-11 list is cut", V5, "E0 03 00011F", MalformedPacket},
		{"DC-11 undefined", V5, "E0 01 05", ProtocolError},
		{"MF-13", V311, "30 07 FFFF746F706963", MalformedPacket},
		{"MF-14", V311, "30 0E 0005746F7000007061796C6F6164", MalformedPacket},
		{"MF-15", V311, "30 0E 0005746FEDA0807061796C6F6164", MalformedPacket},
		{"MF-22", V5, "30 09 0005746F7069637F70", MalformedPacket},
		{"MF-23", V5, "30 0D 0005746F706963808080800170", MalformedPacket},
		{"AU-09", V5, "F0 02 1800", ProtocolError},
		{"MF-32", V5, "F0 01 18", MalformedPacket},
		{"AU-09 twice", V5, "F0 0A 1808 1500016D 1500016D", ProtocolError},
		{"D-10", V5, "40 03 000101", ProtocolError},
		{"pair with a bad name", V5, "40 0C 0001 00 08 26 0002C080 000161", MalformedPacket},
		{"pair with a bad value", V5, "40 0C 0001 00 08 26 000161 0002C080", MalformedPacket},
		{"ping with a body", V311, "D0 01 00", MalformedPacket},
		// What only a server receives.
		{"protocol name", V311, "10 0D 00044D515458 04 02 003C 000163", UnsupportedProtocolVersion},
		{"level 6", V311, "10 0D 00044D515454 06 02 003C 000163", UnsupportedProtocolVersion},
		{"name of 3.1 with level 4", V311, "10 0F 00064D5149736470 04 02 003C 000163", UnsupportedProtocolVersion},
		{"reserved connect flag", V311, "10 0D 00044D515454 04 03 003C 000163", MalformedPacket},
		{"will QoS 3", V311, "10 13 00044D515454 04 1E 003C 000163 000177 00016D", MalformedPacket},
		{"will flags without will", V311, "10 0D 00044D515454 04 22 003C 000163", MalformedPacket},
		{"password alone in 3.1.1", V311, "10 10 00044D515454 04 42 003C 000163 000170", MalformedPacket},
		{"will topic empty", V311, "10 12 00044D515454 04 06 003C 000163 0000 00016D", ProtocolError},
		{"will topic with wildcard", V311, "10 13 00044D515454 04 06 003C 000163 000123 00016D", MalformedPacket},
		{"data without method", V5, "10 12 00044D515454 05 02 003C 04 16000178 000163", ProtocolError},
		{"no filter", V311, "82 02 0001", ProtocolError},
		{"empty filter", V311, "82 05 0001 0000 00", ProtocolError},
		{"reserved option", V311, "82 06 0001 000161 04", MalformedPacket},
		{"reserved option in 5", V5, "82 07 0001 00 000161 40", MalformedPacket},
		{"retain handling 3", V5, "82 07 0001 00 000161 30", ProtocolError},
		{"no filter to drop", V311, "A2 02 0001", ProtocolError},
	}
	for _, x := range tests {
		if p, err := decode(bytesOf(t, x.hex), x.v); err == nil || codeOf(err) != x.code {
			t.Errorf("%s: %v %v, want %s", x.name, p, err, x.code)
		}
	}
}

// TestTolerated holds what a strict reader could refuse and this one accepts on purpose.
func TestTolerated(t *testing.T) {
	tests := []struct {
		name string
		v    Version
		hex  string
	}{
		{"D-6: DUP with QoS 0", V311, "38 0E 0005746F7069637061796C6F6164"},
		{"D-8: U+FFFF", V311, "30 06 0003EFBFBF70"},
		{"D-13", V5, "E0 01 8C"},
		{"DISCONNECT with an empty list", V5, "E0 02 8000"},
		{"D-14", V5, "F0 00"},
		{"D-15", V311, "40 8200 0001"},
		{"CA-10", V311, "20 02 0105"},
		{"reserved byte of CONNACK in 3.1", V31, "20 02 0700"},
		{"DC-10", V5, "E0 07 00051100000000"},
		{"RX-16 code without properties", V5, "62 03 003800"},
		{"RX-16 no properties", V5, "62 04 00380000"},
		{"RX-33: payload is not what the indicator says", V5, "31 0B 0005746F706963020101FF"},
	}
	for _, x := range tests {
		if _, err := decode(bytesOf(t, x.hex), x.v); err != nil {
			t.Errorf("%s: %v, want it accepted", x.name, err)
		}
	}
}

// TestWrongParser gives every packet to the parsers of the others.
func TestWrongParser(t *testing.T) {
	h := Header{Type: CONNACK, Length: 2}
	body := []byte{0, 0}
	_, connect := ParseConnect(h, body)
	_, publish := ParsePublish(h, body, V311)
	_, ack := ParseAck(h, body, V311)
	_, suback := ParseSubAck(h, body, V311)
	_, auth := ParseAuth(h, body, V5)
	_, connack := ParseConnAck(Header{Type: PUBLISH, Length: 2}, body, V311)
	for name, err := range map[string]error{
		"connect": connect, "publish": publish, "ack": ack, "suback": suback,
		"auth": auth, "connack": connack, "ping": ParsePing(h, body),
	} {
		if codeOf(err) != ProtocolError {
			t.Errorf("%s: %v, want a protocol error", name, err)
		}
	}
	if _, err := ParsePublish(Header{Type: PUBLISH, Flags: 6, Length: 5}, []byte{0, 1, 't', 0, 1}, V311); codeOf(err) != MalformedPacket {
		t.Errorf("QoS 3 past ParseHeader: %v", err)
	}
	if _, err := ParseAuth(Header{Type: AUTH}, nil, V311); err == nil {
		t.Error("AUTH accepted in 3.1.1")
	}
}
