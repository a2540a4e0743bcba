package wire

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestParseHeader(t *testing.T) {
	tests := []struct {
		name string
		v    Version
		in   string
		want Header
		n    int
		code ReasonCode
	}{
		{"nothing", V5, "", Header{}, 0, 0},
		{"first byte", V5, "30", Header{}, 0, 0},
		{"length goes on", V5, "30 FFFFFF", Header{}, 0, 0},
		{"smallest", V311, "C0 00", Header{PINGREQ, 0, 0}, 2, 0},
		{"flags", V311, "3B 7F", Header{PUBLISH, 0x0B, 127}, 2, 0},
		{"two bytes", V311, "30 8001 AA", Header{PUBLISH, 0, 128}, 3, 0},
		{"largest", V5, "30 FFFFFF7F", Header{PUBLISH, 0, MaxLength}, 5, 0},
		{"MF-01", V311, "30 8080808001", Header{}, 0, MalformedPacket},
		{"MF-02", V311, "30 FFFFFFFF", Header{}, 0, MalformedPacket},
		{"MF-03 in 3.1.1", V311, "D0 8000", Header{PINGRESP, 0, 0}, 3, 0},
		{"MF-03 in 5", V5, "D0 8000", Header{}, 0, MalformedPacket},
		{"MF-07", V311, "00", Header{}, 0, MalformedPacket},
		{"MF-07 flags", V5, "0F", Header{}, 0, MalformedPacket},
		{"MF-08", V311, "F0", Header{}, 0, MalformedPacket},
		{"AUTH in 5", V5, "F0 00", Header{AUTH, 0, 0}, 2, 0},
		{"MF-11", V311, "36", Header{}, 0, MalformedPacket},
		{"MF-11 with DUP", V5, "3E", Header{}, 0, MalformedPacket},
		{"MF-25", V311, "48545450", Header{}, 0, MalformedPacket},
		{"PUBREL sent again in 3.1", V31, "6A 02", Header{PUBREL, 0x0A, 2}, 2, 0},
		{"PUBREL sent again in 3.1.1", V311, "6A 02", Header{}, 0, MalformedPacket},
		{"PUBREL without its flag in 3.1", V31, "60 02", Header{}, 0, MalformedPacket},
	}
	for _, x := range tests {
		h, n, err := ParseHeader(bytesOf(t, x.in), x.v)
		if h != x.want || n != x.n || codeOf(err) != x.code || (err == nil) != (x.code == 0) {
			t.Errorf("%s: %+v %d %v, want %+v %d %s", x.name, h, n, err, x.want, x.n, x.code)
		}
	}
}

// TestReservedFlags goes through all 256 first bytes.
func TestReservedFlags(t *testing.T) {
	for b := range 256 {
		typ, flags := Type(b>>4), byte(b&0x0F)
		legal := typ != 0 && flags == 0
		switch typ {
		case PUBLISH:
			legal = flags&0x06 != 0x06
		case PUBREL, SUBSCRIBE, UNSUBSCRIBE:
			legal = flags == 2
		}
		if _, _, err := ParseHeader([]byte{byte(b)}, V5); (err == nil) != legal {
			t.Errorf("first byte 0x%02X: %v, want legal %t", b, err, legal)
		}
	}
}

// TestSizes checks the header around each length where it grows.
func TestSizes(t *testing.T) {
	sizes := map[int]int{0: 2, 127: 2, 128: 3, 16383: 3, 16384: 4, 2097151: 4, 2097152: 5, MaxLength: 5}
	for length, size := range sizes {
		b := AppendHeader(nil, PUBLISH, 0, length)
		h, n, err := ParseHeader(b, V5)
		if err != nil || len(b) != size || n != size || h.Length != length || sizeOf(length) != size+length {
			t.Errorf("length %d: [% X] %+v %d %v, want %d bytes", length, b, h, n, err, size)
		}
	}
	for _, length := range []int{127, 16383} {
		p := Publish{Topic: "t", Payload: bytes.Repeat([]byte{'x'}, length-3)}
		got, err := decode(AppendPublish(nil, V311, &p), V311)
		if err != nil || show(got) != show(&p) {
			t.Errorf("PUBLISH of remaining length %d: %v", length, err)
		}
	}
}

func TestHeaderRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := Header{Type: Type(rapid.IntRange(1, 15).Draw(t, "type")), Length: rapid.IntRange(0, MaxLength).Draw(t, "length")}
		h.Flags = requiredFlags(h.Type)
		b := AppendHeader(nil, h.Type, h.Flags, h.Length)
		for cut := range b {
			if _, n, err := ParseHeader(b[:cut], V5); n != 0 || err != nil {
				t.Fatalf("%d bytes of [% X]: %d %v", cut, b, n, err)
			}
		}
		got, n, err := ParseHeader(append(b, 0xFF), V5)
		if got != h || n != len(b) || err != nil {
			t.Fatalf("[% X]: %+v %d %v, want %+v", b, got, n, err, h)
		}
	})
}

func TestDirection(t *testing.T) {
	for typ := Type(0); typ < 16; typ++ {
		switch typ {
		case 0, CONNECT, SUBSCRIBE, UNSUBSCRIBE, PINGREQ:
			if IsServerToClient(typ, V5) || IsServerToClient(typ, V311) {
				t.Errorf("a server may send %s", typ)
			}
		case DISCONNECT, AUTH:
			if IsServerToClient(typ, V311) || !IsServerToClient(typ, V5) {
				t.Errorf("%s: only a server of MQTT 5 sends it", typ)
			}
		default:
			if !IsServerToClient(typ, V5) || !IsServerToClient(typ, V31) {
				t.Errorf("a server may not send %s", typ)
			}
		}
	}
}

// TestNames pins the texts that reach users.
func TestNames(t *testing.T) {
	tests := []struct{ got, want string }{
		{PUBLISH.String(), "PUBLISH"},
		{Type(0).String(), "reserved packet type 0"},
		{Type(77).String(), "invalid packet type"},
		{V31.String() + V311.String() + V5.String() + Version(9).String(), "3.13.1.15unknown"},
		{NotAuthorized.String(), "0x87 Not authorized"},
		{ReasonCode(0xA3).Name() + ", " + ReasonCode(0x03).Name(), "undefined reason code, undefined reason code"},
		{WildcardSubscriptionsNotSupported.Name(), "Wildcard Subscriptions not supported"},
		{RefusedAuthorized.NameIn(CONNACK, V311), "not authorized"},
		{ReasonCode(6).NameIn(CONNACK, V31), "reserved return code"},
		{Success.NameIn(DISCONNECT, V5), "Normal disconnection"},
		{Success.NameIn(SUBACK, V311), "Granted QoS 0"},
		{UnspecifiedError.NameIn(SUBACK, V311), "Failure"},
		{UnspecifiedError.NameIn(SUBACK, V5), "Unspecified error"},
		{TopicAlias.String(), "Topic Alias"},
		{PropertyID(0x30).String(), "unknown property 0x30"},
		{(&Error{MalformedPacket, PUBLISH, "QoS 3"}).Error(), "PUBLISH: QoS 3 (0x81 Malformed Packet)"},
		{(&Error{MalformedPacket, 0, "no packet has type 0"}).Error(), "packet: no packet has type 0 (0x81 Malformed Packet)"},
	}
	for _, x := range tests {
		if x.got != x.want {
			t.Errorf("%q, want %q", x.got, x.want)
		}
	}
	for c := range 256 {
		code := ReasonCode(c)
		for typ := Type(1); typ <= AUTH; typ++ {
			if IsDefined(typ, code) && code.Name() == "undefined reason code" {
				t.Errorf("code %s of %s has no name", code, typ)
			}
		}
	}
}
