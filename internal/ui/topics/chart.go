package topics

import (
	"cmp"
	"context"
	"slices"
	"time"

	"dunlin/internal/ui/payload"
	"dunlin/internal/ui/protocol"
)

// Bounds of a chart, and of what is copied at once for one.
const (
	fewestPoints = 2
	mostPoints   = 5000
	batchCount   = 512
	batchBytes   = 256 << 10
)

// Chart returns the numbers of a topic: all, where there are no more than asked for, else the least and the greatest of each of
// as many spans of time as give so many points.
func (t *Tree) Chart(ctx context.Context, ask protocol.Chart) (protocol.Series, error) {
	numbers, err := payload.NewNumbers(ask.Member)
	if err != nil {
		return protocol.Series{}, err
	}
	scan, err := t.newScan(ask.Node, ask.Since*1000)
	if err != nil {
		return protocol.Series{}, err
	}
	births := t.births(scan.name, time.UnixMicro(scan.newest))
	samples := newSamples(min(max(ask.Points, fewestPoints), mostPoints), scan.oldest, scan.newest)
	series := protocol.Series{Times: []int64{}, Values: []float64{}}
	for isLatest := true; scan.next(); {
		if err := context.Cause(ctx); err != nil {
			return protocol.Series{}, err
		}
		for i := range scan.batch {
			m := &scan.batch[i]
			m.Births, births = births, nil // the decoder keeps them
			if isLatest {
				series.Members = numbers.Members(&m.Message)
				isLatest = false
			}
			if value, ok := numbers.Of(&m.Message); ok {
				samples.add(m.micros, value)
			} else {
				series.Skipped++
			}
		}
	}
	for _, s := range samples.all() {
		series.Times = append(series.Times, s.micros/1000)
		series.Values = append(series.Values, s.value)
	}
	return series, nil
}

// scan goes through the messages of a topic, the latest first, in batches that are copied under the lock.
type scan struct {
	tree           *Tree
	name           string
	at             position // of the next message
	oldest, newest int64    // the times between which they are, in microseconds
	batch          []timed
	buffer         []byte // payloads of the batch
}

type timed struct {
	payload.Message
	micros int64
}

// newScan returns a scan of the messages since a time.
func (t *Tree) newScan(id int, since int64) (*scan, error) {
	t.store.mu.RLock()
	defer t.store.mu.RUnlock()
	one, err := t.topicLocked(id)
	if err != nil {
		return nil, err
	}
	s := &scan{tree: t, name: one.name, at: one.last, oldest: since}
	if one.last == 0 {
		return s, nil
	}
	l := &t.store.log
	s.newest = l.record(one.last).micros()
	if first := l.seek(one, one.first); first != 0 {
		s.oldest = max(since, l.record(first).micros())
	}
	return s, nil
}

// next fetches the next batch, good until the one after it. It tells whether there is one.
func (s *scan) next() bool {
	store := s.tree.store
	store.mu.RLock()
	defer store.mu.RUnlock()
	s.batch, s.buffer = s.batch[:0], s.buffer[:0]
	for s.at != 0 && store.log.has(s.at) && len(s.batch) < batchCount && len(s.buffer) < batchBytes {
		r := store.log.record(s.at)
		if r.micros() < s.oldest {
			s.at = 0
			break
		}
		s.batch = append(s.batch, timed{s.copy(&store.log, r), r.micros()})
		s.at = store.log.before(r)
	}
	return len(s.batch) > 0
}

// copy copies what the number of a message is found in.
func (s *scan) copy(l *log, r record) payload.Message {
	m := payload.Message{Topic: s.name, Size: r.payload()}
	if r.flag(isLeftOut) {
		return m
	}
	body := l.body(s.at)
	from := len(s.buffer)
	s.buffer = append(s.buffer, body[:r.payload()]...) // an earlier payload stays where it was, if the buffer moves
	m.Payload = s.buffer[from:]
	m.ContentType = contentTypeOf(body[r.payload():])
	return m
}

// samples are points of a chart. They come the latest first.
type samples struct {
	from, to int64
	most     int
	count    int
	few      []sample // all, as long as they are no more than wanted
	spans    []span
}

type sample struct {
	micros int64
	value  float64
	order  int // a later point has a lower one
}

// span is a part of the time.
type span struct {
	least, greatest sample
	used            bool
}

func newSamples(most int, from, to int64) *samples {
	return &samples{from: from, to: max(to, from), most: most, spans: make([]span, most/2)}
}

func (s *samples) add(micros int64, value float64) {
	one := sample{micros, value, s.count}
	s.count++
	if s.count <= s.most {
		s.few = append(s.few, one)
	}
	share := float64(micros-s.from) / float64(s.to-s.from+1)
	in := &s.spans[min(max(int(share*float64(len(s.spans))), 0), len(s.spans)-1)]
	if !in.used {
		*in = span{one, one, true}
		return
	}
	if value < in.least.value {
		in.least = one
	}
	if value > in.greatest.value {
		in.greatest = one
	}
}

// all returns the points in the order of time.
func (s *samples) all() []sample {
	points := s.few
	if s.count > s.most {
		points = nil
		for _, one := range s.spans {
			if one.used {
				points = append(points, one.least)
			}
			if one.used && one.greatest.order != one.least.order {
				points = append(points, one.greatest)
			}
		}
	}
	slices.SortFunc(points, func(a, b sample) int {
		return cmp.Or(cmp.Compare(a.micros, b.micros), cmp.Compare(b.order, a.order))
	})
	return points
}
