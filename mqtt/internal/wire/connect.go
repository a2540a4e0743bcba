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
	flagCleanStart = 0x02
	flagWill       = 0x04
	flagWillRetain = 0x20
	flagPassword   = 0x40
	flagUsername   = 0x80
	maskWillQoS    = 0x18
	shiftWillQoS   = 3
)

func protocolName(v Version) string {
	if v == V31 {
		return "MQIsdp"
	}
	return "MQTT"
}

// ParseConnect parses the body of a CONNECT of any version. A protocol name or level
// that is not known gives an Error with UnsupportedProtocolVersion. The Will, if there
// is one, is allocated: only a server reads this packet.
func ParseConnect(h Header, body []byte) (Connect, error) {
	r := newReader(h, body, CONNECT)
	c := Connect{Version: r.protocol()}
	flags := r.uint8("connect flags")
	r.connectFlags(flags, c.Version)
	c.CleanStart = flags&flagCleanStart != 0
	c.KeepAlive = r.uint16("keep alive")
	if c.Version == V5 {
		c.Properties = r.properties(CONNECT)
		r.check(checkAuthentication(CONNECT, c.Properties))
	}
	// [MQTT-3.1.3-1] the order of the payload's fields.
	c.ClientID = r.text("client identifier")
	if flags&flagWill != 0 {
		c.Will = r.will(flags, c.Version)
	}
	if c.HasUsername = flags&flagUsername != 0; c.HasUsername {
		c.Username = r.text("user name")
	}
	if c.HasPassword = flags&flagPassword != 0; c.HasPassword {
		c.Password = r.binary("password")
	}
	if err := r.end(); err != nil {
		return Connect{}, err
	}
	return c, nil
}

// protocol reads the protocol's name and level: [MQTT-3.1.2-1] [MQTT-3.1.2-2].
func (r *reader) protocol() Version {
	name := r.text("protocol name")
	v := Version(r.uint8("protocol level"))
	if r.err == nil && (v < V31 || v > V5 || name != protocolName(v)) {
		r.fail(UnsupportedProtocolVersion, "protocol name and level are not those of MQTT 3.1, 3.1.1 or 5")
	}
	return v
}

func (r *reader) connectFlags(flags byte, v Version) {
	switch {
	case flags&0x01 != 0:
		r.fail(MalformedPacket, "reserved connect flag is set") // [MQTT-3.1.2-3]
	case flags&maskWillQoS == maskWillQoS:
		r.fail(MalformedPacket, "will QoS 3") // [MQTT-3.1.2-14] of 3.1.1, [MQTT-3.1.2-12] of 5
	case flags&flagWill == 0 && flags&(maskWillQoS|flagWillRetain) != 0:
		r.fail(MalformedPacket, "will flags without a will") // [MQTT-3.1.2-11] of 3.1.1, [MQTT-3.1.2-11], [MQTT-3.1.2-13] of 5
	case v < V5 && flags&(flagUsername|flagPassword) == flagPassword:
		r.fail(MalformedPacket, "password without user name") // [MQTT-3.1.2-22] of 3.1.1
	}
}

func (r *reader) will(flags byte, v Version) *Will {
	w := &Will{QoS: flags & maskWillQoS >> shiftWillQoS, Retain: flags&flagWillRetain != 0}
	if v == V5 {
		w.Properties = r.properties(willProperties)
	}
	if w.Topic = r.topic("will topic"); w.Topic == "" && r.err == nil {
		r.fail(ProtocolError, "will topic is empty") // [MQTT-4.7.3-1]
	}
	w.Payload = r.binary("will payload")
	return w
}

// topic reads a topic name, which may be empty, as a borrowed view.
func (r *reader) topic(what string) string {
	p := r.binary(what)
	if plain(view(p)) {
		return view(p)
	}
	if fault := textFault(p); fault != "" {
		r.fail(MalformedPacket, what+" "+fault)
		return ""
	}
	r.noWildcard(what, view(p))
	return view(p)
}

func (r *reader) noWildcard(what, s string) {
	if fault := topicFault(s); fault != "" {
		r.fail(MalformedPacket, what+" "+fault) // [MQTT-3.3.2-2]
	}
}

// checkAuthentication refuses Authentication Data without a method, sections
// 3.1.2.11.10 and 3.15.2.2.3.
func checkAuthentication(t Type, p Properties) error {
	if len(p) > 0 && p.Has(AuthenticationData) && !p.Has(AuthenticationMethod) {
		return &Error{Code: ProtocolError, Type: t, What: "Authentication Data without Authentication Method"}
	}
	return nil
}

func (c *Connect) flags() (flags byte) {
	if c.CleanStart {
		flags |= flagCleanStart
	}
	if c.HasUsername {
		flags |= flagUsername
	}
	if c.HasPassword {
		flags |= flagPassword
	}
	if w := c.Will; w != nil {
		flags |= flagWill | w.QoS<<shiftWillQoS
		if w.Retain {
			flags |= flagWillRetain
		}
	}
	return flags
}

// AppendConnect appends the packet in c.Version.
func AppendConnect(dst []byte, c *Connect) []byte {
	dst = AppendHeader(dst, CONNECT, 0, c.remaining())
	dst = append(appendText(dst, protocolName(c.Version)), byte(c.Version), c.flags())
	dst = appendProperties(appendUint16(dst, c.KeepAlive), c.Version, c.Properties)
	dst = appendText(dst, c.ClientID)
	if w := c.Will; w != nil {
		dst = appendProperties(dst, c.Version, w.Properties)
		dst = appendBinary(appendText(dst, w.Topic), w.Payload)
	}
	if c.HasUsername {
		dst = appendText(dst, c.Username)
	}
	if c.HasPassword {
		dst = appendBinary(dst, c.Password)
	}
	return dst
}

// Length is the size of the whole packet, its header included.
func (c *Connect) Length() int { return sizeOf(c.remaining()) }

func (c *Connect) remaining() int {
	n := 2 + len(protocolName(c.Version)) + 4 + c.Properties.size(c.Version) + 2 + len(c.ClientID)
	if w := c.Will; w != nil {
		n += w.Properties.size(c.Version) + 2 + len(w.Topic) + 2 + len(w.Payload)
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
		checkAuthentication(CONNECT, c.Properties),
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
		return &Error{Code: QoSNotSupported, Type: CONNECT, What: "will QoS above 2"}
	}
	if len(w.Payload) > maxText {
		return &Error{Code: PacketTooLarge, Type: CONNECT, What: "will payload is longer than 65535 bytes"}
	}
	return first(
		checkTopic(CONNECT, "will topic", w.Topic),
		w.Properties.validate(c.Version, CONNECT, willProperties))
}
