package session

import "dunlin/mqtt/internal/wire"

// Subscribe begins the flow of p and appends it to dst. It sets p.PacketID.
// The window does not hold it back [MQTT-3.3.4-8].
func (s *Session) Subscribe(dst []byte, e *Entry, p *wire.Subscribe) ([]byte, error) {
	e.kind = subscribe
	if err := s.takeID(e); err != nil {
		return dst, err
	}
	s.line(e)
	e.stage = sent
	p.PacketID = e.id
	return wire.AppendSubscribe(dst, s.cfg.Version, p), nil
}

// Unsubscribe begins the flow of p and appends it to dst. It sets p.PacketID.
func (s *Session) Unsubscribe(dst []byte, e *Entry, p *wire.Unsubscribe) ([]byte, error) {
	e.kind = unsubscribe
	if err := s.takeID(e); err != nil {
		return dst, err
	}
	s.line(e)
	e.stage = sent
	p.PacketID = e.id
	return wire.AppendUnsubscribe(dst, s.cfg.Version, p), nil
}

// HandleSubAck returns the subscribe flow that a SUBACK with id completes, or
// nil when there is none.
func (s *Session) HandleSubAck(id uint16) *Entry { return s.complete(id, subscribe) }

// HandleUnsubAck returns the unsubscribe flow that an UNSUBACK with id
// completes, or nil when there is none.
func (s *Session) HandleUnsubAck(id uint16) *Entry { return s.complete(id, unsubscribe) }

func (s *Session) complete(id uint16, k kind) *Entry {
	e := s.out.get(id)
	if e == nil || e.kind != k {
		return nil
	}
	s.finish(e)
	return e
}
