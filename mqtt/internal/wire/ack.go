package wire

// Ack is one of the four packets that acknowledge a PUBLISH step by step: PUBACK,
// PUBREC, PUBREL and PUBCOMP. Code and Properties are there since MQTT 5.
type Ack struct {
	Type       Type
	PacketID   uint16
	Code       ReasonCode
	Properties Properties
}

// ParseAck parses the body of a PUBACK, PUBREC, PUBREL or PUBCOMP.
//
// An undefined code from 0x80 on, but in PUBREL, is a failure whatever it means: the
// packet is returned beside the error, so that its operation can be ended. After any
// other error the packet is zero.
func ParseAck(h Header, body []byte, v Version) (Ack, error) {
	if h.Type < PUBACK || h.Type > PUBCOMP {
		return Ack{}, &Error{Code: ProtocolError, Type: h.Type, What: "is not an acknowledgement of a PUBLISH"}
	}
	r := NewReader(h, body, h.Type)
	a := Ack{Type: h.Type, PacketID: r.PacketID()}
	// MQTT 5 section 3.4.2.1: code and properties may be left out from the end.
	if v == V5 && len(r.b) > 0 {
		a.Code = ReasonCode(r.Uint8("reason code"))
		r.code(h.Type, a.Code)
		if len(r.b) > 0 {
			a.Properties = r.Properties(h.Type)
		}
	}
	if err := r.End(); err != nil {
		return Ack{}, err
	}
	return a, r.odd
}

// AppendAck appends the packet in its shortest form.
func AppendAck(dst []byte, v Version, a *Ack) []byte {
	n := a.remaining(v)
	if n == 2 {
		return AppendSuccess(dst, a.Type, a.PacketID)
	}
	dst = AppendUint16(AppendHeader(dst, a.Type, requiredFlags(a.Type), n), a.PacketID)
	dst = append(dst, byte(a.Code))
	if n > 3 {
		dst = AppendProperties(dst, v, a.Properties)
	}
	return dst
}

// AppendSuccess is AppendAck for success without properties, as nearly all are: it is the
// same in each version.
func AppendSuccess(dst []byte, t Type, id uint16) []byte {
	return append(dst, byte(t)<<4|requiredFlags(t), 2, byte(id>>8), byte(id))
}

// Length is the size of the whole packet, its header included.
func (a *Ack) Length(v Version) int { return sizeOf(a.remaining(v)) }

func (a *Ack) remaining(v Version) int {
	switch {
	case v < V5 || a.Code == Success && len(a.Properties) == 0:
		return 2
	case len(a.Properties) == 0:
		return 3
	}
	return 3 + a.Properties.Size(v)
}

// Validate returns an [*Error] for what must not be sent.
func (a *Ack) Validate(v Version) error {
	if a.Type < PUBACK || a.Type > PUBCOMP {
		return &Error{Code: ProtocolError, Type: a.Type, What: "is not an acknowledgement of a PUBLISH"}
	}
	if v < V5 && a.Code != Success {
		return &Error{Code: ProtocolError, Type: a.Type, What: "a reason code needs MQTT 5"}
	}
	return first(
		checkID(a.Type, a.PacketID),
		checkSent(a.Type, a.Code),
		a.Properties.validate(v, a.Type, a.Type),
		checkSize(a.Type, a.remaining(v)))
}
