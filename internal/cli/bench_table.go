package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"dunlin/internal/load/result"
	"dunlin/internal/load/verify"
)

// benchPercentiles are the columns of latencies.
var benchPercentiles = []struct {
	name string
	p    float64
}{{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}, {"p99.99", 99.99}, {"max", 100}}

// printBench prints a result for people.
func printBench(to io.Writer, r *result.Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s with MQTT %s, %s s", r.Name, r.Server, r.Version, decimals(r.Seconds))
	if r.Parts > 1 {
		fmt.Fprintf(&b, ", %d results", r.Parts)
	}
	b.WriteString("\n")
	printLatencies(&b, r)
	printCounts(&b, r)
	printCauses(&b, r)
	if r.Verified != nil {
		printAccount(&b, r.Verified)
	}
	printCost(&b, r)
	for _, c := range r.Checks {
		fmt.Fprintf(&b, "fail if %s: %s, it is %s\n", c.Text, map[bool]string{true: "yes", false: "no"}[c.Failed], c.Found)
	}
	_, err := io.WriteString(to, b.String())
	return err
}

func printLatencies(b *strings.Builder, r *result.Result) {
	names := sorted(r.Latencies)
	if len(names) == 0 {
		return
	}
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprint(w, "\nlatency\t") // to memory, as all of it
	for _, p := range benchPercentiles {
		_, _ = fmt.Fprintf(w, "%s\t", p.name)
	}
	_, _ = fmt.Fprint(w, "count\t\n")
	for _, name := range names {
		h := r.Latencies[name]
		_, _ = fmt.Fprintf(w, "%s\t", name)
		for _, p := range benchPercentiles {
			_, _ = fmt.Fprintf(w, "%s\t", shownLatency(h.Percentile(p.p)))
		}
		_, _ = fmt.Fprintf(w, "%s\t\n", grouped(h.Count()))
	}
	_ = w.Flush() // to memory
}

func printCounts(b *strings.Builder, r *result.Result) {
	c, byEnd := &r.Counts, r.ByEnd()
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprint(w, "\ncount\tall\ta second\t\n")
	for _, row := range []struct {
		name  string
		n     int64
		byEnd int64 // negative: there is no rate of it
	}{
		{"connects", c.Connects, -1},
		{"connect errors", c.ConnectErrors, -1},
		{"connections lost", c.Lost, -1},
		{"connections dropped", c.Dropped, -1},
		{"subscribes", c.Subscribes, -1},
		{"due", c.Due, byEnd.Due},
		{"published", c.Published, byEnd.Published},
		{"acknowledged", c.Acknowledged, byEnd.Acknowledged},
		{"publish errors", c.PublishErrors, -1},
		{"received", c.Received, byEnd.Received},
		{"bytes out", c.BytesOut, byEnd.BytesOut},
		{"bytes in", c.BytesIn, byEnd.BytesIn},
	} {
		if row.n == 0 {
			continue
		}
		rate := ""
		if row.byEnd >= 0 && r.Seconds > 0 {
			rate = grouped(int64(float64(row.byEnd)/r.Seconds + 0.5))
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t\n", row.name, grouped(row.n), rate)
	}
	_ = w.Flush() // to memory
}

func printAccount(b *strings.Builder, a *verify.Account) {
	count := func(n uint64) string { return grouped(int64(n)) }
	if a.Expected+a.Unsure+a.Corrupted == 0 {
		b.WriteString("\nverified: nothing, for no message was to come to anybody here; where publishers and subscribers are two processes, dunlin bench --join verifies")
	} else {
		fmt.Fprintf(b, "\nverified: %s of %s received, %s lost, %s doubled, %s out of order, %s corrupted", count(a.Received), count(a.Expected),
			count(a.Lost), count(a.Doubled), count(a.Disordered), count(a.Corrupted))
	}
	if a.Unsure > 0 {
		fmt.Fprintf(b, "; %s more may have come or not, for nobody promised them", count(a.Unsure))
	}
	if a.Foreign > 0 {
		fmt.Fprintf(b, "; %s of others", count(a.Foreign))
	}
	b.WriteString("\n")
	for _, line := range a.Named {
		fmt.Fprintf(b, "  %s\n", line)
	}
}

// printCost prints what the load generator itself took.
func printCost(b *strings.Builder, r *result.Result) {
	fmt.Fprintf(b, "\nown cost: %s s of CPU on %d cores", decimals(r.Cost.CPUSeconds), r.Cost.Cores)
	if n := r.Counts.Published + r.Counts.Received; n > 0 {
		fmt.Fprintf(b, " (%.2f µs a message)", r.Cost.CPUSeconds*1e6/float64(n))
	}
	fmt.Fprintf(b, ", %.1f MiB of memory at most", float64(r.Cost.PeakBytes)/(1<<20))
	if n := r.Counts.Published; n > 0 && r.Cost.LateSeconds > 0 {
		fmt.Fprintf(b, "; messages left %s after they were due, on average", shownLatency(time.Duration(r.Cost.LateSeconds/float64(n)*1e9)))
	}
	b.WriteString("\n")
}

// grouped writes a number with commas between thousands.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// decimals writes seconds with three digits behind the point at most.
func decimals(seconds float64) string {
	return strconv.FormatFloat(float64(int64(seconds*1000+0.5))/1000, 'f', -1, 64)
}

// shownLatency writes a time with its unit, in three or four digits.
func shownLatency(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.2f ms", float64(d)/1e6)
	case d < time.Second:
		return fmt.Sprintf("%.1f ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}
