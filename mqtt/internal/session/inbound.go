package session

import "dunlin/mqtt/internal/wire"

// receipt is an inbound QoS 1 or 2 message that is not acknowledged yet.
type receipt struct {
	id   uint16
	qos  byte
	done bool // its handlers are through with it
	skip bool // it is not to be acknowledged
}

// inbound is the receiving half of the session. Acknowledgements leave in the
// order in which the messages came [MQTT-4.6.0-2], whatever the order in which
// they are handed back.
type inbound struct {
	pending fifo[receipt]   // oldest first
	first   uint64          // the sequence number of the oldest
	qos2    map[uint16]bool // ids between PUBLISH and PUBREL; true once PUBREC was sent
}

// HandlePublish takes an inbound PUBLISH of QoS 1 or 2. deliver says whether
// the application is to get it; seq is what Ack wants when it is through.
// A QoS 2 message is delivered on its first PUBLISH and, until its PUBREL, not
// again: repeats are only answered [MQTT-4.3.3-2].
func (s *Session) HandlePublish(dst []byte, p *wire.Publish) (out []byte, seq uint64, deliver bool, err error) {
	if p.QoS == 2 {
		recorded, known := s.in.qos2[p.PacketID]
		if recorded {
			rec := wire.Ack{Type: wire.PUBREC, PacketID: p.PacketID}
			return wire.AppendAck(dst, s.cfg.Version, &rec), 0, false, nil
		}
		if known { // its PUBREC follows when the handlers are through
			return dst, 0, false, nil
		}
		if s.in.qos2 == nil {
			s.in.qos2 = make(map[uint16]bool)
		}
		s.in.qos2[p.PacketID] = false
	} else if _, known := s.in.qos2[p.PacketID]; known {
		return dst, 0, false, &wire.Error{
			Code: wire.ProtocolError, Type: wire.PUBLISH,
			What: "has the packet identifier of an unfinished QoS 2 message",
		}
	}
	s.in.first = max(s.in.first, 1)
	s.in.pending.push(receipt{id: p.PacketID, qos: p.QoS})
	return dst, s.in.first + uint64(s.in.pending.len()) - 1, true, nil
}

// Ack tells that the application is through with the message seq, and appends
// every acknowledgement that is due to dst. A seq that is not pending is
// ignored and reported as false.
func (s *Session) Ack(dst []byte, seq uint64) ([]byte, bool) { return s.settle(dst, seq, false) }

// Drop tells that the message seq is not to be acknowledged, so that the
// server sends it again in a later connection of the session. Later messages
// no longer wait for it.
func (s *Session) Drop(dst []byte, seq uint64) ([]byte, bool) { return s.settle(dst, seq, true) }

func (s *Session) settle(dst []byte, seq uint64, skip bool) ([]byte, bool) {
	in := &s.in
	if seq < in.first || seq-in.first >= uint64(in.pending.len()) {
		return dst, false
	}
	r := in.pending.at(int(seq - in.first))
	if r.done {
		return dst, false
	}
	r.done, r.skip = true, skip
	for in.pending.len() > 0 && in.pending.at(0).done {
		dst = s.appendReceipt(dst, *in.pending.at(0))
		in.pending.drop(1)
		in.first++
	}
	return dst, true
}

// appendReceipt appends the PUBACK or PUBREC of r.
func (s *Session) appendReceipt(dst []byte, r receipt) []byte {
	switch {
	case r.skip:
		if r.qos == 2 {
			delete(s.in.qos2, r.id)
		}
		return dst
	case r.qos == 2:
		s.in.qos2[r.id] = true
		return wire.AppendAck(dst, s.cfg.Version, &wire.Ack{Type: wire.PUBREC, PacketID: r.id})
	default:
		return wire.AppendAck(dst, s.cfg.Version, &wire.Ack{Type: wire.PUBACK, PacketID: r.id})
	}
}

// handlePubRel answers a PUBREL with PUBCOMP and forgets the identifier
// [MQTT-4.3.3-2]. An unknown identifier is answered too, so that the server's
// flow can end after a lost PUBCOMP.
func (s *Session) handlePubRel(dst []byte, a *wire.Ack) ([]byte, error) {
	comp := wire.Ack{Type: wire.PUBCOMP, PacketID: a.PacketID}
	recorded, known := s.in.qos2[a.PacketID]
	switch {
	case known && !recorded:
		return dst, &wire.Error{
			Code: wire.ProtocolError, Type: wire.PUBREL,
			What: "releases a message whose PUBREC was not sent",
		}
	case known:
		delete(s.in.qos2, a.PacketID)
	case s.cfg.Version >= wire.V5:
		comp.Code = wire.PacketIdentifierNotFound
	}
	return wire.AppendAck(dst, s.cfg.Version, &comp), nil
}
