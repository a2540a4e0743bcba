package pcap

import (
	"cmp"
	"container/list"
	"maps"
	"net/netip"
	"slices"
	"time"
)

const (
	// mostConnections is how many connections are followed at once.
	mostConnections = 1 << 16
	// reach is how far from what is due next a segment may be: the largest window that TCP has.
	reach = 1 << 30
)

// Conn is a connection of TCP.
type Conn struct {
	// Sides are its two ends. The first one opened it; where Opened is false that was not captured, and it is the one whose bytes
	// were captured first.
	Sides  [2]netip.AddrPort
	Opened bool
}

// Handler gets what is sent on a connection, side 0 or 1 of it, each in the order in which it was sent.
type Handler interface {
	// Data gets bytes of a segment, which are the callee's until it returns, and the time at which they could be read.
	Data(side int, b []byte, at time.Time)
	// Missing tells that so many bytes were sent, and are not in the capture: they were not captured, or, with cut, the capture keeps
	// only the beginning of each frame.
	Missing(side int, n int64, cut bool)
	// Close tells that nothing follows.
	Close()
}

// Counts are what was in a capture besides what Handlers get.
type Counts struct {
	Frames    int
	Fragments int            // of packets of TCP that IP has split, which are not put together again
	Cut       int            // frames of which not even the heads were kept
	Unknown   map[uint32]int // frames that begin with something that is not known, by LINKTYPE
	GivenUp   int            // connections that were followed no further, for there were too many at once
}

// Connections follows the connections of TCP in a capture.
type Connections struct {
	Counts
	open  func(*Conn) Handler
	all   map[pair]*connection
	begun uint64
	used  uint64
	held  int // bytes that wait for what was sent before them
	holed map[*way]struct{}
	swept time.Time
	over  *list.List // of connections that are over, in the order of when to look after them
}

// NewConnections returns one that asks open for who gets what is sent on a connection.
func NewConnections(open func(*Conn) Handler) *Connections {
	return &Connections{
		open: open, all: map[pair]*connection{}, holed: map[*way]struct{}{}, over: list.New(), Counts: Counts{Unknown: map[uint32]int{}},
	}
}

// pair has the ends of a connection in order.
type pair [2]netip.AddrPort

// connection is one that is followed.
type connection struct {
	Conn
	number  uint64
	used    uint64        // when it was used last
	seen    time.Time     // the same, by the times of the capture
	waits   *list.Element // in the list of those that are over
	since   time.Time     // when it was put there
	handler Handler
	ways    [2]way
	ended   [2]bool // the side has sent all, or reset the connection
}

// over tells whether nothing new is to be expected. What was sent before may still be captured again.
func (n *connection) over() bool { return n.ended[0] && n.ended[1] }

// Add takes the next frame.
func (c *Connections) Add(f *Frame) {
	c.Frames++
	var s segment
	switch parse(f, &s) {
	case isSegment:
		c.segment(&s, f.Time)
	case isFragment:
		c.Fragments++
	case isCut:
		c.Cut++
	case isUnknown:
		c.Unknown[f.Link]++
	case isOther:
	}
	c.sweep(f.Time)
	c.forget(f.Time)
}

// forget ends the connections that are over, when nothing has come of them for so long that nothing is sent again either.
func (c *Connections) forget(now time.Time) {
	for e := c.over.Front(); e != nil; e = c.over.Front() {
		n := e.Value.(*connection)
		if now.Sub(n.since) < patience {
			return
		}
		if now.Sub(n.seen) >= patience {
			c.end(n)
			continue
		}
		n.since = n.seen // somebody else's reset was taken for its end, perhaps
		c.over.MoveToBack(e)
	}
}

// Close ends all connections: what is missing from the capture does not come any more.
func (c *Connections) Close() {
	for _, n := range c.sorted(func(n *connection) uint64 { return n.number }) {
		c.end(n)
	}
}

// makeRoom ends the connections that were not used for the longest time, first those that are over.
func (c *Connections) makeRoom() {
	const later = 1 << 62
	list := c.sorted(func(n *connection) uint64 {
		if n.over() {
			return n.used
		}
		return later + n.used
	})
	for _, n := range list[:len(list)/4] {
		if !n.over() {
			c.GivenUp++
		}
		c.end(n)
	}
}

func (c *Connections) sorted(by func(*connection) uint64) []*connection {
	return slices.SortedFunc(maps.Values(c.all), func(a, b *connection) int { return cmp.Compare(by(a), by(b)) })
}

// end ends a connection.
func (c *Connections) end(n *connection) {
	for i := range n.ways {
		for w := &n.ways[i]; len(w.pieces) > 0; {
			c.giveUp(w)
		}
	}
	n.handler.Close()
	if n.waits != nil {
		c.over.Remove(n.waits)
	}
	delete(c.all, keyOf(n.Sides[0], n.Sides[1]))
}

func keyOf(a, b netip.AddrPort) pair {
	if a.Compare(b) > 0 {
		a, b = b, a
	}
	return pair{a, b}
}

// segment takes what a frame has of a connection.
func (c *Connections) segment(s *segment, at time.Time) {
	n := c.find(s)
	if n == nil {
		return
	}
	c.used++
	n.used, n.seen = c.used, at
	side := 0
	if s.from != n.Sides[0] {
		side = 1
	}
	w, other := &n.ways[side], &n.ways[1-side]
	if s.flags&flagSyn != 0 {
		s.seq++ // it counts as a byte
	}
	if !w.known {
		w.begin(s.seq)
	}
	if s.flags&flagAck != 0 {
		if !other.known && n.Opened { // then nothing was sent before what this one waits for
			other.begin(s.ack)
		}
		other.acknowledged(s.ack)
	}
	if s.length > 0 {
		c.take(w, s, at)
	}
	c.ending(n, side, s.flags, at)
}

// ending takes that a side has sent all, or that there is no connection any more.
func (c *Connections) ending(n *connection, side int, flags byte, at time.Time) {
	if flags&flagFin != 0 {
		n.ended[side] = true
	}
	if flags&flagReset != 0 {
		n.ended = [2]bool{true, true}
	}
	if n.over() && n.waits == nil {
		n.waits, n.since = c.over.PushBack(n), at
	}
}

// find returns the connection of a segment, nil for one that tells nothing.
func (c *Connections) find(s *segment) *connection {
	n := c.all[keyOf(s.from, s.to)]
	if n != nil && n.fits(s) {
		return n
	}
	syn, ack := s.flags&flagSyn != 0, s.flags&flagAck != 0
	if !syn && s.length == 0 {
		return nil // it is of a connection of which nothing is known, and carries nothing
	}
	if n != nil {
		c.end(n)
	}
	if len(c.all) >= mostConnections {
		c.makeRoom()
	}
	c.begun++
	n = &connection{number: c.begun, Conn: Conn{Sides: [2]netip.AddrPort{s.from, s.to}, Opened: syn}}
	if syn && ack { // by who accepts it
		n.Sides = [2]netip.AddrPort{s.to, s.from}
	}
	n.handler = c.open(&n.Conn)
	for i := range n.ways {
		n.ways[i].side, n.ways[i].handler = i, n.handler
	}
	c.all[keyOf(s.from, s.to)] = n
	return n
}

// fits tells whether a segment is of this connection, and not of a later one between the same ends.
func (n *connection) fits(s *segment) bool {
	w := &n.ways[0]
	if s.from != n.Sides[0] {
		w = &n.ways[1]
	}
	if s.flags&flagSyn != 0 {
		if !w.known { // of the one that accepts, as the opener waits for it
			return s.flags&flagAck != 0
		}
		return w.start == s.seq+1
	}
	far := w.position(s.seq) - w.next
	return !w.known || s.length == 0 || far > -reach && far < reach
}
