package mqtt

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"runtime/debug"

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
func (p TracedPacket) Type() string {
	if len(p.Bytes) == 0 {
		return "nothing"
	}
	return wire.Type(p.Bytes[0] >> 4).String()
}

// String returns one line: the direction, the type with what is in its first byte, the version of a CONNECT, the
// packet identifier, and the topic of a PUBLISH.
func (p TracedPacket) String() string {
	direction := "received"
	if p.Sent {
		direction = "sent"
	}
	return fmt.Sprintf("%s %s%s (%d bytes)", direction, p.Type(), p.details(), p.Size)
}

// details returns what String says besides direction, type and size.
func (p TracedPacket) details() string {
	if len(p.Bytes) == 0 {
		return ""
	}
	body := p.body()
	switch wire.Type(p.Bytes[0] >> 4) {
	case wire.PUBLISH:
		return publishDetails(p.Bytes[0], body)
	case wire.CONNECT:
		return " MQTT " + p.Version.String()
	case wire.CONNACK, wire.PINGREQ, wire.PINGRESP, wire.DISCONNECT, wire.AUTH:
		return ""
	}
	if len(body) < 2 {
		return ""
	}
	return fmt.Sprintf(" id %d", binary.BigEndian.Uint16(body))
}

func publishDetails(first byte, body []byte) string {
	s := fmt.Sprintf(" qos %d", first>>1&3)
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
	if len(body) >= 2 && len(topic) == int(binary.BigEndian.Uint16(body)) { // else the packet is large, and the rest is to come
		s += " topic " + route.Quote(string(topic))
	}
	return s
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

// trace returns what shows the packets of conn to OnPacket, nil when there is none.
func (c *Client) trace(conn *connection) link.Trace {
	f := c.opened.OnPacket
	if f == nil {
		return nil
	}
	return func(sent bool, packet []byte, size int) {
		defer c.containTrace()
		p := TracedPacket{Sent: sent, Version: Version(cmp.Or(conn.version.Load(), c.version.Load())), Bytes: packet, Size: size}
		switch wire.Type(packet[0] >> 4) {
		case wire.CONNECT, wire.CONNACK, wire.AUTH:
			p.Bytes = append([]byte{}, packet...)
			p.mask()
		}
		f(p)
	}
}

// containTrace ends a panic of OnPacket, which would end the process on the goroutine that
// reads or writes. OnError is told in its turn.
func (c *Client) containTrace() {
	v := recover()
	if v == nil {
		return
	}
	err := &PanicError{Value: v, Stack: debug.Stack()}
	c.opened.Transport.Logger.Error("mqtt: OnPacket panicked", "error", err, "stack", string(err.Stack))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recv.pushError(err)
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
	wire.Properties(b[n:end]).Overwrite(wire.AuthenticationData, '*')
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
