package mqtt

// memory allots for the messages of a large read: several share one
// allocation. Who keeps one small message keeps at most sharedBytes and sharedMessages
// of its neighbours with it. The messages of a small read have their own.
type memory struct {
	busy     bool // the read is large
	bytes    []byte
	messages []Received

	lent []Received // to handlers that keep none, of one batch
	out  int        // of those

	spare *spare // nil: no large payload came lately
	came  []byte // the payload at hand, where it came in memory of its own
}

const (
	sharedBytes    = 2 << 10
	sharedMessages = 16
	sharedPiece    = sharedBytes / 8 // a larger payload has its own memory
)

// lend returns a message to be filled in that is used again for the next batch. The payload
// is lent, too, and not copied.
func (m *memory) lend() *Received {
	if m.out == len(m.lent) { // those that are out stay where they are
		m.lent, m.out = make([]Received, min(max(1, 4*len(m.lent)), mostLent)), 0
	}
	m.out++
	return &m.lent[m.out-1]
}

// mostLent is how many are made at once at most.
const mostLent = 256

// begin takes all that was lent back.
func (m *memory) begin() { m.out = 0 }

// leave leaves what is lent to those who have it, and reports whether there is any.
func (m *memory) leave() bool {
	borrowed := m.out > 0
	if borrowed {
		m.lent, m.out = nil, 0
	}
	return borrowed
}

// message returns a zero message.
func (m *memory) message() *Received {
	if !m.busy {
		return new(Received)
	}
	if len(m.messages) == 0 {
		m.messages = make([]Received, sharedMessages)
	}
	first := &m.messages[0]
	m.messages = m.messages[1:]
	return first
}

// copy returns a copy of b, never nil.
func (m *memory) copy(b []byte) []byte {
	if !m.busy || len(b) > sharedPiece {
		return append([]byte{}, b...)
	}
	if len(b) > len(m.bytes) {
		m.bytes = uncleared(sharedBytes)[:sharedBytes]
	}
	n := copy(m.bytes, b)
	own := m.bytes[:n:n]
	m.bytes = m.bytes[n:]
	return own
}

// rest lets go of what is left after a small read. What may be used again stays for as
// long as the client is busy.
func (m *memory) rest() {
	if !m.busy {
		m.bytes, m.messages = nil, nil
	}
}

// idle reports whether it holds no more than an idle client may.
func (m *memory) idle() bool {
	return m.bytes == nil && m.messages == nil && len(m.lent) <= 1 && m.spare == nil
}

// stock holds values that were made together and not taken yet.
type stock[T any] []T

// stockValues is how many are made together when there is much to do.
const stockValues = 8

// take returns a zero value: one of its own, or, in a busy time, one of several.
func (s *stock[T]) take(busy bool) *T {
	if len(*s) == 0 {
		if !busy {
			return new(T)
		}
		*s = make([]T, stockValues)
	}
	v := &(*s)[0]
	*s = (*s)[1:]
	return v
}
