// Package packet reads and writes the packets that the API of MQTT.js shows to scripts.
//
// That API lets a script see and make single packets: identifiers, stores, acknowledgements. So it
// takes what a script gives and what a server sends as it is, also where dunlin/mqtt, which never
// shows a packet, refuses it. Reading is bounded by the length of the packet and keeps no memory of
// the input.
package packet

// Type is the kind of a packet, the upper half of its first byte.
type Type byte

// The kinds of packets.
const (
	Connect     Type = 1
	ConnAck     Type = 2
	Publish     Type = 3
	PubAck      Type = 4
	PubRec      Type = 5
	PubRel      Type = 6
	PubComp     Type = 7
	Subscribe   Type = 8
	SubAck      Type = 9
	Unsubscribe Type = 10
	UnsubAck    Type = 11
	PingReq     Type = 12
	PingResp    Type = 13
	Disconnect  Type = 14
	Auth        Type = 15
)

var names = [16]string{
	"", "connect", "connack", "publish", "puback", "pubrec", "pubrel", "pubcomp", "subscribe", "suback", "unsubscribe",
	"unsuback", "pingreq", "pingresp", "disconnect", "auth",
}

// String is the name that scripts know the packet by.
func (t Type) String() string { return names[t&15] }

// TypeOf is the kind that has this name, 0 when there is none.
func TypeOf(name string) Type {
	for i, n := range names {
		if n == name && i > 0 {
			return Type(i)
		}
	}
	return 0
}

// Versions of the protocol as CONNECT has them.
const (
	V31  = 3
	V311 = 4
	V5   = 5
)

// MaxLength is the largest remaining length.
const MaxLength = 268_435_455

// Packet is one packet, received or to be sent. Only the fields of its kind count.
type Packet struct {
	Type        Type
	QoS         byte
	Dup, Retain bool
	Length      int // the remaining length of one that was received
	Version     int // of the protocol that it was received in

	ID      uint16
	Topic   string
	Payload []byte

	SessionPresent bool
	HasCode        bool // the code was there, or stands for one that was left out
	Code           byte
	Codes          []byte // of SUBACK and UNSUBACK

	Properties []Property // nil: none

	Filters []Filter // of SUBSCRIBE and UNSUBSCRIBE
}

// Filter is a topic filter of SUBSCRIBE with its options byte, or of UNSUBSCRIBE.
type Filter struct {
	Topic   string
	Options byte
}

// ConnectPacket is what opens a connection.
type ConnectPacket struct {
	ProtocolID           string
	Version              byte
	Clean, Bridge        bool
	KeepAlive            uint16
	ClientID             string
	Username, Password   []byte
	HasUser, HasPassword bool
	Properties           []Property
	HasWill              bool
	WillTopic            string
	WillPayload          []byte
	WillQoS              byte
	WillRetain           bool
	WillProperties       []Property
}
