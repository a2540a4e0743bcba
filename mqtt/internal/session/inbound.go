package session

import (
	"encoding/binary"

	"dunlin/mqtt/internal/wire"
)

// receipt is an inbound QoS 1 or 2 message that is not acknowledged yet.
type receipt struct {
	id   uint16
	qos  byte
	done bool // its handlers are through with it
	skip bool // it is not to be acknowledged
	code wire.ReasonCode
	from *carried // the message came on an earlier connection
}

// carried is a message that came on an earlier connection and was not
// acknowledged there. When the server sends it again it is not delivered again.
type carried struct {
	receipt
	seq uint64 // under which the application has it
	now uint64 // under which it was received again; 0: not yet

	noted bool // it is saved that the handlers are through with it
}

// flow2 is an inbound QoS 2 flow, between PUBLISH and PUBREL.
type flow2 struct {
	recorded bool     // PUBREC was sent, or is about to be
	held     *carried // from an earlier connection, not recorded
	sequence uint64   // of the message, when it is saved
	restored bool     // not recorded, and to be delivered again under its sequence
	earlier  bool     // on record since an earlier process
}

// inbound is the receiving half of the session. Acknowledgements leave in the
// order in which the messages came [MQTT-4.6.0-2], whatever the order in which
// they are handed back.
type inbound struct {
	pending fifo[receipt] // oldest first
	first   uint64        // the sequence number of the oldest
	qos1    int           // pending ones of QoS 1
	qos2    map[uint16]flow2
	carried map[uint64]*carried // by seq
	byID    map[uint16]*carried // those of QoS 1

	lastSequence, reserved uint64 // of saved messages
}

// Arrival says what becomes of an inbound QoS 1 or 2 PUBLISH.
type Arrival struct {
	Seq      uint64 // what Ack wants when the application is through
	Sequence uint64 // of a message that is saved, for the application
	Deliver  bool   // the application is to get it
	Deferred bool   // but only once what is staged is saved
}

// Resolve gives an inbound PUBLISH its full topic when it has an alias.
func (s *Session) Resolve(p *wire.Publish) error { return s.aliasesIn.resolve(p) }

// HandlePublish takes an inbound PUBLISH of QoS 1 or 2. A QoS 2 message is
// delivered on its first PUBLISH and, until its PUBREL, not again, on whatever
// connection and with whatever DUP: repeats are only answered [MQTT-4.3.3-2] of
// 3.1.1, [MQTT-4.3.3-10] of 5.
func (s *Session) HandlePublish(dst []byte, p *wire.Publish) ([]byte, Arrival, error) {
	f, known := s.flowOf(p)
	if known && p.QoS == 1 {
		return dst, Arrival{}, &wire.Error{
			Code: wire.ProtocolError, Type: wire.PUBLISH,
			What: "has the packet identifier of an unfinished QoS 2 message",
		}
	}
	if f.recorded {
		return s.record(dst, p.PacketID), Arrival{}, nil
	}
	if known && !f.restored && (f.held == nil || f.held.now != 0) { // its PUBREC follows when the handlers are through
		return dst, Arrival{}, nil
	}
	if !known && s.in.qos1+len(s.in.qos2) >= orMaxIDs(s.cfg.ReceiveMaximum) { // [MQTT-3.3.4-9]
		return dst, Arrival{}, &wire.Error{
			Code: wire.ReceiveMaximumExceeded, Type: wire.PUBLISH,
			What: "exceeds the Receive Maximum that was announced",
		}
	}
	held := f.held
	if p.QoS == 1 {
		held = s.in.again(p)
	}
	out, seq := s.receive(dst, p, held)
	if held != nil {
		return out, Arrival{}, nil
	}
	a := Arrival{Seq: seq, Deliver: true}
	if p.QoS == 2 {
		s.begin2(p.PacketID, &a)
	}
	return out, a, nil
}

// flowOf returns the QoS 2 flow with the identifier of p.
func (s *Session) flowOf(p *wire.Publish) (f flow2, known bool) {
	f, known = s.in.qos2[p.PacketID]
	if f.earlier && (p.QoS == 1 || !p.Dup) {
		// The server lost that session, and this process was not told: a message
		// that it sends again has its QoS, and DUP [MQTT-3.3.1-1].
		s.forget2(p.PacketID)
		return flow2{}, false
	}
	return f, known
}

// again returns the unacknowledged QoS 1 message of an earlier connection that p
// repeats, or nil. Without DUP it is another one that got the same identifier.
func (in *inbound) again(p *wire.Publish) *carried {
	c := in.byID[p.PacketID]
	if c == nil || c.now != 0 {
		return nil
	}
	if !p.Dup {
		in.forgetCarried(c)
		return nil
	}
	return c
}

// receive puts p in the order of acknowledging. One whose handlers are through
// already is acknowledged in its turn.
func (s *Session) receive(dst []byte, p *wire.Publish, held *carried) ([]byte, uint64) {
	in := &s.in
	if p.QoS == 1 {
		in.qos1++
	}
	in.first = max(in.first, 1)
	r := receipt{id: p.PacketID, qos: p.QoS, from: held}
	seq := in.first + uint64(in.pending.len())
	if held != nil {
		held.now = seq
		r.done, r.skip, r.code = held.done, held.skip, held.code
	}
	in.pending.push(r)
	return s.drain(dst), seq
}

// begin2 opens the flow of a QoS 2 message that is delivered. When the session
// is saved the message has a sequence number, which must be on record before a
// handler sees it.
func (s *Session) begin2(id uint16, a *Arrival) {
	in := &s.in
	if in.qos2 == nil {
		in.qos2 = make(map[uint16]flow2)
	}
	f := in.qos2[id]
	if s.cfg.Save {
		a.Deferred = true
		if !f.restored {
			f.sequence = s.nextSequence()
			s.stageChange(keyInbound|uint64(id), inboundRecord(f.sequence, false), step{})
		}
		a.Sequence = f.sequence
	}
	in.qos2[id] = flow2{sequence: f.sequence}
}

// nextSequence returns a number that no message of this session has had, in
// whatever process.
func (s *Session) nextSequence() uint64 {
	in := &s.in
	in.lastSequence++
	if in.lastSequence > in.reserved {
		in.reserved = in.lastSequence + reserve
		s.stageChange(keyReserved, binary.BigEndian.AppendUint64([]byte{recordFormat}, in.reserved), step{})
	}
	return in.lastSequence
}

// forget2 drops an inbound QoS 2 flow.
func (s *Session) forget2(id uint16) {
	delete(s.in.qos2, id)
	if s.cfg.Save {
		s.stageChange(keyInbound|uint64(id), nil, step{})
	}
}

// restore puts back the flow of an earlier process.
func (in *inbound) restore(id uint16, sequence uint64, recorded bool) {
	if in.qos2 == nil {
		in.qos2 = make(map[uint16]flow2)
	}
	in.qos2[id] = flow2{recorded: recorded, sequence: sequence, restored: !recorded, earlier: true}
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
	if c := in.carried[seq]; c != nil {
		return s.settleCarried(dst, c, verdict)
	}
	if seq < in.first || seq-in.first >= uint64(in.pending.len()) {
		return dst, false
	}
	r := in.pending.at(int(seq - in.first))
	if r.done {
		return dst, false
	}
	r.done, r.skip, r.code = true, verdict.skip, verdict.code
	return s.drain(dst), true
}

// drain appends the acknowledgements that are due.
func (s *Session) drain(dst []byte) []byte {
	in := &s.in
	for in.pending.len() > 0 && in.pending.at(0).done {
		dst = s.appendReceipt(dst, *in.pending.at(0))
		in.pending.drop(1)
		in.first++
	}
	return dst
}

// appendReceipt appends the PUBACK or PUBREC of r. A QoS 2 flow goes on until
// PUBREL, unless the message was refused [MQTT-4.3.3-9].
func (s *Session) appendReceipt(dst []byte, r receipt) []byte {
	if r.from != nil {
		s.in.forgetCarried(r.from)
	}
	if r.qos == 1 {
		s.in.qos1--
		if r.skip {
			return dst
		}
		return wire.AppendAck(dst, s.cfg.Version, &wire.Ack{Type: wire.PUBACK, PacketID: r.id, Code: r.code})
	}
	f := s.in.qos2[r.id]
	if r.skip || r.code >= 0x80 {
		return s.refuse2(dst, r, f)
	}
	s.in.qos2[r.id] = flow2{recorded: true, sequence: f.sequence}
	if s.cfg.Save {
		s.stageChange(keyInbound|uint64(r.id), inboundRecord(f.sequence, true), step{})
	}
	return s.record(dst, r.id)
}

// refuse2 ends the flow of a QoS 2 message that the application does not take.
// One that is only left out comes again under its number.
func (s *Session) refuse2(dst []byte, r receipt, f flow2) []byte {
	if r.skip && s.cfg.Save {
		s.in.qos2[r.id] = flow2{sequence: f.sequence, restored: true}
		return dst
	}
	delete(s.in.qos2, r.id)
	if r.skip {
		return dst
	}
	rec := wire.Ack{Type: wire.PUBREC, PacketID: r.id, Code: r.code}
	if s.cfg.Save {
		s.stageChange(keyInbound|uint64(r.id), nil, step{ack: rec})
		return dst
	}
	return wire.AppendAck(dst, s.cfg.Version, &rec)
}

// record sends PUBREC, once what was staged is saved.
func (s *Session) record(dst []byte, id uint16) []byte {
	return s.answer(dst, wire.Ack{Type: wire.PUBREC, PacketID: id})
}

// answer sends a, once what was staged is saved.
func (s *Session) answer(dst []byte, a wire.Ack) []byte {
	if s.staging.steps > 0 {
		s.stage(nil, step{ack: a})
		return dst
	}
	return wire.AppendAck(dst, s.cfg.Version, &a)
}

// handlePubRel answers a PUBREL with PUBCOMP and forgets the identifier
// [MQTT-4.3.3-2] of 3.1.1, [MQTT-4.3.3-11] of 5. An unknown identifier is answered
// too, so that the server's flow can end after a lost PUBCOMP.
func (s *Session) handlePubRel(dst []byte, a *wire.Ack) ([]byte, error) {
	comp := wire.Ack{Type: wire.PUBCOMP, PacketID: a.PacketID}
	f, known := s.in.qos2[a.PacketID]
	switch {
	case known && !f.recorded:
		return dst, &wire.Error{
			Code: wire.ProtocolError, Type: wire.PUBREL,
			What: "releases a message whose PUBREC was not sent",
		}
	case known:
		s.forget2(a.PacketID)
	case s.cfg.Version >= wire.V5:
		comp.Code = wire.PacketIdentifierNotFound
	}
	return s.answer(dst, comp), nil
}

// orMaxIDs returns most, or for 0, which no server was told, the number of
// identifiers: a server cannot have more in flight either.
func orMaxIDs(most int) int {
	if most == 0 {
		return maxIDs
	}
	return most
}
