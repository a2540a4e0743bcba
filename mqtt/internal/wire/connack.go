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
// returned as it is: the code tells the user more. An MQTT 5 client that meets a server
// which knows only 3.1.1 gets an Error with UnsupportedProtocolVersion.
func ParseConnAck(h Header, body []byte, v Version) (ConnAck, error) {
	r := newReader(h, body, CONNACK)
	if v == V5 && len(body) == 2 && (body[1] == byte(RefusedVersion) || body[1] == byte(UnsupportedProtocolVersion)) {
		r.fail(UnsupportedProtocolVersion, "the server answers that it does not speak MQTT 5; connect with version 3.1.1")
	}
	var c ConnAck
	c.SessionPresent = r.acknowledgeFlags(v)
	c.Code = ReasonCode(r.uint8("reason code"))
	if v == V5 {
		r.code(CONNACK, c.Code) // [MQTT-3.2.2-8]
		c.Properties = r.properties(CONNACK)
	} else if c.Code > RefusedAuthorized {
		// 3.1.1 section 3.2.2.3: return codes 6 to 255 are reserved.
		r.fail(MalformedPacket, "return code "+hexByte(byte(c.Code))+" is reserved")
	}
	if err := r.end(); err != nil {
		return ConnAck{}, err
	}
	return c, nil
}

// acknowledgeFlags reads the byte in front of the code [MQTT-3.2.2-1] of 5. In MQTT 3.1 it is
// reserved and not used, so nothing is read into it.
func (r *reader) acknowledgeFlags(v Version) bool {
	flags := r.uint8("acknowledge flags")
	if v == V31 {
		return false
	}
	if flags > 1 {
		r.fail(MalformedPacket, "reserved acknowledge flags are "+hexByte(flags))
	}
	return flags == 1
}

// AppendConnAck appends the packet.
func AppendConnAck(dst []byte, v Version, c *ConnAck) []byte {
	var flags byte
	if c.SessionPresent && v != V31 {
		flags = 1
	}
	dst = append(AppendHeader(dst, CONNACK, 0, c.remaining(v)), flags, byte(c.Code))
	return appendProperties(dst, v, c.Properties)
}

// Length is the size of the whole packet, its header included.
func (c *ConnAck) Length(v Version) int { return sizeOf(c.remaining(v)) }

func (c *ConnAck) remaining(v Version) int { return 2 + c.Properties.size(v) }

// Validate returns an [*Error] for what must not be sent.
func (c *ConnAck) Validate(v Version) error {
	if c.Code != Success && c.SessionPresent {
		return &Error{Code: ProtocolError, Type: CONNACK, What: "a refusal with a session present"}
	}
	if v < V5 && c.Code > RefusedAuthorized {
		return &Error{Code: ProtocolError, Type: CONNACK, What: "return code " + hexByte(byte(c.Code)) + " is reserved"}
	}
	if v == V5 {
		if err := checkSent(CONNACK, c.Code); err != nil {
			return err
		}
	}
	return first(c.Properties.validate(v, CONNACK, CONNACK), checkSize(CONNACK, c.remaining(v)))
}
