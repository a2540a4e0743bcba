package mqtt

// slabs allots memory for the messages of a large read: several share one
// allocation. Who keeps one small message keeps at most slabBytes and slabMessages
// of its neighbours with it. The messages of a small read have their own.
type slabs struct {
	busy     bool // the read is large
	bytes    []byte
	messages []Message
	back     []*Message // borrowed messages that may be used again

	backBytes int // held by those
}

const (
	slabBytes    = 2 << 10
	slabMessages = 16
	slabPiece    = slabBytes / 8 // a larger payload has its own memory
)

// takeBack takes back a borrowed message whose handlers are through, as long as
// those hold no more memory than waiting messages may: limit bytes.
func (s *slabs) takeBack(m *Message, limit int) {
	if n := messageOverhead + cap(m.Payload); s.backBytes+n <= limit {
		s.backBytes += n
		s.back = append(s.back, m)
	}
}

// allot returns a message to be filled in, and a copy of payload.
func (s *slabs) allot(payload []byte, borrowed bool) (*Message, []byte) {
	if !borrowed {
		return s.message(), s.copy(payload)
	}
	if n := len(s.back); n > 0 {
		m := s.back[n-1]
		s.back = s.back[:n-1]
		s.backBytes -= messageOverhead + cap(m.Payload)
		return m, append(m.Payload[:0], payload...)
	}
	return s.message(), s.copy(payload)
}

// message returns a zero message.
func (s *slabs) message() *Message {
	if !s.busy {
		return new(Message)
	}
	if len(s.messages) == 0 {
		s.messages = make([]Message, slabMessages)
	}
	m := &s.messages[0]
	s.messages = s.messages[1:]
	return m
}

// copy returns a copy of b, never nil.
func (s *slabs) copy(b []byte) []byte {
	if !s.busy || len(b) > slabPiece {
		return append([]byte{}, b...)
	}
	if len(b) > len(s.bytes) {
		s.bytes = make([]byte, slabBytes)
	}
	n := copy(s.bytes, b)
	own := s.bytes[:n:n]
	s.bytes = s.bytes[n:]
	return own
}

// slab holds values that were made together and not taken yet.
type slab[T any] []T

// slabValues is how many are made together when there is much to do.
const slabValues = 8

// take returns a zero value: one of its own, or, in a busy time, one of several.
func (s *slab[T]) take(busy bool) *T {
	if len(*s) == 0 {
		if !busy {
			return new(T)
		}
		*s = make([]T, slabValues)
	}
	v := &(*s)[0]
	*s = (*s)[1:]
	return v
}

// rest lets go of what is left after a small read. Borrowed messages stay for as long
// as the client is busy.
func (s *slabs) rest() {
	if !s.busy {
		s.bytes, s.messages = nil, nil
	}
}
