package mosquittocli

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync"

	"dunlin/internal/terminal"
	"dunlin/mqtt"
)

// The types of packets, as their first four bits have them.
const (
	packetConnect = iota + 1
	packetConnAck
	packetPublish
	packetPubAck
	packetPubRec
	packetPubRel
	packetPubComp
	packetSubscribe
	packetSubAck
	packetUnsubscribe
	packetUnsubAck
	packetPingReq
	packetPingResp
	packetDisconnect
	packetAuth
)

// tracer writes Mosquitto's line of each packet. Any goroutine may call it.
type tracer struct {
	mu   sync.Mutex
	w    io.Writer
	name string // the client identifier; empty: "null"

	terminal bool // what others chose stays within its line, and does nothing to the terminal
	last     int  // the number of the last packet that has one; Mosquitto counts messages of QoS 0, too
}

// trace returns what Config.OnPacket calls to write Mosquitto's line of each packet to w, such as
// "Client ID sending CONNECT"; nil without -d.
func (c *command) trace(w io.Writer) func(mqtt.TracedPacket) {
	if !c.debug {
		return nil
	}
	t := &tracer{w: w, name: c.id, terminal: c.StdoutTerminal}
	return t.packet
}

func (t *tracer) packet(p mqtt.TracedPacket) {
	t.mu.Lock()
	defer t.mu.Unlock()
	kind, body := split(p.Bytes)
	line := ""
	if p.Sent {
		line = t.sent(kind, p, body)
	} else {
		line = t.received(kind, p, body)
	}
	if line != "" {
		// The Output under w ends the command when nothing can be written.
		_, _ = io.WriteString(t.w, line)
	}
}

// client begins a line.
func (t *tracer) client() string {
	if t.name == "" {
		return "Client null "
	}
	return "Client " + t.shown(t.name) + " "
}

// shown returns text that others chose as it stands in a line.
func (t *tracer) shown(text string) string {
	if t.terminal {
		return terminal.EscapeLine(text)
	}
	return text
}

func (t *tracer) sent(kind byte, p mqtt.TracedPacket, body *reader) string {
	begin := t.client() + "sending "
	switch kind {
	case packetPublish:
		return begin + t.publish(p, body)
	case packetPubAck, packetPubRec:
		return fmt.Sprintf("%s%s (m%d, rc%d)\n", begin, p.Type(), body.two(), body.code(p.Version))
	case packetPubRel, packetPubComp:
		return fmt.Sprintf("%s%s (m%d)\n", begin, p.Type(), body.two())
	case packetSubscribe:
		return t.subscribe(begin, p.Version, body)
	case packetUnsubscribe:
		return t.unsubscribe(begin, p.Version, body)
	}
	return begin + p.Type() + "\n"
}

func (t *tracer) received(kind byte, p mqtt.TracedPacket, body *reader) string {
	if kind == packetConnAck {
		return t.connAck(p.Version, body)
	}
	begin := t.client() + "received "
	switch kind {
	case packetPublish:
		return begin + t.publish(p, body)
	case packetPubAck, packetPubComp:
		return fmt.Sprintf("%s%s (Mid: %d, RC:%d)\n", begin, p.Type(), body.two(), body.code(p.Version))
	case packetPubRec, packetPubRel:
		return fmt.Sprintf("%s%s (Mid: %d)\n", begin, p.Type(), body.two())
	case packetDisconnect:
		return fmt.Sprintf("Received DISCONNECT (%d)\n", body.one())
	}
	return begin + p.Type() + "\n"
}

// connAck is the one line in which Mosquitto puts a client without identifier into brackets. An identifier that
// the server has chosen holds from it on.
func (t *tracer) connAck(v mqtt.Version, body *reader) string {
	body.one()
	code := body.one()
	if v == mqtt.V5 && t.name == "" {
		t.name = assignedID(body)
	}
	if t.name == "" {
		return fmt.Sprintf("Client (null) received CONNACK (%d)\n", code)
	}
	return fmt.Sprintf("%sreceived CONNACK (%d)\n", t.client(), code)
}

func (t *tracer) publish(p mqtt.TracedPacket, body *reader) string {
	head := p.Bytes[0]
	qos := head >> 1 & 3
	topic := body.text()
	if topic == "" {
		topic = "(null)" // it has an alias
	}
	number := 0
	switch {
	case qos > 0:
		number = int(body.two())
		if p.Sent {
			t.last = number
		}
	case p.Sent:
		t.last = t.last%65535 + 1
		number = t.last
	}
	if p.Version == mqtt.V5 {
		body.take(body.length())
	}
	return fmt.Sprintf("PUBLISH (d%d, q%d, r%d, m%d, '%s', ... (%d bytes))\n",
		head>>3&1, qos, head&1, number, t.shown(topic), p.Size-len(p.Bytes)+len(body.rest))
}

func (t *tracer) subscribe(begin string, v mqtt.Version, body *reader) (lines string) {
	t.last = int(body.two())
	if v == mqtt.V5 {
		body.take(body.length())
	}
	for len(body.rest) > 0 {
		filter := body.text()
		options := body.one()
		lines += fmt.Sprintf("%sSUBSCRIBE (Mid: %d, Topic: %s, QoS: %d, Options: 0x%02x)\n",
			begin, t.last, t.shown(filter), options&3, options&^3)
	}
	return lines
}

func (t *tracer) unsubscribe(begin string, v mqtt.Version, body *reader) (lines string) {
	t.last = int(body.two())
	if v == mqtt.V5 {
		body.take(body.length())
	}
	for len(body.rest) > 0 {
		lines += fmt.Sprintf("%sUNSUBSCRIBE (Mid: %d, Topic: %s)\n", begin, t.last, t.shown(body.text()))
	}
	return lines
}

// assignedID returns the Assigned Client Identifier among the properties of CONNACK that stand before it or
// are short numbers; Mosquitto sends it among such.
func assignedID(body *reader) string {
	properties := &reader{rest: body.take(body.length())}
	for len(properties.rest) > 0 {
		switch id := properties.one(); id {
		case 0x12:
			return properties.text()
		case 0x11, 0x27:
			properties.take(4)
		case 0x13, 0x21, 0x22:
			properties.take(2)
		case 0x24, 0x25, 0x28, 0x29, 0x2a:
			properties.take(1)
		case 0x15, 0x16, 0x1a, 0x1c, 0x1f:
			properties.text()
		case 0x26:
			properties.text()
			properties.text()
		default:
			return ""
		}
	}
	return ""
}

// reader takes a packet apart. What is missing is zero: a packet that is broken is none of a line's business.
type reader struct{ rest []byte }

// split returns the type of a packet and what follows its length.
func split(packet []byte) (kind byte, body *reader) {
	if len(packet) == 0 {
		return 0, &reader{}
	}
	body = &reader{rest: packet[1:]}
	body.length()
	return packet[0] >> 4, body
}

func (r *reader) take(n int) []byte {
	n = min(n, len(r.rest))
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) one() byte {
	if b := r.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (r *reader) two() uint16 {
	if b := r.take(2); len(b) == 2 {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *reader) text() string { return string(r.take(int(r.two()))) }

// length reads a number of variable length.
func (r *reader) length() int {
	n := 0
	for shift := 0; shift < 28; shift += 7 {
		b := r.one()
		n |= int(b&0x7f) << shift
		if b < 0x80 {
			break
		}
	}
	return n
}

// code reads the reason code of an acknowledgement, which MQTT 5 may leave out.
func (r *reader) code(v mqtt.Version) byte {
	if v != mqtt.V5 {
		return 0
	}
	return r.one()
}
