// Package packet makes and cuts the few MQTT packets that the bench's own server
// and its reference need. It checks nothing: both ends are ours or well behaved.
package packet

import "encoding/binary"

// The types of packets, in the upper half of the first byte.
const (
	Connect     = 1
	ConnAck     = 2
	Publish     = 3
	PubAck      = 4
	PubRec      = 5
	PubRel      = 6
	PubComp     = 7
	Subscribe   = 8
	SubAck      = 9
	Unsubscribe = 10
	UnsubAck    = 11
	PingReq     = 12
	PingResp    = 13
	Disconnect  = 14
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

// AppendHeader appends a fixed header.
func AppendHeader(dst []byte, first byte, length int) []byte {
	dst = append(dst, first)
	for length >= 0x80 {
		dst = append(dst, byte(length)|0x80)
		length >>= 7
	}
	return append(dst, byte(length))
}

// Message is a PUBLISH.
type Message struct {
	Topic   string
	Payload []byte
	QoS     byte
	ID      uint16
	V5      bool
}

// Append appends m.
func (m *Message) Append(dst []byte) []byte {
	n := 2 + len(m.Topic) + len(m.Payload)
	if m.QoS > 0 {
		n += 2
	}
	if m.V5 {
		n++
	}
	dst = AppendHeader(dst, Publish<<4|m.QoS<<1, n)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(m.Topic)))
	dst = append(dst, m.Topic...)
	if m.QoS > 0 {
		dst = binary.BigEndian.AppendUint16(dst, m.ID)
	}
	if m.V5 {
		dst = append(dst, 0) // no properties
	}
	return append(dst, m.Payload...)
}

// Series returns n messages as m, back to back, with the identifiers from 1 on.
// All have the same length.
func (m *Message) Series(n int) []byte {
	var b []byte
	for id := range n {
		one := *m
		one.ID = uint16(id + 1)
		b = one.Append(b)
	}
	return b
}

// AppendAck appends a PUBACK, PUBREC, PUBREL or PUBCOMP that means success.
func AppendAck(dst []byte, kind byte, id uint16) []byte {
	first := kind << 4
	if kind == PubRel {
		first |= 2
	}
	return append(dst, first, 2, byte(id>>8), byte(id))
}

// AppendSubscribe appends a SUBSCRIBE of 3.1.1 for one filter.
func AppendSubscribe(dst []byte, id uint16, filter string, qos byte) []byte {
	dst = AppendHeader(dst, Subscribe<<4|2, 5+len(filter))
	dst = binary.BigEndian.AppendUint16(dst, id)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(filter)))
	dst = append(dst, filter...)
	return append(dst, qos)
}

// AppendConnect appends a CONNECT of 3.1.1 for a clean session.
func AppendConnect(dst []byte, clientID string) []byte {
	dst = AppendHeader(dst, Connect<<4, 12+len(clientID))
	dst = append(dst, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(clientID)))
	return append(dst, clientID...)
}
