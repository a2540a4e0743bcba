package report

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"dunlin/internal/load/result"
	"dunlin/internal/terminal"
)

// mostPoints is how many points a chart over time has at most: more than a wide screen has columns. Longer runs are shown in
// steps of several seconds.
const mostPoints = 2000

// charts is what the page's script draws. Times are in seconds since the first one, latencies in milliseconds.
type charts struct {
	Start int64  `json:"start"` // Unix seconds
	Step  int64  `json:"step"`  // seconds a point
	Time  points `json:"time"`

	P50 points `json:"p50"`
	P99 points `json:"p99"`
	Max points `json:"max"`

	Due          points `json:"due"` // messages a second, as the next three
	Published    points `json:"published"`
	Acknowledged points `json:"acknowledged"`
	Received     points `json:"received"`

	Online    points `json:"online"`
	Connected points `json:"connected"` // in the time of the point, as the next three
	Lost      points `json:"lost"`
	Dropped   points `json:"dropped"`
	Refused   points `json:"refused"`

	Names  []string `json:"names"`  // of the distributions
	Edges  points   `json:"edges"`  // where bars of the histograms begin
	Bars   []points `json:"bars"`   // counts, a row a name
	Ranks  points   `json:"ranks"`  // 1/(1-p): 1 is the shortest latency, 2 the median, 100 the 99th percentile
	Curves []points `json:"curves"` // latencies at the ranks, a row a name
}

// points are numbers of which NaN means: nothing was measured there.
type points []float64

// MarshalJSON writes five significant digits, which is more than a chart shows, and NaN as null.
func (p points) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i, v := range p {
		if i > 0 {
			b = append(b, ',')
		}
		switch {
		case math.IsNaN(v) || math.IsInf(v, 0):
			b = append(b, "null"...)
		case v == math.Trunc(v) && math.Abs(v) < 1e15:
			b = strconv.AppendInt(b, int64(v), 10)
		default:
			b = strconv.AppendFloat(b, v, 'g', 5, 64)
		}
	}
	return append(b, ']'), nil
}

func chartsOf(r result.Result) charts {
	var c charts
	c.overTime(r.Timeline)
	all := names(r)
	c.distributions(r, all)
	for _, name := range all {
		c.Names = append(c.Names, terminal.EscapeLine(name))
	}
	return c
}

// names returns the names of the latencies that were measured: first the one that the run is about, then as tables have them.
func names(r result.Result) []string {
	var known, other []string
	for name, h := range r.Latencies {
		if h.Count() == 0 {
			continue
		}
		if slices.Contains(result.Names, name) {
			known = append(known, name)
		} else {
			other = append(other, name)
		}
	}
	slices.SortFunc(known, func(a, b string) int { return slices.Index(result.Names, a) - slices.Index(result.Names, b) })
	slices.Sort(other)
	all := append(known, other...)
	if i := slices.Index(all, r.Latency); i > 0 {
		all = slices.Insert(slices.Delete(all, i, i+1), 0, r.Latency)
	}
	return all
}

// overTime fills what is drawn over time. Seconds of which the timeline says nothing stay empty.
func (c *charts) overTime(timeline []result.Second) {
	if len(timeline) == 0 {
		return
	}
	seconds := slices.Clone(timeline)
	slices.SortStableFunc(seconds, func(a, b result.Second) int { return cmp.Compare(a.Time, b.Time) })
	c.Start = seconds[0].Time
	// Unsigned, for a file may say any times, and these differences are right for all of them.
	since := func(t, start int64) uint64 { return uint64(t) - uint64(start) }
	span := since(seconds[len(seconds)-1].Time, c.Start)
	step := span/mostPoints + 1
	c.Step = int64(step)
	for i := range span/step + 1 {
		at := c.Start + int64(i*step)
		n := 0
		for n < len(seconds) && since(seconds[n].Time, at) < step {
			n++
		}
		c.point(float64(i*step), seconds[:n])
		seconds = seconds[n:]
	}
}

// point adds a point to each line, which stands for the given seconds.
func (c *charts) point(at float64, seconds []result.Second) {
	latency, sum, online, covered := together(seconds)
	add := func(p *points, v float64) { *p = append(*p, v) }
	count := func(p *points, n int64) {
		if len(seconds) == 0 {
			add(p, math.NaN())
			return
		}
		add(p, float64(n))
	}
	rate := func(p *points, n int64) { add(p, float64(n)/float64(covered)) } // NaN without seconds
	add(&c.Time, at)
	add(&c.P50, quantile(&latency, 50))
	add(&c.P99, quantile(&latency, 99))
	add(&c.Max, quantile(&latency, 100))
	rate(&c.Due, sum.Due)
	rate(&c.Published, sum.Published)
	rate(&c.Acknowledged, sum.Acknowledged)
	rate(&c.Received, sum.Received)
	add(&c.Online, online)
	count(&c.Connected, sum.Connects)
	count(&c.Lost, sum.Lost)
	count(&c.Dropped, sum.Dropped)
	count(&c.Refused, sum.ConnectErrors)
}

// together sums seconds up: their latencies and counts, how many were online in the last one, and how many seconds of the clock they are.
func together(seconds []result.Second) (latency result.Histogram, sum result.Counts, online float64, covered int) {
	online = math.NaN()
	if len(seconds) == 1 {
		latency = seconds[0].Latency
	}
	times := map[int64]bool{}
	for i := range seconds {
		s := &seconds[i]
		if len(seconds) > 1 {
			latency.Merge(s.Latency)
		}
		times[s.Time] = true
		online = float64(s.Online)
		sum.Add(&s.Counts)
	}
	return latency, sum, online, len(times)
}

func quantile(h *result.Histogram, p float64) float64 {
	if h.Count() == 0 {
		return math.NaN()
	}
	return milliseconds(h.Percentile(p))
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// barsADecade is how many bars the histograms have from one power of ten to the next.
const barsADecade = 20

// distributions fills histograms and curves of percentiles, all on the same values of x.
func (c *charts) distributions(r result.Result, names []string) {
	longest, most := time.Duration(0), int64(0)
	for _, name := range names {
		h := r.Latencies[name]
		longest = max(longest, h.Percentile(100))
		most = max(most, h.Count())
	}
	if most == 0 {
		return
	}
	last := bin(longest + time.Microsecond)
	for i := 0; i <= last+1; i++ { // with an empty one, so that the last one ends
		c.Edges = append(c.Edges, milliseconds(edge(i)))
	}
	const steps = 12 // from one power of ten to the next
	for i := 0; i == 0 || math.Pow(10, float64(i-1)/steps) < float64(most); i++ {
		c.Ranks = append(c.Ranks, math.Pow(10, float64(i)/steps))
	}
	for _, name := range names {
		h := r.Latencies[name]
		c.Bars = append(c.Bars, barsOf(&h, len(c.Edges)))
		c.Curves = append(c.Curves, curve(&h, c.Ranks))
	}
}

// curve returns the latencies at the ranks. The first rank that is not below the number of measurements stands for the longest one;
// those behind it would only repeat it.
func curve(h *result.Histogram, ranks points) points {
	p := make(points, len(ranks))
	last := false
	for i, rank := range ranks {
		switch {
		case last:
			p[i] = math.NaN()
		case rank >= float64(h.Count()):
			p[i] = quantile(h, 100)
			last = true
		default:
			p[i] = quantile(h, 100*(1-1/rank))
		}
	}
	return p
}

// edge returns where bar i begins.
func edge(i int) time.Duration {
	return time.Duration(math.Pow(10, float64(i)/barsADecade) * float64(time.Microsecond))
}

// bin returns the bar that d belongs to; what is shorter than a microsecond to the first.
func bin(d time.Duration) int {
	i := max(0, int(math.Log10(max(1, float64(d)/float64(time.Microsecond)))*barsADecade))
	for edge(i+1) <= d {
		i++
	}
	return i
}

// barsOf returns the counts of the bars. The histogram knows latencies in steps of a microsecond or more, and where such a step
// reaches over several bars, they share its count: otherwise short latencies would look like a comb.
func barsOf(h *result.Histogram, n int) points {
	p := make(points, n)
	for _, b := range h.Bars() {
		end := b.To + time.Microsecond
		for i := bin(b.From); i < n-1 && edge(i) < end; i++ {
			part := min(end, edge(i+1)) - max(b.From, edge(i))
			p[i] += float64(b.Count) * float64(part) / float64(end-b.From)
		}
	}
	return p
}
