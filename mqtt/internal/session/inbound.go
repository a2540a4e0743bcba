package session

import (
	"cmp"
	"encoding/binary"

	"dunlin/internal/fifo"
	"dunlin/mqtt/internal/wire"
)

// receipt is an inbound QoS 1 or 2 PUBLISH of this connection that is not
// acknowledged yet.
type receipt struct {
	id   uint16
	qos  byte
	done bool // its handlers are through with it
	skip bool // it is not to be acknowledged
	code wire.ReasonCode
}

// inboundFlow is an inbound QoS 2 flow, from PUBLISH to PUBREL. It outlives the
// connection; a QoS 1 message has no such state.
type inboundFlow struct {
	digest   uint64 // the message's digest: another one has another
	seq      uint64 // under which the application has the message; 0: it has not
	receipt  uint64 // the sequence number of its receipt; 0: none is pending
	sequence uint64 // of the message, when it is saved
	code     wire.ReasonCode
	settled  bool // the handlers are through: each PUBLISH is answered with PUBREC
	here     bool // its PUBLISH came on this connection
	restored bool // not settled, and to be delivered again under its sequence
	earlier  bool // of an earlier process, or of a session that may be lost: DUP tells a repeat
}

// inbound is the receiving half of the session. Acknowledgements leave in the
// order in which the messages came [MQTT-4.6.0-2], whatever the order in which
// they are handed back.
type inbound struct {
	pending fifo.Queue[receipt] // oldest first
	first   uint64              // the sequence number of the oldest
	begun   uint64              // that of the first one of this connection
	open    int                 // PUBLISH packets of this connection whose flow has not ended
	flows   map[uint16]inboundFlow
	// held has the identifiers of QoS 2 messages that came on an earlier
	// connection and that the application still has, by their seq.
	held map[uint64]uint16

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

// HandlePublish takes an inbound PUBLISH of QoS 1 or 2.
//
// One of QoS 1 is always delivered: its identifier says nothing about messages
// that came before, because a server may give them new ones when a session goes
// on. A QoS 2 message is delivered on its first PUBLISH and, until its PUBREL, not
// again, on whatever connection and with whatever DUP: repeats are only answered
// [MQTT-4.3.3-2] of 3.1.1, [MQTT-4.3.3-10] of 5. Another message under its
// identifier is no repeat, and is delivered.
func (s *Session) HandlePublish(dst []byte, p *wire.Publish) ([]byte, Arrival, error) {
	return s.arrive(dst, p, len(p.Payload))
}

// HandleStreamed is HandlePublish for a message of which the payload, with that
// size, has not come yet.
func (s *Session) HandleStreamed(dst []byte, p *wire.Publish, size int) ([]byte, Arrival, error) {
	return s.arrive(dst, p, size)
}

// Discard takes a PUBLISH that is given to no handler, though the server has to be told
// that it came: it is answered with code when its turn is there, and its flow ends like
// any other. It reports false for a repeat of one that came before.
func (s *Session) Discard(dst []byte, m *wire.Remains, code wire.ReasonCode) (_ []byte, first bool, err error) {
	s.aliasesIn.discarded(m)
	if !m.Acknowledgeable() {
		return dst, true, nil
	}
	dst, a, err := s.arrive(dst, &m.Publish, len(m.Payload))
	if err != nil || !a.Deliver {
		return dst, false, err
	}
	if s.cfg.Version < wire.V5 { // has no code, and the flow of QoS 2 goes its whole way
		code = wire.Success
	}
	dst, _ = s.Ack(dst, a.Seq, code)
	return dst, true, nil
}

// ReceivePlain is HandlePublish for a message of QoS 1 where nothing but its place among those that
// wait has to be noted, and reports false where it has.
func (s *Session) ReceivePlain(id uint16) (seq uint64, plain bool) {
	if len(s.in.flows) > 0 || s.in.open >= cmp.Or(s.cfg.ReceiveMaximum, maxIDs) {
		return 0, false
	}
	s.in.open++
	return s.receive(receipt{id: id, qos: 1}), true
}

func (s *Session) arrive(dst []byte, p *wire.Publish, size int) ([]byte, Arrival, error) {
	var digest uint64
	if p.QoS == 2 {
		digest = digestOf(p, size)
	}
	f, known := s.repeated(p, digest)
	if known && p.QoS == 1 {
		return dst, Arrival{}, &wire.Error{
			Code: wire.ProtocolError, Type: wire.PUBLISH,
			What: "has the packet identifier of an unfinished QoS 2 message",
		}
	}
	if !f.here && s.in.open >= cmp.Or(s.cfg.ReceiveMaximum, maxIDs) { // [MQTT-3.3.4-9]
		return dst, Arrival{}, &wire.Error{
			Code: wire.ReceiveMaximumExceeded, Type: wire.PUBLISH,
			What: "exceeds the Receive Maximum that was announced",
		}
	}
	if known && !f.restored {
		return s.repeat(dst, p.PacketID, f), Arrival{}, nil
	}
	a := Arrival{Seq: s.receive(receipt{id: p.PacketID, qos: p.QoS}), Deliver: true}
	s.in.open++
	if p.QoS == 2 {
		s.begin2(p.PacketID, digest, &a)
	}
	return s.drain(dst), a, nil // a flow that was forgotten holds nothing up
}

// receive gives r its place in the order of acknowledging.
func (s *Session) receive(r receipt) (seq uint64) {
	in := &s.in
	in.first = max(in.first, 1)
	seq = in.first + uint64(in.pending.Len())
	in.pending.Push(r)
	return seq
}

// repeat answers a QoS 2 PUBLISH of which the message was delivered before: with
// PUBREC, once the handlers are through and it is its turn.
func (s *Session) repeat(dst []byte, id uint16, f inboundFlow) []byte {
	if f.receipt != 0 { // its PUBREC follows
		return dst
	}
	if !f.here {
		f.here, f.earlier = true, false
		s.in.open++
	}
	f.receipt = s.receive(receipt{id: id, qos: 2, done: f.settled, code: f.code})
	s.in.flows[id] = f
	return s.drain(dst)
}

// begin2 opens the flow of a QoS 2 message that is delivered. When the session
// is saved the message has a sequence number, which must be on record before a
// handler sees it.
func (s *Session) begin2(id uint16, digest uint64, a *Arrival) {
	in := &s.in
	if in.flows == nil {
		in.flows = make(map[uint16]inboundFlow)
	}
	f := inboundFlow{digest: digest, seq: a.Seq, receipt: a.Seq, here: true}
	if s.cfg.Save {
		a.Deferred = true
		if old := in.flows[id]; old.restored {
			f.sequence = old.sequence
		} else {
			f.sequence = s.nextSequence()
			s.stageChange(keyInbound|uint64(id), f.inboundRecord(), step{})
		}
		a.Sequence = f.sequence
	}
	in.flows[id] = f
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

// forget2 drops an inbound QoS 2 flow. What its handlers say later goes nowhere.
func (s *Session) forget2(id uint16) {
	in := &s.in
	f, known := in.flows[id]
	if !known {
		return
	}
	in.remove(id, f)
	if f.receipt != 0 {
		r := in.pending.At(int(f.receipt - in.first))
		r.done, r.skip = true, true
	}
	if s.cfg.Save {
		s.stageChange(keyInbound|uint64(id), nil, step{})
	}
}

// remove takes f out of the flows.
func (in *inbound) remove(id uint16, f inboundFlow) {
	delete(in.flows, id)
	delete(in.held, f.seq)
	if f.here {
		in.open--
	}
}

// Ack tells that the application is through with the message seq, and appends
// every acknowledgement that is due to dst. A code from 0x80 on refuses the
// message, for MQTT 5. A seq that is not pending, such as one of QoS 1 from a
// connection that ended, is ignored and reported as false. One of QoS 2 counts
// on later connections, too, and must be told whatever becomes of the connection.
func (s *Session) Ack(dst []byte, seq uint64, code wire.ReasonCode) ([]byte, bool) {
	return s.settle(dst, seq, receipt{code: code})
}

// Drop tells that the message seq is not to be acknowledged, so that the
// server sends it again in a later connection of the session. Later messages
// no longer wait for it.
func (s *Session) Drop(dst []byte, seq uint64) ([]byte, bool) {
	return s.settle(dst, seq, receipt{skip: true})
}

// Begun returns the seq of the first message of this connection: those below came on one
// that has ended.
func (s *Session) Begun() uint64 { return s.in.begun }

// Earlier reports whether the message seq came on a connection that has ended.
func (s *Session) Earlier(seq uint64) bool { return seq < s.in.begun }

// settle ends the waiting message seq with verdict, and appends what is due.
func (s *Session) settle(dst []byte, seq uint64, verdict receipt) ([]byte, bool) {
	in := &s.in
	if len(in.held) > 0 {
		if id, ok := in.held[seq]; ok {
			delete(in.held, seq)
			f := in.flows[id]
			if f.receipt == 0 {
				s.settleOffline(id, f, verdict)
				return dst, true
			}
			seq = f.receipt
		}
	}
	if seq < in.first || seq-in.first >= uint64(in.pending.Len()) {
		return dst, false
	}
	r := in.pending.At(int(seq - in.first))
	if r.done {
		return dst, false
	}
	r.done, r.skip, r.code = true, verdict.skip, verdict.code
	if seq > in.first { // an earlier one is not through
		return dst, true
	}
	return s.drain(dst), true
}

// drain appends the acknowledgements that are due.
func (s *Session) drain(dst []byte) []byte {
	in := &s.in
	for in.pending.Len() > 0 && in.pending.At(0).done {
		r := *in.pending.At(0)
		if r.qos == 1 {
			dst = s.appendPubAck(dst, r)
		} else {
			dst = s.appendPubRec(dst, r, in.first)
		}
		in.pending.Drop(1)
		in.first++
	}
	return dst
}

func (s *Session) appendPubAck(dst []byte, r receipt) []byte {
	s.in.open--
	if r.skip {
		return dst
	}
	return wire.AppendAck(dst, s.cfg.Version, &wire.Ack{Type: wire.PUBACK, PacketID: r.id, Code: r.code})
}

// appendPubRec appends the PUBREC of r, whose number is seq. The flow goes on
// until PUBREL, unless the message was refused [MQTT-4.3.3-9].
func (s *Session) appendPubRec(dst []byte, r receipt, seq uint64) []byte {
	f := s.in.flows[r.id]
	if f.receipt != seq { // another message has the identifier by now
		return dst
	}
	f.receipt, f.code = 0, r.code
	switch {
	case r.skip:
		s.deliverAgain(r.id, f)
		return dst
	case r.code >= 0x80:
		return s.refuse2(dst, r, f)
	}
	if !f.settled {
		s.settleFlow(r.id, &f)
	}
	s.in.flows[r.id] = f
	return s.record(dst, r.id)
}

// settleFlow notes that the handlers are through with f's message, and has it
// saved: a later process does not give it to a handler either.
func (s *Session) settleFlow(id uint16, f *inboundFlow) {
	f.settled = true
	if s.cfg.Save {
		s.stageChange(keyInbound|uint64(id), f.inboundRecord(), step{})
	}
}

// deliverAgain ends the flow of a message that is not acknowledged, so that it is
// delivered when the server sends it again. One that is saved keeps its sequence
// number.
func (s *Session) deliverAgain(id uint16, f inboundFlow) {
	s.in.remove(id, f)
	if f.sequence != 0 {
		s.in.flows[id] = inboundFlow{digest: f.digest, sequence: f.sequence, restored: true}
	}
}

// refuse2 ends the flow of a QoS 2 message that the application refuses.
func (s *Session) refuse2(dst []byte, r receipt, f inboundFlow) []byte {
	s.in.remove(r.id, f)
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
// too, so that the server's flow can end after a lost PUBCOMP. So is one of an
// earlier connection that no PUBREC answered: a server that gave its messages new
// identifiers means another message.
func (s *Session) handlePubRel(dst []byte, a *wire.Ack) ([]byte, error) {
	comp := wire.Ack{Type: wire.PUBCOMP, PacketID: a.PacketID}
	f, known := s.in.flows[a.PacketID]
	switch {
	case f.here && !f.settled:
		return dst, &wire.Error{
			Code: wire.ProtocolError, Type: wire.PUBREL,
			What: "releases a message whose PUBREC was not sent",
		}
	case known && f.settled:
		s.forget2(a.PacketID)
	case s.cfg.Version >= wire.V5:
		comp.Code = wire.PacketIdentifierNotFound
	}
	return s.answer(dst, comp), nil
}
