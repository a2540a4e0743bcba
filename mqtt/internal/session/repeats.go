package session

import (
	"hash/crc64"
	"hash/maphash"
	"slices"

	"dunlin/internal/fifo"
	"dunlin/mqtt/internal/wire"
)

// Some servers give messages new packet identifiers when a session goes on, so an
// identifier alone does not tell which message a PUBLISH carries. At QoS 1 nothing
// is concluded from it. At QoS 2 a repeat has to be told, and is one if the message
// is the same, too.

var (
	polynomial = crc64.MakeTable(crc64.ECMA)
	seed       = maphash.MakeSeed()
)

// prime is that of FNV-1a.
const prime = 1<<40 + 1<<8 + 0xb3

// digestOf is the same for a message and its repeats. It covers what a server
// must not alter: topic, payload, and the properties that belong to the sender,
// [MQTT-3.3.2-15] to [MQTT-3.3.2-18] of 5. Of a payload that has not come yet it
// covers the size. One that is stored means the same to every process; any other is
// made in the fastest way, which this process alone knows.
func digestOf(p *wire.Publish, size int, stored bool) uint64 {
	sum := uint64(size)
	if stored {
		sum = crc64.Update(mix(sum, p.Topic), polynomial, p.Payload)
	} else {
		sum = (sum*prime^maphash.String(seed, p.Topic))*prime ^ maphash.Bytes(seed, p.Payload)
	}
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
	sum = (sum ^ uint64(len(text)+1)) * prime
	for i := range len(text) {
		sum = (sum ^ uint64(text[i])) * prime
	}
	return sum
}

// repeated returns the QoS 2 flow that p, with that digest, may be a repeat in, or nil.
// One whose identifier p has though it is another message has ended for the server,
// and is forgotten. If it came on an earlier connection, the server has given new
// identifiers, or has lost the session: then those of all flows from there mean
// nothing any more.
func (s *Session) repeated(p *wire.Publish, digest uint64) *inboundFlow {
	f := s.in.flows.find(p.PacketID)
	switch {
	case f == nil:
	case p.QoS == 2 && f.digest == digest && (p.Dup || !f.earlier), p.QoS == 1 && f.here:
		// A server that repeats a message sets DUP [MQTT-3.3.1-1], also for another process.
		return f
	case f.here:
		s.forget2(p.PacketID, f)
	default:
		s.forgetEarlier()
	}
	return nil
}

// forgetEarlier drops all flows of which no PUBLISH came on this connection.
func (s *Session) forgetEarlier() {
	var earlier []uint16
	for id, f := range s.in.flows.all() {
		if !f.here {
			earlier = append(earlier, id)
		}
	}
	slices.Sort(earlier) // so that a schedule replays exactly
	for _, id := range earlier {
		s.forget2(id, s.in.flows.find(id))
	}
}

// doubtEarlier has flows of which no PUBLISH came on this connection count for messages with DUP
// alone: the server may have lost the session.
func (s *Session) doubtEarlier() {
	for _, f := range s.in.flows.all() {
		f.earlier = f.earlier || !f.here
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
		if r.qos == 1 {
			continue
		}
		f := in.flows.find(r.id)
		if f == nil || f.receipt != in.first+uint64(i) {
			continue
		}
		f.receipt = 0
		if r.verdict != pending {
			s.settleOffline(r.id, f, r.verdict, r.code)
			continue
		}
		if in.held == nil {
			in.held = make(map[uint64]uint16)
		}
		in.held[f.seq] = r.id
	}
	in.first = max(in.first, 1) + uint64(in.pending.Len())
	in.begun = in.first
	in.pending, in.open = fifo.Queue[receipt]{}, 0
	in.flows.trim()
	for _, f := range in.flows.all() {
		f.here = false
	}
}

// settleOffline notes what the application says of a QoS 2 message that the server
// has not sent again. It is answered when it comes.
func (s *Session) settleOffline(id uint16, f *inboundFlow, v verdict, code wire.ReasonCode) {
	if v == skipped {
		s.deliverAgain(id, f)
		return
	}
	f.code = code
	switch {
	case f.settled:
	case f.code >= 0x80: // another process gives it to a handler, which may refuse it again
		f.settled = true
	default:
		s.settleFlow(id, f)
	}
}

// restore puts back the flow of an earlier process.
func (in *inbound) restore(id uint16, f inboundFlow) {
	f.earlier, f.restored = true, !f.settled
	in.skipTo(f.sequence)
	at := in.flows.find(id)
	if at == nil {
		at = in.flows.put(id)
	}
	*at = f
}

// skipTo has the next sequence numbers begin behind n.
func (in *inbound) skipTo(n uint64) {
	in.lastSequence = max(in.lastSequence, n)
	in.reserved = max(in.reserved, n)
}
