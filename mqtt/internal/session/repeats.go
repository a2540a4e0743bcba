package session

import (
	"hash/crc64"
	"maps"
	"slices"

	"dunlin/internal/fifo"
	"dunlin/mqtt/internal/wire"
)

// Some servers give messages new packet identifiers when a session goes on, so an
// identifier alone does not tell which message a PUBLISH carries. At QoS 1 nothing
// is concluded from it. At QoS 2 a repeat has to be told, and is one if the message
// is the same, too.

var polynomial = crc64.MakeTable(crc64.ECMA)

// digestOf is the same for a message and its repeats. It covers what a server
// must not alter: topic, payload, and the properties that belong to the sender,
// [MQTT-3.3.2-15] to [MQTT-3.3.2-18] of 5. Of a payload that has not come yet it
// covers the size.
func digestOf(p *wire.Publish, size int) uint64 {
	sum := uint64(size)
	sum = mix(sum, p.Topic)
	sum = crc64.Update(sum, polynomial, p.Payload)
	if len(p.Properties) == 0 {
		return sum
	}
	response, _ := p.Properties.Text(wire.ResponseTopic)
	content, _ := p.Properties.Text(wire.ContentType)
	correlation, _ := p.Properties.Binary(wire.CorrelationData)
	sum = mix(mix(sum, response), content)
	sum = crc64.Update(mix(sum, ""), polynomial, correlation)
	for name, value := range p.Properties.UserProperties() {
		sum = mix(mix(sum, name), value)
	}
	return sum
}

// mix returns sum with text and its length in it: FNV-1a, which reads a string
// without a copy.
func mix(sum uint64, text string) uint64 {
	const prime = 1<<40 + 1<<8 + 0xb3
	sum = (sum ^ uint64(len(text)+1)) * prime
	for i := range len(text) {
		sum = (sum ^ uint64(text[i])) * prime
	}
	return sum
}

// repeated returns the QoS 2 flow that p, with that digest, may be a repeat in.
// One whose identifier p has though it is another message has ended for the server,
// and is forgotten. If it came on an earlier connection, the server has given new
// identifiers, or has lost the session: then those of all flows from there mean
// nothing any more.
func (s *Session) repeated(p *wire.Publish, digest uint64) (f inboundFlow, known bool) {
	if len(s.in.flows) == 0 {
		return inboundFlow{}, false
	}
	f, known = s.in.flows[p.PacketID]
	switch {
	case !known:
	case p.QoS == 2 && f.digest == digest && (p.Dup || !f.earlier), p.QoS == 1 && f.here:
		// A server that repeats a message sets DUP [MQTT-3.3.1-1], also for another process.
		return f, true
	case f.here:
		s.forget2(p.PacketID)
	default:
		s.forgetEarlier()
	}
	return inboundFlow{}, false
}

// forgetEarlier drops all flows of which no PUBLISH came on this connection.
func (s *Session) forgetEarlier() {
	for _, id := range slices.Sorted(maps.Keys(s.in.flows)) { // in order, so that a schedule replays exactly
		if !s.in.flows[id].here {
			s.forget2(id)
		}
	}
}

// doubtEarlier has flows of which no PUBLISH came on this connection count for messages with DUP
// alone: the server may have lost the session.
func (s *Session) doubtEarlier() {
	for id, f := range s.in.flows {
		f.earlier = f.earlier || !f.here
		s.in.flows[id] = f
	}
}

// suspend forgets the receipts of the connection that ended: no acknowledgement is
// carried over, each waits until the server sends its message again [MQTT-4.4.0-1]
// of 5. What the application has of QoS 2 stays its own: when it comes again it is
// not delivered again.
func (s *Session) suspend() {
	in := &s.in
	for i := range in.pending.Len() {
		r := in.pending.At(i)
		f := in.flows[r.id]
		if r.qos == 1 || f.receipt != in.first+uint64(i) {
			continue
		}
		f.receipt = 0
		if r.done {
			s.settleOffline(r.id, f, *r)
			continue
		}
		in.flows[r.id] = f
		if in.held == nil {
			in.held = make(map[uint64]uint16)
		}
		in.held[f.seq] = r.id
	}
	in.first = max(in.first, 1) + uint64(in.pending.Len())
	in.begun = in.first
	in.pending, in.open = fifo.Queue[receipt]{}, 0
	for id, f := range in.flows {
		f.here = false
		in.flows[id] = f
	}
}

// settleOffline notes what the application says of a QoS 2 message that the server
// has not sent again. It is answered when it comes.
func (s *Session) settleOffline(id uint16, f inboundFlow, verdict receipt) {
	if verdict.skip {
		s.deliverAgain(id, f)
		return
	}
	f.code = verdict.code
	switch {
	case f.settled:
	case f.code >= 0x80: // another process gives it to a handler, which may refuse it again
		f.settled = true
	default:
		s.settleFlow(id, &f)
	}
	s.in.flows[id] = f
}

// restore puts back the flow of an earlier process.
func (in *inbound) restore(id uint16, f inboundFlow) {
	if in.flows == nil {
		in.flows = make(map[uint16]inboundFlow)
	}
	f.earlier, f.restored = true, !f.settled
	in.skipTo(f.sequence)
	in.flows[id] = f
}

// skipTo has the next sequence numbers begin behind n.
func (in *inbound) skipTo(n uint64) {
	in.lastSequence = max(in.lastSequence, n)
	in.reserved = max(in.reserved, n)
}
