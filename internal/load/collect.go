package load

import (
	"sync"
	"time"

	"dunlin/internal/load/result"
)

// collector reads the counters each second of the clock, and keeps what they were.
type collector struct {
	r *run

	mu       sync.Mutex
	seen     [][kinds]*[bucketCount]uint32 // by slot: what was read last
	totals   [kinds][]int64                // since the beginning, or since the warm-up
	fresh    []int64                       // of the kind that the result names, since the last second
	recent   []int64                       // and since the last progress
	main     int                           // that kind
	before   result.Counts                 // at the last second
	atWarm   map[string]result.Counts      // by group, at the end of the warm-up
	lateWarm int64
	atEnd    result.Counts // at the end of the last phase that has an end of its own
	timeline []result.Second
}

func newCollector(r *run) *collector {
	c := &collector{r: r, seen: make([][kinds]*[bucketCount]uint32, len(r.histograms)), atWarm: map[string]result.Counts{}}
	for kind, name := range result.Names {
		if name == r.s.Latency {
			c.main = kind
		}
	}
	c.fresh, c.recent = make([]int64, bucketCount), make([]int64, bucketCount)
	return c
}

// readLocked takes over what was recorded since the last reading.
func (c *collector) readLocked() {
	for slot := range c.r.histograms {
		for kind := range kinds {
			live := c.r.histograms[slot][kind].buckets.Load()
			if live == nil {
				continue
			}
			seen := c.seen[slot][kind]
			if seen == nil {
				seen = new([bucketCount]uint32)
				c.seen[slot][kind] = seen
			}
			c.readBucketsLocked(kind, live, seen)
		}
	}
}

func (c *collector) readBucketsLocked(kind int, live *buckets, seen *[bucketCount]uint32) {
	if c.totals[kind] == nil {
		c.totals[kind] = make([]int64, bucketCount)
	}
	for i := range live {
		now := live[i].Load()
		n := int64(now - seen[i])
		if n == 0 {
			continue
		}
		seen[i] = now
		c.totals[kind][i] += n
		if kind == c.main {
			c.fresh[i] += n
			c.recent[i] += n
		}
	}
}

// warm says that the warm-up is over: messages until now do not count.
func (c *collector) warm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readLocked()
	for _, kind := range []int{publishing, wire, delivery, roundTrip} {
		clear(c.totals[kind])
	}
	for _, g := range c.r.groups {
		c.atWarm[g.Name] = g.counts()
	}
	c.lateWarm = c.r.late()
}

// phaseEnded says that the time of a phase is over: what comes from now on, before the next one begins, is of no time that rates are of.
func (c *collector) phaseEnded() {
	now := c.r.counts()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.atEnd = now
}

// second ends a second of the clock, which began at that Unix time.
func (c *collector) second(unix int64) {
	c.mu.Lock()
	c.readLocked()
	all := c.r.counts()
	s := result.Second{Time: unix, Online: c.r.online(), Counts: minus(all, c.before), Latency: histogramOf(c.fresh)}
	c.before = all
	clear(c.fresh)
	s.Latency.Seal()
	c.timeline = append(c.timeline, s)
	c.mu.Unlock()
	if c.r.o.Second != nil {
		c.r.o.Second(&s)
	}
}

// sinceLast returns the latencies since the last call.
func (c *collector) sinceLast() result.Histogram {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readLocked()
	h := histogramOf(c.recent)
	clear(c.recent)
	return h
}

func histogramOf(counts []int64) result.Histogram {
	var h result.Histogram
	for i, n := range counts {
		if n > 0 {
			h.RecordN(time.Duration(valueOf(i))*time.Microsecond, n)
		}
	}
	return h
}

// run reads each second until stop is closed, and then the part of a second that is left.
func (c *collector) run(stop <-chan struct{}) {
	for {
		now := time.Now()
		boundary := now.Truncate(time.Second).Add(time.Second)
		timer := time.NewTimer(boundary.Sub(now))
		select {
		case <-timer.C:
			c.second(boundary.Unix() - 1)
			c.r.retry()
		case <-stop:
			timer.Stop()
			c.second(now.Unix())
			return
		}
	}
}

// fill puts everything into the result.
func (c *collector) fill(out *result.Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readLocked()
	out.Latencies, out.Groups = map[string]result.Histogram{}, map[string]result.Counts{}
	for kind, name := range result.Names {
		if h := histogramOf(c.totals[kind]); h.Count() > 0 {
			out.Latencies[name] = h
		}
	}
	var sum result.Counts
	for _, g := range c.r.groups {
		counts := withoutMessages(g.counts(), c.atWarm[g.Name])
		out.Groups[g.Name] = counts
		sum = minus(sum, minus(result.Counts{}, counts))
	}
	out.Counts, out.Timeline = sum, c.timeline
	if !c.r.counted && c.r.measured > 0 {
		atEnd := c.atEnd
		for _, warm := range c.atWarm {
			atEnd = withoutMessages(atEnd, warm)
		}
		atEnd.Due = sum.Due // all of it in the time of the load, also what the generator came to later, or not at all
		out.AtEnd = &atEnd
	}
	out.Cost.LateSeconds = time.Duration(c.r.late() - c.lateWarm).Seconds()
}
