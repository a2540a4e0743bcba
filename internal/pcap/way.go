package pcap

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"time"
)

const (
	// mostHeld is how much of all connections waits for what was sent before it, mostHeldWay of one side of a connection, and
	// mostPieces in how many pieces.
	mostHeld    = 256 << 20
	mostHeldWay = 16 << 20
	mostPieces  = 1 << 14
	// pieceCost is what a piece takes besides its bytes.
	pieceCost = 160

	// sweepEvery is how often it is looked, by the times of the capture, what is still missing.
	sweepEvery = time.Second
	// patience is how long that may still come.
	patience = time.Minute
)

// way is what one side of a connection sends. Positions are sequence numbers that do not begin again at 2³².
type way struct {
	side    int
	handler Handler
	known   bool
	start   uint32 // sequence number of the first byte
	next    int64  // position of what is due
	acked   int64  // position up to which the other side has it
	pieces  []piece
	held    int       // bytes that those take
	since   time.Time // from when on something is missing
	lacks   bool      // and the other side was seen to have it
}

// piece is what was captured before what was sent before it. They are in order, and do not overlap.
type piece struct {
	from   int64
	length int64
	data   []byte // nil: the capture has not kept it
	at     time.Time
}

func (p *piece) end() int64 { return p.from + p.length }

// behind is what stands at a position and behind it.
func (p piece) behind(position int64) piece {
	n := min(max(position-p.from, 0), p.length)
	p.from += n
	p.length -= n
	if p.data != nil {
		p.data = p.data[n:]
	}
	return p
}

// before is what stands before a position.
func (p piece) before(position int64) piece {
	p.length = min(p.length, position-p.from)
	if p.data != nil {
		p.data = p.data[:p.length]
	}
	return p
}

func (w *way) begin(seq uint32) {
	w.known, w.start = true, seq
	w.next = int64(seq)
	w.acked = w.next
}

// position returns where a sequence number is: it is as near to what is due as it can be.
func (w *way) position(seq uint32) int64 { return w.next + int64(int32(seq-uint32(w.next))) }

func (w *way) acknowledged(ack uint32) {
	if w.known {
		w.acked = max(w.acked, w.position(ack))
	}
}

// take takes the bytes of a segment.
func (c *Connections) take(w *way, s *segment, at time.Time) {
	from := w.position(s.seq)
	if from+int64(s.length) <= w.next {
		return // it was sent again
	}
	data := piece{from: from, length: int64(len(s.payload)), data: s.payload, at: at}
	rest := piece{from: data.end(), length: int64(s.length) - data.length, at: at}
	if len(w.pieces) == 0 && from <= w.next {
		w.give(data, at)
		w.give(rest, at)
		return
	}
	before := w.held
	w.insert(data)
	w.insert(rest)
	w.drain(at)
	c.held += w.held - before
	for w.held > mostHeldWay || len(w.pieces) > mostPieces || len(w.pieces) > 0 && c.held > mostHeld {
		c.giveUp(w)
	}
	c.note(w, at)
}

// note notes whether something is missing.
func (c *Connections) note(w *way, at time.Time) {
	_, noted := c.holed[w]
	switch {
	case len(w.pieces) == 0:
		delete(c.holed, w)
	case !noted:
		c.holed[w] = struct{}{}
		w.since, w.lacks = at, false
	}
}

// insert keeps what is not there yet. What came first counts.
func (w *way) insert(p piece) {
	p = p.behind(w.next)
	i, _ := slices.BinarySearchFunc(w.pieces, p.from, func(q piece, from int64) int { return cmp.Compare(q.end(), from+1) })
	for ; p.length > 0; i++ {
		if i < len(w.pieces) && w.pieces[i].from <= p.from {
			p = p.behind(w.pieces[i].end())
			continue
		}
		part := p
		if i < len(w.pieces) {
			part = p.before(w.pieces[i].from)
		}
		p = p.behind(part.end())
		part.data = bytes.Clone(part.data)
		w.pieces = slices.Insert(w.pieces, i, part)
		w.held += len(part.data) + pieceCost
	}
}

// drain gives what is due, at the time of what it has waited for.
func (w *way) drain(at time.Time) {
	n := 0
	for n < len(w.pieces) && w.pieces[n].from <= w.next {
		p := w.pieces[n]
		w.held -= len(p.data) + pieceCost
		if p.at.Before(at) {
			p.at = at
		}
		w.give(p, p.at)
		n++
	}
	if w.pieces = slices.Delete(w.pieces, 0, n); len(w.pieces) == 0 {
		w.pieces = nil
	}
}

// give gives what is due.
func (w *way) give(p piece, at time.Time) {
	p = p.behind(w.next)
	if p.length == 0 {
		return
	}
	w.next, w.lacks = p.end(), false
	if p.data == nil {
		w.handler.Missing(w.side, p.length, true)
		return
	}
	w.handler.Data(w.side, p.data, at)
}

// giveUp goes on behind what is missing.
func (c *Connections) giveUp(w *way) {
	before := w.held
	w.handler.Missing(w.side, w.pieces[0].from-w.next, false)
	w.next = w.pieces[0].from
	w.drain(time.Time{})
	c.held += w.held - before
	w.lacks = false
	if len(w.pieces) == 0 {
		delete(c.holed, w)
	}
}

// sweep gives up what does not come any more: the other side was seen to have it, or it was long ago.
func (c *Connections) sweep(now time.Time) {
	if d := now.Sub(c.swept); len(c.holed) == 0 || d >= 0 && d < sweepEvery {
		return
	}
	c.swept = now
	list := slices.SortedFunc(maps.Keys(c.holed), func(a, b *way) int { return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.next, b.next)) })
	for _, w := range list {
		switch {
		case w.lacks, now.Sub(w.since) >= patience:
			c.giveUp(w)
			w.since = now
		case w.acked > w.next:
			w.lacks = true // what was captured out of order may still come
		}
	}
}
