package session

import "dunlin/mqtt/internal/wire"

// receipt is an inbound QoS 1 or 2 message that is not acknowledged yet.
type receipt struct {
	id   uint16
	qos  byte
	done bool // its handlers are through with it
	skip bool // it is not to be acknowledged
	code wire.ReasonCode
}

// inbound is the receiving half of the session. Acknowledgements leave in the
// order in which the messages came [MQTT-4.6.0-2], whatever the order in which
// they are handed back.
type inbound struct {
	pending fifo[receipt]   // oldest first
	first   uint64          // the sequence number of the oldest
	qos1    int             // pending ones of QoS 1
	qos2    map[uint16]bool // ids between PUBLISH and PUBREL; true once PUBREC was sent
}

// Resolve gives an inbound PUBLISH its full topic when it has an alias.
func (s *Session) Resolve(p *wire.Publish) error { return s.aliasesIn.resolve(p) }

// HandlePublish takes an inbound PUBLISH of QoS 1 or 2. deliver says whether
// the application is to get it; seq is what Ack wants when it is through.
// A QoS 2 message is delivered on its first PUBLISH and, until its PUBREL, not
// again: repeats are only answered [MQTT-4.3.3-2] of 3.1.1, [MQTT-4.3.3-10] of 5.
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
	} else if _, known := s.in.qos2[p.PacketID]; known {
		return dst, 0, false, &wire.Error{
			Code: wire.ProtocolError, Type: wire.PUBLISH,
			What: "has the packet identifier of an unfinished QoS 2 message",
		}
	}
	if s.in.qos1+len(s.in.qos2) >= orMaxIDs(s.cfg.ReceiveMaximum) { // [MQTT-3.3.4-9]
		return dst, 0, false, &wire.Error{
			Code: wire.ReceiveMaximumExceeded, Type: wire.PUBLISH,
			What: "exceeds the Receive Maximum that was announced",
		}
	}
	s.in.hold(p)
	s.in.first = max(s.in.first, 1)
	s.in.pending.push(receipt{id: p.PacketID, qos: p.QoS})
	return dst, s.in.first + uint64(s.in.pending.len()) - 1, true, nil
}

// hold notes that the flow of p occupies a place of our Receive Maximum.
func (in *inbound) hold(p *wire.Publish) {
	if p.QoS == 1 {
		in.qos1++
		return
	}
	if in.qos2 == nil {
		in.qos2 = make(map[uint16]bool)
	}
	in.qos2[p.PacketID] = false
}

// Ack tells that the application is through with the message seq, and appends
// every acknowledgement that is due to dst. A code from 0x80 on refuses the
// message, for MQTT 5. A seq that is not pending is ignored and reported as
// false.
func (s *Session) Ack(dst []byte, seq uint64, code wire.ReasonCode) ([]byte, bool) {
	return s.settle(dst, seq, receipt{code: code})
}

// Drop tells that the message seq is not to be acknowledged, so that the
// server sends it again in a later connection of the session. Later messages
// no longer wait for it.
func (s *Session) Drop(dst []byte, seq uint64) ([]byte, bool) {
	return s.settle(dst, seq, receipt{skip: true})
}

// settle ends the waiting message seq with verdict, and appends what is due.
func (s *Session) settle(dst []byte, seq uint64, verdict receipt) ([]byte, bool) {
	in := &s.in
	if seq < in.first || seq-in.first >= uint64(in.pending.len()) {
		return dst, false
	}
	r := in.pending.at(int(seq - in.first))
	if r.done {
		return dst, false
	}
	r.done, r.skip, r.code = true, verdict.skip, verdict.code
	for in.pending.len() > 0 && in.pending.at(0).done {
		dst = s.appendReceipt(dst, *in.pending.at(0))
		in.pending.drop(1)
		in.first++
	}
	return dst, true
}

// appendReceipt appends the PUBACK or PUBREC of r. A QoS 2 flow goes on until
// PUBREL, unless the message was refused [MQTT-4.3.3-9].
func (s *Session) appendReceipt(dst []byte, r receipt) []byte {
	ack := wire.Ack{Type: wire.PUBACK, PacketID: r.id, Code: r.code}
	if r.qos == 1 {
		s.in.qos1--
	} else {
		ack.Type = wire.PUBREC
		s.in.qos2[r.id] = true
	}
	if r.qos == 2 && (r.skip || r.code >= 0x80) {
		delete(s.in.qos2, r.id)
	}
	if r.skip {
		return dst
	}
	return wire.AppendAck(dst, s.cfg.Version, &ack)
}

// handlePubRel answers a PUBREL with PUBCOMP and forgets the identifier
// [MQTT-4.3.3-2] of 3.1.1, [MQTT-4.3.3-11] of 5. An unknown identifier is answered
// too, so that the server's flow can end after a lost PUBCOMP.
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

// orMaxIDs returns most, or for 0, which no server was told, the number of
// identifiers: a server cannot have more in flight either.
func orMaxIDs(most int) int {
	if most == 0 {
		return maxIDs
	}
	return most
}
