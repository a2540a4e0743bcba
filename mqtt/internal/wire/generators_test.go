package wire_test

import (
	"dunlin/mqtt/internal/wire"
	"pgregory.net/rapid"
)

var versions = rapid.SampledFrom([]wire.Version{wire.V31, wire.V311, wire.V5})

func drawID(t *rapid.T) uint16 { return rapid.Uint16Range(1, 65535).Draw(t, "id") }

// drawCode draws one of the codes that the packet may carry.
func drawCode(t *rapid.T, typ wire.Type) wire.ReasonCode {
	var codes []wire.ReasonCode
	for c := range 256 {
		if wire.IsDefined(typ, wire.ReasonCode(c)) {
			codes = append(codes, wire.ReasonCode(c))
		}
	}
	return rapid.SampledFrom(codes).Draw(t, "code")
}

// drawPacket draws a packet of the type that Validate has nothing against.
func drawPacket(t *rapid.T, typ wire.Type, v wire.Version) any {
	switch typ {
	case wire.CONNECT:
		return drawConnect(t, v)
	case wire.CONNACK:
		return drawConnAck(t, v)
	case wire.PUBLISH:
		return drawPublish(t, v)
	case wire.PUBACK, wire.PUBREC, wire.PUBREL, wire.PUBCOMP:
		a := &wire.Ack{Type: typ, PacketID: drawID(t), Properties: wire.DrawProperties(t, v, typ)}
		if v == wire.V5 {
			a.Code = drawCode(t, typ)
		}
		return a
	case wire.SUBSCRIBE:
		return drawSubscribe(t, v)
	case wire.SUBACK, wire.UNSUBACK:
		return drawSubAck(t, typ, v)
	case wire.UNSUBSCRIBE:
		return &wire.Unsubscribe{
			PacketID: drawID(t), Properties: wire.DrawProperties(t, v, typ),
			Filters: rapid.SliceOfN(wire.Topics, 1, 5).Draw(t, "filters"),
		}
	case wire.DISCONNECT:
		d := &wire.Disconnect{Properties: wire.DrawProperties(t, v, typ)}
		if v == wire.V5 {
			d.Code = drawCode(t, typ)
		}
		return d
	case wire.AUTH:
		a := &wire.Auth{Code: drawCode(t, typ), Properties: wire.DrawProperties(t, v, typ)}
		if !a.Properties.Has(wire.AuthenticationMethod) {
			a.Properties = a.Properties.AppendText(wire.AuthenticationMethod, "m")
		}
		return a
	}
	return ping(typ)
}

func drawConnect(t *rapid.T, v wire.Version) *wire.Connect {
	c := &wire.Connect{
		Version: v, ClientID: wire.Topics.Draw(t, "client"), CleanStart: rapid.Bool().Draw(t, "clean"),
		KeepAlive: rapid.Uint16().Draw(t, "keep alive"), Properties: wire.DrawProperties(t, v, wire.CONNECT),
	}
	if wire.CheckAuthentication(wire.CONNECT, c.Properties) != nil {
		c.Properties = c.Properties.AppendText(wire.AuthenticationMethod, "m")
	}
	if c.HasUsername = rapid.Bool().Draw(t, "has user"); c.HasUsername {
		c.Username = wire.Texts.Draw(t, "user")
	}
	if c.HasPassword = (c.HasUsername || v == wire.V5) && rapid.Bool().Draw(t, "has password"); c.HasPassword {
		c.Password = wire.Blobs.Draw(t, "password")
	}
	if rapid.Bool().Draw(t, "has will") {
		c.Will = &wire.Will{
			Topic: wire.Topics.Draw(t, "topic"), Payload: wire.Blobs.Draw(t, "payload"),
			QoS: rapid.ByteRange(0, 2).Draw(t, "qos"), Retain: rapid.Bool().Draw(t, "retain"),
			Properties: wire.DrawProperties(t, v, wire.WillProperties),
		}
	}
	return c
}

func drawConnAck(t *rapid.T, v wire.Version) *wire.ConnAck {
	c := &wire.ConnAck{Properties: wire.DrawProperties(t, v, wire.CONNACK)}
	if v == wire.V5 {
		c.Code = drawCode(t, wire.CONNACK)
	} else {
		c.Code = wire.ReasonCode(rapid.ByteRange(0, 5).Draw(t, "return code"))
	}
	c.SessionPresent = c.Code == wire.Success && v != wire.V31 && rapid.Bool().Draw(t, "session")
	return c
}

func drawPublish(t *rapid.T, v wire.Version) *wire.Publish {
	p := &wire.Publish{
		Topic: wire.Topics.Draw(t, "topic"), Payload: wire.Blobs.Draw(t, "payload"),
		QoS: rapid.ByteRange(0, 2).Draw(t, "qos"), Retain: rapid.Bool().Draw(t, "retain"),
		Properties: wire.DrawProperties(t, v, wire.PUBLISH),
	}
	if p.QoS > 0 {
		p.PacketID, p.Dup = drawID(t), rapid.Bool().Draw(t, "dup")
	}
	if p.Properties.Has(wire.TopicAlias) && rapid.Bool().Draw(t, "alias only") {
		p.Topic = ""
	}
	return p
}

func drawSubscribe(t *rapid.T, v wire.Version) *wire.Subscribe {
	s := &wire.Subscribe{PacketID: drawID(t), Properties: wire.DrawProperties(t, v, wire.SUBSCRIBE)}
	for range rapid.IntRange(1, 5).Draw(t, "filters") {
		f := wire.Filter{Topic: wire.Topics.Draw(t, "filter"), Options: rapid.ByteRange(0, 2).Draw(t, "qos")}
		if v == wire.V5 {
			f.Options |= rapid.SampledFrom([]byte{
				0, wire.OptionNoLocal, wire.OptionRetainAsPublished, wire.OptionRetainIfNew,
				wire.OptionRetainNever | wire.OptionNoLocal,
			}).Draw(t, "options")
		}
		s.Filters = append(s.Filters, f)
	}
	return s
}

func drawSubAck(t *rapid.T, typ wire.Type, v wire.Version) any {
	s := wire.SubAck{PacketID: drawID(t), Properties: wire.DrawProperties(t, v, typ)}
	for range rapid.IntRange(1, 5).Draw(t, "codes") {
		code := byte(drawCode(t, typ))
		if v < wire.V5 {
			code = rapid.SampledFrom([]byte{0, 1, 2, 0x80}).Draw(t, "granted")
		}
		s.Codes = append(s.Codes, code)
	}
	if typ == wire.SUBACK {
		return &s
	}
	if v < wire.V5 {
		s.Codes = nil
	}
	return (*wire.UnsubAck)(&s)
}
