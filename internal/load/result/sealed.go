package result

import (
	"encoding/binary"
	"iter"
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// sealed is a histogram as the values that came: for each how far its place is from the one before, and its count, as varints.
type sealed struct {
	total  int64
	counts []byte
}

// halfBucket is half of the number of values that a bucket of HdrHistogram with three significant digits has. Places up to
// twice that are values; from there on each half of a bucket has values that are twice as far apart as in the one before.
const halfBucket = 1024

// valueAt returns the lowest value at a place of the counts, and how many values the place stands for.
func valueAt(place int) (value, width int64) {
	if place < 2*halfBucket {
		return int64(place), 1
	}
	shift := place/halfBucket - 1
	return int64(place%halfBucket+halfBucket) << shift, 1 << shift
}

// seal keeps what h has.
func seal(h *hdrhistogram.Histogram) *sealed {
	s := &sealed{}
	before := 0
	for place, count := range h.Export().Counts {
		if count > 0 {
			s.counts = binary.AppendUvarint(s.counts, uint64(place-before))
			s.counts = binary.AppendUvarint(s.counts, uint64(count))
			s.total += count
			before = place
		}
	}
	return s
}

// open returns a histogram that has what s has; an empty one if it is nil.
func open(s *sealed) *hdrhistogram.Histogram {
	h := hdrhistogram.New(least, most, significant)
	if s != nil {
		for value, count := range s.each() {
			_ = h.RecordValues(value, count)
		}
	}
	return h
}

// places gives places and counts, in order.
func (s *sealed) places() iter.Seq2[int, int64] {
	return func(yield func(int, int64) bool) {
		place := 0
		for rest := s.counts; len(rest) > 0; {
			step, n := binary.Uvarint(rest)
			count, m := binary.Uvarint(rest[n:])
			rest = rest[n+m:]
			place += int(step)
			if !yield(place, int64(count)) {
				return
			}
		}
	}
}

// each gives values and counts, in order.
func (s *sealed) each() iter.Seq2[int64, int64] {
	return func(yield func(int64, int64) bool) {
		for place, count := range s.places() {
			if value, _ := valueAt(place); !yield(value, count) {
				return
			}
		}
	}
}

// percentile returns the least value that p per cent do not exceed, to three digits.
func (s *sealed) percentile(p float64) int64 {
	const rounding = 1e-12 // 99.9 per cent of 1,000 are 999 and not, as floating point has it, a little more
	rank := min(max(int64(math.Ceil(p/100*float64(s.total)*(1-rounding))), 1), s.total)
	var sum int64
	for place, count := range s.places() {
		if sum += count; sum >= rank {
			value, width := valueAt(place)
			if p <= 0 {
				return value
			}
			return value + width - 1
		}
	}
	return 0
}
