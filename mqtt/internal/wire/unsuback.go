package wire

// UnsubAck is the UNSUBACK packet. Before MQTT 5 it carries no codes.
type UnsubAck SubAck

// ParseUnsubAck parses the body of an UNSUBACK. Codes borrows the body. An undefined
// code from 0x80 on is a failure of that filter: the packet is returned beside the error.
func ParseUnsubAck(h Header, body []byte, v Version) (UnsubAck, error) {
	r := newReader(h, body, UNSUBACK)
	var u UnsubAck
	if v == V5 {
		u = UnsubAck(r.acknowledged(UNSUBACK, v))
	} else {
		u.PacketID = r.packetID()
	}
	if err := r.end(); err != nil {
		return UnsubAck{}, err
	}
	return u, r.odd
}

// AppendUnsubAck appends the packet.
func AppendUnsubAck(dst []byte, v Version, u *UnsubAck) []byte {
	dst = appendUint16(AppendHeader(dst, UNSUBACK, 0, u.remaining(v)), u.PacketID)
	if v < V5 {
		return dst
	}
	return append(appendProperties(dst, v, u.Properties), u.Codes...)
}

// Length is the size of the whole packet, its header included.
func (u *UnsubAck) Length(v Version) int { return sizeOf(u.remaining(v)) }

func (u *UnsubAck) remaining(v Version) int {
	if v < V5 {
		return 2
	}
	return (*SubAck)(u).remaining(v)
}

// Validate returns an [*Error] for what must not be sent.
func (u *UnsubAck) Validate(v Version) error {
	what := ""
	switch {
	case v < V5 && len(u.Codes) > 0:
		what = "a reason code needs MQTT 5"
	case v == V5 && len(u.Codes) == 0:
		what = "no reason code" // [MQTT-3.11.3-1]
	default:
		return (*SubAck)(u).validate(UNSUBACK, v)
	}
	return &Error{Code: ProtocolError, Type: UNSUBACK, What: what}
}
