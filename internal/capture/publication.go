package capture

import (
	"encoding/binary"
	"hash/maphash"
	"net/netip"
	"time"

	"dunlin/internal/packets"
	"dunlin/mqtt"
)

// session has the messages that were sent to, or by, a client, and are not acknowledged: by packet identifier, what they are.
type session struct {
	up, down map[uint16]uint64
	lasting  bool // the client may come back to it
}

// sessionOf returns the session that a client has at a server: a new one, or the one that it goes on with.
func (in *importer) sessionOf(server netip.AddrPort, id string, clean bool) *session {
	if id == "" {
		return &session{}
	}
	var h maphash.Hash
	h.SetSeed(in.seed)
	_, _ = h.WriteString(server.String()) // which has no error
	_ = h.WriteByte(0)
	_, _ = h.WriteString(id)
	key := h.Sum64()
	s := in.sessions[key]
	switch {
	case s != nil && !clean:
		return s
	case s != nil:
		in.remembered -= len(s.up) + len(s.down)
	}
	s = &session{}
	if _, known := in.sessions[key]; known || len(in.sessions) < mostSessions {
		in.sessions[key], s.lasting = s, true
	}
	return s
}

// published takes a PUBLISH.
func (c *conversation) published(side int, p packets.Packet, at time.Time) {
	sum, s := &c.in.sum, c.streams[side]
	switch {
	case !c.wanted || c.session == nil: // behind CONNECT
		return
	case !c.keeps(side):
		sum.OtherWay++
		return
	case s.torn:
		sum.Torn++
		return
	case len(p.Bytes) < p.Size:
		sum.Crowded++
		c.in.clear(s)
		return
	}
	m, alias, ok := packets.Message(p)
	if !ok {
		sum.malformed(packets.Dissect(p).Fault, c.place(side, at))
		return
	}
	if alias != 0 && !c.in.resolve(s, m, alias) {
		sum.NoTopic++
		return
	}
	if c.repeats(side, m) {
		sum.Repeated++
		return
	}
	published := m.Message()
	if err := published.Validate(mqtt.V5); err != nil {
		sum.malformed(err.Error(), c.place(side, at))
		return
	}
	if sum.Messages++; c.in.err == nil {
		c.in.err = c.in.o.Each(m, at)
	}
}

// resolve finds the topic that an alias stands for, or remembers it.
func (in *importer) resolve(s *stream, m *mqtt.Received, alias uint16) bool {
	if m.Topic == "" {
		m.Topic = s.aliases[alias]
		return m.Topic != ""
	}
	in.aliases -= len(s.aliases[alias])
	delete(s.aliases, alias)
	if in.aliases+len(m.Topic) > mostAliases {
		return true // and is not known later
	}
	if s.aliases == nil {
		s.aliases = map[uint16]string{}
	}
	s.aliases[alias] = m.Topic
	in.aliases += len(m.Topic)
	return true
}

// repeats tells whether a message was sent before and not acknowledged. It is remembered until it is.
func (c *conversation) repeats(side int, m *mqtt.Received) bool {
	if m.QoS == 0 {
		return false
	}
	var h maphash.Hash
	h.SetSeed(c.in.seed)
	_, _ = h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(m.Topic)))) // which has no error
	_, _ = h.WriteString(m.Topic)
	_, _ = h.Write(m.Payload)
	what := h.Sum64()&^3 | uint64(m.QoS)
	flights := c.flights(side)
	before, known := (*flights)[m.PacketID]
	switch {
	case m.Dup && known && before == what:
		return true
	case m.Dup:
		c.in.sum.Doubtful++
	}
	switch {
	case known:
	case c.in.remembered >= mostRemembered:
		return false
	case *flights == nil:
		*flights = map[uint16]uint64{}
	}
	if !known {
		c.in.remembered++
	}
	(*flights)[m.PacketID] = what
	return false
}

// flights are the messages of a side that are not acknowledged.
func (c *conversation) flights(side int) *map[uint16]uint64 {
	if side == c.client {
		return &c.session.up
	}
	return &c.session.down
}

// settle takes an acknowledgement: behind it the message is not sent again.
func (c *conversation) settle(side int, p packets.Packet) {
	id, code, ok := identifier(p.Bytes)
	if !ok || c.session == nil {
		return
	}
	publisher := 1 - side
	switch p.Bytes[0] >> 4 {
	case typePubRel:
		publisher = side
	case typePubRec:
		if code < 0x80 {
			return // it may still come again until PUBREL
		}
	}
	if flights := *c.flights(publisher); len(flights) > 0 {
		if _, known := flights[id]; known {
			c.in.remembered--
			delete(flights, id)
		}
	}
}
