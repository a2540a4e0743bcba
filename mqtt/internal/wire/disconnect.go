package wire

// Disconnect is the DISCONNECT packet. A server sends it since MQTT 5; before, a client
// sends it without code and properties.
type Disconnect struct {
	Code       ReasonCode
	Properties Properties
}

// ParseDisconnect parses the body of a DISCONNECT. Codes and properties of both
// directions pass, and so does an undefined code from 0x80 on: the connection is over,
// and the code should reach the user.
func ParseDisconnect(h Header, body []byte, v Version) (Disconnect, error) {
	r := NewReader(h, body, DISCONNECT)
	var d Disconnect
	// MQTT 5 section 3.14.2.1: code and properties may be left out from the end.
	if v == V5 && len(r.b) > 0 {
		d.Code = ReasonCode(r.Uint8("reason code"))
		r.code(DISCONNECT, d.Code) // [MQTT-3.14.2-1]
		if len(r.b) > 0 {
			d.Properties = r.Properties(DISCONNECT)
		}
	}
	if err := r.End(); err != nil {
		return Disconnect{}, err
	}
	return d, nil
}

// AppendDisconnect appends the packet in its shortest form.
func AppendDisconnect(dst []byte, v Version, d *Disconnect) []byte {
	n := d.remaining(v)
	dst = AppendHeader(dst, DISCONNECT, 0, n)
	if n > 0 {
		dst = append(dst, byte(d.Code))
	}
	if n > 1 {
		dst = AppendProperties(dst, v, d.Properties)
	}
	return dst
}

// Length is the size of the whole packet, its header included.
func (d *Disconnect) Length(v Version) int { return sizeOf(d.remaining(v)) }

func (d *Disconnect) remaining(v Version) int {
	switch {
	case v < V5 || d.Code == Success && len(d.Properties) == 0:
		return 0
	case len(d.Properties) == 0:
		return 1
	}
	return 1 + d.Properties.Size(v)
}

// Validate returns an [*Error] for what must not be sent.
func (d *Disconnect) Validate(v Version) error {
	if v < V5 && d.Code != Success {
		return &Error{Code: ProtocolError, Type: DISCONNECT, What: "a reason code needs MQTT 5"}
	}
	return first(
		checkSent(DISCONNECT, d.Code),
		d.Properties.validate(v, DISCONNECT, DISCONNECT),
		checkSize(DISCONNECT, d.remaining(v)))
}
