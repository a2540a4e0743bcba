package session

import (
	"encoding/binary"

	"dunlin/mqtt/internal/wire"
)

// Freed is a publish that left the queue: its packet ends at End in the
// buffer that the call returned.
type Freed struct {
	Entry *Entry
	End   int
}

// MustQueue reports whether a publish has to wait behind others, so that the
// order of sending is the order of calling.
func (s *Session) MustQueue() bool { return s.queue.len() > 0 }

// Publish begins the flow of p, QoS 1 or 2, or of a QoS 0 publish that has to
// queue. It appends the packet to dst when the window has room and keeps it
// otherwise. It sets p.PacketID.
func (s *Session) Publish(dst []byte, e *Entry, p *wire.Publish) ([]byte, error) {
	e.kind = kind(p.QoS)
	if s.queue.len() > 0 || !s.room(e) {
		return dst, s.enqueue(e, p)
	}
	if err := s.takeID(e); err != nil {
		return dst, err
	}
	s.occupy(e, 1)
	e.stage = sent
	p.PacketID = e.id
	return s.AppendPublish(dst, p), nil
}

// AppendPublish appends p, with a topic alias where the server allows them. It
// is the whole flow of a QoS 0 publish that need not queue.
func (s *Session) AppendPublish(dst []byte, p *wire.Publish) []byte {
	if s.aliasesOut.max == 0 {
		return wire.AppendPublish(dst, s.cfg.Version, p)
	}
	aliased := s.aliasesOut.apply(*p)
	return wire.AppendPublish(dst, s.cfg.Version, &aliased)
}

// room reports whether e can be sent now.
func (s *Session) room(e *Entry) bool {
	switch {
	case e.kind == atMostOnce:
		return true
	case s.used >= s.window || s.out.n >= maxIDs:
		return false
	default:
		return e.kind != exactlyOnce || s.used2 < s.window2
	}
}

// enqueue keeps e's packet, to be sent when the window has room.
func (s *Session) enqueue(e *Entry, p *wire.Publish) error {
	p.PacketID = 1 // a placeholder of the right size
	e.packet = wire.AppendPublish(make([]byte, 0, p.Length(s.cfg.Version)), s.cfg.Version, p)
	p.PacketID = 0
	if e.kind != atMostOnce {
		_, n, err := wire.ParseHeader(e.packet, s.cfg.Version)
		if err != nil {
			return err
		}
		e.idAt = n + 2 + len(p.Topic)
	}
	s.queue.push(e)
	s.queueBytes += len(e.packet)
	return nil
}

// Pump sends what waits, as far as the window has room. It is to be called after
// Cancel, HandleSubAck and HandleUnsubAck, which may make room.
func (s *Session) Pump(dst []byte) []byte {
	for s.queue.len() > 0 {
		e := *s.queue.at(0)
		if !s.room(e) {
			break
		}
		s.queue.drop(1)
		s.queueBytes -= len(e.packet)
		e.stage = sent
		if e.kind != atMostOnce {
			if s.takeID(e) != nil { // cannot be: room has looked
				break
			}
			s.occupy(e, 1)
			binary.BigEndian.PutUint16(e.packet[e.idAt:], e.id)
		}
		dst = append(dst, e.packet...)
		e.packet = nil
		s.freed = append(s.freed, Freed{e, len(dst)})
	}
	return dst
}

// TakeFreed returns the publishes that the last call took off the queue.
// The slice is reused by the next call that pumps.
func (s *Session) TakeFreed() []Freed {
	f := s.freed
	s.freed = s.freed[:0]
	return f
}

// Cancel takes e off the queue when it has not been sent, and reports whether
// it did. What was sent cannot be taken back: its identifier stays reserved
// until the server acknowledges it.
func (s *Session) Cancel(e *Entry) bool {
	for i := range s.queue.len() {
		if *s.queue.at(i) == e {
			s.queue.remove(i)
			s.queueBytes -= len(e.packet)
			e.stage = finished
			return true
		}
	}
	return false
}

// HandleAck takes a PUBACK, PUBREC or PUBCOMP from the server, or its PUBREL
// for an inbound flow. It appends the answer to dst and returns the entry that
// the packet completed, if it did.
//
// An acknowledgement for an identifier that is unknown, or in another kind of
// flow, is ignored, creates no quota and frees no identifier; ignored says so.
func (s *Session) HandleAck(dst []byte, a *wire.Ack) (out []byte, done *Entry, ignored bool, err error) {
	if a.Type == wire.PUBREL {
		dst, err = s.handlePubRel(dst, a)
		return dst, nil, false, err
	}
	e := s.out.get(a.PacketID)
	switch {
	case a.Type == wire.PUBREC:
		return s.handlePubRec(dst, e, a)
	case e == nil,
		a.Type == wire.PUBACK && e.kind != atLeastOnce,
		a.Type == wire.PUBCOMP && (e.kind != exactlyOnce || e.stage != released):
		return dst, nil, true, nil
	}
	s.finish(e)
	return s.Pump(dst), e, false, nil
}

// handlePubRec answers a PUBREC with PUBREL, or ends the flow when it carries an
// error: [MQTT-4.3.3-1] of 3.1.1, [MQTT-4.3.3-4] of 5.
func (s *Session) handlePubRec(dst []byte, e *Entry, a *wire.Ack) (out []byte, done *Entry, ignored bool, err error) {
	rel := wire.Ack{Type: wire.PUBREL, PacketID: a.PacketID}
	if e == nil { // the flow may have ended before a crash: let the server end it too
		if a.Code >= 0x80 {
			return dst, nil, true, nil
		}
		if s.cfg.Version >= wire.V5 {
			rel.Code = wire.PacketIdentifierNotFound
		}
		return wire.AppendAck(dst, s.cfg.Version, &rel), nil, true, nil
	}
	if e.kind != exactlyOnce {
		return dst, nil, false, &wire.Error{
			Code: wire.ProtocolError, Type: wire.PUBREC,
			What: "answers a packet that is not a QoS 2 PUBLISH",
		}
	}
	if a.Code >= 0x80 && e.stage != released {
		s.finish(e)
		return s.Pump(dst), e, false, nil
	}
	e.stage = released
	return wire.AppendAck(dst, s.cfg.Version, &rel), nil, false, nil
}
