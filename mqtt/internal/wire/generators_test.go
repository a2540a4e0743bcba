package wire

import "pgregory.net/rapid"

var versions = rapid.SampledFrom([]Version{V31, V311, V5})

// texts draws strings that may be sent: UTF-8 without U+0000.
var texts = rapid.StringMatching(`[a-zA-Zäß€😀\x01\x7f /-]{0,20}`)

// topics draws topic names, never empty and without wildcards.
var topics = rapid.StringMatching(`[a-zé$/ ]{1,30}`)

var blobs = rapid.SliceOfN(rapid.Byte(), 0, 40)

func drawID(t *rapid.T) uint16 { return rapid.Uint16Range(1, 65535).Draw(t, "id") }

// drawCode draws one of the codes that the packet may carry.
func drawCode(t *rapid.T, typ Type) ReasonCode {
	var codes []ReasonCode
	for c := range 256 {
		if IsDefined(typ, ReasonCode(c)) {
			codes = append(codes, ReasonCode(c))
		}
	}
	return rapid.SampledFrom(codes).Draw(t, "code")
}

// drawProperties draws a legal list for the packet, in any order.
func drawProperties(t *rapid.T, v Version, in Type) (list Properties) {
	if v < V5 {
		return nil
	}
	var legal []PropertyID
	for id := range propertyTable {
		if row := &propertyTable[id]; row.kind != kindNone && row.in.has(in) {
			legal = append(legal, PropertyID(id))
		}
	}
	for _, id := range rapid.Permutation(legal).Draw(t, "order") {
		if rapid.Bool().Draw(t, id.String()) {
			list = drawProperty(t, list, id)
			if q := (property{id: id}); q.repeats(in) && rapid.Bool().Draw(t, "again") {
				list = drawProperty(t, list, id)
			}
		}
	}
	return list
}

func drawProperty(t *rapid.T, list Properties, id PropertyID) Properties {
	row := id.info()
	switch row.kind {
	case kindText:
		if row.rule == topicName {
			return list.AppendText(id, topics.Draw(t, "topic"))
		}
		return list.AppendText(id, texts.Draw(t, "text"))
	case kindBinary:
		return list.AppendBinary(id, blobs.Draw(t, "binary"))
	case kindPair:
		return list.AppendPair(id, texts.Draw(t, "name"), texts.Draw(t, "value"))
	}
	return list.AppendUint(id, rapid.Uint32Range(low(row), high(row)).Draw(t, "number"))
}

func low(row *propertyInfo) uint32 {
	if row.rule == notZero {
		return 1
	}
	return 0
}

func high(row *propertyInfo) uint32 {
	switch {
	case row.rule == flagOnly:
		return 1
	case row.kind == kindUint16:
		return 0xFFFF
	case row.kind == kindVarint:
		return MaxLength
	}
	return 0xFFFFFFFF
}

// drawPacket draws a packet of the type that Validate has nothing against.
func drawPacket(t *rapid.T, typ Type, v Version) any {
	switch typ {
	case CONNECT:
		return drawConnect(t, v)
	case CONNACK:
		return drawConnAck(t, v)
	case PUBLISH:
		return drawPublish(t, v)
	case PUBACK, PUBREC, PUBREL, PUBCOMP:
		a := &Ack{Type: typ, PacketID: drawID(t), Properties: drawProperties(t, v, typ)}
		if v == V5 {
			a.Code = drawCode(t, typ)
		}
		return a
	case SUBSCRIBE:
		return drawSubscribe(t, v)
	case SUBACK, UNSUBACK:
		return drawSubAck(t, typ, v)
	case UNSUBSCRIBE:
		return &Unsubscribe{
			PacketID: drawID(t), Properties: drawProperties(t, v, typ),
			Filters: rapid.SliceOfN(topics, 1, 5).Draw(t, "filters"),
		}
	case DISCONNECT:
		d := &Disconnect{Properties: drawProperties(t, v, typ)}
		if v == V5 {
			d.Code = drawCode(t, typ)
		}
		return d
	case AUTH:
		a := &Auth{Code: drawCode(t, typ), Properties: drawProperties(t, v, typ)}
		if !a.Properties.Has(AuthenticationMethod) {
			a.Properties = a.Properties.AppendText(AuthenticationMethod, "m")
		}
		return a
	}
	return ping(typ)
}

func drawConnect(t *rapid.T, v Version) *Connect {
	c := &Connect{
		Version: v, ClientID: topics.Draw(t, "client"), CleanStart: rapid.Bool().Draw(t, "clean"),
		KeepAlive: rapid.Uint16().Draw(t, "keep alive"), Properties: drawProperties(t, v, CONNECT),
	}
	if checkAuthentication(CONNECT, c.Properties) != nil {
		c.Properties = c.Properties.AppendText(AuthenticationMethod, "m")
	}
	if c.HasUsername = rapid.Bool().Draw(t, "has user"); c.HasUsername {
		c.Username = texts.Draw(t, "user")
	}
	if c.HasPassword = (c.HasUsername || v == V5) && rapid.Bool().Draw(t, "has password"); c.HasPassword {
		c.Password = blobs.Draw(t, "password")
	}
	if rapid.Bool().Draw(t, "has will") {
		c.Will = &Will{
			Topic: topics.Draw(t, "topic"), Payload: blobs.Draw(t, "payload"),
			QoS: rapid.ByteRange(0, 2).Draw(t, "qos"), Retain: rapid.Bool().Draw(t, "retain"),
			Properties: drawProperties(t, v, willProperties),
		}
	}
	return c
}

func drawConnAck(t *rapid.T, v Version) *ConnAck {
	c := &ConnAck{Properties: drawProperties(t, v, CONNACK)}
	if v == V5 {
		c.Code = drawCode(t, CONNACK)
	} else {
		c.Code = ReasonCode(rapid.ByteRange(0, 5).Draw(t, "return code"))
	}
	c.SessionPresent = c.Code == Success && v != V31 && rapid.Bool().Draw(t, "session")
	return c
}

func drawPublish(t *rapid.T, v Version) *Publish {
	p := &Publish{
		Topic: topics.Draw(t, "topic"), Payload: blobs.Draw(t, "payload"),
		QoS: rapid.ByteRange(0, 2).Draw(t, "qos"), Retain: rapid.Bool().Draw(t, "retain"),
		Properties: drawProperties(t, v, PUBLISH),
	}
	if p.QoS > 0 {
		p.PacketID, p.Dup = drawID(t), rapid.Bool().Draw(t, "dup")
	}
	if p.Properties.Has(TopicAlias) && rapid.Bool().Draw(t, "alias only") {
		p.Topic = ""
	}
	return p
}

func drawSubscribe(t *rapid.T, v Version) *Subscribe {
	s := &Subscribe{PacketID: drawID(t), Properties: drawProperties(t, v, SUBSCRIBE)}
	for range rapid.IntRange(1, 5).Draw(t, "filters") {
		f := Filter{Topic: topics.Draw(t, "filter"), Options: rapid.ByteRange(0, 2).Draw(t, "qos")}
		if v == V5 {
			f.Options |= rapid.SampledFrom([]byte{
				0, OptionNoLocal, OptionRetainAsPublished, OptionRetainIfNew,
				OptionRetainNever | OptionNoLocal,
			}).Draw(t, "options")
		}
		s.Filters = append(s.Filters, f)
	}
	return s
}

func drawSubAck(t *rapid.T, typ Type, v Version) any {
	s := SubAck{PacketID: drawID(t), Properties: drawProperties(t, v, typ)}
	for range rapid.IntRange(1, 5).Draw(t, "codes") {
		code := byte(drawCode(t, typ))
		if v < V5 {
			code = rapid.SampledFrom([]byte{0, 1, 2, 0x80}).Draw(t, "granted")
		}
		s.Codes = append(s.Codes, code)
	}
	if typ == SUBACK {
		return &s
	}
	if v < V5 {
		s.Codes = nil
	}
	return (*UnsubAck)(&s)
}
