package wire

// Remains is what can be told of a PUBLISH that no parser takes. Topic is as it came,
// whatever it holds, and Properties are left out.
type Remains struct {
	Publish
	Named  bool   // its topic is a topic name
	Alias  uint16 // that the packet gives its topic, or stands for it; 0: none
	Unsure bool   // its properties cannot be read to their end: they may give one
}

// Acknowledgeable reports whether an answer can name the message, and which it takes.
func (m *Remains) Acknowledgeable() bool { return (m.QoS == 1 || m.QoS == 2) && m.PacketID != 0 }

// SalvagePublish reads of the body of a PUBLISH, or of its beginning, as much as it takes
// to answer and to name the message. It reports false when topic and packet identifier do
// not lie within it. The result borrows the body.
func SalvagePublish(h Header, body []byte, v Version) (m Remains, ok bool) {
	n := publishNameSize(h, body)
	if n == 0 || n > len(body) {
		return Remains{}, false
	}
	m.QoS, m.Retain, m.Dup = h.Flags&maskQoS>>shiftQoS, h.Flags&flagRetain != 0, h.Flags&flagDup != 0
	m.Topic = view(body[2 : 2+int(body[0])<<8+int(body[1])])
	if m.QoS > 0 {
		m.PacketID = uint16(body[n-2])<<8 | uint16(body[n-1])
	}
	m.Payload = body[n:]
	m.Named = checkTopic(PUBLISH, "topic name", m.Topic) == nil
	if v == V5 {
		m.skipProperties()
	}
	return m, true
}

// skipProperties takes the properties off what follows the packet identifier, if their
// length can be read, and looks for an alias.
func (m *Remains) skipProperties() {
	length, size, fault := parseVarint(m.Payload, true)
	if fault != "" || size == 0 || size+int(length) > len(m.Payload) {
		m.Unsure = true
		return
	}
	list := Properties(m.Payload[size : size+int(length)])
	m.Payload = m.Payload[size+int(length):]
	alias, found := list.Uint(TopicAlias)
	m.Alias = uint16(alias)
	m.Unsure = !found && list.check(PUBLISH, PUBLISH) != nil
}

// publishNameSize is how many bytes of a PUBLISH's body its topic and packet identifier
// take, 0 when b is too short to tell.
func publishNameSize(h Header, b []byte) int {
	if len(b) < 2 {
		return 0
	}
	n := 2 + int(b[0])<<8 + int(b[1])
	if h.Flags&maskQoS != 0 {
		n += 2
	}
	return n
}

// NamesMessage reports whether b, the beginning of the body of a PUBLISH, has the topic, the
// packet identifier and, unless they end beyond limit, the properties. fits is false when the
// body has no room for topic and identifier.
func NamesMessage(h Header, b []byte, v Version, limit int) (whole, fits bool) {
	n := publishNameSize(h, b)
	whole, fits = n > 0 && n <= len(b), max(n, 2) <= h.Length
	if !whole || v < V5 {
		return whole, fits
	}
	length, size, fault := parseVarint(b[n:], true)
	end := min(h.Length, limit)
	if size > 0 {
		end = min(end, n+size+int(length))
	}
	return fault != "" || len(b) >= end, fits
}

// SalvageAck reads of an acknowledgement, of a SUBACK or of an UNSUBACK what it answers, and
// of an acknowledgement of a PUBLISH its reason code, whether that is defined or not. It reports
// false when there is no packet identifier.
func SalvageAck(h Header, body []byte, v Version) (a Ack, ok bool) {
	if len(body) < 2 {
		return Ack{}, false
	}
	a = Ack{Type: h.Type, PacketID: uint16(body[0])<<8 | uint16(body[1])}
	if v == V5 && len(body) > 2 && h.Type <= PUBCOMP {
		a.Code = ReasonCode(body[2])
	}
	return a, a.PacketID != 0
}

// Framed reads a fixed header whatever its flags are. n is 0 when b is too short to tell, and
// ok is false when no further byte makes its length good.
func Framed(b []byte) (h Header, n int, ok bool) {
	length, size, fault := parseVarint(b[1:], true)
	if fault != "" || size == 0 {
		return Header{}, 0, fault == ""
	}
	return Header{Type: Type(b[0] >> 4), Flags: b[0] & 0x0F, Length: int(length)}, 1 + size, true
}

// Size is the size of the whole packet, the header included.
func (h Header) Size() int { return sizeOf(h.Length) }

// LengthWith is Length with a payload of that size in the place of p's own.
func (p *Publish) LengthWith(v Version, payload int) int {
	return sizeOf(p.remaining(v) - len(p.Payload) + payload)
}
