package mqtt

import (
	"slices"
	"strings"
	"time"
	"unsafe"
)

const (
	// largePayload is the size from where on a payload has memory that is used for another one
	// when the application says that it may be. Below, fresh memory costs as little as that.
	largePayload = 16 << 10
	// firstPiece is how much memory a payload gets that has hardly begun to come, and
	// growth is how many times what has come it gets from then on.
	firstPiece = 128 << 10
	growth     = 16
	// mostPieces is how many pieces of memory wait to be used again.
	mostPieces = 64
)

// large is a message with a large payload, and what is its own.
type large struct {
	message Received
	to      destination // that of its topic, and its memory
	lent    lent
}

// lent is memory that a message has until it is released. The client's mutex guards it.
type lent struct{ bytes []byte } // nil: it was given back

// spare is memory for large payloads that nobody uses now.
type spare struct {
	pieces [][]byte // oldest first
	bytes  int
	now    time.Time // when the last read was
	wanted time.Time // when a large payload last came

	fresh   int       // bytes that were not there since began
	began   time.Time // when that count began
	ballast bool      // is held
}

// take returns an empty piece with room for size bytes, and not for far more, or nil. It is the
// one that was used last, for that is in the processor's cache.
func (s *spare) take(size int) []byte {
	for i, b := range slices.Backward(s.pieces) {
		if cap(b) >= size && cap(b)/2 <= size {
			s.pieces = slices.Delete(s.pieces, i, i+1)
			s.bytes -= cap(b)
			return b[:0]
		}
	}
	return nil
}

// give keeps b for the next payloads. The oldest pieces go where there are more than limit bytes,
// so that those stay which fit what comes; one always does.
func (s *spare) give(b []byte, limit int) {
	s.pieces = append(s.pieces, b)
	s.bytes += cap(b)
	n := 0
	for len(s.pieces)-n > 1 && (s.bytes > limit || len(s.pieces)-n > mostPieces) {
		s.bytes -= cap(s.pieces[n])
		n++
	}
	s.pieces = slices.Delete(s.pieces, 0, n)
}

// room returns memory that begins with what came of a payload of size bytes, and has more. It
// grows with the bytes that came, except where it is there already.
func (m *memory) room(size int, came []byte) []byte {
	if m.spare == nil {
		m.spare = &spare{now: time.Now()}
	}
	m.spare.wanted = m.spare.now
	b := m.spare.take(size)
	if b == nil {
		b = fresh(size, len(came))
		m.spare.tookFresh(cap(b))
	}
	return append(b, came...)
}

// fresh returns memory for a payload of size bytes, of which so many have come.
func fresh(size, came int) []byte { return uncleared(min(size, max(firstPiece, growth*came))) }

// tookFresh counts n bytes of fresh memory. Where much is needed, and the application does not give it
// back, the collector has to find it.
func (s *spare) tookFresh(n int) {
	if s.now.Sub(s.began) >= idleTime {
		s.fresh, s.began = 0, s.now
	}
	if s.fresh += n; s.fresh >= ballastAfter && !s.ballast {
		s.ballast = holdBallast()
		s.fresh = 0
	}
}

// dropSpare lets it go.
func (m *memory) dropSpare() {
	if m.spare != nil && m.spare.ballast {
		dropBallast()
	}
	m.spare = nil
}

// age lets the spare memory go when no large payload has come for a while, though others have.
func (m *memory) age(now time.Time) {
	if m.spare == nil {
		return
	}
	m.spare.now = now
	if now.Sub(m.spare.wanted) >= idleTime {
		m.dropSpare()
	}
}

// uncleared returns memory for n bytes that holds anything. To clear what is written over anyway
// would cost a payload of some MiB as much as reading it from the network. strings.Builder is what
// gives such memory; nobody else has the string.
func uncleared(n int) []byte {
	var b strings.Builder
	b.Grow(n)
	_ = b.WriteByte(0) // it never fails; an empty string need not say where it begins
	return unsafe.Slice(unsafe.StringData(b.String()), b.Cap())[:0]
}

// allotLargeLocked returns a message with payload or a copy of it, and where it goes: to, and that it has
// memory that can be given back.
func (c *Client) allotLargeLocked(payload []byte, to *destination) (*Received, *destination) {
	m := &c.recv.memory
	if m.came == nil {
		c.recv.watchSpare()
		payload = m.room(len(payload), payload)
	}
	m.came = nil
	l := &large{to: *to, lent: lent{payload}}
	l.message.Payload = payload
	if len(to.subs) <= 1 || to.reuse { // else nobody says when all handlers are through
		l.to.lent = &l.lent
	}
	return &l.message, &l.to
}

// watchSpare sees to it that spare memory goes when the client is at rest.
func (r *receiver) watchSpare() {
	if r.memory.spare == nil {
		r.watchSoon()
	}
}

// giveBack takes memory that nobody uses any more, unless the client is at rest.
func (m *memory) giveBack(l *lent, limit int) {
	if m.spare != nil && l.bytes != nil {
		m.spare.give(l.bytes, limit)
	}
	l.bytes = nil
}

// Release says that the application is done with the message's Payload, whose memory the client then
// uses for a later one: neither it nor a part of it may be touched afterwards. It is never
// needed; it saves a program that receives payloads of 16 KiB and more fresh memory for each of
// them, and so most of what they cost it. It may be called from any goroutine, and more than once, and
// says nothing about the acknowledgement. For smaller messages, and those that more than one
// subscription matches, it does nothing. What a BatchHandler or ReuseMessage borrows comes back
// without it.
func (m *Received) Release() {
	if m.to == nil || m.to.lent == nil || len(m.to.subs) > 1 { // one handler does not speak for the others
		return
	}
	c, lent := m.to.client, m.to.lent
	c.mu.Lock()
	defer c.mu.Unlock()
	if lent.bytes == nil {
		return
	}
	m.Payload = nil
	c.recv.memory.giveBack(lent, c.cfg.Limits.ReceiveBytes)
}
