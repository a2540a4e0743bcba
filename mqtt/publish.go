package mqtt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"dunlin/mqtt/internal/life"
	"dunlin/mqtt/internal/wire"
)

// Publish sends m and waits until it is complete: at QoS 0 written to the
// network, at QoS 1 and 2 acknowledged by the server. It blocks while more than
// Limits.SendBytes wait to be written. PublishAsync gives the server's answer, too, as
// Delivery.Answer.
//
// m.Payload may be used again when Publish returns, unless ctx ended. The error is an
// *ArgumentError for a message that cannot be sent, ErrNotPermitted in a mode
// that forbids it, else a *PublishError. When ctx ends first, a message that is
// still queued is taken back (ErrNotSent); one that was sent is in doubt, and one
// that is in the Config.Store stays there (ErrSaved).
func (c *Client) Publish(ctx context.Context, m Message) error {
	if ctx.Err() != nil {
		return &PublishError{Topic: m.Topic, Outcome: ErrNotSent, Err: context.Cause(ctx)}
	}
	how := awaited
	// Then it was written when this returns. A server could acknowledge what it has not
	// read, so that it is for the application to decide at QoS 1 and 2.
	if m.QoS == AtMostOnce && ctx.Done() == nil {
		how |= uncopied
	}
	d, err := c.publish(ctx, &m, nil, how)
	if err != nil {
		return err
	}
	if d.await(ctx) {
		return d.op.err
	}
	return c.withdraw(d, context.Cause(ctx))
}

// withdraw gives d up: it is taken back when nothing of it was sent, or saved.
func (c *Client) withdraw(d *Delivery, cause error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !d.op.settled && !d.op.entry.OnRecord() && c.sess.Cancel(&d.op.entry) {
		c.settleLocked(d, d.failure(ErrNotSent, cause))
		c.pumpLocked()
	}
	if d.op.settled {
		return d.op.err
	}
	if d.op.accepted {
		return d.failure(ErrSaved, cause)
	}
	return d.failure(ErrInDoubt, cause)
}

// PublishAsync sends m without waiting for its completion; messages leave in
// the order of the calls. done, unless nil, is called once with the outcome, in
// turn with the handlers. The Delivery tells the outcome too, and the server's
// answer.
//
// ctx bounds only the wait for room, while more than Limits.SendBytes wait to be
// written. m.Payload may be used again when PublishAsync returns. When it
// returns an error nothing was sent and done is not called.
func (c *Client) PublishAsync(ctx context.Context, m Message, done func(error)) (*Delivery, error) {
	return c.publish(ctx, &m, done, 0)
}

// PublishNoCopy is PublishAsync for a payload that stays as it is until the publish
// is complete, as the Delivery or done tells. Then a payload above 16 KiB is written to
// a TCP or unix socket from where it is, and not copied first. It is copied even so
// where it has to wait, or may have to be sent again: with Reconnect or a Store at
// QoS 1 and 2, and with a full window. A server that acknowledges what it has not read
// yet ends a publish early, and is sent what the memory holds then. Publish at QoS 0
// with a context that cannot end does not copy either.
func (c *Client) PublishNoCopy(ctx context.Context, m Message, done func(error)) (*Delivery, error) {
	return c.publish(ctx, &m, done, uncopied)
}

// publishing says what a caller of publish promises.
type publishing byte

const (
	uncopied  publishing = 1 << iota // the payload stays as it is until the end
	forgotten                        // nobody asks for the outcome of a QoS 0 message: there may be no Delivery
	awaited                          // the caller waits for the outcome
)

// publish sends m.
func (c *Client) publish(ctx context.Context, m *Message, done func(error), how publishing) (*Delivery, error) {
	var p wire.Publish
	m.encode(&p)
	c.mu.Lock()
	defer c.mu.Unlock()
	valid := c.send.isValid(m)
	if !valid {
		if err := m.check(Version(cmp.Or(c.version.Load(), uint32(V311))), &p); err != nil {
			return nil, err
		}
	}
	if err := c.awaitRoomLocked(ctx, m.QoS); err != nil {
		return nil, &PublishError{Topic: m.Topic, Outcome: ErrNotSent, Err: err}
	}
	if err := c.checkLimitsLocked(m, &p); err != nil {
		return nil, err
	}
	if !valid {
		c.send.validTopic = m.Topic
	}
	if len(m.Payload) > apartSize {
		c.setApartLocked(m, &p, how)
	}
	c.send.prepare()
	if how&forgotten != 0 && p.QoS == 0 && c.sess.Direct() {
		c.send.buf = c.sess.AppendPublish(c.send.buf, &p)
		c.send.appendedApart(&p)
		c.kickLocked()
		return nil, nil
	}
	d := c.send.newDelivery(c, m, done)
	if err := c.appendLocked(d, &p); err != nil {
		return nil, d.failure(ErrNotSent, err)
	}
	c.kickLocked()
	if how&awaited != 0 {
		c.writeHereLocked()
	}
	return d, nil
}

// isValid reports whether m has the topic of the last message that was checked, and
// nothing else that could be wrong.
func (s *sender) isValid(m *Message) bool {
	return m.Topic == s.validTopic && m.Topic != "" && m.Properties == nil && m.QoS <= ExactlyOnce && len(m.Payload) < uncheckedSize
}

// uncheckedSize is far below what a packet may have.
const uncheckedSize = 1 << 20

// awaitRoomLocked waits until the client is connected and may append. It gives
// up the lock meanwhile.
func (c *Client) awaitRoomLocked(ctx context.Context, qos QoS) error {
	for {
		op := life.Publish
		if qos == AtMostOnce && !c.cfg.Limits.Queue.QoS0 {
			op = life.PublishNow
		}
		if err := c.life.Refusal(op); err != nil {
			return err
		}
		if stricter(c.cfg.Mode) != ModePublisher {
			return fmt.Errorf("mode is %s: %w", stricter(c.cfg.Mode), ErrNotPermitted)
		}
		if c.roomLocked() {
			return nil
		}
		if done, err := c.fullLocked(); done {
			return err
		}
		if c.send.room == nil {
			c.send.room = make(chan struct{})
		}
		room := c.send.room
		c.recv.enter()
		c.mu.Unlock()
		var err error
		select {
		case <-room:
		case <-ctx.Done():
			err = fmt.Errorf("no room to send: %w", context.Cause(ctx))
		}
		c.mu.Lock()
		c.recv.leave()
		if err != nil {
			return err
		}
	}
}

// checkLimitsLocked enforces what the server said in CONNACK, before anything
// is sent.
func (c *Client) checkLimitsLocked(m *Message, p *wire.Publish) error {
	fault := func(what string) error {
		return &PublishError{Topic: m.Topic, Outcome: ErrNotSent, Err: errors.New(what)}
	}
	if m.QoS == ExactlyOnce && (c.cfg.Limits.InFlightQoS2 < 0 || c.life.Live() && c.sess.WithoutQoS2()) {
		return &PublishError{Topic: m.Topic, Outcome: ErrNotSent, Err: ErrNoQoS2}
	}
	if !c.life.Live() { // the next server says what it takes
		return nil
	}
	n := p.Length(wire.Version(c.cfg.Version))
	if what := c.conn.connAck.obstacle(m.QoS, m.Retain, n); what != "" {
		return fault(what)
	}
	return nil
}

// obstacle says why the server does not take such a publish of n bytes, "" when
// it does.
func (a *ConnAck) obstacle(qos QoS, retain bool, n int) string {
	switch {
	case qos > a.MaximumQoS: // [MQTT-3.2.2-11]
		return fmt.Sprintf("the server's Maximum QoS is %d", a.MaximumQoS)
	case retain && !a.RetainAvailable: // [MQTT-3.2.2-14]
		return "the server does not support retained messages"
	case n > a.MaximumPacketSize: // [MQTT-3.2.2-15]
		return fmt.Sprintf("%d bytes exceed the server's Maximum Packet Size of %d", n, a.MaximumPacketSize)
	}
	return ""
}

// appendLocked gives the packet to the out-buffer, or to the session's queue
// when it has to wait for its turn.
func (c *Client) appendLocked(d *Delivery, p *wire.Publish) (err error) {
	if p.QoS == 0 && c.sess.Direct() {
		c.send.buf = c.sess.AppendPublish(c.send.buf, p)
		c.send.appendedApart(p)
		d.end = c.send.end()
		if d.op != nil {
			c.send.await(d)
		}
		return nil
	}
	op := d.opLocked()
	op.entry.Owner = d
	op.entry.Expires = expires(p)
	c.send.buf, err = c.sess.Publish(c.send.buf, &op.entry, p)
	if err == nil && op.entry.Sent() {
		c.send.appendedApart(p)
		d.end = c.send.end()
	}
	return err
}

// pumpLocked sends what does not have to wait any more.
func (c *Client) pumpLocked() {
	c.sess.Tell(time.Now())
	c.send.buf = c.sess.Pump(c.send.buf)
	c.pumpedLocked()
	c.flushLocked()
}

// expires returns when p is not worth sending any more, in Unix milliseconds; 0:
// never.
func expires(p *wire.Publish) int64 {
	if len(p.Properties) == 0 {
		return 0
	}
	if s, ok := p.Properties.Uint(wire.MessageExpiryInterval); ok {
		return time.Now().Add(time.Duration(s) * time.Second).UnixMilli()
	}
	return 0
}

// pumpedLocked notes the packets that left the session's queue for the
// out-buffer.
func (c *Client) pumpedLocked() {
	for _, f := range c.sess.TakeFreed() {
		d, ok := f.Entry.Owner.(*Delivery)
		if !ok {
			continue
		}
		d.end = c.send.start + uint64(f.End)
		if op := d.opLocked(); op.qos0 && (op.call != nil || op.done != nil) {
			c.send.await(d)
		}
	}
	for _, e := range c.sess.TakeExpired() {
		outcome := ErrNotSent
		if e.Again() {
			outcome = ErrInDoubt
		}
		c.failEntryLocked(e, outcome, ErrExpired)
	}
	c.makeRoomLocked()
}
