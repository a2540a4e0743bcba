package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"dunlin/internal/load/scenario"
	"dunlin/internal/load/verify"
	"dunlin/mqtt"
)

// source is the messages of one Publish of one client. One goroutine at a time publishes: a scheduler, or whoever has the
// turn of a closed loop.
type source struct {
	c       *client
	p       *publication
	streams []stream
	turn    int             // the stream of the next message
	given   atomic.Int64    // messages that the client took over
	ctx     context.Context // bounds the wait for room in the client
	payload []byte
	values  *scenario.Values // of the payload's template; nil: it has none

	schedule // at a rate
	pace     pace

	closed // without one

	under atomic.Int64           // messages of QoS 1 and 2 that are not complete
	free  atomic.Pointer[flight] // a stack that anybody gives to and the publisher alone takes from
}

// stream is what a source sends to one topic.
type stream struct {
	id    uint64
	topic string
	last  atomic.Uint64 // the highest number given

	mu     sync.Mutex
	unsure verify.Ranges
	since  uint64 // QoS 0: the number before the first that went to this connection
}

// flight is a message of QoS 1 or 2 that is not complete. It serves again and again, so that a message allocates nothing.
type flight struct {
	s         *source
	stream    *stream
	number    uint64
	due, sent int64
	next      *flight
	done      func(error)
}

// makeSources makes what the client will publish from; i is its place in the group.
func (c *client) makeSources(n *names, i int) error {
	values := c.values(n)
	for k, p := range c.g.publications {
		s := &source{c: c, p: p}
		count := max(p.spec.Topics, 1)
		s.streams = make([]stream, count)
		for topic := range count {
			values.TopicNumber = topic
			name, err := n.topics[k].text(&values, "")
			if err != nil {
				return err
			}
			s.streams[topic].topic = name
			s.streams[topic].id = c.g.r.process | c.g.r.streams.Add(1)
		}
		if p.base == nil {
			own := values
			s.values = &own
		}
		// The sources of a group send evenly one after another, and not all at once.
		s.base, s.k = 1-float64(i)/float64(c.g.Clients), 1
		c.sources = append(c.sources, s)
	}
	return nil
}

// apart is from which size on a payload is not copied by the library.
const apart = 16 << 10

// publish sends the next message, which was due then. It reports whether the client took it over.
func (s *source) publish(due int64) bool {
	slot, spec := s.c.slot, s.p.spec
	st := &s.streams[s.turn]
	number := st.last.Load() + 1
	st.last.Store(number) // before it leaves, so that a connection that breaks now counts it
	m := mqtt.Message{Topic: st.topic, QoS: mqtt.QoS(spec.QoS), Retain: spec.Retain}
	err := s.fill(&m, verify.Header{Stream: st.id, Number: number, Due: due})
	if err == nil {
		err = s.hand(m, st, number, due)
	}
	if err != nil {
		st.last.Store(number - 1)
		if s.ctx.Err() == nil {
			slot.publishErrors.Add(1)
			s.c.g.r.faults.add(err)
			s.explain(err)
		}
		return false
	}
	slot.published.Add(1)
	slot.bytesOut.Add(int64(len(m.Payload)))
	given := s.given.Add(1)
	if s.turn++; s.turn == len(s.streams) {
		s.turn = 0
	}
	if given == int64(spec.Count) {
		s.c.g.r.finishOne()
	}
	return true
}

// hand gives the message to the client.
func (s *source) hand(m mqtt.Message, st *stream, number uint64, due int64) error {
	if m.QoS == mqtt.AtMostOnce {
		if len(m.Payload) > apart && s.p.carrier != carriesInPayload && s.values == nil {
			_, err := s.c.mq.PublishNoCopy(s.ctx, m, nil)
			return err
		}
		return s.c.mq.Enqueue(s.ctx, m)
	}
	f := s.take()
	f.stream, f.number, f.due, f.sent = st, number, due, s.c.g.r.now()
	s.under.Add(1)
	_, err := s.c.mq.PublishAsync(s.ctx, m, f.done)
	if err != nil {
		s.under.Add(-1)
		s.give(f)
	}
	return err
}

// explain ends the run for what every message will fail with.
func (s *source) explain(err error) {
	var argument *mqtt.ArgumentError
	if errors.As(err, &argument) || errors.Is(err, mqtt.ErrNotPermitted) {
		s.c.g.r.fail(fmt.Errorf("%s/%d: %w", s.c.g.Name, s.c.number, err))
	}
}

// fill makes the payload, with the header where it goes.
func (s *source) fill(m *mqtt.Message, h verify.Header) error {
	p := s.p
	m.Payload = p.base
	sum := p.sum
	if s.values != nil {
		var err error
		if m.Payload, err = s.compose(m.Topic, h.Number); err != nil {
			return err
		}
		sum = verify.Checksum(m.Payload)
	}
	switch p.carrier {
	case carriesInPayload:
		if s.payload == nil {
			s.payload = append([]byte(nil), p.base...)
		}
		m.Payload = s.payload
		h.Put(m.Payload, sum)
	case carriesInProperty:
		m.Properties = &mqtt.Properties{UserProperties: []mqtt.UserProperty{{Name: verify.Property, Value: string(h.AppendProperty(nil, sum))}}}
	}
	return nil
}

// compose makes a payload by its template.
func (s *source) compose(topic string, number uint64) ([]byte, error) {
	t, ok := s.p.pool.Get().(*scenario.Template)
	if !ok {
		return nil, errors.New("payload: no template")
	}
	defer s.p.pool.Put(t)
	s.values.N, s.values.TopicNumber, s.values.Topic = int(number), s.turn, topic
	var err error
	s.payload, err = t.Append(s.payload[:0], s.values)
	return s.payload, err
}

// take returns a flight that nobody uses.
func (s *source) take() *flight {
	for {
		f := s.free.Load()
		if f == nil {
			f = &flight{s: s}
			f.done = f.finish
			return f
		}
		if s.free.CompareAndSwap(f, f.next) {
			return f
		}
	}
}

func (s *source) give(f *flight) {
	for {
		f.next = s.free.Load()
		if s.free.CompareAndSwap(f.next, f) {
			return
		}
	}
}

// finish takes the outcome of a message.
func (f *flight) finish(err error) {
	s := f.s
	slot, now := s.c.slot, s.c.g.r.now()
	if !errors.Is(err, mqtt.ErrRejected) { // what nobody answered counts with the time that it has waited, or a server that stands still looks fast
		slot.histograms[publishing].record(now - f.due)
		slot.histograms[wire].record(now - f.sent)
	}
	if err == nil {
		slot.acknowledged.Add(1)
		if told := s.c.g.r.o.Wire; told != nil {
			told(Exchange{Stream: f.stream.id, Number: f.number, Sent: f.sent, Acknowledged: now})
		}
	} else {
		slot.publishErrors.Add(1)
		s.c.g.r.faults.add(err)
		f.stream.doubt(f.number)
	}
	s.give(f)
	s.under.Add(-1)
	if s.p.spec.Rate == 0 && !s.p.spec.Answered {
		s.credit()
	}
}

// doubt notes that a message may have arrived or not.
func (st *stream) doubt(number uint64) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.unsure.Add(number)
}

// broken notes that the connection is gone, and what QoS 0 sent into it.
func (s *source) broken() {
	if s.p.spec.QoS > 0 {
		return
	}
	for i := range s.streams {
		st := &s.streams[i]
		st.mu.Lock()
		last := st.last.Load()
		st.unsure.AddRange(st.since+1, last)
		st.since = max(last, st.since)
		st.mu.Unlock()
	}
}

// addTo adds the streams to a ledger. Nothing is sent any more, and more may be in doubt later.
func (s *source) addTo(l *verify.Ledger) {
	for i := range s.streams {
		st := &s.streams[i]
		st.mu.Lock()
		if last := st.last.Load(); last > 0 {
			l.Sent = append(l.Sent, verify.Stream{
				Stream: st.id, Publisher: fmt.Sprintf("%s/%d", s.c.g.Name, s.c.number), Topic: st.topic, QoS: s.p.spec.QoS,
				Last: last, Unsure: slices.Clone(st.unsure),
			})
		}
		st.mu.Unlock()
	}
}

// window is how many messages a closed loop has under way.
func (s *source) window() int64 {
	if s.p.spec.Answered {
		return 1
	}
	return int64(cmp.Or(s.p.spec.InFlight, defaultInFlight))
}

const defaultInFlight = 100
