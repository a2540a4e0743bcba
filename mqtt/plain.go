package mqtt

import (
	"dunlin/mqtt/internal/life"
	"dunlin/mqtt/internal/wire"
)

// Most messages go to the topic of the one before, have no properties, and come at QoS 0 or 1. They
// take a short way to their handlers, beside the one that serves all: what they need is looked
// up once a batch, or once a destination.

// takesPlainLocked reports whether messages may go that way now.
func (c *Client) takesPlainLocked() bool {
	return c.life.Rule(life.Packet) == life.Take && c.saver == nil && !c.recv.stuck
}

// takePlainLocked queues a message that is plain, and reports false for any other, which handle then
// takes, also for a malformed one.
func (c *Client) takePlainLocked(flags byte, body []byte) bool {
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
	if to.reuse && r.own {
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

// runPlain runs the handlers of messages that have one each, from the one at hand to the first
// that has not. It reports false if the handler of the one that is at hand then did not return.
func (r *receiver) runPlain() (returned bool) {
	defer r.guard.contain(&returned)
	for r.at < len(r.batch) {
		it := &r.batch[r.at]
		if it.message == nil || it.to.handler == nil || !r.delivers(it) {
			break
		}
		it.result = failed // until it has returned
		it.manual, it.message.manual = it.to.manual, it.to.manual
		it.to.handler(it.to.client.ctx, it.message)
		it.result = handled
		r.conclude(it)
	}
	return true
}
