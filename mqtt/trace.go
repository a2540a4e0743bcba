package mqtt

import (
	"encoding/binary"
	"fmt"

	"dunlin/mqtt/internal/link"
	"dunlin/mqtt/internal/route"
	"dunlin/mqtt/internal/wire"
)

// TracedPacket is a packet that Config.OnPacket sees.
type TracedPacket struct {
	// Sent tells the packets of the client from those of the server.
	Sent bool
	// Version of the protocol, which tells how to read it.
	Version Version
	// Bytes are the packet as it was on the wire, except that user name, password and
	// authentication data are overwritten with asterisks. Of one that is larger than
	// Transport.MaxPacket they are what has come of it. They are valid until the callback
	// returns.
	Bytes []byte
	// Size is the length of the whole packet in bytes.
	Size int
}

// Type returns the name of the packet's type, such as "PUBLISH".
func (p *TracedPacket) Type() string { return wire.Type(p.Bytes[0] >> 4).String() }

// String returns one line: the direction, the type with what is in its first byte, the
// packet identifier, and the topic of a PUBLISH.
func (p *TracedPacket) String() string {
	direction := "received"
	if p.Sent {
		direction = "sent"
	}
	s := fmt.Sprintf("%s %s", direction, p.Type())
	body := p.body()
	switch t := wire.Type(p.Bytes[0] >> 4); t {
	case wire.PUBLISH:
		first := p.Bytes[0]
		s += fmt.Sprintf(" qos %d", first>>1&3)
		if first&0x08 != 0 {
			s += " dup"
		}
		if first&0x01 != 0 {
			s += " retain"
		}
		topic, rest := field(body)
		if first&0x06 != 0 && len(rest) >= 2 {
			s += fmt.Sprintf(" id %d", binary.BigEndian.Uint16(rest))
		}
		s += " topic " + route.Quote(string(topic))
	case wire.CONNECT, wire.CONNACK, wire.PINGREQ, wire.PINGRESP, wire.DISCONNECT, wire.AUTH:
	default:
		if len(body) >= 2 {
			s += fmt.Sprintf(" id %d", binary.BigEndian.Uint16(body))
		}
	}
	return fmt.Sprintf("%s (%d bytes)", s, p.Size)
}

// body returns what follows the fixed header.
func (p *TracedPacket) body() []byte {
	for i, b := range p.Bytes[1:] {
		if b < 0x80 {
			return p.Bytes[i+2:]
		}
	}
	return nil
}

// trace returns what shows packets to OnPacket, nil when there is none.
func (cfg *Config) trace(version func() Version) link.Trace {
	f := cfg.OnPacket
	if f == nil {
		return nil
	}
	return func(sent bool, packet []byte, size int) {
		p := TracedPacket{Sent: sent, Version: version(), Bytes: packet, Size: size}
		switch wire.Type(packet[0] >> 4) {
		case wire.CONNECT, wire.CONNACK, wire.AUTH:
			p.Bytes = append([]byte{}, packet...)
			p.mask()
		}
		f(p)
	}
}

// mask overwrites credentials.
func (p *TracedPacket) mask() {
	body := p.body()
	five := p.Version == V5
	switch wire.Type(p.Bytes[0] >> 4) {
	case wire.CONNECT:
		maskConnect(body, five)
	case wire.CONNACK:
		if five && len(body) > 2 {
			maskProperties(body[2:])
		}
	case wire.AUTH:
		if len(body) > 1 {
			maskProperties(body[1:])
		}
	}
}

// maskConnect overwrites user name, password and authentication data of a CONNECT that
// we have made.
func maskConnect(body []byte, five bool) {
	_, rest := field(body) // the protocol's name
	if len(rest) < 4 {
		return
	}
	flags := rest[1]
	rest = rest[4:] // version, flags, keep alive
	if five {
		rest = maskProperties(rest)
	}
	_, rest = field(rest) // the client identifier
	if flags&0x04 != 0 {  // the will
		if five {
			rest = maskProperties(rest)
		}
		_, rest = field(rest)
		_, rest = field(rest)
	}
	for _, has := range []bool{flags&0x80 != 0, flags&0x40 != 0} {
		if has {
			var secret []byte
			secret, rest = field(rest)
			overwrite(secret)
		}
	}
}

// maskProperties overwrites the authentication data of the property list at the front
// of b, and returns what follows the list.
func maskProperties(b []byte) (rest []byte) {
	length, n := 0, 0
	for shift := 0; n < len(b) && shift < 28; shift += 7 { // a length has four bytes at most
		length |= int(b[n]&0x7F) << shift
		n++
		if b[n-1] < 0x80 {
			break
		}
	}
	end := min(n+length, len(b))
	if secret, ok := wire.Properties(b[n:end]).Binary(wire.AuthenticationData); ok {
		overwrite(secret)
	}
	return b[end:]
}

// field returns the text or binary data at the front of b, and what follows it.
func field(b []byte) (value, rest []byte) {
	if len(b) < 2 {
		return nil, nil
	}
	n := min(2+int(binary.BigEndian.Uint16(b)), len(b))
	return b[2:n], b[n:]
}

func overwrite(secret []byte) {
	for i := range secret {
		secret[i] = '*'
	}
}
