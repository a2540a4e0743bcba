package wire

// Version is the protocol level of a connection, as CONNECT carries it.
type Version byte

// The protocol levels this package speaks.
const (
	V31  Version = 3 // MQTT 3.1, protocol name MQIsdp
	V311 Version = 4 // MQTT 3.1.1
	V5   Version = 5 // MQTT 5.0
)

// String returns the version as people write it: "3.1.1".
func (v Version) String() string {
	switch v {
	case V31:
		return "3.1"
	case V311:
		return "3.1.1"
	case V5:
		return "5"
	default:
		return "unknown"
	}
}

// Type is the control packet type, the high nibble of the first byte.
type Type byte

// The control packet types of MQTT 5 section 2.1.2.
const (
	CONNECT     Type = 1
	CONNACK     Type = 2
	PUBLISH     Type = 3
	PUBACK      Type = 4
	PUBREC      Type = 5
	PUBREL      Type = 6
	PUBCOMP     Type = 7
	SUBSCRIBE   Type = 8
	SUBACK      Type = 9
	UNSUBSCRIBE Type = 10
	UNSUBACK    Type = 11
	PINGREQ     Type = 12
	PINGRESP    Type = 13
	DISCONNECT  Type = 14
	AUTH        Type = 15 // MQTT 5 only
)

// WillProperties stands for the Will Properties in the tables that are indexed by
// packet type; 0 is no packet's type.
const WillProperties Type = 0

var typeNames = [16]string{
	"reserved packet type 0", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP",
	"SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH",
}

// String returns the packet's name in the standard's capitals.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return "invalid packet type"
}

// IsServerToClient reports whether a server may send packets of type t to a client
// that speaks version v (MQTT 5 table 2-1; DISCONNECT and AUTH only since MQTT 5).
func IsServerToClient(t Type, v Version) bool {
	switch t {
	case CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK, PINGRESP:
		return true
	case DISCONNECT, AUTH:
		return v >= V5
	default:
		return false
	}
}

// MaxLength is the largest remaining length that four bytes can carry.
const MaxLength = 268_435_455

// Header is the fixed header of a packet.
type Header struct {
	Type   Type
	Flags  byte // the low nibble of the first byte
	Length int  // remaining length: the bytes that follow the header
}

// ParseHeader reads the fixed header at the start of b. It returns the header and its
// size in bytes, or n == 0 and no error when b is too short to tell. A header that no
// further byte could make good is refused at once, from its first byte on.
func ParseHeader(b []byte, v Version) (h Header, n int, err error) {
	if len(b) == 0 {
		return Header{}, 0, nil
	}
	h = Header{Type: Type(b[0] >> 4), Flags: b[0] & 0x0F}
	if err := h.check(v); err != nil {
		return Header{}, 0, err
	}
	length, size, fault := parseVarint(b[1:], v >= V5)
	if fault != "" {
		return Header{}, 0, &Error{Code: MalformedPacket, Type: h.Type, What: "remaining length " + fault}
	}
	if size == 0 {
		return Header{}, 0, nil
	}
	h.Length = int(length)
	return h, 1 + size, nil
}

// AppendHeader appends a fixed header. The length must not exceed MaxLength.
func AppendHeader(dst []byte, t Type, flags byte, length int) []byte {
	return appendVarint(append(dst, byte(t)<<4|flags), uint32(length))
}

// check enforces the reserved flags: [MQTT-2.2.2-2] of 3.1.1, [MQTT-2.1.3-1] of 5.
func (h Header) check(v Version) error {
	switch h.Type {
	case PUBLISH:
		if h.Flags&0x06 == 0x06 {
			// [MQTT-3.3.1-4] both QoS bits set.
			return &Error{Code: MalformedPacket, Type: PUBLISH, What: "QoS 3"}
		}
		return nil
	case 0:
		return &Error{Code: MalformedPacket, What: "no packet has type 0"}
	case AUTH:
		if v < V5 {
			return &Error{Code: MalformedPacket, Type: AUTH, What: "packet type 15 is reserved before MQTT 5"}
		}
	}
	flags := h.Flags
	if v == V31 && requiredFlags(h.Type) != 0 {
		// MQTT 3.1 sections 3.6, 3.8 and 3.10: these may be sent again with DUP set.
		flags &^= 0x08
	}
	if flags != requiredFlags(h.Type) {
		return &Error{Code: MalformedPacket, Type: h.Type, What: "reserved flags of the fixed header are " + hexByte(h.Flags)}
	}
	return nil
}

// requiredFlags is the flag nibble that t must carry, PUBLISH excepted:
// [MQTT-3.6.1-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1].
func requiredFlags(t Type) byte {
	if t == PUBREL || t == SUBSCRIBE || t == UNSUBSCRIBE {
		return 0x02
	}
	return 0
}

// sizeOf is the whole size of a packet with this remaining length.
func sizeOf(length int) int {
	return 1 + varintSize(uint32(length)) + length
}
