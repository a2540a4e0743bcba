package wire

// ParsePing checks the body of a PINGREQ or PINGRESP, which must be empty.
func ParsePing(h Header, body []byte) error {
	if h.Type != PINGREQ && h.Type != PINGRESP {
		return &Error{Code: ProtocolError, Type: h.Type, What: "is neither PINGREQ nor PINGRESP"}
	}
	r := NewReader(h, body, h.Type)
	return r.End()
}

// AppendPingReq appends a PINGREQ: two bytes.
func AppendPingReq(dst []byte) []byte { return AppendHeader(dst, PINGREQ, 0, 0) }
