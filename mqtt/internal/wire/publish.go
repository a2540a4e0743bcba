package wire

// Publish is the PUBLISH packet.
type Publish struct {
	Topic       string // empty only with a Topic Alias
	Payload     []byte
	PacketID    uint16 // 0 with QoS 0
	QoS         byte
	Retain, Dup bool
	Properties  Properties

	Apart bool // AppendPublish leaves the payload out: it is sent behind, from where it is
}

const (
	flagRetain = 0x01
	maskQoS    = 0x06
	shiftQoS   = 1
	flagDup    = 0x08
)

// ParsePublish parses the body of a PUBLISH. DUP on QoS 0 is forbidden to the sender
// [MQTT-3.3.1-2] but harmless, so it passes. What a Topic Alias stands for is up to the
// caller; an empty topic without one is refused.
func ParsePublish(h Header, body []byte, v Version) (Publish, error) {
	r := NewReader(h, body, PUBLISH)
	p := Publish{QoS: h.Flags & maskQoS >> shiftQoS, Retain: h.Flags&flagRetain != 0, Dup: h.Flags&flagDup != 0}
	if p.QoS > 2 {
		r.Fail(MalformedPacket, "QoS 3") // [MQTT-3.3.1-4]
	}
	p.Topic = r.Topic("topic name")
	if p.QoS > 0 {
		p.PacketID = r.PacketID()
	}
	if v == V5 {
		p.Properties = r.Properties(PUBLISH)
	}
	if p.Topic == "" && r.err == nil && !p.Properties.Has(TopicAlias) {
		r.Fail(ProtocolError, "topic name is empty") // [MQTT-4.7.3-1], section 3.3.2.1 of 5
	}
	p.Payload = r.Rest()
	if err := r.End(); err != nil {
		return Publish{}, err
	}
	return p, nil
}

// AppendPublish appends the packet, without the payload if that is apart.
func AppendPublish(dst []byte, v Version, p *Publish) []byte {
	flags := p.QoS << shiftQoS
	if p.Retain {
		flags |= flagRetain
	}
	if p.Dup {
		flags |= flagDup
	}
	dst = AppendHeader(dst, PUBLISH, flags, p.remaining(v))
	dst = AppendText(dst, p.Topic)
	if p.QoS > 0 {
		dst = AppendUint16(dst, p.PacketID)
	}
	dst = AppendProperties(dst, v, p.Properties)
	if p.Apart {
		return dst
	}
	return append(dst, p.Payload...)
}

// Length is the size of the whole packet, its header included.
func (p *Publish) Length(v Version) int { return sizeOf(p.remaining(v)) }

func (p *Publish) remaining(v Version) int {
	n := 2 + len(p.Topic) + p.Properties.Size(v) + len(p.Payload)
	if p.QoS > 0 {
		n += 2
	}
	return n
}

// Validate returns an [*Error] for what must not be sent. With QoS 1 or 2 it wants a
// packet identifier that is not 0: any will do for a check before the real one is known.
func (p *Publish) Validate(v Version) error {
	if p.QoS > 2 {
		return &Error{Code: QoSNotSupported, Type: PUBLISH, What: "QoS above 2"} // [MQTT-3.3.1-4]
	}
	if err := p.validateDelivery(); err != nil {
		return err
	}
	if p.Topic != "" || v < V5 || !p.Properties.Has(TopicAlias) {
		if err := checkTopic(PUBLISH, "topic name", p.Topic); err != nil {
			return err
		}
	}
	return first(p.Properties.validate(v, PUBLISH, PUBLISH), checkSize(PUBLISH, p.remaining(v)))
}

func (p *Publish) validateDelivery() error {
	if p.QoS > 0 {
		return checkID(PUBLISH, p.PacketID) // [MQTT-2.3.1-1] of 3.1.1, [MQTT-2.2.1-3] of 5
	}
	if p.PacketID != 0 {
		// [MQTT-2.3.1-5] of 3.1.1, [MQTT-2.2.1-2] of 5.
		return &Error{Code: ProtocolError, Type: PUBLISH, What: "packet identifier with QoS 0"}
	}
	if p.Dup {
		return &Error{Code: ProtocolError, Type: PUBLISH, What: "DUP with QoS 0"} // [MQTT-3.3.1-2]
	}
	return nil
}
