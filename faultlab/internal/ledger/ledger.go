// Package ledger numbers messages and counts what became of them: those that a
// client said it had accepted, and those that came out at the other end.
package ledger

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"sync"
)

// Number names one message: a stream in the upper half, its place there in the lower.
type Number uint64

// NewNumber returns the number of the message at index of a stream.
func NewNumber(stream, index uint32) Number { return Number(stream)<<32 | Number(index) }

// Stream returns the stream that the message is of.
func (n Number) Stream() uint32 { return uint32(n >> 32) }

// Index returns the place of the message in its stream.
func (n Number) Index() uint32 { return uint32(n) }

// String returns stream.index.
func (n Number) String() string { return fmt.Sprintf("%d.%d", n.Stream(), n.Index()) }

// headLength is the number and its checksum, mostFilling what comes behind them.
const (
	headLength  = 12
	mostFilling = 300
)

// AppendPayload appends the payload of a message: its number, a checksum, and a
// filling that follows from them, so that no other payload, nor a part of one,
// passes for it.
func AppendPayload(dst []byte, n Number) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(n))
	sum := crc32.ChecksumIEEE(dst[len(dst)-8:])
	dst = binary.BigEndian.AppendUint32(dst, sum)
	for i := range sum % mostFilling {
		dst = append(dst, byte(sum>>(i%4*8))+byte(i))
	}
	return dst
}

// ParsePayload returns the number of a message. ok is false when payload is not
// exactly what AppendPayload makes.
func ParsePayload(payload []byte) (n Number, ok bool) {
	if len(payload) < headLength {
		return 0, false
	}
	n = Number(binary.BigEndian.Uint64(payload))
	return n, bytes.Equal(payload, AppendPayload(make([]byte, 0, headLength+mostFilling), n))
}

// Counts say what became of the messages.
type Counts struct {
	Accepted   int // messages that the client took upon itself
	Arrived    int // different messages that came out
	Lost       int // accepted, and never came out
	Duplicated int // exactly-once messages that came out more than once, counted by the times too many
	Repeated   int // the same of other messages, which may
	Wrong      int // payloads that nobody sent
}

// mark is what is known of one message.
type mark struct {
	accepted bool
	arrived  uint8
}

// Ledger counts. Its methods may be called by many goroutines.
type Ledger struct {
	mu      sync.Mutex
	streams map[uint32][]mark
	counts  Counts
}

// New returns an empty ledger.
func New() *Ledger { return &Ledger{streams: map[uint32][]mark{}} }

// Reserve makes room for a stream of n messages, so that memory does not grow later.
func (l *Ledger) Reserve(stream uint32, n int) {
	l.mu.Lock()
	l.streams[stream] = append(make([]mark, 0, n), l.streams[stream]...)
	l.mu.Unlock()
}

func (l *Ledger) markLocked(n Number) *mark {
	marks := l.streams[n.Stream()]
	for int(n.Index()) >= len(marks) {
		marks = append(marks, mark{})
	}
	l.streams[n.Stream()] = marks
	return &marks[n.Index()]
}

// Accept says that the client has accepted a message, or promised to.
func (l *Ledger) Accept(n Number) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.markLocked(n)
	if m.accepted {
		return
	}
	m.accepted = true
	l.counts.Accepted++
	if m.arrived == 0 {
		l.counts.Lost++ // until it arrives
	}
}

// Arrive says that a message came out. exactly is true when it may do so once.
func (l *Ledger) Arrive(n Number, exactly bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.markLocked(n)
	switch {
	case m.arrived == 0:
		l.counts.Arrived++
		if m.accepted {
			l.counts.Lost--
		}
	case exactly:
		l.counts.Duplicated++
	default:
		l.counts.Repeated++
	}
	m.arrived = min(m.arrived, 254) + 1
}

// Arrived reports whether a message has come out.
func (l *Ledger) Arrived(n Number) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.markLocked(n).arrived > 0
}

// ArrivePayload is Arrive for the message with that payload. It returns its
// number, and counts a payload that nobody sent.
func (l *Ledger) ArrivePayload(payload []byte, exactly bool) (n Number, ok bool) {
	n, ok = ParsePayload(payload)
	if !ok {
		l.mu.Lock()
		l.counts.Wrong++
		l.mu.Unlock()
		return 0, false
	}
	l.Arrive(n, exactly)
	return n, true
}

// Counts returns what became of the messages so far.
func (l *Ledger) Counts() Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts
}

// Missing returns up to most messages that were accepted and have not arrived.
func (l *Ledger) Missing(most int) []Number {
	l.mu.Lock()
	defer l.mu.Unlock()
	var missing []Number
	for stream, marks := range l.streams {
		for i, m := range marks {
			if len(missing) == most {
				return missing
			}
			if m.accepted && m.arrived == 0 {
				missing = append(missing, NewNumber(stream, uint32(i)))
			}
		}
	}
	return missing
}
