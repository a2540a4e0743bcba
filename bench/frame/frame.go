// Package frame is what each message of a measurement costs at the other end and in the
// limit: cutting a packet off, finding the identifier of a PUBLISH, acknowledging. It
// checks nothing, because both ends are ours or well behaved. Whatever is done once for
// a connection or ahead of the measurement goes through mqtttest/packet;
// docs/RATIONALE.md says what it would cost to do it for each message.
package frame

import (
	"encoding/binary"

	"dunlin/mqtt/mqtttest/packet"
)

// Cut returns the length of the packet at the front of b, with its fixed header,
// and where its body begins; size 0 says that b is too short to tell, and size
// may exceed b.
func Cut(b []byte) (size, body int) {
	n, shift := 0, 0
	for i := 1; i < len(b) && i < 5; i++ {
		n |= int(b[i]&0x7f) << shift
		if b[i] < 0x80 {
			return i + 1 + n, i + 1
		}
		shift += 7
	}
	return 0, 0
}

// ID returns the identifier that the body of an acknowledgement begins with.
func ID(body []byte) uint16 { return binary.BigEndian.Uint16(body) }

// Publish takes the body of a PUBLISH apart. rest is the properties, if the version has
// any, and the payload; id is 0 with QoS 0.
func Publish(qos byte, body []byte) (topic []byte, id uint16, rest []byte) {
	n := 2 + int(binary.BigEndian.Uint16(body))
	topic, rest = body[2:n], body[n:]
	if qos > 0 {
		id, rest = ID(rest), rest[2:]
	}
	return topic, id, rest
}

// AppendAck appends a PUBACK, PUBREC, PUBREL or PUBCOMP that means success.
func AppendAck(dst []byte, t packet.Type, id uint16) []byte {
	first := byte(t) << 4
	if t == packet.PUBREL {
		first |= 2
	}
	return append(dst, first, 2, byte(id>>8), byte(id))
}

// Series returns n messages as p, back to back, with the identifiers from 1 on if there
// are any. All have the same length.
func Series(n int, v packet.Version, p packet.Publish) []byte {
	var b []byte
	for id := range n {
		if p.QoS > 0 {
			p.PacketID = uint16(id + 1)
		}
		b = packet.AppendPublish(b, v, &p)
	}
	return b
}
