package peer

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The packet types that the peer knows.
const (
	connect     = 1
	connack     = 2
	publish     = 3
	puback      = 4
	pubrec      = 5
	pubrel      = 6
	pubcomp     = 7
	subscribe   = 8
	suback      = 9
	unsubscribe = 10
	unsuback    = 11
	pingreq     = 12
	pingresp    = 13
	disconnect  = 14
)

const (
	version5 = 5
	// notFound is MQTT 5's Packet Identifier not found.
	notFound = 0x92
	// longest is the longest packet taken.
	longest = 1 << 20
)

// The properties of MQTT 5 that the peer reads or writes.
const (
	responseTopic     = 0x08
	correlationData   = 0x09
	sessionExpiry     = 0x11
	assignedClientID  = 0x12
	receiveMaximum    = 0x21
	topicAliasMaximum = 0x22
)

var errMalformed = errors.New("peer: malformed packet")

// packet is one as it came.
type packet struct {
	kind  byte
	flags byte
	body  []byte
}

// readPacket reads one packet. It trusts the length no further than longest.
func readPacket(r *bufio.Reader) (packet, error) {
	first, err := r.ReadByte()
	if err != nil {
		return packet{}, err
	}
	length := 0
	for shift := 0; ; shift += 7 {
		b, err := r.ReadByte()
		if err != nil {
			return packet{}, err
		}
		length |= int(b&0x7F) << shift
		if b&0x80 == 0 {
			break
		}
		if shift == 21 {
			return packet{}, errMalformed
		}
	}
	if length > longest {
		return packet{}, fmt.Errorf("%w: %d bytes", errMalformed, length)
	}
	p := packet{kind: first >> 4, flags: first & 0x0F, body: make([]byte, length)}
	_, err = io.ReadFull(r, p.body)
	return p, err
}

// reader takes a body apart. After a mistake it returns zeros, and bad is true.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.bad, r.b = true, nil
		return make([]byte, min(n, 4))
	}
	taken := r.b[:n]
	r.b = r.b[n:]
	return taken
}

func (r *reader) byte() byte     { return r.take(1)[0] }
func (r *reader) uint16() uint16 { return binary.BigEndian.Uint16(r.take(2)) }
func (r *reader) text() string   { return string(r.take(int(r.uint16()))) }

// properties returns the properties of MQTT 5, without their length, or nothing
// in another version.
func (r *reader) properties(version byte) []byte {
	if version != version5 {
		return nil
	}
	length, shift := 0, 0
	for {
		b := r.byte()
		length |= int(b&0x7F) << shift
		if shift += 7; b&0x80 == 0 || shift > 21 {
			break
		}
	}
	return r.take(length)
}

// property finds the first property with that identifier; nil: there is none.
// The value of a text comes without its length.
func property(properties []byte, id byte) []byte {
	for r := (reader{b: properties}); len(r.b) > 0; {
		this := r.byte()
		value := r.value(this)
		if this == id && !r.bad {
			return value
		}
	}
	return nil
}

// value takes the value of one property.
func (r *reader) value(id byte) []byte {
	switch id {
	case 0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A:
		return r.take(1)
	case 0x13, receiveMaximum, topicAliasMaximum, 0x23:
		return r.take(2)
	case 0x02, sessionExpiry, 0x18, 0x27:
		return r.take(4)
	case 0x0B: // a number of one to four bytes
		whole := r.b
		for n := 1; ; n++ {
			if b := r.byte(); b&0x80 == 0 || n == 4 || r.bad {
				return whole[:min(n, len(whole))]
			}
		}
	case 0x26: // a pair of texts
		r.take(int(r.uint16()))
	}
	return r.take(int(r.uint16()))
}

// appendPacket appends a packet whose parts are these.
func appendPacket(dst []byte, first byte, parts ...[]byte) []byte {
	length := 0
	for _, part := range parts {
		length += len(part)
	}
	dst = appendLength(append(dst, first), length)
	for _, part := range parts {
		dst = append(dst, part...)
	}
	return dst
}

func appendLength(dst []byte, n int) []byte {
	for ; n >= 0x80; n >>= 7 {
		dst = append(dst, byte(n)|0x80)
	}
	return append(dst, byte(n))
}

func appendText(dst []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(s))), s...)
}

// appendProperties appends properties behind their length, in MQTT 5 only.
func appendProperties(dst []byte, version byte, properties []byte) []byte {
	if version != version5 {
		return dst
	}
	return append(appendLength(dst, len(properties)), properties...)
}

// connectPacket is what the peer needs of a CONNECT.
type connectPacket struct {
	version    byte
	clean      bool
	client     string
	properties []byte
}

func parseConnect(body []byte) (connectPacket, error) {
	r := reader{b: body}
	if name := r.text(); name != "MQTT" && name != "MQIsdp" {
		return connectPacket{}, errMalformed
	}
	c := connectPacket{version: r.byte()}
	c.clean = r.byte()&2 != 0
	r.uint16() // keep alive: the peer waits for ever
	c.properties = r.properties(c.version)
	c.client = r.text() // a will and credentials may follow
	if r.bad || c.version < 3 || c.version > version5 {
		return connectPacket{}, errMalformed
	}
	return c, nil
}

// Message is one as it came, or as it goes out.
type Message struct {
	Topic      string
	Payload    []byte
	QoS        byte
	Dup        bool   // of a received message
	Properties []byte // of MQTT 5, encoded, without their length
}

// parsePublish takes a PUBLISH apart; what it returns is a view of p.
func parsePublish(p packet, version byte) (m Message, id uint16, err error) {
	r := reader{b: p.body}
	m = Message{QoS: p.flags >> 1 & 3, Dup: p.flags&8 != 0, Topic: r.text()}
	if m.QoS > 0 {
		id = r.uint16()
	}
	m.Properties = r.properties(version)
	m.Payload = r.b
	if r.bad || m.QoS > 2 || m.QoS > 0 && id == 0 || m.Topic == "" {
		return m, id, fmt.Errorf("%w: PUBLISH % X", errMalformed, p.body[:min(len(p.body), 32)])
	}
	return m, id, nil
}

// appendPublish appends a PUBLISH.
func appendPublish(dst []byte, version byte, id uint16, m *Message) []byte {
	first := byte(publish<<4) | m.QoS<<1
	if m.Dup {
		first |= 8
	}
	head := appendText(nil, m.Topic)
	if m.QoS > 0 {
		head = binary.BigEndian.AppendUint16(head, id)
	}
	return appendPacket(dst, first, appendProperties(head, version, m.Properties), m.Payload)
}

// appendAck appends PUBACK, PUBREC, PUBREL or PUBCOMP. A code other than 0 is for
// MQTT 5 only.
func appendAck(dst []byte, kind byte, id uint16, code byte) []byte {
	first := kind << 4
	if kind == pubrel {
		first |= 2
	}
	body := binary.BigEndian.AppendUint16(nil, id)
	if code != 0 {
		body = append(body, code)
	}
	return appendPacket(dst, first, body)
}
