package mqtt

import (
	"bytes"

	"dunlin/mqtt/internal/link"
	"dunlin/mqtt/internal/wire"
)

// apartSize is from where on a payload that stays as it is is not copied: below, a copy
// costs less than what it takes to write two pieces of memory.
const apartSize = 16 << 10

// payloads are those that are written from where they are: from their owner's
// memory, or from memory of their own. nil: there have been none, as with most
// clients.
type payloads struct {
	next  []link.Part // to be written with the out-buffer
	bytes int         // of those
	taken []link.Part // being written, or were
	total uint64      // bytes written, in all connections
}

// take hands over what is to be written now.
func (p *payloads) take() []link.Part {
	if p == nil {
		return nil
	}
	p.next, p.taken, p.bytes = p.taken[:0], p.next, 0
	return p.taken
}

// written lets go of what was taken.
func (p *payloads) written() {
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
func (p *payloads) reading() bool { return p != nil && len(p.taken) > 0 }

// abandon lets go of all that was not written.
func (p *payloads) abandon() {
	if p != nil {
		*p = payloads{total: p.total}
	}
}

// waiting returns how many bytes are to be written.
func (p *payloads) waiting() int {
	if p == nil {
		return 0
	}
	return p.bytes
}

// large reports whether there is more than an idle client needs.
func (p *payloads) large() bool { return p != nil && p.next != nil }

// sum returns how many bytes were written.
func (p *payloads) sum() uint64 {
	if p == nil {
		return 0
	}
	return p.total
}

// roomyBuffer is the size from where on an out-buffer does not grow for a large
// payload: to make it anew, and copy what is there, costs more than memory for the
// payload alone.
const roomyBuffer = 1 << 20

// setApartLocked settles whether the large payload of m is copied, and where to. What is
// kept, to be sent later or again, has its copy.
func (c *Client) setApartLocked(m *Message, p *wire.Publish, how publishing) {
	if kept := p.QoS > 0 && c.lasting() || c.sess.MustQueue(); kept {
		return
	}
	switch {
	case how&uncopied != 0 && c.conn.link.Gathers():
		p.Apart = true
	case len(c.send.buf)+len(m.Payload) > max(cap(c.send.buf), roomyBuffer):
		p.Apart, p.Payload = true, bytes.Clone(m.Payload)
	}
}

// appendedApart notes that the payload of p, which was appended, follows it.
func (s *sender) appendedApart(p *wire.Publish) {
	if p.Apart {
		if s.apart == nil {
			s.apart = new(payloads)
		}
		s.apart.next = append(s.apart.next, link.Part{At: len(s.buf), Bytes: p.Payload})
		s.apart.bytes += len(p.Payload)
	}
}
