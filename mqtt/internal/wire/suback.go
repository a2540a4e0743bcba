package wire

// SubAck is the SUBACK packet; UNSUBACK has the same shape.
type SubAck struct {
	PacketID   uint16
	Codes      []byte // one a filter, in order; nil in an UNSUBACK before MQTT 5
	Properties Properties
}

// ParseSubAck parses the body of a SUBACK. Codes borrows the body. An undefined code
// from 0x80 on is a failure of that filter in MQTT 5: the packet is returned beside the
// error. Before, only 0, 1, 2 and 0x80 pass. Whether there are as many codes as filters is for the caller to judge.
func ParseSubAck(h Header, body []byte, v Version) (SubAck, error) {
	r := newReader(h, body, SUBACK)
	s := r.acknowledged(SUBACK, v)
	if v < V5 {
		r.grantedCodes(s.Codes)
	}
	if err := r.end(); err != nil {
		return SubAck{}, err
	}
	return s, r.odd
}

// acknowledged reads what SUBACK and UNSUBACK have in common.
func (r *reader) acknowledged(t Type, v Version) SubAck {
	s := SubAck{PacketID: r.packetID()}
	if v == V5 {
		s.Properties = r.properties(t)
	}
	s.Codes = r.rest()
	if len(s.Codes) == 0 && r.err == nil {
		r.fail(ProtocolError, "no reason code") // [MQTT-3.8.4-6] of 5, [MQTT-3.11.3-1] of 5
	}
	if v == V5 {
		for _, c := range s.Codes {
			r.code(t, ReasonCode(c))
		}
	}
	return s
}

// grantedCodes enforces [MQTT-3.9.3-2] of 3.1.1.
func (r *reader) grantedCodes(codes []byte) {
	for _, c := range codes {
		if c > 2 && c != byte(UnspecifiedError) {
			r.fail(MalformedPacket, "return code "+hexByte(c)+" is reserved")
			return
		}
	}
}

// AppendSubAck appends the packet.
func AppendSubAck(dst []byte, v Version, s *SubAck) []byte {
	dst = appendUint16(AppendHeader(dst, SUBACK, 0, s.remaining(v)), s.PacketID)
	return append(appendProperties(dst, v, s.Properties), s.Codes...)
}

// Length is the size of the whole packet, its header included. It holds for UNSUBACK
// too when Codes is nil before MQTT 5.
func (s *SubAck) Length(v Version) int { return sizeOf(s.remaining(v)) }

func (s *SubAck) remaining(v Version) int { return 2 + s.Properties.size(v) + len(s.Codes) }

// Validate returns an [*Error] for what must not be sent in a SUBACK.
func (s *SubAck) Validate(v Version) error {
	if len(s.Codes) == 0 {
		return &Error{Code: ProtocolError, Type: SUBACK, What: "no reason code"}
	}
	if v < V5 {
		r := reader{typ: SUBACK}
		r.grantedCodes(s.Codes)
		if err := r.end(); err != nil {
			return err
		}
	}
	return s.validate(SUBACK, v)
}

// validate checks what SUBACK and UNSUBACK have in common.
func (s *SubAck) validate(t Type, v Version) error {
	for _, c := range s.Codes {
		if v < V5 {
			break
		}
		if err := checkSent(t, ReasonCode(c)); err != nil {
			return err
		}
	}
	return first(
		checkID(t, s.PacketID),
		s.Properties.validate(v, t, t),
		checkSize(t, s.remaining(v)))
}
