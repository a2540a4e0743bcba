package wire

// ConnAck is the CONNACK packet, the server's answer to CONNECT. Before MQTT 5 Code
// holds the return code, RefusedVersion to RefusedAuthorized when it is not Success.
type ConnAck struct {
	SessionPresent bool
	Code           ReasonCode
	Properties     Properties
}

// ParseConnAck parses the body of a CONNACK.
//
// A refusal that claims a session nevertheless [MQTT-3.2.2-4], [MQTT-3.2.2-6] of 5 is
// returned as it is: the code tells the user more. A server that does not speak v may
// say so in the form of the version that it does speak: that is an Error with
// UnsupportedProtocolVersion.
func ParseConnAck(h Header, body []byte, v Version) (ConnAck, error) {
	r := NewReader(h, body, CONNACK)
	if refusesVersion(body, v) {
		r.Fail(UnsupportedProtocolVersion, "the server answers that it does not speak MQTT "+v.String())
	}
	var c ConnAck
	c.SessionPresent = r.acknowledgeFlags(v)
	c.Code = ReasonCode(r.Uint8("reason code"))
	if v == V5 {
		r.code(CONNACK, c.Code) // [MQTT-3.2.2-8]
		c.Properties = r.Properties(CONNACK)
	} else if c.Code > RefusedAuthorized {
		// 3.1.1 section 3.2.2.3: return codes 6 to 255 are reserved.
		r.Fail(MalformedPacket, "return code "+hexByte(byte(c.Code))+" is reserved")
	}
	if err := r.End(); err != nil {
		return ConnAck{}, err
	}
	return c, nil
}

// refusesVersion reports whether body refuses v in the form of another version: to MQTT 5
// without properties (3.1.1 section 3.1.2.2), to earlier ones with the code of MQTT 5
// [MQTT-3.1.2-2] of 5.
func refusesVersion(body []byte, v Version) bool {
	switch {
	case len(body) < 2:
		return false
	case v == V5:
		return len(body) == 2 && (body[1] == byte(RefusedVersion) || body[1] == byte(UnsupportedProtocolVersion))
	default:
		return len(body) > 2 && body[1] == byte(UnsupportedProtocolVersion)
	}
}

// acknowledgeFlags reads the byte in front of the code [MQTT-3.2.2-1] of 5. In MQTT 3.1 it is
// reserved and not used, so nothing is read into it.
func (r *Reader) acknowledgeFlags(v Version) bool {
	flags := r.Uint8("acknowledge flags")
	if v == V31 {
		return false
	}
	if flags > 1 {
		r.Fail(MalformedPacket, "reserved acknowledge flags are "+hexByte(flags))
	}
	return flags == 1
}
