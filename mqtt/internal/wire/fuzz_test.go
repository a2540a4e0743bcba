package wire_test

import (
	"errors"
	"testing"

	"dunlin/mqtt/internal/wire"
)

func seed(f *testing.F, v wire.Version) {
	for _, g := range goldens() {
		if g.v == v {
			f.Add(bytesOf(f, g.hex))
		}
	}
}

// fuzzParse reads any bytes: no panic, errors of the one type, and what is accepted
// survives being encoded and read again.
func fuzzParse(t *testing.T, b []byte, v wire.Version) {
	h, n, err := wire.ParseHeader(b, v)
	if err != nil {
		requireError(t, err)
		return
	}
	if n == 0 || h.Length > len(b)-n {
		return
	}
	body := b[n : n+h.Length]
	wire.SalvageAck(h, body, v) // no panic
	remains, named := wire.SalvagePublish(h, body, v)
	packet, err := decodeBody(h, body, v)
	if err != nil {
		requireError(t, err)
		return
	}
	if p, ok := packet.(*wire.Publish); ok {
		requireSame(t, p, &remains, named)
	}
	if c, ok := packet.(*wire.Connect); ok {
		v = c.Version
	}
	again(t, "fuzz", packet, v)
}

// requireSame: of a good PUBLISH everything but the properties is salvaged.
func requireSame(t *testing.T, p *wire.Publish, m *wire.Remains, named bool) {
	t.Helper()
	alias, _ := p.Properties.Uint(wire.TopicAlias)
	if !named || m.Unsure || m.Topic != p.Topic || m.PacketID != p.PacketID || m.QoS != p.QoS || m.Retain != p.Retain ||
		m.Dup != p.Dup || uint32(m.Alias) != alias || string(m.Payload) != string(p.Payload) {
		t.Errorf("salvaged %+v of %+v", m, p)
	}
}

func requireError(t *testing.T, err error) {
	t.Helper()
	e, ok := errors.AsType[*wire.Error](err)
	if !ok || !e.Code.Failed() || e.What == "" {
		t.Errorf("error %#v, want an *Error with a code and a text", err)
	}
}

func FuzzParse311(f *testing.F) {
	seed(f, wire.V311)
	f.Fuzz(func(t *testing.T, b []byte) { fuzzParse(t, b, wire.V311) })
}

func FuzzParse5(f *testing.F) {
	seed(f, wire.V5)
	f.Fuzz(func(t *testing.T, b []byte) { fuzzParse(t, b, wire.V5) })
}

// FuzzRoundTrip builds a PUBLISH of anything: what Validate lets pass arrives unchanged.
func FuzzRoundTrip(f *testing.F) {
	f.Add("topic", []byte("payload"), []byte{}, uint16(1), byte(1), byte(5))
	f.Add("", []byte{}, []byte{0x23, 0, 1}, uint16(0), byte(0), byte(5))
	f.Add("a/b", []byte{0}, []byte{}, uint16(0), byte(0), byte(4))
	f.Fuzz(func(t *testing.T, topic string, payload, list []byte, id uint16, flags, level byte) {
		v := wire.Version(level%3) + wire.V31
		p := &wire.Publish{
			Topic: topic, Payload: payload, PacketID: id, QoS: flags & 3, Retain: flags&4 != 0,
			Dup: flags&8 != 0, Properties: list,
		}
		b := wire.AppendPublish(nil, v, p)
		got, err := decode(b, v)
		if validErr := p.Validate(v); validErr != nil {
			requireError(t, validErr)
			return
		}
		if err != nil || show(got) != show(p) || len(b) != p.Length(v) {
			t.Errorf("%s became [% X] became %s %v", show(p), b, show(got), err)
		}
	})
}

// FuzzHeader compares ParseHeader with AppendHeader and with itself on fewer bytes.
func FuzzHeader(f *testing.F) {
	for _, s := range []string{"30 00", "30 FFFFFF7F", "30 FFFFFFFF", "D0 8000", "6A 02", "F0 00"} {
		f.Add(bytesOf(f, s), byte(5))
	}
	f.Fuzz(func(t *testing.T, b []byte, level byte) {
		v := wire.Version(level%3) + wire.V31
		h, n, err := wire.ParseHeader(b, v)
		if err != nil {
			requireError(t, err)
			return
		}
		if n == 0 {
			if len(b) > 4 {
				t.Errorf("[% X]: wants more than five bytes", b)
			}
			return
		}
		for cut := range n {
			if _, m, err := wire.ParseHeader(b[:cut], v); m != 0 || err != nil {
				t.Errorf("[% X]: %d %v, want a wish for more", b[:cut], m, err)
			}
		}
		minimal := wire.AppendHeader(nil, h.Type, h.Flags, h.Length)
		if string(minimal) != string(b[:n]) && v == wire.V5 {
			t.Errorf("[% X] read as %+v, which is [% X]", b[:n], h, minimal)
		}
	})
}
