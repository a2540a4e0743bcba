package wire_test

import (
	"bytes"
	"testing"

	"dunlin/mqtt/internal/wire"
	"pgregory.net/rapid"
)

func TestParseHeader(t *testing.T) {
	tests := []struct {
		name string
		v    wire.Version
		in   string
		want wire.Header
		n    int
		code wire.ReasonCode
	}{
		{"nothing", wire.V5, "", wire.Header{}, 0, 0},
		{"first byte", wire.V5, "30", wire.Header{}, 0, 0},
		{"length goes on", wire.V5, "30 FFFFFF", wire.Header{}, 0, 0},
		{"smallest", wire.V311, "C0 00", wire.Header{wire.PINGREQ, 0, 0}, 2, 0},
		{"flags", wire.V311, "3B 7F", wire.Header{wire.PUBLISH, 0x0B, 127}, 2, 0},
		{"two bytes", wire.V311, "30 8001 AA", wire.Header{wire.PUBLISH, 0, 128}, 3, 0},
		{"largest", wire.V5, "30 FFFFFF7F", wire.Header{wire.PUBLISH, 0, wire.MaxLength}, 5, 0},
		{"MF-01 remaining length of five bytes", wire.V311, "30 8080808001", wire.Header{}, 0, wire.MalformedPacket},
		{"MF-02 fifth byte is not waited for", wire.V311, "30 FFFFFFFF", wire.Header{}, 0, wire.MalformedPacket},
		{"MF-03 in 3.1.1", wire.V311, "D0 8000", wire.Header{wire.PINGRESP, 0, 0}, 3, 0},
		{"MF-03 in 5", wire.V5, "D0 8000", wire.Header{}, 0, wire.MalformedPacket},
		{"MF-07 packet type 0", wire.V311, "00", wire.Header{}, 0, wire.MalformedPacket},
		{"MF-07 flags", wire.V5, "0F", wire.Header{}, 0, wire.MalformedPacket},
		{"MF-08 packet type 15 before MQTT 5", wire.V311, "F0", wire.Header{}, 0, wire.MalformedPacket},
		{"AUTH in 5", wire.V5, "F0 00", wire.Header{wire.AUTH, 0, 0}, 2, 0},
		{"MF-11 QoS 3", wire.V311, "36", wire.Header{}, 0, wire.MalformedPacket},
		{"MF-11 with DUP", wire.V5, "3E", wire.Header{}, 0, wire.MalformedPacket},
		{"MF-25 something that is not MQTT", wire.V311, "48545450", wire.Header{}, 0, wire.MalformedPacket},
		{"PUBREL sent again in 3.1", wire.V31, "6A 02", wire.Header{wire.PUBREL, 0x0A, 2}, 2, 0},
		{"PUBREL sent again in 3.1.1", wire.V311, "6A 02", wire.Header{}, 0, wire.MalformedPacket},
		{"PUBREL without its flag in 3.1", wire.V31, "60 02", wire.Header{}, 0, wire.MalformedPacket},
	}
	for _, x := range tests {
		h, n, err := wire.ParseHeader(bytesOf(t, x.in), x.v)
		if h != x.want || n != x.n || codeOf(err) != x.code || (err == nil) != (x.code == 0) {
			t.Errorf("%s: %+v %d %v, want %+v %d %s", x.name, h, n, err, x.want, x.n, x.code)
		}
	}
}

// TestReservedFlags goes through all 256 first bytes.
func TestReservedFlags(t *testing.T) {
	for b := range 256 {
		typ, flags := wire.Type(b>>4), byte(b&0x0F)
		legal := typ != 0 && flags == 0
		switch typ {
		case wire.PUBLISH:
			legal = flags&0x06 != 0x06
		case wire.PUBREL, wire.SUBSCRIBE, wire.UNSUBSCRIBE:
			legal = flags == 2
		}
		if _, _, err := wire.ParseHeader([]byte{byte(b)}, wire.V5); (err == nil) != legal {
			t.Errorf("first byte 0x%02X: %v, want legal %t", b, err, legal)
		}
	}
}

// TestSizes checks the header around each length where it grows.
func TestSizes(t *testing.T) {
	sizes := map[int]int{0: 2, 127: 2, 128: 3, 16383: 3, 16384: 4, 2097151: 4, 2097152: 5, wire.MaxLength: 5}
	for length, size := range sizes {
		b := wire.AppendHeader(nil, wire.PUBLISH, 0, length)
		h, n, err := wire.ParseHeader(b, wire.V5)
		if err != nil || len(b) != size || n != size || h.Length != length || wire.SizeOf(length) != size+length {
			t.Errorf("length %d: [% X] %+v %d %v, want %d bytes", length, b, h, n, err, size)
		}
	}
	for _, length := range []int{127, 16383} {
		p := wire.Publish{Topic: "t", Payload: bytes.Repeat([]byte{'x'}, length-3)}
		got, err := decode(wire.AppendPublish(nil, wire.V311, &p), wire.V311)
		if err != nil || show(got) != show(&p) {
			t.Errorf("PUBLISH of remaining length %d: %v", length, err)
		}
	}
}

func TestHeaderRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := wire.Header{Type: wire.Type(rapid.IntRange(1, 15).Draw(t, "type")), Length: rapid.IntRange(0, wire.MaxLength).Draw(t, "length")}
		h.Flags = wire.RequiredFlags(h.Type)
		b := wire.AppendHeader(nil, h.Type, h.Flags, h.Length)
		for cut := range b {
			if _, n, err := wire.ParseHeader(b[:cut], wire.V5); n != 0 || err != nil {
				t.Fatalf("%d bytes of [% X]: %d %v", cut, b, n, err)
			}
		}
		got, n, err := wire.ParseHeader(append(b, 0xFF), wire.V5)
		if got != h || n != len(b) || err != nil {
			t.Fatalf("[% X]: %+v %d %v, want %+v", b, got, n, err, h)
		}
	})
}

func TestDirection(t *testing.T) {
	for typ := wire.Type(0); typ < 16; typ++ {
		switch typ {
		case 0, wire.CONNECT, wire.SUBSCRIBE, wire.UNSUBSCRIBE, wire.PINGREQ:
			if wire.IsServerToClient(typ, wire.V5) || wire.IsServerToClient(typ, wire.V311) {
				t.Errorf("a server may send %s", typ)
			}
		case wire.DISCONNECT, wire.AUTH:
			if wire.IsServerToClient(typ, wire.V311) || !wire.IsServerToClient(typ, wire.V5) {
				t.Errorf("%s: only a server of MQTT 5 sends it", typ)
			}
		default:
			if !wire.IsServerToClient(typ, wire.V5) || !wire.IsServerToClient(typ, wire.V31) {
				t.Errorf("a server may not send %s", typ)
			}
		}
	}
}

// TestNames pins the texts that reach users.
func TestNames(t *testing.T) {
	tests := []struct{ got, want string }{
		{wire.PUBLISH.String(), "PUBLISH"},
		{wire.Type(0).String(), "reserved packet type 0"},
		{wire.Type(77).String(), "invalid packet type"},
		{wire.V31.String() + wire.V311.String() + wire.V5.String() + wire.Version(9).String(), "3.13.1.15unknown"},
		{wire.NotAuthorized.String(), "0x87 Not authorized"},
		{wire.ReasonCode(0xA3).Name() + ", " + wire.ReasonCode(0x03).Name(), "undefined reason code, undefined reason code"},
		{wire.WildcardSubscriptionsNotSupported.Name(), "Wildcard Subscriptions not supported"},
		{wire.RefusedAuthorized.NameIn(wire.CONNACK, wire.V311), "not authorized"},
		{wire.ReasonCode(6).NameIn(wire.CONNACK, wire.V31), "reserved return code"},
		{wire.Success.NameIn(wire.DISCONNECT, wire.V5), "Normal disconnection"},
		{wire.Success.NameIn(wire.SUBACK, wire.V311), "Granted QoS 0"},
		{wire.UnspecifiedError.NameIn(wire.SUBACK, wire.V311), "Failure"},
		{wire.UnspecifiedError.NameIn(wire.SUBACK, wire.V5), "Unspecified error"},
		{wire.TopicAlias.String(), "Topic Alias"},
		{wire.PropertyID(0x30).String(), "unknown property 0x30"},
		{(&wire.Error{wire.MalformedPacket, wire.PUBLISH, "QoS 3"}).Error(), "PUBLISH: QoS 3 (0x81 Malformed Packet)"},
		{(&wire.Error{wire.MalformedPacket, 0, "no packet has type 0"}).Error(), "packet: no packet has type 0 (0x81 Malformed Packet)"},
	}
	for _, x := range tests {
		if x.got != x.want {
			t.Errorf("%q, want %q", x.got, x.want)
		}
	}
	for c := range 256 {
		code := wire.ReasonCode(c)
		for typ := wire.Type(1); typ <= wire.AUTH; typ++ {
			if wire.IsDefined(typ, code) && code.Name() == "undefined reason code" {
				t.Errorf("code %s of %s has no name", code, typ)
			}
		}
	}
}
