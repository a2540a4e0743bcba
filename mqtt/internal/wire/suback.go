package wire

// SubAck is the SUBACK packet; UNSUBACK has the same shape.
type SubAck struct {
	PacketID   uint16
	Codes      []byte // one a filter, in order; nil in an UNSUBACK before MQTT 5
	Properties Properties
}

// ParseSubAck parses the body of a SUBACK. Codes borrows the body. An undefined code from 0x80 on
// is a failure of that filter in MQTT 5: the packet is returned beside the error. Before, only 0,
// 1, 2 and 0x80 pass. Whether there are as many codes as filters is for the caller to judge.
func ParseSubAck(h Header, body []byte, v Version) (SubAck, error) {
	r := NewReader(h, body, SUBACK)
	s := r.acknowledged(SUBACK, v)
	if v < V5 {
		r.grantedCodes(s.Codes)
	}
	if err := r.End(); err != nil {
		return SubAck{}, err
	}
	return s, r.odd
}

// acknowledged reads what SUBACK and UNSUBACK have in common.
func (r *Reader) acknowledged(t Type, v Version) SubAck {
	s := SubAck{PacketID: r.PacketID()}
	if v == V5 {
		s.Properties = r.Properties(t)
	}
	s.Codes = r.Rest()
	if len(s.Codes) == 0 && r.err == nil {
		r.Fail(ProtocolError, "no reason code") // [MQTT-3.8.4-6] of 5, [MQTT-3.11.3-1] of 5
	}
	if v == V5 {
		for _, c := range s.Codes {
			r.code(t, ReasonCode(c))
		}
	}
	return s
}

// grantedCodes enforces [MQTT-3.9.3-2] of 3.1.1.
func (r *Reader) grantedCodes(codes []byte) {
	for _, c := range codes {
		if c > 2 && c != byte(UnspecifiedError) {
			r.Fail(MalformedPacket, "return code "+hexByte(c)+" is reserved")
			return
		}
	}
}
