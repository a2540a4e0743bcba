package mqtt

import (
	"bytes"

	"dunlin/mqtt/internal/link"
	"dunlin/mqtt/internal/wire"
)

// lentSize is from where on a payload that is lent is not copied: below, a copy
// costs less than what it takes to write two pieces of memory.
const lentSize = 16 << 10

// parts are payloads that are written from where they are: from their owner's
// memory, or from memory of their own. nil: there have been none, as with most
// clients.
type parts struct {
	next  []link.Part // to be written with the out-buffer
	bytes int         // of those
	taken []link.Part // being written, or were
	total uint64      // bytes written, in all connections
}

// take hands over what is to be written now.
func (p *parts) take() []link.Part {
	if p == nil {
		return nil
	}
	p.next, p.taken, p.bytes = p.taken[:0], p.next, 0
	return p.taken
}

// written lets go of what was taken.
func (p *parts) written() {
	if p == nil {
		return
	}
	for _, t := range p.taken {
		p.total += uint64(len(t.Bytes))
	}
	clear(p.taken)
	p.taken = p.taken[:0]
}

// reading reports whether the write loop reads somebody's memory.
func (p *parts) reading() bool { return p != nil && len(p.taken) > 0 }

// abandon lets go of all that was not written.
func (p *parts) abandon() {
	if p != nil {
		*p = parts{total: p.total}
	}
}

// waiting returns how many bytes are to be written.
func (p *parts) waiting() int {
	if p == nil {
		return 0
	}
	return p.bytes
}

// large reports whether there is more than an idle client needs.
func (p *parts) large() bool { return p != nil && p.next != nil }

// sum returns how many bytes were written.
func (p *parts) sum() uint64 {
	if p == nil {
		return 0
	}
	return p.total
}

// roomyBuffer is the size from where on an out-buffer does not grow for a large
// payload: to make it anew, and copy what is there, costs more than memory for the
// payload alone.
const roomyBuffer = 1 << 20

// lendLocked settles whether the large payload of m is copied, and where to. What is
// kept, to be sent later or again, has its copy.
func (c *Client) lendLocked(m *Message, p *wire.Publish) {
	if kept := p.QoS > 0 && c.lasting() || c.sess.MustQueue(); kept || c.state != connected {
		return
	}
	switch {
	case m.Lent && c.link.Gathers():
		p.Apart = true
	case len(c.out.buf)+len(m.Payload) > max(cap(c.out.buf), roomyBuffer):
		p.Apart, p.Payload = true, bytes.Clone(m.Payload)
	}
}

// lentLocked notes that the payload of p, which was appended, follows it.
func (o *outbox) lentLocked(p *wire.Publish) {
	if p.Apart {
		if o.lent == nil {
			o.lent = new(parts)
		}
		o.lent.next = append(o.lent.next, link.Part{At: len(o.buf), Bytes: p.Payload})
		o.lent.bytes += len(p.Payload)
	}
}
