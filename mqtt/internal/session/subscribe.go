package session

import "dunlin/mqtt/internal/wire"

// Subscribe begins the flow of p and appends it to dst. It sets p.PacketID.
// The window does not hold it back [MQTT-3.3.4-8]; what is to be saved does: a
// server that has lost the session sends nothing before it, and until then the
// store must have forgotten the identifiers of the session before.
func (s *Session) Subscribe(dst []byte, e *Entry, p *wire.Subscribe) ([]byte, error) {
	e.kind = subscribe
	if err := s.takeID(e); err != nil {
		return dst, err
	}
	p.PacketID = e.id
	return s.request(dst, e, func(dst []byte) []byte { return wire.AppendSubscribe(dst, s.cfg.Version, p) }), nil
}

// Unsubscribe begins the flow of p and appends it to dst. It sets p.PacketID.
func (s *Session) Unsubscribe(dst []byte, e *Entry, p *wire.Unsubscribe) ([]byte, error) {
	e.kind = unsubscribe
	if err := s.takeID(e); err != nil {
		return dst, err
	}
	p.PacketID = e.id
	return s.request(dst, e, func(dst []byte) []byte { return wire.AppendUnsubscribe(dst, s.cfg.Version, p) }), nil
}

// request sends e, or keeps it until what is staged is saved.
func (s *Session) request(dst []byte, e *Entry, packet func(dst []byte) []byte) []byte {
	s.line(e)
	if s.staging.steps == 0 {
		e.stage = sent
		return packet(dst)
	}
	e.stage = waiting
	e.record = packet(make([]byte, recordHead))
	s.held += len(e.record)
	s.stage(nil, step{entry: e})
	return dst
}

// sendRequest sends e, which waited for others to be saved.
func (s *Session) sendRequest(dst []byte, e *Entry) []byte {
	if s.offline { // its connection ends: Suspend returns e, to be asked for again
		return dst
	}
	dst = append(dst, e.packet()...)
	e.stage = sent
	s.drop(e)
	s.freed = append(s.freed, Freed{e, len(dst)})
	return dst
}

// HandleSubAck returns the subscribe flow that a SUBACK with id completes, or
// nil when there is none.
func (s *Session) HandleSubAck(id uint16) *Entry { return s.complete(id, subscribe) }

// HandleUnsubAck returns the unsubscribe flow that an UNSUBACK with id
// completes, or nil when there is none.
func (s *Session) HandleUnsubAck(id uint16) *Entry { return s.complete(id, unsubscribe) }

func (s *Session) complete(id uint16, k kind) *Entry {
	e := s.Flow(id)
	if e == nil || e.kind != k || e.stage != sent {
		return nil
	}
	s.finish(e)
	return e
}
