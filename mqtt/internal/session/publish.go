package session

import (
	"encoding/binary"
	"math"

	"dunlin/mqtt/internal/wire"
)

// Freed is a packet that left for the out-buffer after it had to wait: it ends
// at End in the buffer that the call returned.
type Freed struct {
	Entry *Entry
	End   int
}

// dupFlag is DUP in the first byte of a PUBLISH.
const dupFlag = 0x08

// MustQueue reports whether a publish has to wait behind others, so that the
// order of sending is the order of calling.
func (s *Session) MustQueue() bool {
	return s.offline || s.queue.Len() > 0 || s.resend.Len() > 0
}

// Direct reports whether a QoS 0 publish can be sent at once.
func (s *Session) Direct() bool { return !s.MustQueue() && s.staging.steps == 0 }

// Publish begins the flow of p, QoS 1 or 2, or of a QoS 0 publish that has to
// wait. It appends the packet to dst when it can be sent now and keeps it
// otherwise; then p.Apart is false afterwards. It sets p.PacketID.
func (s *Session) Publish(dst []byte, e *Entry, p *wire.Publish) ([]byte, error) {
	e.kind = kind(p.QoS)
	if s.MustQueue() || !s.room(e) {
		return dst, s.enqueue(e, p)
	}
	if e.kind == atMostOnce {
		s.line(e)
		return dst, s.stageUnsaved(e, p)
	}
	if err := s.takeID(e); err != nil {
		return dst, err
	}
	s.line(e)
	s.occupy(e)
	p.PacketID = e.id
	if s.cfg.Keep {
		if err := s.keep(e, p); err != nil {
			return dst, err
		}
	}
	if s.cfg.Save {
		s.stagePublish(e)
		return dst, nil
	}
	e.stage = sent
	return s.AppendPublish(dst, p), nil
}

// AppendPublish appends p, with a topic alias where the server allows them. It
// is the whole flow of a QoS 0 publish that need not queue.
func (s *Session) AppendPublish(dst []byte, p *wire.Publish) []byte {
	if s.aliasesOut == nil {
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
	case s.proving || s.behind || s.used >= s.places() || e.id == 0 && s.out.n >= maxIDs:
		return false
	default:
		return e.kind != exactlyOnce || s.used2 < s.window2
	}
}

// keep encodes p, to be sent later or again, with its payload.
func (s *Session) keep(e *Entry, p *wire.Publish) error {
	p.Apart = false
	e.record = make([]byte, recordHead, recordHead+p.Length(s.cfg.Version))
	e.record = wire.AppendPublish(e.record, s.cfg.Version, p)
	s.held += len(e.record)
	if e.kind == atMostOnce {
		return nil
	}
	_, n, err := wire.ParseHeader(e.packet(), s.cfg.Version)
	e.idAt = uint32(n + 2 + len(p.Topic))
	return err
}

// enqueue keeps e's packet, to be sent when the window has room.
func (s *Session) enqueue(e *Entry, p *wire.Publish) error {
	if e.kind != atMostOnce {
		p.PacketID = 1 // a placeholder of the right size
	}
	err := s.keep(e, p)
	p.PacketID = 0
	if err != nil {
		return err
	}
	s.line(e)
	s.queue.Push(e)
	s.queueBytes += len(e.packet())
	if s.cfg.Save && e.publishes() {
		s.stagePublish(e)
	}
	return nil
}

// Pump sends what waits, as far as the window has room: first what earlier
// connections left. It is to be called after Cancel, HandleSubAck and
// HandleUnsubAck, which may make room.
func (s *Session) Pump(dst []byte) []byte {
	if !s.MustQueue() {
		return dst
	}
	return s.pumpWaiting(dst)
}

func (s *Session) pumpWaiting(dst []byte) []byte {
	if s.offline {
		return dst
	}
	dst = s.pumpAgain(dst)
	for s.queue.Len() > 0 && s.resend.Len() == 0 {
		e := *s.queue.At(0)
		if e.saving || !s.room(e) {
			break
		}
		s.unqueue(0, e)
		if s.lapsed(e) {
			s.expire(e)
			continue
		}
		dst = s.launch(dst, e)
	}
	return dst
}

// launch sends e, which has left the queue, or has its identifier saved first.
func (s *Session) launch(dst []byte, e *Entry) []byte {
	if e.kind == atMostOnce {
		if s.staging.steps > 0 {
			s.stage(nil, step{entry: e})
			return dst
		}
		return s.send(dst, e)
	}
	if s.takeID(e) != nil { // cannot be: room has looked
		s.queue.Push(e)
		return dst
	}
	s.occupy(e)
	if s.cfg.Save {
		s.stageFlow(e)
		return dst
	}
	return s.send(dst, e)
}

// pumpAgain sends what earlier connections left, as far as the window has room.
// One that is still being saved holds up those behind it.
func (s *Session) pumpAgain(dst []byte) []byte {
	for s.resend.Len() > 0 {
		e := *s.resend.At(0)
		if e.stage <= sent && !e.inWindow {
			if e.saving || !s.room(e) {
				break
			}
			s.occupy(e)
			dst = s.send(dst, e)
		}
		s.resend.Drop(1)
	}
	return dst
}

// send appends the packet of e, unless it has expired. DUP says that it may have
// been sent before in this session of the server's [MQTT-3.3.1-1]; the topic is never
// an alias.
func (s *Session) send(dst []byte, e *Entry) []byte {
	if s.lapsed(e) {
		s.expire(e)
		return dst
	}
	at := len(dst)
	dst = append(dst, e.packet()...)
	if e.kind != atMostOnce {
		binary.BigEndian.PutUint16(dst[at+int(e.idAt):], e.id)
	}
	if e.again && !e.anew {
		dst[at] |= dupFlag
	}
	if e.Expires != 0 {
		s.shorten(dst[at:], e)
	}
	e.stage = sent
	if !s.cfg.Keep || e.kind == atMostOnce {
		s.drop(e)
	}
	s.freed = append(s.freed, Freed{e, len(dst)})
	return dst
}

// lapsed reports whether e has expired and is not to be sent: the server, or its
// present session, has no byte of it. What it may have is sent again however late,
// because the exchange has begun: [MQTT-4.3.3-7], [MQTT-4.4.0-1] of 5.
func (s *Session) lapsed(e *Entry) bool {
	return e.Expires != 0 && e.Expires <= s.now && (!e.again || e.anew)
}

// shorten lowers the Message Expiry Interval by the time that has passed
// (MQTT 5 section 3.3.2.3.3), to a second at least: 0 is no limit to some servers.
func (s *Session) shorten(packet []byte, e *Entry) {
	h, n, err := wire.ParseHeader(packet, s.cfg.Version)
	if err != nil {
		return
	}
	p, err := wire.ParsePublish(h, packet[n:], s.cfg.Version)
	if err == nil {
		left := min(max((e.Expires-s.now+999)/1000, 1), math.MaxUint32)
		p.Properties.Lower(wire.MessageExpiryInterval, uint32(left))
	}
}

// unqueue takes the i-th entry, e, off the queue.
func (s *Session) unqueue(i int, e *Entry) {
	if i == 0 {
		s.queue.Drop(1)
	} else {
		s.queue.Remove(i)
	}
	s.queueBytes -= len(e.packet())
}

// expire ends e, which nobody wants any more.
func (s *Session) expire(e *Entry) {
	if e.id != 0 {
		s.finish(e)
	} else {
		e.stage = finished
		s.drop(e)
		s.stageRemoval(e)
	}
	list := s.givenUp()
	list.expired = append(list.expired, e)
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
	for i := range s.queue.Len() {
		if *s.queue.At(i) == e {
			s.unqueue(i, e)
			e.stage = finished
			s.drop(e)
			s.stageRemoval(e)
			return true
		}
	}
	return false
}

// Oldest returns the publish that has waited longest to be sent, or nil.
func (s *Session) Oldest() *Entry {
	if s.queue.Len() == 0 {
		return nil
	}
	return *s.queue.At(0)
}

// HandleAck takes a PUBACK, PUBREC or PUBCOMP from the server, or its PUBREL
// for an inbound flow. It appends the answer to dst and returns the entry that
// the packet completed, if it did.
//
// An acknowledgement for an identifier that is unknown, or in another kind of
// flow, is ignored, creates no quota and frees no identifier; ignored says so. But a PUBACK
// for a QoS 2 PUBLISH ends its flow: it is how a server without QoS 2 says that it has
// taken the message, and nothing else follows.
func (s *Session) HandleAck(dst []byte, a *wire.Ack) (out []byte, done *Entry, ignored bool, err error) {
	if a.Type == wire.PUBREL {
		dst, err = s.handlePubRel(dst, a)
		return dst, nil, false, err
	}
	var e *Entry
	if at := s.out.find(a.PacketID); at != nil && (*at).stage != waiting { // else nobody but us knows of it yet
		e = *at
	}
	switch {
	case a.Type == wire.PUBREC:
		return s.handlePubRec(dst, e, a)
	case e != nil && a.Type == wire.PUBACK && e.kind == exactlyOnce && e.stage == sent:
		s.refuseQoS2()
	case e == nil,
		a.Type == wire.PUBACK && e.kind != atLeastOnce,
		a.Type == wire.PUBCOMP && (e.kind != exactlyOnce || e.stage != released):
		return dst, nil, true, nil
	}
	s.progress = true
	s.finish(e)
	return s.Pump(dst), e, false, nil
}

// refuseQoS2 notes that the server has answered a QoS 2 publish as one of QoS 1: it has
// nothing else for those that wait, which end.
func (s *Session) refuseQoS2() {
	if s.withoutQoS2 {
		return
	}
	s.withoutQoS2 = true
	for range s.queue.Len() {
		e := *s.queue.At(0)
		s.queue.Drop(1)
		if e.kind != exactlyOnce {
			s.queue.Push(e)
			continue
		}
		s.queueBytes -= len(e.packet())
		e.stage = finished
		s.drop(e)
		s.stageRemoval(e)
		list := s.givenUp()
		list.refused = append(list.refused, e)
	}
}

// WithoutQoS2 reports whether the server of this connection has answered a QoS 2 publish
// with PUBACK.
func (s *Session) WithoutQoS2() bool { return s.withoutQoS2 }

// handlePubRec answers a PUBREC with PUBREL, or ends the flow when it carries an
// error: [MQTT-4.3.3-1] of 3.1.1, [MQTT-4.3.3-4] of 5.
func (s *Session) handlePubRec(dst []byte, e *Entry, a *wire.Ack) (out []byte, done *Entry, ignored bool, err error) {
	if e == nil { // the flow may have ended before a crash: let the server end it too
		if a.Code >= 0x80 {
			return dst, nil, true, nil
		}
		rel := wire.Ack{Type: wire.PUBREL, PacketID: a.PacketID}
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
	s.progress = s.progress || e.stage != released
	if a.Code >= 0x80 && e.stage != released {
		s.finish(e)
		return s.Pump(dst), e, false, nil
	}
	return s.release(dst, e), nil, false, nil
}

// release goes on with e after its PUBREC: from here on PUBREL is sent and never
// PUBLISH again, also by a later process.
func (s *Session) release(dst []byte, e *Entry) []byte {
	if e.stage != released {
		e.stage = released
		s.rels++
		e.rel = s.rels
		s.drop(e)
		if s.cfg.Save {
			s.stageFlow(e)
		}
	}
	if e.saving {
		return dst
	}
	return s.sendRelease(dst, e)
}

func (s *Session) sendRelease(dst []byte, e *Entry) []byte {
	s.occupy(e)
	return wire.AppendSuccess(dst, wire.PUBREL, e.id)
}
