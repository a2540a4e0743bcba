package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"dunlin/bench/work"
)

// builds is the name of the section that compares ours with earlier builds of it.
const builds = "builds"

// between is a ratio and the range in which it lies with a confidence of 95 %.
type between struct{ low, value, high float64 }

func (b between) String() string {
	if b == (between{}) {
		return none
	}
	return fmt.Sprintf("%.3f (%.3f to %.3f)", b.value, b.low, b.high)
}

// estimate returns the ratio that lies behind those of the rounds: the median of the
// geometric means of any two of them (Hodges and Lehmann). It scatters less than the
// plain median, and does not care who had the first turn in which round. The range is
// that of Wilcoxon's signed ranks.
func estimate(ratios []float64) between {
	var means []float64
	for i, a := range ratios {
		for _, b := range ratios[i:] {
			means = append(means, math.Sqrt(a*b))
		}
	}
	if len(means) == 0 {
		return between{}
	}
	slices.Sort(means)
	n := float64(len(ratios))
	outside := int(n*(n+1)/4 - 1.96*math.Sqrt(n*(n+1)*(2*n+1)/24))
	outside = max(outside, 0) // of few rounds: the range is all there is
	return between{means[outside], median(means), means[len(means)-1-outside]}
}

// builds shows how ours relates to each earlier build in each work both did.
func (r *Report) builds() string {
	var b strings.Builder
	for _, c := range r.Clients {
		if !work.Earlier(c.Name) {
			continue
		}
		for _, t := range r.against(c) {
			if len(t.rows) > 0 {
				b.WriteString(t.String() + "\n")
			}
		}
		if names := r.unknown(c.Name); len(names) > 0 {
			fmt.Fprintf(&b, "Its driver does not know: %s in %s.\n\n", c.Title, strings.Join(names, ", "))
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return b.String() + "In brackets: where the ratio lies with a confidence of 95 %. More rounds narrow that.\n"
}

// against compares ours with one build: a table of the works about messages, and one of
// those about rest.
func (r *Report) against(c Version) [2]table {
	by := "divided by " + c.Title
	messages := table{head: []string{by, "time (rtt: median)", "99th percentile", "CPU time"}}
	rest := table{head: []string{"at rest, " + by, "heap", "stacks", "goroutines", "RSS"}}
	for _, w := range work.All() {
		if r.Find(w.Name, c.Name) == nil || r.Find(w.Name, work.Ours) == nil {
			continue
		}
		to := func(f func(*Sample) float64) string {
			return estimate(r.ratios(w.Name, work.Ours, c.Name, f)).String()
		}
		if w.Once() {
			rest.add(w.Name, to(func(s *Sample) float64 { return s.Heap }), to(func(s *Sample) float64 { return s.Stack }),
				to(func(s *Sample) float64 { return s.Goroutines }), to(func(s *Sample) float64 { return float64(s.RSS) }))
			continue
		}
		messages.add(w.Name, to(wall), to(p99), to(cpu))
	}
	return [2]table{messages, rest}
}

// unknown returns the works that the driver of an earlier build does not know.
func (r *Report) unknown(client string) (names []string) {
	for _, f := range r.Results {
		if f.Client == client && f.Unknown {
			names = append(names, f.Work)
		}
	}
	return names
}
