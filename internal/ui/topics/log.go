package topics

// log is the history of all topics of all trees: records one behind the other, in segments of one size. When a new segment
// would pass the limit, the oldest is given up. Of its records the latest of a topic is copied to the end, so that a topic that
// is silent keeps its latest message. Those that were copied and are still the latest fill no more than half of the limit, or
// copying would cost more than writing does: beyond that the ones that came first are forgotten.
//
// A record has the places of two earlier ones of its topic: of the one before, and of one far before it, so that any is found
// in a number of steps that grows with the logarithm of the distance. A topic's records stand in order, and the oldest go
// first, so a place is good as long as its segment is there.
type log struct {
	limit    int64
	size     int        // of a segment
	segments []*segment // the oldest first, which has the number first
	first    uint32
	held     int64    // bytes of all segments
	kept     int64    // bytes of copied records that are the latest of their topics
	copied   []copied // those records, and others, which have a later one by now; in the order in which they came
	looked   int      // how many copied may be before those that are no longer the latest are taken out
	spare    *segment // one that was given up, for the next
}

// copied names a record that was copied.
type copied struct {
	tree, node uint32
	number     int64
}

// segment is a part of the log.
type segment struct {
	data   []byte
	large  [][]byte // bodies that would fill much of a segment stand beside it
	beside int64    // bytes of large
}

// position is where a record is: the number of the segment, from 1 on, and the place in it.
type position uint64

const (
	leastLimit   = 64 << 10
	segmentsAll  = 64 // how many segments a log has about
	leastSegment = 4 << 10
	mostSegment  = 1 << 20
	leastLooked  = 1 << 10
)

func newLog(limit int64) log {
	limit = max(limit, leastLimit)
	size := min(max(limit/segmentsAll, leastSegment), mostSegment)
	return log{limit: limit, size: int(size), first: 1, looked: leastLooked}
}

// has tells whether a place is still there.
func (l *log) has(at position) bool { return uint32(at>>32) >= l.first }

// record returns the record at a place that is there.
func (l *log) record(at position) record {
	s := l.segments[uint32(at>>32)-l.first]
	return record(s.data[uint32(at):])
}

// body returns what a record holds besides its head: the payload, then the properties. It is good as long as Store.mu is held.
func (l *log) body(at position) []byte {
	r := l.record(at)
	if r.flag(isLarge) {
		return l.segments[uint32(at>>32)-l.first].large[r.largeIndex()]
	}
	return r.inline()
}

// growth returns how much larger the log has to become for a record of so many bytes.
func (l *log) growth(bytes int) int64 {
	if n := len(l.segments); n > 0 && cap(l.segments[n-1].data)-len(l.segments[n-1].data) >= bytes {
		return 0
	}
	return int64(l.size)
}

// room returns the last segment, with room for so many bytes, a new one if need be.
func (l *log) room(bytes int) *segment {
	if l.growth(bytes) == 0 {
		return l.segments[len(l.segments)-1]
	}
	s := l.spare
	l.spare = nil
	if s == nil {
		s = &segment{data: make([]byte, 0, l.size)}
	}
	l.segments = append(l.segments, s)
	l.held += int64(l.size)
	return s
}

// append writes a record of which head is the beginning, and body the rest, and returns its place. The caller has seen to it
// that the limit is kept.
func (l *log) append(head *head, body ...[]byte) position {
	size := 0
	for _, b := range body {
		size += len(b)
	}
	head.set(isLarge, size > l.largest())
	s := l.room(recordSize(head))
	at := position(l.first+uint32(len(l.segments)-1))<<32 | position(len(s.data))
	s.data = head.append(s.data)
	if !head.has(isLarge) {
		for _, b := range body {
			s.data = append(s.data, b...)
		}
		s.data = s.data[:len(s.data)+padding(size)]
		return at
	}
	s.data = appendIndex(s.data, len(s.large))
	whole := make([]byte, 0, size)
	for _, b := range body {
		whole = append(whole, b...)
	}
	l.beside(s, whole)
	return at
}

// beside adds a large body to a segment.
func (l *log) beside(s *segment, body []byte) {
	s.large = append(s.large, body)
	s.beside += allocated(len(body))
	l.held += allocated(len(body))
}

// move copies a record of a segment that was given up to the end.
func (l *log) move(from *segment, r record) position {
	s := l.room(r.size())
	at := position(l.first+uint32(len(l.segments)-1))<<32 | position(len(s.data))
	s.data = append(s.data, r[:r.size()]...)
	if r.flag(isLarge) {
		record(s.data[uint32(at):]).setLargeIndex(len(s.large))
		l.beside(s, from.large[r.largeIndex()])
	}
	return at
}

// dropOldest takes the oldest segment off the log, and has it ready for the next one.
func (l *log) dropOldest() {
	s := l.segments[0]
	l.segments[0] = nil
	l.segments = l.segments[1:]
	l.first++
	l.held -= int64(cap(s.data)) + s.beside
	if l.spare == nil {
		l.spare = &segment{data: s.data[:0]}
	}
}

// largest is how long the body of a record is at most that stands in a segment.
func (l *log) largest() int { return l.size / 8 }

// longest is how long a body is at most: a longer one would push out the history of everything else.
func (l *log) longest() int { return int(l.limit / 4) }

// allocated returns what the allocator takes for so many bytes, about: up to an eighth more, and whole pages for many.
func allocated(n int) int64 {
	if n <= 32<<10 {
		return int64(n + n/8)
	}
	return (int64(n) + 8191) &^ 8191
}
