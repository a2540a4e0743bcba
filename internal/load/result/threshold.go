package result

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Threshold is a limit that a run is held to, such as "p99>50ms": true means failed.
type Threshold struct {
	text   string
	metric metric
	holds  func(found, limit float64) bool
	limit  float64
}

// comparisons are the operators, the longer ones first, and when they hold.
var comparisons = []struct {
	text  string
	holds func(found, limit float64) bool
}{
	{">=", func(a, b float64) bool { return a >= b }},
	{"<=", func(a, b float64) bool { return a <= b }},
	{"==", func(a, b float64) bool { return a == b }},
	{"!=", func(a, b float64) bool { return a != b }},
	{">", func(a, b float64) bool { return a > b }},
	{"<", func(a, b float64) bool { return a < b }},
}

// ParseThreshold reads a limit. Latencies are the names of the histograms that the run will have; nil means Names. What
// cannot be measured is refused, with what can.
func ParseThreshold(text string, latencies []string) (Threshold, error) {
	t := Threshold{text: text}
	compact := strings.Join(strings.Fields(text), "")
	at := strings.IndexAny(compact, "<>=!")
	if at < 0 {
		return t, fmt.Errorf("%q compares nothing; a threshold is such as 'p99>50ms' or 'lost>0'", text)
	}
	for _, c := range comparisons {
		if value, found := strings.CutPrefix(compact[at:], c.text); found {
			t.holds, t.limit = c.holds, math.NaN()
			return t, t.parse(compact[:at], value, latencies)
		}
	}
	return t, fmt.Errorf("%q: there are the comparisons > >= < <= == !=", text)
}

func (t *Threshold) parse(name, value string, latencies []string) error {
	if latencies == nil {
		latencies = Names
	}
	m, err := metricOf(name, latencies)
	if err != nil {
		return fmt.Errorf("%q: %w", t.text, err)
	}
	limit, ok := m.unit.parse(value)
	if !ok {
		return fmt.Errorf("%q: %q is not %s", t.text, value, m.unit.kind)
	}
	t.metric, t.limit = m, limit
	return nil
}

// NeedsVerify says whether the threshold is about the account of the messages, which a run has with Verify only.
func (t Threshold) NeedsVerify() bool { return t.metric.verify }

// Check says what r has and whether that fails. What was not measured fails: nothing is known to hold then.
func (t Threshold) Check(r *Result) Check {
	c := Check{Text: t.text}
	value, missing := t.metric.of(r)
	if missing != "" {
		c.Found, c.Failed = missing, true
		return c
	}
	c.Value, c.Found = value, t.metric.unit.show(value)
	c.Failed = t.holds(value, t.limit)
	return c
}

// metric is something that a threshold can be about.
type metric struct {
	unit   unit
	verify bool
	of     func(*Result) (value float64, missing string)
}

// unit is how values of a metric are written.
type unit struct {
	kind  string
	parse func(string) (float64, bool)
	show  func(float64) string
}

// number and the others are the units of metrics.
var (
	number   = unit{"a number", parseNumber, func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }}
	rate     = unit{"a rate such as 1000 or 50k/s", parseRate, func(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) + "/s" }}
	duration = unit{"a time such as 500us, 50ms or 1.5s", parseTime, showTime}
	memory   = unit{"a size such as 150M or 1G", parseMemory, func(v float64) string { return strconv.FormatFloat(v/(1<<20), 'f', 1, 64) + "M" }}
)

func parseNumber(s string) (float64, bool) {
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

func parseRate(s string) (float64, bool) {
	s = strings.TrimSuffix(s, "/s")
	times := 1.0
	if digits, thousands := strings.CutSuffix(s, "k"); thousands {
		s, times = digits, 1000
	}
	v, ok := parseNumber(s)
	return v * times, ok
}

func parseTime(s string) (float64, bool) {
	d, err := time.ParseDuration(s)
	return d.Seconds(), err == nil && d >= 0
}

// showTime writes seconds as a time with three digits.
func showTime(v float64) string {
	d, step := time.Duration(v*float64(time.Second)), time.Microsecond
	for d >= 1000*step {
		step *= 10
	}
	return d.Round(step).String()
}

func parseMemory(s string) (float64, bool) {
	s = strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(s), "B"), "I")
	for unit, times := range map[string]float64{"K": 1 << 10, "M": 1 << 20, "G": 1 << 30} {
		if digits, found := strings.CutSuffix(s, unit); found {
			v, ok := parseNumber(digits)
			return v * times, ok
		}
	}
	return parseNumber(s)
}

// measure is what of a histogram can be compared.
var measure = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:([a-z]+)\.)?(?:p(\d{1,3}(?:\.\d+)?)|(min|max|mean))$`)
})

// metricOf finds what a name means.
func metricOf(name string, latencies []string) (metric, error) {
	if m := measure().FindStringSubmatch(name); m != nil {
		return latencyMetric(name, m, latencies)
	}
	base, perSecond := strings.CutSuffix(name, "/s")
	for _, c := range counts {
		if c.name != base {
			continue
		}
		of := func(r *Result) (float64, string) { return float64(c.of(&r.Counts)), "" }
		if perSecond {
			return metric{unit: rate, of: perSecondOf(c.of)}, nil
		}
		return metric{unit: number, of: of}, nil
	}
	if m, found := others[name]; found {
		return m, nil
	}
	return metric{}, fmt.Errorf("there is no %q; there are %s", name, strings.Join(metricNames(latencies), ", "))
}

func latencyMetric(name string, m []string, latencies []string) (metric, error) {
	histogram, percentile, other := m[1], m[2], m[3]
	if histogram != "" && !slices.Contains(latencies, histogram) {
		return metric{}, fmt.Errorf("%s is not measured here, only %s", histogram, strings.Join(latencies, ", "))
	}
	p, err := strconv.ParseFloat(cmp.Or(percentile, "0"), 64)
	if err != nil || p > 100 {
		return metric{}, fmt.Errorf("%s: percentiles end at 100", name)
	}
	return metric{unit: duration, of: func(r *Result) (float64, string) {
		h := r.Latencies[cmp.Or(histogram, r.Latency)]
		if h.Count() == 0 {
			return 0, "not measured"
		}
		switch other {
		case "min":
			return h.Min().Seconds(), ""
		case "max":
			return h.Max().Seconds(), ""
		case "mean":
			return h.Mean().Seconds(), ""
		default:
			return h.Percentile(p).Seconds(), ""
		}
	}}, nil
}

// perSecondOf makes a rate of a count.
func perSecondOf(of func(*Counts) int64) func(*Result) (float64, string) {
	return func(r *Result) (float64, string) {
		if r.Seconds <= 0 {
			return 0, "not measured, for there was no time"
		}
		return float64(of(r.ByEnd())) / r.Seconds, ""
	}
}

// others are the metrics besides counts and latencies.
var others = map[string]metric{
	"lost":       expected(func(r *Result) uint64 { return r.Verified.Lost }),
	"doubled":    expected(func(r *Result) uint64 { return r.Verified.Doubled }),
	"disordered": expected(func(r *Result) uint64 { return r.Verified.Disordered }),
	"corrupted":  expected(func(r *Result) uint64 { return r.Verified.Corrupted }),
	"unsure":     verified(func(r *Result) uint64 { return r.Verified.Unsure }),
	"foreign":    verified(func(r *Result) uint64 { return r.Verified.Foreign }),
	"expected":   verified(func(r *Result) uint64 { return r.Verified.Expected }),
	"rate":       {unit: rate, of: perSecondOf((*Counts).Messages)},
	"late":       {unit: duration, of: lateEach},
	"memory":     {unit: memory, of: func(r *Result) (float64, string) { return float64(r.Cost.PeakBytes), "" }},
	"cpu":        {unit: duration, of: func(r *Result) (float64, string) { return r.Cost.CPUSeconds, "" }},
	"seconds":    {unit: duration, of: func(r *Result) (float64, string) { return r.Seconds, "" }},
}

// verified is a metric of the account of the messages.
func verified(of func(*Result) uint64) metric {
	return metric{unit: number, verify: true, of: func(r *Result) (float64, string) {
		if r.Verified == nil {
			return 0, "not verified"
		}
		return float64(of(r)), ""
	}}
}

// expected is a metric of what came and did not come: 0 says nothing where no message was to come.
func expected(of func(*Result) uint64) metric {
	m := verified(of)
	count := m.of
	m.of = func(r *Result) (float64, string) {
		value, missing := count(r)
		switch {
		case missing != "" || value > 0 || r.Verified.Expected > 0:
			return value, missing
		case r.Verified.Unsure > 0:
			return 0, "not verified, for no message was acknowledged"
		}
		return 0, "not verified, for no message was to come to anybody here: --join this with the result of the subscribers, if they are elsewhere"
	}
	return m
}

// lateEach is by how much messages were sent after their time, on average.
func lateEach(r *Result) (float64, string) {
	if r.Counts.Published == 0 {
		return 0, "not measured, for nothing was published"
	}
	return r.Cost.LateSeconds / float64(r.Counts.Published), ""
}

// Messages is how many messages a rate without a name counts: those received where any were, else those acknowledged, else
// those published.
func (c *Counts) Messages() int64 {
	return cmp.Or(c.Received, c.Acknowledged, c.Published)
}

// metricNames are all that a threshold can be about, for errors.
func metricNames(latencies []string) []string {
	names := []string{"p50 to p99.99, min, max, mean (also with a name in front: " + strings.Join(latencies, ".p99, ") + ".p99)"}
	rest := make([]string, 0, len(others)+len(counts))
	for name := range others {
		rest = append(rest, name)
	}
	for _, c := range counts {
		rest = append(rest, c.name)
	}
	slices.Sort(rest)
	return append(append(names, rest...), "and counts a second, such as received/s")
}
