package mqtt

import (
	"hash/maphash"
	"strings"

	"dunlin/mqtt/internal/life"
	"dunlin/mqtt/internal/session"
	"dunlin/mqtt/internal/wire"
)

// Inbound poison is a packet that breaks the protocol, and that the server sends again
// on each connection because it was not acknowledged, or is retained. It would end each
// of them, and nothing behind it would ever arrive.
//
// So a kind of fault ends one connection of a client that makes it again. From then on,
// for the life of the client, packets with a fault of that kind are taken and thrown
// away. That nothing else was done in between is not asked for: where good messages
// stand in front of the poison, or a publisher sends another one to each connection,
// something always was.
type poison struct {
	kinds    map[faultKind]bool // that have ended a connection; true: one of another packet than PUBLISH was told
	seed     maphash.Seed
	told     [toldMessages]toldMessage // the last ones, in a ring
	next     int                       // of told
	messages int                       // thrown away
}

const (
	// maxKinds bounds how many kinds of faults end a connection each.
	maxKinds = 64
	// toldMessages is of how many messages is known that they were told of.
	toldMessages = 64
	// shownTopic is how much of a topic a PoisonError has.
	shownTopic = 256
)

// faultKind tells one kind of fault from another. Of packets other than PUBLISH the code says
// enough: what they say counts filters and the like.
type faultKind struct {
	packet wire.Type
	code   wire.ReasonCode
	what   string
}

// toldMessage is a message that the application was told of, and in which connection.
type toldMessage struct {
	digest uint64
	accept int
}

func kindOf(e *wire.Error) faultKind {
	k := faultKind{packet: e.Type, code: e.Code}
	if e.Type == wire.PUBLISH && e.Code != wire.PacketTooLarge {
		k.what = e.What
	}
	return k
}

// overlooks reports whether packets of that type may be poison. The others come once a
// connection, or mean its end.
func overlooks(t wire.Type) bool {
	return t >= wire.PUBLISH && t <= wire.PUBCOMP || t == wire.SUBACK || t == wire.UNSUBACK || t == wire.PINGRESP
}

// noteFaultLocked notes that err ends the connection.
func (c *Client) noteFaultLocked(err error) {
	s := c.supervisor
	e := (*wire.Error)(nil)
	if s == nil || c.life.Rule(life.Packet) != life.Take || !asError(err, &e) || !overlooks(e.Type) {
		return
	}
	if s.poison == nil {
		s.poison = &poison{kinds: make(map[faultKind]bool), seed: maphash.MakeSeed()}
	}
	if len(s.poison.kinds) < maxKinds {
		s.poison.kinds[kindOf(e)] = false
	}
	if session.IsAliasFault(e) && !s.strict() { // a server that keeps aliases beyond their connection loses topics
		s.base.Limits.TopicAliases = -1
		c.sess.EndureAliases()
	}
}

// strict reports whether each fault ends the connection.
func (s *supervisor) strict() bool { return s == nil || s.retry == nil || s.retry.StrictPackets }

// recurringLocked returns the fault in err if its kind has ended a connection before and
// is not to end another one, or nil.
func (c *Client) recurringLocked(err error) *wire.Error {
	s := c.supervisor
	e := (*wire.Error)(nil)
	if s.strict() || s.poison == nil || c.life.Rule(life.Packet) != life.Take || !asError(err, &e) || !overlooks(e.Type) {
		return nil
	}
	if _, known := s.poison.kinds[kindOf(e)]; !known && len(s.poison.kinds) < maxKinds {
		return nil
	}
	return e
}

// Endures implements link.Owner. The client's mutex is held.
func (o *owner) Endures(err error) bool {
	c := (*Client)(o)
	e := c.recurringLocked(err)
	if e == nil {
		return false
	}
	if e.Type != wire.PUBLISH {
		c.tellOfFaultLocked(e, 0, 0)
	}
	return true
}

// Overlook implements link.Owner. The client's mutex is held.
func (o *owner) Overlook(h wire.Header, b []byte, left int, err error) bool {
	c := (*Client)(o)
	e := c.recurringLocked(err)
	if e != nil {
		m, ok := wire.SalvagePublish(h, b, wire.Version(c.cfg.Version))
		m.Payload = nil // it has not come whole
		if ok && c.discardLocked(&m, h.Size(), e) {
			c.wasteLocked(left)
			return true
		}
	}
	c.handleFault(err)
	return false
}

// wasteLocked has what comes of a payload thrown away.
func (c *Client) wasteLocked(left int) {
	s := &stream{client: c, left: left, over: true, wakeUp: make(chan struct{}, 1)}
	s.item.to = &destination{client: c, stream: s}
	c.recv.stream = s
}

// discardStreamLocked throws away a large PUBLISH, with a payload of size bytes to come,
// if the fault is in it and recurs.
func (c *Client) discardStreamLocked(p *wire.Publish, size int, err error) bool {
	e := c.recurringLocked(err)
	if e == nil || c.sess.Resolve(p) == nil {
		return false
	}
	m := wire.Remains{Publish: *p}
	m.Properties = nil
	if !c.discardLocked(&m, p.LengthWith(wire.Version(c.cfg.Version), size), e) {
		return false
	}
	c.wasteLocked(size)
	return true
}

// overlookLocked takes a packet for what can be read of it, if err is a fault that recurs. It
// reports false when the connection is to end.
func (c *Client) overlookLocked(h wire.Header, body []byte, err error) bool {
	e := c.recurringLocked(err)
	if e == nil {
		return false
	}
	v := wire.Version(c.cfg.Version)
	switch h.Type {
	case wire.PUBLISH:
		m, ok := wire.SalvagePublish(h, body, v)
		return ok && c.faultyLocked(h, body, v) && c.discardLocked(&m, h.Size(), e)
	case wire.PINGRESP:
		_ = c.handlePingResp(wire.Header{Type: h.Type}, nil) // a well-formed one
		c.tellOfFaultLocked(e, 0, h.Size())
		return true
	default:
		id, ok := c.overlookAnswerLocked(h, body, v, e)
		if ok {
			c.tellOfFaultLocked(e, id, h.Size())
		}
		return ok
	}
}

// faultyLocked reports whether the fault is in the PUBLISH itself, and not in what it means
// beside others, such as one too many.
func (c *Client) faultyLocked(h wire.Header, body []byte, v wire.Version) bool {
	p, err := wire.ParsePublish(h, body, v)
	return err != nil || c.sess.Resolve(&p) != nil
}

// discardLocked answers the message m and gives it to no handler. It reports false when
// it may not come at all.
func (c *Client) discardLocked(m *wire.Remains, size int, e *wire.Error) bool {
	buf, first, err := c.sess.Discard(c.send.buf, m, refusalOf(e))
	c.send.buf = buf
	if err != nil {
		return false
	}
	p := c.supervisor.poison
	if !first || p.wasTold(m, c.life.Accepts()) {
		return true
	}
	p.messages++
	if m.QoS == 0 && c.recv.stuck && c.recv.overfull() {
		c.recv.drop()
		return true
	}
	c.tellOfPoisonLocked(&PoisonError{
		Packet: wire.PUBLISH.String(), Topic: strings.Clone(m.Topic[:min(len(m.Topic), shownTopic)]), Size: size,
		QoS: QoS(m.QoS), PacketID: m.PacketID, Retain: m.Retain, Err: &PacketError{Code: ReasonCode(e.Code), Err: e},
	})
	return true
}

// refusalOf returns the code of PUBACK and PUBREC that comes closest to a fault.
func refusalOf(e *wire.Error) wire.ReasonCode {
	switch {
	case e.Code == wire.PacketTooLarge:
		return wire.QuotaExceeded
	case strings.HasPrefix(e.What, "topic name"):
		return wire.TopicNameInvalid
	default:
		return wire.UnspecifiedError
	}
}

// wasTold reports whether the application was told of m, which is sent again, in an
// earlier connection, and otherwise notes that it will be now.
func (p *poison) wasTold(m *wire.Remains, accept int) bool {
	digest := p.digestOf(m)
	for i := range p.told {
		if t := &p.told[i]; (m.Dup || m.Retain) && t.digest == digest && t.accept > 0 && t.accept < accept {
			return true
		}
	}
	p.told[p.next%toldMessages] = toldMessage{digest: digest, accept: accept}
	p.next++
	return false
}

// digestOf is the same for a message and its repeats.
func (p *poison) digestOf(m *wire.Remains) uint64 {
	var h maphash.Hash
	h.SetSeed(p.seed)
	_, _ = h.WriteString(m.Topic) // a hash does not fail
	_ = h.WriteByte(0xFF)         // which a topic seldom holds
	_, _ = h.Write(m.Payload)
	return h.Sum64()
}

// overlookAnswerLocked takes a faulty acknowledgement, SUBACK or UNSUBACK for what it
// answers, and returns its packet identifier.
func (c *Client) overlookAnswerLocked(h wire.Header, body []byte, v wire.Version, e *wire.Error) (uint16, bool) {
	a, ok := wire.SalvageAck(h, body, v)
	if !ok {
		return 0, false
	}
	if h.Type == wire.SUBACK || h.Type == wire.UNSUBACK {
		c.endRequestLocked(&a, e)
		return a.PacketID, true
	}
	p, err := wire.ParseAck(h, body, v)
	if p.PacketID != 0 { // it was handled before, whatever else is wrong with it
		return a.PacketID, err != nil || c.checkDeclined(h.Type, p.Properties) != nil
	}
	return a.PacketID, c.handleAck(&a) == nil
}

// endRequestLocked ends the request that a answers, if the answer was not taken before: what
// became of it is not known.
func (c *Client) endRequestLocked(a *wire.Ack, e *wire.Error) {
	var done *session.Entry
	if a.Type == wire.SUBACK {
		done = c.sess.HandleSubAck(a.PacketID)
	} else {
		done = c.sess.HandleUnsubAck(a.PacketID)
	}
	if done == nil {
		return
	}
	c.pumpLocked() // an identifier is free
	if d, ok := done.Owner.(*Delivery); ok {
		c.send.answered(d.op.request.end)
		c.settleLocked(d, d.failure(ErrInDoubt, &PacketError{Code: ReasonCode(e.Code), Err: e}))
	}
}

// tellOfFaultLocked tells, once for each kind of fault, that a packet other than PUBLISH was
// taken for what can be read of it.
func (c *Client) tellOfFaultLocked(e *wire.Error, id uint16, size int) {
	p := c.supervisor.poison
	if k := kindOf(e); !p.kinds[k] {
		p.kinds[k] = true
		c.tellOfPoisonLocked(&PoisonError{
			Packet: e.Type.String(), PacketID: id, Size: size, Err: &PacketError{Code: ReasonCode(e.Code), Err: e},
		})
	}
}

// tellOfPoisonLocked has the log and the Error handler told.
func (c *Client) tellOfPoisonLocked(err *PoisonError) {
	c.opened.Transport.Logger.Error("mqtt: a packet that ends connections was thrown away", "err", err)
	if c.opened.OnError != nil {
		c.recv.pushEventOf(err, func() { c.recv.report(err) })
	}
}
