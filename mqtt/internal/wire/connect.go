package wire

// Connect is the CONNECT packet, the first one of every connection.
type Connect struct {
	Version                  Version
	ClientID                 string
	CleanStart               bool // Clean Session before MQTT 5
	KeepAlive                uint16
	HasUsername, HasPassword bool // an empty one that is there differs from none
	Username                 string
	Password                 []byte
	Will                     *Will // nil: none
	Properties               Properties
}

// Will is the message that the server publishes when the connection ends badly.
type Will struct {
	Topic      string
	Payload    []byte
	QoS        byte
	Retain     bool
	Properties Properties
}

// The connect flags of MQTT 5 section 3.1.2.3.
const (
	FlagCleanStart = 0x02
	FlagWill       = 0x04
	FlagWillRetain = 0x20
	FlagPassword   = 0x40
	FlagUsername   = 0x80
	MaskWillQoS    = 0x18
	ShiftWillQoS   = 3
)

// ProtocolName is what a CONNECT of that version begins with [MQTT-3.1.2-1].
func ProtocolName(v Version) string {
	if v == V31 {
		return "MQIsdp"
	}
	return "MQTT"
}

// Topic reads a topic name, which may be empty, as a borrowed view.
func (r *Reader) Topic(what string) string {
	p := r.Binary(what)
	if plain(view(p)) {
		return view(p)
	}
	if fault := textFault(p); fault != "" {
		r.Fail(MalformedPacket, what+" "+fault)
		return ""
	}
	r.noWildcard(what, view(p))
	return view(p)
}

func (r *Reader) noWildcard(what, s string) {
	if fault := topicFault(s); fault != "" {
		r.Fail(MalformedPacket, what+" "+fault) // [MQTT-3.3.2-2]
	}
}

// CheckAuthentication refuses Authentication Data without a method, sections
// 3.1.2.11.10 and 3.15.2.2.3.
func CheckAuthentication(t Type, p Properties) error {
	if len(p) > 0 && p.Has(AuthenticationData) && !p.Has(AuthenticationMethod) {
		return &Error{Code: ProtocolError, Type: t, What: "Authentication Data without Authentication Method"}
	}
	return nil
}

// flags has 0 for the reserved flag [MQTT-3.1.2-3], and without a will for all that is of
// it: [MQTT-3.1.2-11] of 3.1.1, [MQTT-3.1.2-11], [MQTT-3.1.2-13] of 5.
func (c *Connect) flags() (flags byte) {
	if c.CleanStart {
		flags |= FlagCleanStart
	}
	if c.HasUsername {
		flags |= FlagUsername
	}
	if c.HasPassword {
		flags |= FlagPassword
	}
	if w := c.Will; w != nil {
		flags |= FlagWill | w.QoS<<ShiftWillQoS
		if w.Retain {
			flags |= FlagWillRetain
		}
	}
	return flags
}

// AppendConnect appends the packet in c.Version. [MQTT-3.1.3-1] The payload has its order.
func AppendConnect(dst []byte, c *Connect) []byte {
	dst = AppendHeader(dst, CONNECT, 0, c.remaining())
	dst = append(AppendText(dst, ProtocolName(c.Version)), byte(c.Version), c.flags())
	dst = AppendProperties(AppendUint16(dst, c.KeepAlive), c.Version, c.Properties)
	dst = AppendText(dst, c.ClientID)
	if w := c.Will; w != nil {
		dst = AppendProperties(dst, c.Version, w.Properties)
		dst = appendBinary(AppendText(dst, w.Topic), w.Payload)
	}
	if c.HasUsername {
		dst = AppendText(dst, c.Username)
	}
	if c.HasPassword {
		dst = appendBinary(dst, c.Password)
	}
	return dst
}

// Length is the size of the whole packet, its header included.
func (c *Connect) Length() int { return sizeOf(c.remaining()) }

func (c *Connect) remaining() int {
	n := 2 + len(ProtocolName(c.Version)) + 4 + c.Properties.Size(c.Version) + 2 + len(c.ClientID)
	if w := c.Will; w != nil {
		n += w.Properties.Size(c.Version) + 2 + len(w.Topic) + 2 + len(w.Payload)
	}
	if c.HasUsername {
		n += 2 + len(c.Username)
	}
	if c.HasPassword {
		n += 2 + len(c.Password)
	}
	return n
}

// Validate returns an [*Error] for what must not be sent.
func (c *Connect) Validate() error {
	if c.Version < V31 || c.Version > V5 {
		return &Error{Code: UnsupportedProtocolVersion, Type: CONNECT, What: "the version is not 3.1, 3.1.1 or 5"}
	}
	return first(
		c.validateClientID(), c.validateCredentials(), c.validateWill(),
		c.Properties.validate(c.Version, CONNECT, CONNECT),
		CheckAuthentication(CONNECT, c.Properties),
		checkSize(CONNECT, c.remaining()))
}

func (c *Connect) validateClientID() error {
	if c.ClientID == "" && c.Version < V5 && (c.Version == V31 || !c.CleanStart) {
		// [MQTT-3.1.3-7] of 3.1.1: without an identifier the session cannot be kept.
		// MQTT 3.1 section 3.1 has no empty identifier at all.
		return &Error{Code: ClientIdentifierNotValid, Type: CONNECT, What: "client identifier is empty"}
	}
	return checkText(CONNECT, "client identifier", c.ClientID)
}

func (c *Connect) validateCredentials() error {
	what := ""
	switch {
	case !c.HasUsername && c.Username != "" || !c.HasPassword && len(c.Password) > 0:
		what = "user name or password is given but not marked as present"
	case c.Version < V5 && c.HasPassword && !c.HasUsername:
		what = "password without user name needs MQTT 5" // [MQTT-3.1.2-22] of 3.1.1
	case len(c.Password) > maxText:
		what = "password is longer than 65535 bytes"
	default:
		return checkText(CONNECT, "user name", c.Username)
	}
	return &Error{Code: BadUserNameOrPassword, Type: CONNECT, What: what}
}

func (c *Connect) validateWill() error {
	w := c.Will
	if w == nil {
		return nil
	}
	if w.QoS > 2 {
		return &Error{Code: QoSNotSupported, Type: CONNECT, What: "will QoS above 2"} // [MQTT-3.1.2-14] of 3.1.1, [MQTT-3.1.2-12] of 5
	}
	if len(w.Payload) > maxText {
		return &Error{Code: PacketTooLarge, Type: CONNECT, What: "will payload is longer than 65535 bytes"}
	}
	return first(
		checkTopic(CONNECT, "will topic", w.Topic),
		w.Properties.validate(c.Version, CONNECT, WillProperties))
}
