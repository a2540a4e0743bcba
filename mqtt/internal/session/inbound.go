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
	id      uint16
	qos     byte
	code    wire.ReasonCode
	verdict verdict
}

// verdict is what the application says of a message.
type verdict byte

const (
	pending verdict = iota // nothing yet
	through                // its handlers are through with it
	skipped                // it is not to be acknowledged
)

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
	flows   table[inboundFlow]
	// held has the identifiers of QoS 2 messages that came on an earlier
	// connection and that the application still has, by their seq, below begun.
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
	if s.in.flows.n > 0 || s.in.open >= cmp.Or(s.cfg.ReceiveMaximum, maxIDs) {
		return 0, false
	}
	s.in.open++
	return s.receive(receipt{id: id, qos: 1}), true
}

func (s *Session) arrive(dst []byte, p *wire.Publish, size int) ([]byte, Arrival, error) {
	var digest uint64
	if p.QoS == 2 {
		digest = digestOf(p, size, s.cfg.Save)
	}
	f := s.repeated(p, digest)
	if f != nil && p.QoS == 1 {
		return dst, Arrival{}, &wire.Error{
			Code: wire.ProtocolError, Type: wire.PUBLISH,
			What: "has the packet identifier of an unfinished QoS 2 message",
		}
	}
	if (f == nil || !f.here) && s.in.open >= cmp.Or(s.cfg.ReceiveMaximum, maxIDs) { // [MQTT-3.3.4-9]
		return dst, Arrival{}, &wire.Error{
			Code: wire.ReceiveMaximumExceeded, Type: wire.PUBLISH,
			What: "exceeds the Receive Maximum that was announced",
		}
	}
	if f != nil && !f.restored {
		return s.repeat(dst, p.PacketID, f), Arrival{}, nil
	}
	a := Arrival{Seq: s.receive(receipt{id: p.PacketID, qos: p.QoS}), Deliver: true}
	s.in.open++
	if p.QoS == 2 {
		a.Sequence = s.begin2(p.PacketID, digest, a.Seq, f)
		a.Deferred = s.cfg.Save
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
func (s *Session) repeat(dst []byte, id uint16, f *inboundFlow) []byte {
	if f.receipt != 0 { // its PUBREC follows
		return dst
	}
	if !f.here {
		f.here, f.earlier = true, false
		s.in.open++
	}
	r := receipt{id: id, qos: 2, code: f.code}
	if f.settled {
		r.verdict = through
	}
	f.receipt = s.receive(r)
	return s.drain(dst)
}

// begin2 opens the flow of the QoS 2 message seq, which is delivered, or goes on with f,
// which was restored. When the session is saved the message has a sequence number, which
// begin2 returns, and which must be on record before a handler sees it.
func (s *Session) begin2(id uint16, digest, seq uint64, f *inboundFlow) (sequence uint64) {
	fresh := f == nil
	if fresh {
		f = s.in.flows.put(id)
	}
	f.restored, f.earlier, f.here = false, false, true
	f.digest, f.seq, f.receipt = digest, seq, seq
	if s.cfg.Save && fresh {
		f.sequence = s.nextSequence()
		s.stageChange(keyInbound|uint64(id), f.inboundRecord(), step{})
	}
	return f.sequence
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

// forget2 drops f, the inbound QoS 2 flow of id. What its handlers say later goes nowhere.
func (s *Session) forget2(id uint16, f *inboundFlow) {
	in := &s.in
	if f.receipt != 0 {
		in.pending.At(int(f.receipt - in.first)).verdict = skipped
	}
	in.remove(id, f)
	if s.cfg.Save {
		s.stageChange(keyInbound|uint64(id), nil, step{})
	}
}

// remove takes f, the flow of id, out of the flows.
func (in *inbound) remove(id uint16, f *inboundFlow) {
	in.end(f)
	in.flows.remove(id)
}

// end has f count no more.
func (in *inbound) end(f *inboundFlow) {
	if f.seq < in.begun {
		delete(in.held, f.seq)
	}
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
	return s.settle(dst, seq, through, code)
}

// Drop tells that the message seq is not to be acknowledged, so that the
// server sends it again in a later connection of the session. Later messages
// no longer wait for it.
func (s *Session) Drop(dst []byte, seq uint64) ([]byte, bool) {
	return s.settle(dst, seq, skipped, wire.Success)
}

// Begun returns the seq of the first message of this connection: those below came on one
// that has ended.
func (s *Session) Begun() uint64 { return s.in.begun }

// Earlier reports whether the message seq came on a connection that has ended.
func (s *Session) Earlier(seq uint64) bool { return seq < s.in.begun }

// settle ends the waiting message seq with v, and appends what is due.
func (s *Session) settle(dst []byte, seq uint64, v verdict, code wire.ReasonCode) ([]byte, bool) {
	in := &s.in
	if seq < in.begun {
		if id, ok := in.held[seq]; ok {
			delete(in.held, seq)
			f := in.flows.find(id)
			if f.receipt == 0 {
				s.settleOffline(id, f, v, code)
				return dst, true
			}
			seq = f.receipt
		}
	}
	if seq < in.first || seq-in.first >= uint64(in.pending.Len()) {
		return dst, false
	}
	r := in.pending.At(int(seq - in.first))
	if r.verdict != pending {
		return dst, false
	}
	r.verdict, r.code = v, code
	if seq > in.first { // an earlier one is not through
		return dst, true
	}
	return s.drain(dst), true
}

// drain appends the acknowledgements that are due.
func (s *Session) drain(dst []byte) []byte {
	in := &s.in
	n := 0
	for ; n < in.pending.Len(); n++ {
		r := *in.pending.At(n)
		if r.verdict == pending {
			break
		}
		if r.qos == 1 {
			dst = s.appendPubAck(dst, r)
		} else {
			dst = s.appendPubRec(dst, r, in.first+uint64(n))
		}
	}
	if n > 0 {
		in.pending.Drop(n)
		in.first += uint64(n)
	}
	return dst
}

func (s *Session) appendPubAck(dst []byte, r receipt) []byte {
	s.in.open--
	if r.verdict == skipped {
		return dst
	}
	return wire.AppendAck(dst, s.cfg.Version, &wire.Ack{Type: wire.PUBACK, PacketID: r.id, Code: r.code})
}

// appendPubRec appends the PUBREC of r, whose number is seq. The flow goes on
// until PUBREL, unless the message was refused [MQTT-4.3.3-9].
func (s *Session) appendPubRec(dst []byte, r receipt, seq uint64) []byte {
	f := s.in.flows.find(r.id)
	if f == nil || f.receipt != seq { // another message has the identifier by now
		return dst
	}
	f.receipt, f.code = 0, r.code
	switch {
	case r.verdict == skipped:
		s.deliverAgain(r.id, f)
		return dst
	case r.code >= 0x80:
		return s.refuse2(dst, r, f)
	}
	if !f.settled {
		s.settleFlow(r.id, f)
	}
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
func (s *Session) deliverAgain(id uint16, f *inboundFlow) {
	if f.sequence == 0 {
		s.in.remove(id, f)
		return
	}
	s.in.end(f)
	*f = inboundFlow{digest: f.digest, sequence: f.sequence, restored: true}
}

// refuse2 ends the flow of a QoS 2 message that the application refuses.
func (s *Session) refuse2(dst []byte, r receipt, f *inboundFlow) []byte {
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
	f := s.in.flows.find(a.PacketID)
	switch {
	case f != nil && f.here && !f.settled:
		return dst, &wire.Error{
			Code: wire.ProtocolError, Type: wire.PUBREL,
			What: "releases a message whose PUBREC was not sent",
		}
	case f != nil && f.settled:
		s.forget2(a.PacketID, f)
	case s.cfg.Version >= wire.V5:
		comp.Code = wire.PacketIdentifierNotFound
	}
	return s.answer(dst, comp), nil
}
