package mqtt

// memory allots for the messages of a large read: several share one
// allocation. Who keeps one small message keeps at most sharedBytes and sharedMessages
// of its neighbours with it. The messages of a small read have their own.
type memory struct {
	busy     bool // the read is large
	bytes    []byte
	messages []Received
	back     []*Received // messages that may be used again

	backBytes int // held by those

	spare *spare // nil: no large payload came lately
	came  []byte // the payload at hand, where it came in memory of its own
}

const (
	sharedBytes    = 2 << 10
	sharedMessages = 16
	sharedPiece    = sharedBytes / 8 // a larger payload has its own memory
)

// takeBack takes back a message with ReuseMessage whose handlers are through, as long as
// those hold no more memory than waiting messages may: limit bytes.
func (m *memory) takeBack(used *Received, limit int) {
	if used.to.lent != nil {
		m.giveBack(used.to.lent.bytes, limit)
		used.to.lent.bytes = nil
		return
	}
	if n := messageOverhead + cap(used.Payload); m.backBytes+n <= limit {
		m.backBytes += n
		m.back = append(m.back, used)
	}
}

// allot returns a message for to, with a copy of payload, to be filled in.
func (m *memory) allot(payload []byte, to *destination) *Received {
	if len(payload) >= largePayload {
		return m.allotLarge(payload, to)
	}
	var r *Received
	if n := len(m.back); n > 0 && to.reuse {
		r = m.back[n-1]
		m.back = m.back[:n-1]
		m.backBytes -= messageOverhead + cap(r.Payload)
		r.Payload = append(r.Payload[:0], payload...)
	} else {
		r = m.message()
		r.Payload = m.copy(payload)
	}
	r.Topic, r.to = to.topic, to
	return r
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
		m.bytes = make([]byte, sharedBytes)
	}
	n := copy(m.bytes, b)
	own := m.bytes[:n:n]
	m.bytes = m.bytes[n:]
	return own
}

// rest lets go of what is left after a small read. Those that may be used again stay for as
// long as the client is busy.
func (m *memory) rest() {
	if !m.busy {
		m.bytes, m.messages = nil, nil
	}
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
