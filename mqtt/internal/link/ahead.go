package link

import (
	"sync"
	"time"

	"dunlin/mqtt/internal/wire"
)

// AheadState says what becomes of the input while the owner wants none.
type AheadState byte

// The states of reading ahead.
const (
	AheadOff   AheadState = iota // it stays with the network
	AheadReads                   // it is read ahead
	AheadFull                    // as much was read ahead as may be: it stays with the network
	AheadOver                    // it was read up to its end, or to a DISCONNECT
)

// ahead holds the bytes that were read while the owner had no room, and finds the
// fixed headers in them. Reading on answers the pings of a WebSocket, and shows the end
// of the input, which would else hide behind what nobody takes.
type ahead struct {
	mu   sync.Mutex
	came sync.Cond // there are bytes, or nobody reads ahead any more; with mu
	most int       // bytes that may be held

	held    []byte // they wait for who reads
	reading bool   // aheadLoop runs
	enough  bool   // who reads goes on: the read at hand is the last one ahead
	left    bool   // a DISCONNECT came
	err     error  // how the input ended
	marks   marks
}

// readAhead has the link read on, up to most bytes, until the owner has room.
func (l *Link) readAhead(in *inbox, most int) {
	a := l.ahead
	if a == nil {
		l.unwatchIdle(in)
		l.endInterrupt() // it came when the read had ended
		a = &ahead{most: most}
		a.came.L = &a.mu
		if in.straight.on() { // in the buffer is nothing but the head of that packet
			a.marks.body = in.straight.left()
		} else {
			a.marks.body = in.left
			a.marks.pass(in.buf[in.start:in.end], wire.Version(l.version.Load()))
		}
		l.ahead = a
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.enough = false
	if !a.reading && a.state() == AheadOff {
		a.reading = true
		go l.aheadLoop(a, min(in.first, most))
	}
}

// Ahead tells what becomes of the input. For the owner, within AwaitRoom.
func (l *Link) Ahead() AheadState {
	if l.ahead == nil {
		return AheadOff
	}
	l.ahead.mu.Lock()
	defer l.ahead.mu.Unlock()
	return l.ahead.state()
}

// aheadLoop reads ahead, up to size bytes at a time. What the last read brings, after the read
// loop went on, is still kept here: a read that waits cannot be called off on every
// connection. It may wait for long, so its buffer is a small one.
func (l *Link) aheadLoop(a *ahead, size int) {
	p := make([]byte, size)
	for room := a.room(size); room > 0; room = a.room(size) {
		n, err := l.conn.Read(p[:room])
		l.owner.HeardAhead(time.Now(), n, a.add(p[:n], err, wire.Version(l.version.Load())))
	}
}

// receive reads what comes next, first of what was read ahead. It may return nothing.
func (l *Link) receive(p []byte) (int, error) {
	if l.ahead == nil {
		return l.conn.Read(p)
	}
	n, err := l.ahead.take(p)
	if n == 0 && err == nil {
		l.ahead = nil
	}
	return n, err
}

// state tells what becomes of the input.
func (a *ahead) state() AheadState {
	switch {
	case a.left || a.err != nil:
		return AheadOver
	case len(a.held) >= a.most:
		return AheadFull
	case a.reading && !a.enough:
		return AheadReads
	default:
		return AheadOff
	}
}

// room returns how much of size bytes the next read may bring; 0 ends the reading.
func (a *ahead) room(size int) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.state() != AheadReads {
		a.reading = false
		a.came.Signal()
		return 0
	}
	return min(size, a.most-len(a.held))
}

// add takes what a read brought.
func (a *ahead) add(b []byte, err error, version wire.Version) AheadState {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.left = a.left || a.marks.pass(b, version)
	a.held = append(a.held, b...)
	a.err = err
	a.came.Signal()
	return a.state()
}

// waits reports whether there is nothing, and a read waits for what comes.
func (a *ahead) waits() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.reading && len(a.held) == 0
}

// take gives the oldest bytes to who reads, which goes on. Neither bytes nor an
// error mean that it has to read for itself.
func (a *ahead) take(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.enough = true
	for len(a.held) == 0 && a.reading {
		a.came.Wait()
	}
	if len(a.held) == 0 {
		return 0, a.err
	}
	n := copy(p, a.held)
	if a.held = a.held[n:]; len(a.held) == 0 {
		a.held = nil
	}
	return n, nil
}

// marks finds the fixed headers in a stream of packets.
type marks struct {
	body   int     // bytes to come of the packet at hand
	leaves bool    // it is a DISCONNECT
	head   [5]byte // of the next one
	n      int     // bytes of it
	lost   bool    // a length is malformed: where the next header is, nobody knows
}

// pass looks at the next bytes, and reports whether a DISCONNECT is whole.
func (m *marks) pass(b []byte, version wire.Version) bool {
	for !m.lost {
		skip := min(m.body, len(b))
		m.body -= skip
		b = b[skip:]
		if m.body == 0 && m.leaves {
			return true
		}
		if len(b) == 0 {
			return false
		}
		m.head[m.n] = b[0]
		m.n++
		b = b[1:]
		h, n, err := wire.ParseHeader(m.head[:m.n], version)
		if err != nil { // the owner may take it even so
			var ok bool
			h, n, ok = wire.Framed(m.head[:m.n])
			m.lost = !ok
		}
		if n > 0 {
			m.body, m.leaves, m.n = h.Length, h.Type == wire.DISCONNECT, 0
		}
	}
	return false
}
