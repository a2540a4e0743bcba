package mqtt

import (
	"dunlin/mqtt/internal/life"
	"dunlin/mqtt/internal/wire"
)

// Most messages go to the topic of the one before, have no properties, and come at QoS 0 or 1, and most
// acknowledgements say no more than success. They take a short way, beside the one that serves all: what
// they need is looked up once a batch, or once a destination.

// takesPlainLocked reports whether packets may go that way now.
func (c *Client) takesPlainLocked() bool {
	return c.life.Rule(life.Packet) == life.Take && c.saver == nil && !c.recv.stuck
}

// takePlainLocked takes a plain packet, and reports false for any other, which handle then takes,
// also for a malformed one.
func (c *Client) takePlainLocked(h wire.Header, body []byte) (taken bool, err error) {
	switch h.Type {
	case wire.PUBLISH:
		return c.takePlainMessageLocked(h.Flags, body), nil
	case wire.PUBACK, wire.PUBREC, wire.PUBREL, wire.PUBCOMP:
		if len(body) != 2 {
			return false, nil
		}
		ack := wire.Ack{Type: h.Type, PacketID: uint16(body[0])<<8 | uint16(body[1])}
		if ack.PacketID == 0 {
			return false, nil
		}
		if err := c.handleAck(&ack); err != nil {
			return true, c.takeFaultLocked(h, body, err)
		}
		return true, nil
	default:
		return false, nil
	}
}

// takePlainMessageLocked queues a message that is plain.
func (c *Client) takePlainMessageLocked(flags byte, body []byte) bool {
	to := c.subs.recent.last
	if to == nil || !to.wanted {
		return false
	}
	id, payload, plain := wire.PlainMessage(flags, body, wire.Version(c.cfg.Version), to.topic)
	if !plain || len(payload) >= largePayload {
		return false
	}
	r := &c.recv
	var seq uint64
	if flags != 0 {
		if seq, plain = c.sess.ReceivePlain(id); !plain {
			return false
		}
	}
	var m *Received
	if to.reuse && r.lends {
		m = r.memory.lend()
		payload = payload[:len(payload):len(payload)]
	} else {
		m = r.memory.message()
		payload = r.memory.copy(payload)
	}
	// Field by field: to copy a whole one costs twice as much while the collector runs.
	m.Topic, m.Payload, m.Properties, m.to = to.topic, payload, nil, to
	m.QoS, m.Retain, m.Dup, m.PacketID, m.Sequence, m.seq = QoS(flags>>1), false, false, id, 0, seq
	size := messageOverhead + len(to.topic) + cap(payload)
	it := r.newItem()
	it.message, it.to, it.seq, it.size = m, to, seq, uint32(size)
	it.result, it.manual = notRun, false
	r.messages++
	r.bytes += size
	return true
}

// newItem appends an item, of which delivery and call are nil.
func (r *receiver) newItem() *item {
	n := len(r.items)
	if n == cap(r.items) {
		r.items = append(r.items, item{})
	} else {
		r.items = r.items[:n+1]
	}
	return &r.items[n]
}

// runPlain runs callbacks, and the handlers of messages that have one each, from the item at hand to
// the first message that has not. It reports false if that of the item that is at hand then did not return.
func (r *receiver) runPlain() (returned bool) {
	defer r.guard.contain(&returned)
	for r.at < len(r.batch) {
		it := &r.batch[r.at]
		switch m := it.message; {
		case m == nil && it.delivery != nil:
			op := it.delivery.op
			op.call(op.err)
		case m == nil:
			it.call()
		case it.to.handler == nil || !r.delivers(it):
			return true
		default:
			it.result = failed // until it has returned
			it.manual, m.manual = it.to.manual, it.to.manual
			it.to.handler(it.to.client.ctx, m)
			it.result = handled
		}
		r.conclude(it)
	}
	return true
}
