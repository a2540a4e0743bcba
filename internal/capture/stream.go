package capture

import (
	"bytes"
	"encoding/binary"
	"time"

	"dunlin/internal/packets"
	"dunlin/internal/pcap"
)

// The types of packets that are looked at.
const (
	typeConnect = iota + 1
	typeConnAck
	typePublish
	typePubAck
	typePubRec
	typePubRel
	typePubComp
	typeAuth = 15
)

// stream is what one side of a conversation says.
type stream struct {
	framer  packets.Framer
	socket  *socket // nil: MQTT is not within WebSocket
	aliases map[uint16]string
	torn    bool // bytes of the packet under way are missing
	seeking bool // where a packet begins is not known
	unsure  bool // whether this is the first packet
	lost    bool // what follows cannot be read
	last    time.Time
}

// stream returns one whose packets are kept whole, or only as far as the other direction needs them.
func (in *importer) stream(whole bool) *stream {
	s := &stream{framer: packets.Framer{Most: 64 << 10, Free: freeBytes, Room: &in.room}}
	if whole {
		s.framer.Most = mostPacket
	}
	return s
}

// close gives back what a stream takes.
func (in *importer) close(s *stream) {
	s.framer.Reset()
	in.clear(s)
}

// clear forgets the aliases of a stream.
func (in *importer) clear(s *stream) {
	for _, topic := range s.aliases {
		in.aliases -= len(topic)
	}
	clear(s.aliases)
}

// read takes bytes of a side, which were a segment.
func (c *conversation) read(side int, b []byte, at time.Time) {
	s := c.streams[side]
	s.last = at
	if s.socket == nil {
		c.readPackets(side, b, at)
		return
	}
	for len(b) > 0 && !s.lost && c.kind == isMQTT {
		inner, rest, ok := s.socket.next(b)
		if !ok {
			c.in.sum.WebSockets++
			c.drop()
			return
		}
		if b = rest; len(inner) > 0 {
			c.readPackets(side, inner, at)
		}
	}
	c.countUnread(side, len(b))
}

// readPackets takes bytes of MQTT.
func (c *conversation) readPackets(side int, b []byte, at time.Time) {
	s := c.streams[side]
	if s.unsure && !startsAnswer(b[0]) {
		c.lose(side)
	}
	s.unsure = false
	if s.seeking && c.beginsPacket(side, b) {
		s.seeking = false
	}
	for len(b) > 0 && !s.lost && !s.seeking && c.in.err == nil && c.kind == isMQTT {
		n, _, ends := s.framer.Next(b)
		if s.framer.Lost {
			s.lost = true
			c.in.sum.unreadable(c.place(side, at))
			break
		}
		if b = b[n:]; ends {
			c.packet(side, at)
		}
	}
	if s.lost || s.seeking {
		s.framer.Reset()
		c.countUnread(side, len(b))
	}
}

// countUnread counts bytes that are there, and cannot be read.
func (c *conversation) countUnread(side, n int) {
	if c.keeps(side) && c.wanted {
		c.in.sum.Unread += int64(n)
	}
}

// missing takes that bytes of a side are missing. Where they are inside of a packet, the one that follows begins where its length says.
func (c *conversation) missing(side int, n int64, cut bool) {
	s := c.streams[side]
	if c.keeps(side) && c.wanted {
		c.in.sum.gap(c.place(side, s.last), n, cut)
	}
	if s.seeking || s.lost {
		return
	}
	if s.socket != nil {
		passed, ofPackets := s.socket.pass(n)
		if ofPackets > 0 {
			c.missingPackets(side, ofPackets)
		}
		if passed < n && !s.lost {
			c.lose(side)
		}
		return
	}
	c.missingPackets(side, n)
}

// missingPackets takes that bytes of MQTT are missing.
func (c *conversation) missingPackets(side int, n int64) {
	s := c.streams[side]
	passed, ends := s.framer.Pass(n)
	s.torn = s.torn || passed > 0
	if passed < n || s.framer.Head[0]>>4 == typePublish {
		c.in.clear(s) // what is missing may have set others
	}
	if ends {
		c.packet(side, s.last)
	}
	if passed < n {
		c.lose(side)
	}
}

// lose gives up a side, for it is not known where a packet begins.
func (c *conversation) lose(side int) {
	s := c.streams[side]
	if side == c.client && c.session == nil {
		if s.socket != nil {
			c.in.sum.unreadable(c.place(side, s.last))
			c.drop()
			return
		}
		c.withoutConnect()
		return
	}
	if f := &s.framer; f.Seen > 0 && f.Head[0]>>4 == typePublish && c.keeps(side) && c.wanted {
		c.in.sum.Torn++
	}
	s.framer.Reset()
	s.torn = false
	s.seeking = c.in.o.Resync && s.socket == nil // else it is not known where a frame begins
	s.lost = !s.seeking
	if c.keeps(side) && c.wanted {
		c.in.sum.Broken++
	}
}

// packet takes the packet that has ended.
func (c *conversation) packet(side int, at time.Time) {
	s := c.streams[side]
	p := packets.Packet{Sent: side == c.client, Version: c.version, Bytes: s.framer.Head, Size: s.framer.Size}
	if len(p.Bytes) > 0 {
		switch p.Bytes[0] >> 4 {
		case typeConnect:
			if p.Sent {
				c.connected(p)
			}
		case typePublish:
			c.published(side, p, at)
		case typePubAck, typePubRec, typePubRel, typePubComp:
			c.settle(side, p)
		}
	}
	s.torn = false
	s.framer.Reset()
}

// beginsPacket tells whether bytes begin with packets that have no fault, of which only the last may be cut off. A segment that does
// is taken for the beginning where it is not known.
func (c *conversation) beginsPacket(side int, b []byte) bool {
	f := packets.Framer{Most: len(b)}
	for whole := 0; len(b) > 0; whole++ {
		n, _, ends := f.Next(b)
		if f.Lost || f.Size == 0 { // or the length of the last is cut off
			return !f.Lost && whole > 0
		}
		p := packets.Packet{Sent: side == c.client, Version: c.version, Bytes: f.Head, Size: f.Size}
		if d := packets.Dissect(p); d.Fault != "" {
			return false
		}
		if b = b[n:]; ends {
			f.Reset()
		}
	}
	return true
}

// headLength is how many bytes show whether a connection begins with a CONNECT, and more than TLS and WebSocket take for that.
const headLength = 13

// answer is one of three.
type answer byte

const (
	no answer = iota
	yes
	perhaps
)

// isConnect tells whether bytes begin with a CONNECT: its type, its length and the protocol's name.
func isConnect(b []byte) answer {
	if len(b) == 0 {
		return perhaps
	}
	if b[0] != typeConnect<<4 {
		return no
	}
	n := 1
	for n < len(b) && n < 5 && b[n] >= 0x80 {
		n++
	}
	switch {
	case n == 5:
		return no
	case n >= len(b):
		return perhaps
	}
	rest := b[n+1:]
	for _, name := range []string{"\x00\x04MQTT", "\x00\x06MQIsdp"} {
		switch {
		case bytes.HasPrefix(rest, []byte(name)):
			return yes
		case bytes.HasPrefix([]byte(name), rest):
			return perhaps
		}
	}
	return no
}

// isTLS tells whether bytes begin with a record of TLS: a handshake, or what else there is of a connection that began before.
func isTLS(b []byte) bool {
	return len(b) >= 3 && b[0] >= 0x14 && b[0] <= 0x17 && b[1] == 3 && b[2] <= 4
}

// startsAnswer tells whether a packet may be the first one that a server sends.
func startsAnswer(first byte) bool { return first == typeConnAck<<4 || first == typeAuth<<4 }

// identifier returns the packet identifier of an acknowledgement, and its reason code, 0 for none.
func identifier(b []byte) (id uint16, code byte, ok bool) {
	n := 1
	for n < len(b) && b[n] >= 0x80 {
		n++
	}
	if b = b[min(n+1, len(b)):]; len(b) < 2 {
		return 0, 0, false
	}
	if len(b) > 2 {
		code = b[2]
	}
	return binary.BigEndian.Uint16(b), code, true
}

var _ pcap.Handler = (*conversation)(nil)
