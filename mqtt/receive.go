package mqtt

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"dunlin/mqtt/internal/life"
	"dunlin/mqtt/internal/session"
	"dunlin/mqtt/internal/wire"
)

// linger is how long the server may take to close the connection after our last
// packet; it normally does so at once.
const linger = 500 * time.Millisecond

// owner is the Client as its link sees it: the methods of link.Owner are not
// part of the public API.
type owner Client

// Frame implements link.Owner.
func (o *owner) Frame(h wire.Header, body []byte) error {
	c := (*Client)(o)
	if c.recv.plain {
		if taken, err := c.takePlainLocked(h, body); taken {
			return err
		}
	}
	rule := c.life.Rule(life.Packet)
	if rule == life.Ignore {
		return ErrClosed
	}
	if err := c.handle(rule, h, body); err != nil {
		return c.takeFaultLocked(h, body, err)
	}
	return nil
}

// takeFaultLocked overlooks what is wrong with a packet, or ends the connection.
func (c *Client) takeFaultLocked(h wire.Header, body []byte, err error) error {
	if c.overlookLocked(h, body, err) {
		return nil
	}
	c.handleFault(err)
	return err
}

// Refuse implements link.Owner.
func (o *owner) Refuse(err error) {
	c := (*Client)(o)
	if c.noteAnswerLocked() {
		_, err := packetError(err)
		c.cutLocked(err)
		return
	}
	c.handleFault(err)
}

// handleFault ends the connection after a packet that could not be taken, or
// one that ends it.
func (c *Client) handleFault(err error) {
	var refused *ConnectError
	var left *DisconnectError
	switch {
	case errors.As(err, &refused), errors.As(err, &left): // the server closes; no DISCONNECT in reply
		c.cutLocked(err)
	default:
		c.noteFaultLocked(err)
		c.refuseLocked(err)
	}
}

// handle takes one packet, by the rule for packets that is in force.
func (c *Client) handle(rule life.Rule, h wire.Header, body []byte) error {
	v := wire.Version(c.cfg.Version)
	if last := c.subs.recent.last; h.Type == wire.PUBLISH && rule == life.Take && last != nil {
		var p wire.Publish
		if p.ParseKnown(h, body, v, last.topic) {
			return c.handlePublish(&p)
		}
	}
	switch {
	case rule == life.Early:
		return protocolError(h.Type, "came before CONNECT was sent")
	case h.Type == wire.DISCONNECT && v < wire.V5 && h.Flags|byte(h.Length) == 0 && rule == life.Take:
		return c.disconnectedLocked() // it is none of this version, but no riddle either
	case !wire.IsServerToClient(h.Type, v):
		return protocolError(h.Type, "is not for a server to send in MQTT "+v.String())
	case h.Type == wire.DISCONNECT:
		return c.handleDisconnect(h, body)
	case rule == life.Handshake:
		return c.handleHandshake(h, body, v)
	default:
		return c.handleConnected(h, body, v)
	}
}

// handleHandshake takes a packet before CONNACK, when nothing else may come
// [MQTT-3.2.0-1].
func (c *Client) handleHandshake(h wire.Header, body []byte, v wire.Version) error {
	switch h.Type {
	case wire.AUTH:
		return c.handleAuth(h, body)
	case wire.CONNACK:
		c.conn.link.ReadFresh()
		p, err := wire.ParseConnAck(h, body, v)
		if err != nil {
			return c.otherVersion(err)
		}
		return c.handleConnAck(&p, time.Now())
	default:
		return protocolError(h.Type, "came before CONNACK")
	}
}

func (c *Client) handleConnected(h wire.Header, body []byte, v wire.Version) error {
	switch h.Type {
	case wire.PUBLISH:
		p, err := wire.ParsePublish(h, body, v)
		if err != nil {
			return err
		}
		return c.handlePublish(&p)
	case wire.PUBACK, wire.PUBREC, wire.PUBREL, wire.PUBCOMP:
		p, err := wire.ParseAck(h, body, v)
		if p.PacketID == 0 {
			return err
		}
		// An undefined failure ends its publish, too.
		return errors.Join(c.handleAck(&p), err, c.checkDeclined(h.Type, p.Properties))
	case wire.SUBACK, wire.UNSUBACK:
		return c.handleSubAck(h, body, v)
	case wire.PINGRESP:
		c.conn.link.ReadFresh()
		return c.handlePingResp(h, body)
	case wire.AUTH:
		return c.handleAuth(h, body)
	case wire.CONNACK:
		return protocolError(wire.CONNACK, "came a second time")
	default:
		return protocolError(h.Type, "is not expected")
	}
}

// checkDeclined refuses words of the server where CONNECT asked for none: MQTT 5
// section 3.1.2.11.7, [MQTT-3.1.2-29] of 5.
func (c *Client) checkDeclined(t wire.Type, p wire.Properties) error {
	if len(p) == 0 || !c.cfg.Properties.OmitProblemInformation {
		return nil
	}
	_, reason := p.Text(wire.ReasonString)
	for range p.UserProperties() {
		reason = true
	}
	if reason {
		return protocolError(t, "has a reason string or user property that CONNECT declined")
	}
	return nil
}

// handleDisconnect takes the DISCONNECT of an MQTT 5 server.
func (c *Client) handleDisconnect(h wire.Header, body []byte) error {
	p, err := wire.ParseDisconnect(h, body, wire.Version(c.cfg.Version))
	if err != nil {
		return err
	}
	return &DisconnectError{
		Version: c.cfg.Version, Code: ReasonCode(p.Code),
		ReasonString: text(p.Properties, wire.ReasonString),
		Reference:    text(p.Properties, wire.ServerReference),

		UserProperties: readUser(p.Properties),

		own: p.Code == wire.SessionTakenOver && c.supervisor != nil && c.supervisor.turns.isStray(),
	}
}

// handleAck completes a publish, or goes on with it.
func (c *Client) handleAck(p *wire.Ack) error {
	buf, done, ignored, err := c.sess.HandleAck(c.send.buf, p)
	c.send.buf = buf
	if err != nil || p.Type == wire.PUBREL { // that is about a message that came
		return err
	}
	c.pumpedLocked()
	if ignored {
		c.logLocked(slog.LevelDebug, "mqtt: acknowledgement for an unknown packet identifier", "packet", p.Type.String(), "id", p.PacketID)
	}
	if done == nil {
		c.noteReleaseLocked(p)
		return nil
	}
	if d, ok := done.Owner.(*Delivery); ok {
		c.send.answered(max(d.end, d.op.last))
		d.op.answer = ackAnswer(p)
		c.settleLocked(d, d.acknowledged(p))
	}
	for _, e := range c.sess.TakeRefused() {
		c.failEntryLocked(e, ErrNotSent, ErrNoQoS2)
	}
	return nil
}

// noteReleaseLocked notes where the PUBREL that answers a PUBREC ends.
func (c *Client) noteReleaseLocked(p *wire.Ack) {
	if p.Type != wire.PUBREC {
		return
	}
	if e := c.sess.Flow(p.PacketID); e != nil {
		if d, ok := e.Owner.(*Delivery); ok {
			d.op.last = c.send.end()
		}
	}
}

// acknowledged returns what p, which ended d's flow, means for d. A PUBCOMP
// always means success: the server has had the message since its PUBREC. A PUBACK for a
// publish of QoS 2 means less than was asked for.
func (d *Delivery) acknowledged(p *wire.Ack) error {
	switch {
	case p.Type == wire.PUBCOMP:
		return nil
	case p.Code >= 0x80:
	case p.Type == wire.PUBACK && QoS(d.op.entry.QoS()) == ExactlyOnce:
		return d.failure(ErrTakenAtQoS1, ErrNoQoS2)
	default:
		return nil
	}
	return &PublishError{
		Topic: d.topic, PacketID: p.PacketID, Outcome: ErrRejected, Code: ReasonCode(p.Code),
		ReasonString: d.op.answer.ReasonString, // a failure has an answer
	}
}

// handlePublish queues a message for its handlers.
func (c *Client) handlePublish(p *wire.Publish) (err error) {
	if err := c.sess.Resolve(p); err != nil {
		return err
	}
	var a session.Arrival
	if p.QoS > 0 {
		c.send.buf, a, err = c.sess.HandlePublish(c.send.buf, p)
		if err != nil || !a.Deliver {
			return err
		}
	}
	to := &nowhere
	if !c.takeAnswer(p) {
		to = c.subs.find(p, c.cfg.Version)
	}
	if !to.wanted {
		c.passOverLocked(a.Seq)
		return nil
	}
	if p.QoS == 0 && c.recv.drops() {
		c.recv.drop()
		return nil
	}
	deferred := c.defersLocked(a.Deferred)
	var m *Received
	switch {
	case to.reuse && c.recv.lends && !deferred && c.recv.memory.came == nil:
		m = c.recv.memory.lend()
		m.Payload = p.Payload[:len(p.Payload):len(p.Payload)]
	case len(p.Payload) >= largePayload:
		m, to = c.allotLargeLocked(p.Payload, to)
	default:
		m = c.recv.memory.message()
		m.Payload = c.recv.memory.copy(p.Payload)
	}
	m.Topic, m.to = to.topic, to
	m.fill(p)
	m.Sequence, m.seq = a.Sequence, a.Seq
	m.manual = false
	c.offerLocked(m, deferred)
	return nil
}

// passOverLocked acknowledges a message that no handler gets.
func (c *Client) passOverLocked(seq uint64) {
	if seq != 0 {
		c.send.buf, _ = c.sess.Ack(c.send.buf, seq, wire.Success)
	}
}

// fill takes what is of p, except for topic and payload.
func (m *Received) fill(p *wire.Publish) {
	m.QoS, m.Retain, m.Dup, m.PacketID, m.Properties = QoS(p.QoS), p.Retain, p.Dup, p.PacketID, nil
	if len(p.Properties) > 0 {
		m.Properties = readProperties(p.Properties)
	}
}

// defersLocked reports whether a message waits until it is on record, if it is to be saved, and so are
// those before it: handlers get all in the order of arrival. But a store that fails does not hold up the rest.
func (c *Client) defersLocked(saves bool) bool {
	return saves || c.recv.deferred > 0 && !c.saver.failed
}

// offerLocked queues m for its handlers, after it was deferred if that is said.
func (c *Client) offerLocked(m *Received, deferred bool) {
	if deferred {
		c.recv.deferred++
		it := item{}
		c.recv.count(&it, m)
		c.sess.Defer(it)
		return
	}
	c.recv.items = append(c.recv.items, item{})
	c.recv.count(&c.recv.items[len(c.recv.items)-1], m)
}

// concludeLocked tells the session that the handlers of a message are through. One
// that they did not all return from is not acknowledged, and the application may
// acknowledge by itself.
func (c *Client) concludeLocked(it *item) {
	if it.to.stream != nil && !c.finishStreamLocked(it) {
		return
	}
	if it.seq == 0 || it.result == notRun || it.result == handled && it.manual {
		return
	}
	_ = c.answerMessageLocked(it.seq, it.result == handled, wire.Success) // nobody asks
}

// answerMessageLocked acknowledges the message seq with code, or leaves it to the
// server to send it again. It returns why the server will not hear of it.
func (c *Client) answerMessageLocked(seq uint64, taken bool, code wire.ReasonCode) error {
	var dst []byte
	rule := c.life.Rule(life.Acknowledge)
	switch {
	case rule == life.Take:
		dst = c.send.buf
	case rule == life.Closed || c.sess == nil:
		return c.life.End()
	}
	known := false
	if taken {
		dst, known = c.sess.Ack(dst, seq, code)
	} else {
		dst, known = c.sess.Drop(dst, seq)
	}
	if rule == life.Take { // else there is nobody to say it to, but the session has it
		c.send.buf = dst
	}
	c.flushLocked()
	if !known && c.sess.Earlier(seq) {
		return c.overLocked()
	}
	return nil
}

// overLocked says that a message cannot be acknowledged any more.
func (c *Client) overLocked() error {
	return fmt.Errorf("the connection on which the message came has ended; the server sends it again if it keeps the session: %w", c.life.Lost())
}

// acknowledge is Received.Ack and Reject.
func (c *Client) acknowledge(m *Received, code wire.ReasonCode) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.answerMessageLocked(m.seq, true, code)
	if err == nil && m.QoS == AtLeastOnce && c.life.Rule(life.Acknowledge) == life.Note {
		err = c.overLocked() // nobody hears it, and QoS 1 has no second step to make up for that
	}
	if err != nil {
		return fmt.Errorf("acknowledge: %w", err)
	}
	return nil
}

// skip is Received.Skip.
func (c *Client) skip(seq uint64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.answerMessageLocked(seq, false, wire.Success); err != nil {
		return fmt.Errorf("skip: %w", err)
	}
	return nil
}
