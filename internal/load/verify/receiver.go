package verify

import (
	"errors"
	"slices"
	"sync"
)

// Receiver keeps what one subscription of one client has got. One goroutine at a time takes messages, and any may call AddTo.
type Receiver struct {
	mu      *sync.Mutex // the share's, where there is one
	name    string
	share   *Share // nil: it is for itself
	streams map[uint64]*got
	last    *got // of lastID: messages of a stream often come together
	lastID  uint64

	foreign    uint64
	unreadable uint64
}

// got is what came of one stream.
type got struct {
	high    uint64 // the highest number that came here, and not to another worker
	swapped faults
	*came
}

// came is what the workers of a shared subscription have in common.
type came struct {
	numbers Ranges
	doubled faults
	corrupt faults
}

// Share keeps what the workers of a shared subscription of this process got together.
type Share struct {
	mu      sync.Mutex
	streams map[uint64]*came
}

// NewReceiver returns a receiver of that name. Workers of one shared subscription have the name and the share in common; share
// is nil for others.
func NewReceiver(name string, share *Share) *Receiver {
	r := &Receiver{name: name, share: share, streams: map[uint64]*got{}, mu: &sync.Mutex{}}
	if share != nil {
		r.mu = &share.mu
	}
	return r
}

// NewShare returns what the workers of a shared subscription have in common.
func NewShare() *Share { return &Share{streams: map[uint64]*came{}} }

// Begin begins a batch of messages, End ends it.
func (r *Receiver) Begin() { r.mu.Lock() }

// End ends a batch.
func (r *Receiver) End() { r.mu.Unlock() }

// Take takes a message as Read or ReadProperty gave it, within a batch.
func (r *Receiver) Take(h Header, err error) {
	if errors.Is(err, ErrForeign) {
		r.foreign++
		return
	} else if errors.Is(err, ErrUnreadable) {
		r.unreadable++
		return
	}
	g := r.last
	if g == nil || r.lastID != h.Stream {
		g = r.stream(h.Stream)
		r.last, r.lastID = g, h.Stream
	}
	if err != nil {
		g.corrupt.add(h.Number)
	}
	if !g.numbers.Add(h.Number) {
		g.doubled.add(h.Number)
		return
	}
	if h.Number < g.high {
		g.swapped.add(h.Number)
		return
	}
	g.high = h.Number
}

func (r *Receiver) stream(id uint64) *got {
	g := r.streams[id]
	if g != nil {
		return g
	}
	g = &got{}
	r.streams[id] = g
	if r.share == nil {
		g.came = &came{}
		return g
	}
	if r.share.streams[id] == nil {
		r.share.streams[id] = &came{}
	}
	g.came = r.share.streams[id]
	return g
}

// AddTo adds what the receiver got until now to a ledger.
func (r *Receiver) AddTo(l *Ledger) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l.Foreign += r.foreign
	if r.unreadable > 0 {
		l.Seen = append(l.Seen, Seen{Receiver: r.name, Corrupt: r.unreadable})
	}
	for id, g := range r.streams {
		s := Seen{Receiver: r.name, Stream: id, Swapped: g.swapped.n, SwappedFirst: g.swapped.first}
		if r.share == nil {
			s.fill(g.came)
		}
		if r.share == nil || s.Swapped > 0 {
			l.Seen = append(l.Seen, s)
		}
	}
}

// AddTo adds what all workers got together, under their name.
func (s *Share) AddTo(l *Ledger, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, c := range s.streams {
		seen := Seen{Receiver: name, Stream: id}
		seen.fill(c)
		l.Seen = append(l.Seen, seen)
	}
}

// fill takes over what came. Nothing of it changes later, for more may come.
func (s *Seen) fill(c *came) {
	s.Ranges = slices.Clone(c.numbers)
	s.Doubled, s.DoubledFirst = c.doubled.n, c.doubled.first
	s.Corrupt, s.CorruptFirst = c.corrupt.n, c.corrupt.first
}

// faults are messages of one stream that something is wrong with: how many, and the numbers of the first.
type faults struct {
	n     uint64
	first []uint64 // is only appended to, so that others may keep it
}

func (f *faults) add(number uint64) {
	f.n++
	if len(f.first) < numbersKept {
		f.first = append(f.first, number)
	}
}
