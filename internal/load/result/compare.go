package result

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
)

// Compare writes a table of what has changed from old to r.
func (r *Result) Compare(w io.Writer, old *Result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintf(t, "\tbefore\tnow\tchange\t\n") // Flush keeps errors
	row := func(name string, before, now float64, show func(float64) string) {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t\n", name, show(before), show(now), change(before, now))
	}
	row("rate", old.rate(), r.rate(), rate.show)
	for _, name := range Names {
		before, now := old.Latencies[name], r.Latencies[name]
		if before.Count() == 0 || now.Count() == 0 {
			continue
		}
		for _, p := range []float64{50, 90, 99, 99.9, 99.99, 100} {
			label := name + " p" + strconv.FormatFloat(p, 'f', -1, 64)
			if p == 100 {
				label = name + " max"
			}
			row(label, before.Percentile(p).Seconds(), now.Percentile(p).Seconds(), showTime)
		}
	}
	row("CPU a message", old.cpuEach(), r.cpuEach(), func(v float64) string { return strconv.FormatFloat(v*1e6, 'f', 2, 64) + "µs" })
	row("memory", float64(old.Cost.PeakBytes), float64(r.Cost.PeakBytes), memory.show)
	if old.Verified != nil && r.Verified != nil {
		row("lost", float64(old.Verified.Lost), float64(r.Verified.Lost), number.show)
		row("doubled", float64(old.Verified.Doubled), float64(r.Verified.Doubled), number.show)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, differs := range r.differences(old) {
		if _, err := fmt.Fprintf(w, "not the same: %s\n", differs); err != nil {
			return err
		}
	}
	return nil
}

// cpuEach is what a message takes of the load generator's processor, in seconds.
func (r *Result) cpuEach() float64 {
	if n := r.Counts.Published + r.Counts.Received; n > 0 {
		return r.Cost.CPUSeconds / float64(n)
	}
	return 0
}

// change is how much more or less now is, in per cent.
func change(before, now float64) string {
	switch {
	case before == now:
		return "="
	case before == 0:
		return "new"
	default:
		return fmt.Sprintf("%+.1f%%", 100*(now-before)/before)
	}
}

// differences are the settings that make the two hard to compare.
func (r *Result) differences(old *Result) []string {
	var all []string
	if old.Server != r.Server {
		all = append(all, "server: "+old.Server+", now "+r.Server)
	}
	if old.Version != r.Version {
		all = append(all, "MQTT "+old.Version+", now "+r.Version)
	}
	before, now := old.settings(), r.settings()
	for _, p := range r.Parameters {
		k := key{p.Group, p.Name}
		if was, given := before[k]; given && was != now[k] {
			all = append(all, k.text()+": "+was+", now "+now[k])
		}
	}
	return all
}
