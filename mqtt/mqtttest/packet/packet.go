// Package packet is the codec of a server in a test: it reads what a client sends and
// makes what a server answers, for MQTT 3.1, 3.1.1 and 5. What both sides send, and the
// few packets that a client without a client library needs, are there too.
//
// It stands on the codec of the library, which holds only what a client needs. So the
// rules are the same: a parser takes the header that [ParseHeader] has read and exactly
// as many bytes as that announces; it is strict, what it returns borrows those bytes,
// and it judges one packet alone. The Append functions trust their input, so that a
// test can send what no server should.
package packet

import "dunlin/mqtt/internal/wire"

type (
	// Version is the protocol level, as CONNECT carries it.
	Version = wire.Version
	// Type is the kind of a packet, the upper half of its first byte.
	Type = wire.Type
	// Header is the fixed header.
	Header = wire.Header
	// ReasonCode is what an answer says; before MQTT 5, a return code.
	ReasonCode = wire.ReasonCode
	// PropertyID names a property.
	PropertyID = wire.PropertyID
	// Properties is a list of properties, as it stands in a packet of MQTT 5.
	Properties = wire.Properties
	// Error is what a parser has against a packet.
	Error = wire.Error

	// Connect is the CONNECT packet.
	Connect = wire.Connect
	// ConnAck is the CONNACK packet.
	ConnAck = wire.ConnAck
	// Publish is the PUBLISH packet.
	Publish = wire.Publish
	// Ack is the PUBACK, PUBREC, PUBREL or PUBCOMP packet.
	Ack = wire.Ack
	// Subscribe is the SUBSCRIBE packet.
	Subscribe = wire.Subscribe
	// Filter is one topic filter of a SUBSCRIBE.
	Filter = wire.Filter
	// SubAck is the SUBACK packet.
	SubAck = wire.SubAck
	// Unsubscribe is the UNSUBSCRIBE packet.
	Unsubscribe = wire.Unsubscribe
	// UnsubAck is the UNSUBACK packet.
	UnsubAck = wire.UnsubAck
	// Disconnect is the DISCONNECT packet.
	Disconnect = wire.Disconnect
)

// The versions.
const (
	V31  = wire.V31
	V311 = wire.V311
	V5   = wire.V5
)

// The types of packets.
const (
	CONNECT     = wire.CONNECT
	CONNACK     = wire.CONNACK
	PUBLISH     = wire.PUBLISH
	PUBACK      = wire.PUBACK
	PUBREC      = wire.PUBREC
	PUBREL      = wire.PUBREL
	PUBCOMP     = wire.PUBCOMP
	SUBSCRIBE   = wire.SUBSCRIBE
	SUBACK      = wire.SUBACK
	UNSUBSCRIBE = wire.UNSUBSCRIBE
	UNSUBACK    = wire.UNSUBACK
	PINGREQ     = wire.PINGREQ
	PINGRESP    = wire.PINGRESP
	DISCONNECT  = wire.DISCONNECT
)

// The properties that the servers of this project's own tests read or write; any other
// is a PropertyID too.
const (
	ResponseTopic            = wire.ResponseTopic
	CorrelationData          = wire.CorrelationData
	SessionExpiryInterval    = wire.SessionExpiryInterval
	AssignedClientIdentifier = wire.AssignedClientIdentifier
	ReceiveMaximum           = wire.ReceiveMaximum
)

// ParseHeader reads the fixed header at the start of b. It returns the header and its
// size in bytes, or n == 0 and no error when b is too short to tell.
func ParseHeader(b []byte, v Version) (h Header, n int, err error) { return wire.ParseHeader(b, v) }

// ParsePublish parses the body of a PUBLISH.
func ParsePublish(h Header, body []byte, v Version) (Publish, error) {
	return wire.ParsePublish(h, body, v)
}

// ParseAck parses the body of a PUBACK, PUBREC, PUBREL or PUBCOMP.
func ParseAck(h Header, body []byte, v Version) (Ack, error) { return wire.ParseAck(h, body, v) }

// ParseDisconnect parses the body of a DISCONNECT.
func ParseDisconnect(h Header, body []byte, v Version) (Disconnect, error) {
	return wire.ParseDisconnect(h, body, v)
}

// AppendPublish appends a PUBLISH.
func AppendPublish(dst []byte, v Version, p *Publish) []byte { return wire.AppendPublish(dst, v, p) }

// AppendAck appends a PUBACK, PUBREC, PUBREL or PUBCOMP in its shortest form.
func AppendAck(dst []byte, v Version, a *Ack) []byte { return wire.AppendAck(dst, v, a) }

// AppendDisconnect appends a DISCONNECT, which a server sends since MQTT 5.
func AppendDisconnect(dst []byte, v Version, d *Disconnect) []byte {
	return wire.AppendDisconnect(dst, v, d)
}

// AppendConnect appends a CONNECT in the version that it names.
func AppendConnect(dst []byte, c *Connect) []byte { return wire.AppendConnect(dst, c) }

// AppendSubscribe appends a SUBSCRIBE.
func AppendSubscribe(dst []byte, v Version, s *Subscribe) []byte {
	return wire.AppendSubscribe(dst, v, s)
}
