package load

import (
	"context"
	"time"

	"dunlin/internal/load/scenario"
)

// scheduler sends the messages of many sources when they are due, from one goroutine: it knows which is due next.
type scheduler struct {
	r       *run
	sources []*source
	heap    []entry // the least first
}

type entry struct {
	due int64 // Unix nanoseconds
	s   *source
}

// phase sends all that is due in a phase, which began then. It returns when all of that was sent, or ctx ends; what was due
// then and did not leave is counted as due.
func (d *scheduler) phase(ctx context.Context, p *scenario.Phase, began int64) {
	defer precise()()
	d.fill(ctx, p, began)
	for len(d.heap) > 0 && ctx.Err() == nil {
		top := &d.heap[0]
		now := d.r.now()
		if top.due > now {
			d.sleep(ctx, top.due)
			continue
		}
		s := top.s
		s.c.slot.due.Add(1)
		if s.publish(top.due) {
			s.c.slot.late.Add(max(d.r.now()-top.due, 0))
		}
		s.k++
		d.next(began)
	}
	for _, s := range d.sources {
		d.endOf(s, began)
	}
}

// fill puts each source into the heap that has something to send in the phase.
func (d *scheduler) fill(ctx context.Context, p *scenario.Phase, began int64) {
	d.heap = d.heap[:0]
	for _, s := range d.sources {
		s.ctx = ctx
		s.pace = paceOf(p, s.c.g.Name, s.p.spec.Rate)
		if s.reachedCount() {
			continue
		}
		if due, ok := s.due(s.pace); ok {
			d.push(entry{began + int64(due), s})
		}
	}
}

// next replaces the first entry by the next message of its source.
func (d *scheduler) next(began int64) {
	s := d.heap[0].s
	due, ok := s.due(s.pace)
	if !ok || s.reachedCount() {
		last := len(d.heap) - 1
		d.heap[0] = d.heap[last]
		d.heap = d.heap[:last]
	} else {
		d.heap[0].due = began + int64(due)
	}
	d.sink(0)
}

// endOf counts what was due and did not leave, and takes the source to the end of the phase.
func (d *scheduler) endOf(s *source, began int64) {
	pace := s.pace
	t := time.Duration(d.r.now() - began).Seconds()
	if pace.length > 0 {
		t = min(t, pace.length)
	}
	if !s.reachedCount() {
		s.c.slot.due.Add(s.skip(pace, t))
	}
	if pace.length == 0 {
		s.base += pace.until(t)
		return
	}
	s.end(pace)
}

func (s *source) reachedCount() bool {
	return s.p.spec.Count > 0 && s.given.Load() >= int64(s.p.spec.Count)
}

// sleep waits until then, or until ctx ends.
func (d *scheduler) sleep(ctx context.Context, until int64) {
	if long := time.Duration(until-d.r.now()) - preciseSleep; long > 0 {
		pause(ctx, long)
	}
	if left := time.Duration(until - d.r.now()); left > 0 && left <= preciseSleep {
		sleepShort(max(left, shortestSleep))
	}
}

// shortestSleep has what is due within so little time leave together: at high rates each message would cost a sleep of its own.
const shortestSleep = 20 * time.Microsecond

func (d *scheduler) push(e entry) {
	d.heap = append(d.heap, e)
	i := len(d.heap) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if d.heap[parent].due <= e.due {
			break
		}
		d.heap[i] = d.heap[parent]
		i = parent
	}
	d.heap[i] = e
}

func (d *scheduler) sink(i int) {
	if i >= len(d.heap) {
		return
	}
	e := d.heap[i]
	for {
		child := 2*i + 1
		if child >= len(d.heap) {
			break
		}
		if child+1 < len(d.heap) && d.heap[child+1].due < d.heap[child].due {
			child++
		}
		if d.heap[child].due >= e.due {
			break
		}
		d.heap[i] = d.heap[child]
		i = child
	}
	d.heap[i] = e
}
