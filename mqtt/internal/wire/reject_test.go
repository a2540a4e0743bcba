package wire_test

import (
	"testing"

	"dunlin/mqtt/internal/wire"
	"dunlin/mqtt/mqtttest/packet"
)

// TestRejected lists packets that a parser must refuse, by the rules they break.
func TestRejected(t *testing.T) {
	tests := []struct {
		name string
		v    wire.Version
		hex  string
		code wire.ReasonCode
	}{
		{"CA-07 reserved return codes of CONNACK", wire.V311, "20 02 0006", wire.MalformedPacket},
		{"CA-09 undefined reason codes of CONNACK", wire.V5, "20 03 000100", wire.MalformedPacket},
		{"CA-09 undefined failure", wire.V5, "20 03 008B00", wire.MalformedPacket},
		{"CA-11 reserved acknowledge flags of CONNACK", wire.V311, "20 02 0200", wire.MalformedPacket},
		{"CA-11 in 5", wire.V5, "20 03 800000", wire.MalformedPacket},
		{"CA-20 CONNACK of a server that is older", wire.V5, "20 02 0001", wire.UnsupportedProtocolVersion},
		{"CA-20 new code", wire.V5, "20 02 0084", wire.UnsupportedProtocolVersion},
		{"CA-21 CONNACK of a wrong length, 3.1.1", wire.V311, "20 03 000000", wire.MalformedPacket},
		{"CA-22 short", wire.V5, "20 02 0000", wire.MalformedPacket},
		{"CA-22 long", wire.V5, "20 04 00000000", wire.MalformedPacket},
		{"CA-23 list is cut", wire.V5, "20 06 00000421000A", wire.MalformedPacket},
		{"CA-23 property is cut", wire.V5, "20 06 000002210005", wire.MalformedPacket},
		{"CA-23 not minimal", wire.V5, "20 04 00008000", wire.MalformedPacket},
		{"CA-26 Receive Maximum", wire.V5, "20 06 000003210000", wire.ProtocolError},
		{"CA-26 Maximum Packet Size", wire.V5, "20 08 0000052700000000", wire.ProtocolError},
		{"CA-26 Maximum QoS", wire.V5, "20 05 0000022402", wire.ProtocolError},
		{"CA-26 availability", wire.V5, "20 05 0000022502", wire.ProtocolError},
		{"CA-27 property twice in CONNACK", wire.V5, "20 09 000006210005210005", wire.ProtocolError},
		{"CA-28 property of other packets in CONNACK", wire.V5, "20 05 0000020100", wire.MalformedPacket},
		{"CA-29 unknown property in CONNACK", wire.V5, "20 05 0000020401", wire.MalformedPacket},
		{"CA-29 two bytes", wire.V5, "20 06 000003800101", wire.MalformedPacket},
		{"CA-29 four bytes", wire.V5, "20 08 000005FFFFFF7F01", wire.MalformedPacket},
		{"RX-14 message with identifier 0", wire.V311, "32 10 0005746F70696300007061796C6F6164", wire.ProtocolError},
		{"RX-24 code", wire.V5, "62 03 346F80", wire.MalformedPacket},
		{"RX-24 flags", wire.V311, "60 02 346F", wire.MalformedPacket},
		{"RX-24 empty", wire.V5, "62 00", wire.MalformedPacket},
		{"RX-24 half", wire.V5, "62 01 34", wire.MalformedPacket},
		{"RX-24 long", wire.V5, "62 05 346F000000", wire.MalformedPacket},
		{"RX-32 zero", wire.V5, "32 13 0005746F70696304D2020B007061796C6F6164", wire.ProtocolError},
		{"RX-32 not minimal", wire.V5, "32 14 0005746F70696304D2030B80007061796C6F6164", wire.MalformedPacket},
		{"RX-34 wildcard", wire.V5, "32 15 0005746F70696304D204080001237061796C6F6164", wire.ProtocolError},
		{"RX-34 empty", wire.V5, "32 14 0005746F70696304D2030800007061796C6F6164", wire.ProtocolError},
		{"RX-37 message with an empty topic", wire.V311, "30 09 00007061796C6F6164", wire.ProtocolError},
		{"RX-37 in 5", wire.V5, "30 0A 0000007061796C6F6164", wire.ProtocolError},
		{"RX-38 message with a wildcard in its topic", wire.V311, "30 0E 00052B6F7069637061796C6F6164", wire.MalformedPacket},
		{"TA-05 alias 0", wire.V5, "30 0C 00057465737431032300004D", wire.TopicAliasInvalid},
		{"SU-10 reserved codes in SUBACK", wire.V311, "90 03 000103", wire.MalformedPacket},
		{"SU-10 failure", wire.V311, "90 03 0001FF", wire.MalformedPacket},
		{"SU-10 in 5", wire.V5, "90 04 00010003", wire.ProtocolError},
		{"SU-13 no codes in SUBACK", wire.V311, "90 02 0001", wire.ProtocolError},
		{"SU-13 in 5", wire.V5, "90 03 000100", wire.ProtocolError},
		{"SU-15 malformed SUBACK", wire.V311, "90 03 000000", wire.ProtocolError},
		{"SU-15 length", wire.V311, "90 01 02", wire.MalformedPacket},
		{"SU-29 twice", wire.V5, "90 0C 000108 1F000170 1F000170 00", wire.ProtocolError},
		{"SU-29 foreign", wire.V5, "90 06 000102 0101 00", wire.MalformedPacket},
		{"UN-05 wrong number of codes in UNSUBACK", wire.V5, "B0 03 000100", wire.ProtocolError},
		{"UN-06 bad UNSUBACK", wire.V311, "B0 02 0000", wire.ProtocolError},
		{"UN-06 long", wire.V311, "B0 03 000100", wire.MalformedPacket},
		{"DC-11 malformed DISCONNECT", wire.V5, "E0 02 0001", wire.MalformedPacket},
		{"DC-11 list is cut", wire.V5, "E0 03 00011F", wire.MalformedPacket},
		{"DC-11 undefined", wire.V5, "E0 01 05", wire.ProtocolError},
		{"MF-13 string longer than its packet", wire.V311, "30 07 FFFF746F706963", wire.MalformedPacket},
		{"MF-14 U+0000 in a string", wire.V311, "30 0E 0005746F7000007061796C6F6164", wire.MalformedPacket},
		{"MF-15 surrogates in a string", wire.V311, "30 0E 0005746FEDA0807061796C6F6164", wire.MalformedPacket},
		{"MF-22 property list longer than its packet", wire.V5, "30 09 0005746F7069637F70", wire.MalformedPacket},
		{"MF-23 property length badly encoded", wire.V5, "30 0D 0005746F706963808080800170", wire.MalformedPacket},
		{"AU-09 bad AUTH", wire.V5, "F0 02 1800", wire.ProtocolError},
		{"MF-32 bad AUTH", wire.V5, "F0 01 18", wire.MalformedPacket},
		{"AU-09 twice", wire.V5, "F0 0A 1808 1500016D 1500016D", wire.ProtocolError},
		{"PUBACK with an undefined code", wire.V5, "40 03 000101", wire.ProtocolError},
		{"pair with a bad name", wire.V5, "40 0C 0001 00 08 26 0002C080 000161", wire.MalformedPacket},
		{"pair with a bad value", wire.V5, "40 0C 0001 00 08 26 000161 0002C080", wire.MalformedPacket},
		{"ping with a body", wire.V311, "D0 01 00", wire.MalformedPacket},
		// What only a server receives.
		{"protocol name", wire.V311, "10 0D 00044D515458 04 02 003C 000163", wire.UnsupportedProtocolVersion},
		{"level 6", wire.V311, "10 0D 00044D515454 06 02 003C 000163", wire.UnsupportedProtocolVersion},
		{"name of 3.1 with level 4", wire.V311, "10 0F 00064D5149736470 04 02 003C 000163", wire.UnsupportedProtocolVersion},
		{"reserved connect flag", wire.V311, "10 0D 00044D515454 04 03 003C 000163", wire.MalformedPacket},
		{"will QoS 3", wire.V311, "10 13 00044D515454 04 1E 003C 000163 000177 00016D", wire.MalformedPacket},
		{"will flags without will", wire.V311, "10 0D 00044D515454 04 22 003C 000163", wire.MalformedPacket},
		{"password alone in 3.1.1", wire.V311, "10 10 00044D515454 04 42 003C 000163 000170", wire.MalformedPacket},
		{"will topic empty", wire.V311, "10 12 00044D515454 04 06 003C 000163 0000 00016D", wire.ProtocolError},
		{"will topic with wildcard", wire.V311, "10 13 00044D515454 04 06 003C 000163 000123 00016D", wire.MalformedPacket},
		{"data without method", wire.V5, "10 12 00044D515454 05 02 003C 04 16000178 000163", wire.ProtocolError},
		{"no filter", wire.V311, "82 02 0001", wire.ProtocolError},
		{"empty filter", wire.V311, "82 05 0001 0000 00", wire.ProtocolError},
		{"reserved option", wire.V311, "82 06 0001 000161 04", wire.MalformedPacket},
		{"reserved option in 5", wire.V5, "82 07 0001 00 000161 40", wire.MalformedPacket},
		{"retain handling 3", wire.V5, "82 07 0001 00 000161 30", wire.ProtocolError},
		{"no filter to drop", wire.V311, "A2 02 0001", wire.ProtocolError},
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
		v    wire.Version
		hex  string
	}{
		{"DUP with QoS 0", wire.V311, "38 0E 0005746F7069637061796C6F6164"},
		{"U+FFFF", wire.V311, "30 06 0003EFBFBF70"},
		{"DISCONNECT with code 0x8C", wire.V5, "E0 01 8C"},
		{"DISCONNECT with an empty list", wire.V5, "E0 02 8000"},
		{"AUTH without content", wire.V5, "F0 00"},
		{"length of two bytes where one is enough", wire.V311, "40 8200 0001"},
		{"CA-10 CONNECT refused though a session is present", wire.V311, "20 02 0105"},
		{"reserved byte of CONNACK in 3.1", wire.V31, "20 02 0700"},
		{"DC-10 server's DISCONNECT with a session expiry", wire.V5, "E0 07 00051100000000"},
		{"RX-16 code without properties", wire.V5, "62 03 003800"},
		{"RX-16 no properties", wire.V5, "62 04 00380000"},
		{"RX-33: payload is not what the indicator says", wire.V5, "31 0B 0005746F706963020101FF"},
	}
	for _, x := range tests {
		if _, err := decode(bytesOf(t, x.hex), x.v); err != nil {
			t.Errorf("%s: %v, want it accepted", x.name, err)
		}
	}
}

// TestWrongParser gives every packet to the parsers of the others.
func TestWrongParser(t *testing.T) {
	h := wire.Header{Type: wire.CONNACK, Length: 2}
	body := []byte{0, 0}
	_, connect := packet.ParseConnect(h, body)
	_, publish := wire.ParsePublish(h, body, wire.V311)
	_, ack := wire.ParseAck(h, body, wire.V311)
	_, suback := wire.ParseSubAck(h, body, wire.V311)
	_, auth := wire.ParseAuth(h, body, wire.V5)
	_, connack := wire.ParseConnAck(wire.Header{Type: wire.PUBLISH, Length: 2}, body, wire.V311)
	for name, err := range map[string]error{
		"connect": connect, "publish": publish, "ack": ack, "suback": suback,
		"auth": auth, "connack": connack, "ping": wire.ParsePing(h, body),
	} {
		if codeOf(err) != wire.ProtocolError {
			t.Errorf("%s: %v, want a protocol error", name, err)
		}
	}
	if _, err := wire.ParsePublish(wire.Header{Type: wire.PUBLISH, Flags: 6, Length: 5}, []byte{0, 1, 't', 0, 1}, wire.V311); codeOf(err) != wire.MalformedPacket {
		t.Errorf("QoS 3 past ParseHeader: %v", err)
	}
	if _, err := wire.ParseAuth(wire.Header{Type: wire.AUTH}, nil, wire.V311); err == nil {
		t.Error("AUTH accepted in 3.1.1")
	}
}
