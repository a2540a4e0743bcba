package mqtt

import (
	"errors"
	"hash/maphash"
	"log/slog"
	"strings"

	"dunlin/mqtt/internal/life"
	"dunlin/mqtt/internal/session"
	"dunlin/mqtt/internal/wire"
)

// Inbound poison is a packet that breaks the protocol, and that the server sends again
// on each connection because it was not acknowledged, or is retained. It would end each
// of them, and nothing behind it would ever arrive.

// PoisonPolicy says what becomes of a PUBLISH that can be framed and breaks the protocol all the
// same, such as by a wildcard in its topic, or that exceeds Transport.MaxPacket, and of a faulty
// acknowledgement or answer. What cannot be framed, or has no packet identifier where one has to be,
// always ends the connection, and so do other packets that a server must not send.
type PoisonPolicy byte

// The policies.
const (
	// PoisonSecond has a kind of fault end one connection of a client with Reconnect; for the rest
	// of the client's life packets with such a fault are thrown away: see PoisonError. Whether
	// other messages came in between does not matter, because they may stand in front of each. A
	// client without Reconnect ends with its connection.
	PoisonSecond PoisonPolicy = iota
	// PoisonEnds has each fault end the connection, as the standard wants: one message may then
	// keep the client off line for good.
	PoisonEnds
	// PoisonDropped has them thrown away from the first on, also without Reconnect: for programs that
	// make a client anew when one has ended.
	PoisonDropped
)

// poison is what a client remembers of such packets, for its life.
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

// errSmallerNext: a renewal was answered in part, and is mended by smaller packets on the connections
// to come. So the fault has to end this one.
var errSmallerNext = errors.New("the renewal goes on in smaller packets")

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
	e := c.faultLocked(err)
	if e == nil {
		return
	}
	if p := c.conn.poison; len(p.kinds) < maxKinds {
		p.kinds[kindOf(e)] = false
	}
	c.noteAliasFaultLocked(e)
}

// faultLocked returns the fault in err if it may be poison, or nil.
func (c *Client) faultLocked(err error) *wire.Error {
	e := (*wire.Error)(nil)
	if c.opened.endsByPoison() || errors.Is(err, errSmallerNext) || c.life.Rule(life.Packet) != life.Take || !asError(err, &e) || !overlooks(e.Type) {
		return nil
	}
	if c.conn.poison == nil {
		c.conn.poison = &poison{kinds: make(map[faultKind]bool), seed: maphash.MakeSeed()}
	}
	return e
}

// endsByPoison reports whether each fault ends the connection.
func (cfg *Config) endsByPoison() bool {
	return cfg.Poison == PoisonEnds || cfg.Poison == PoisonSecond && cfg.Reconnect == nil
}

// recurringLocked returns the fault in err if it may be poison and is not to end the
// connection, or nil.
func (c *Client) recurringLocked(err error) *wire.Error {
	e := c.faultLocked(err)
	if e == nil || c.opened.Poison == PoisonDropped {
		return e
	}
	if _, known := c.conn.poison.kinds[kindOf(e)]; !known && len(c.conn.poison.kinds) < maxKinds {
		return nil
	}
	return e
}

// noteAliasFaultLocked takes the consequence: a server that keeps aliases beyond their
// connection loses topics, so none are allowed on the next ones.
func (c *Client) noteAliasFaultLocked(e *wire.Error) {
	if !session.IsAliasFault(e) {
		return
	}
	c.sess.EndureAliases()
	if c.supervisor != nil {
		c.supervisor.base.Limits.TopicAliases = -1
	}
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
	c.noteAliasFaultLocked(e)
	p := c.conn.poison
	if !first || p.wasTold(m, c.life.Accepts()) {
		return true
	}
	p.messages++
	if c.recv.stuck && c.recv.overfull() { // whatever its QoS: it does not stay unacknowledged
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
	done := c.answeredLocked(a.Type, a.PacketID)
	if done == nil {
		return
	}
	c.pumpLocked() // an identifier is free
	if d, ok := done.Owner.(*Delivery); ok {
		c.send.answered(d.op.request.end)
		c.clearedLocked(d.op.request)
		c.settleLocked(d, d.failure(ErrInDoubt, &PacketError{Code: ReasonCode(e.Code), Err: e}))
	}
}

// tellOfFaultLocked tells, once for each kind of fault, that a packet other than PUBLISH was
// taken for what can be read of it.
func (c *Client) tellOfFaultLocked(e *wire.Error, id uint16, size int) {
	p := c.conn.poison
	if k := kindOf(e); !p.kinds[k] {
		p.kinds[k] = true
		c.tellOfPoisonLocked(&PoisonError{
			Packet: e.Type.String(), PacketID: id, Size: size, Err: &PacketError{Code: ReasonCode(e.Code), Err: e},
		})
	}
}

// tellOfPoisonLocked has the log and the Error handler told.
func (c *Client) tellOfPoisonLocked(err *PoisonError) {
	c.logLocked(slog.LevelError, "mqtt: a packet that ends connections was thrown away", "error", err)
	if c.opened.OnError != nil {
		c.recv.pushEventOf(err, func() { c.recv.report(err) })
	}
}
