package report

import (
	"fmt"
	"slices"
	"strings"

	"dunlin/bench/work"
)

// goal is something to reach. check returns what was measured and whether that is
// it; it returns an empty got when it was not measured.
type goal struct {
	what  string
	check func(*Report) (got string, reached bool)
}

func wall(s *Sample) float64 { return s.Wall() }
func p99(s *Sample) float64  { return s.P99 }

// allGoals are in the order of the works.
var allGoals = slices.Concat(
	[]goal{
		within("pub0", 0.12), limit("pub0", 2.5), ahead("pub0", "libmosquitto", 8),
		ahead("pub0", "paho3", 40), ahead("pub0", "paho5", 40),
		limit("pub1", 1.5), ahead("pub1", "libmosquitto", 5),
		within("pub2", 2), ahead("pub2", "libmosquitto", 4),
		within("recv0", 0.12), within("recv0-view", 0.08), within("recv1", 0.6), within("recv2", 1.3),
		limit("rtt0", 1.15), limit("rtt1", 1.15), tail("rtt0"), tail("rtt1"),
		script("pub0", 2), script("recv0", 2), script("pub1", 3), script("recv1", 3),
	},
	first("-1k"), first("-64k"), first("-tls"), first("-ws"),
	[]goal{
		ahead("durable-always", "paho3", 10), ahead("durable-always", "paho5", 10),
		ahead("durable-interval", "paho3", 10), ahead("durable-interval", "paho5", 10),
		memory("heap a client", 8<<10, "idle", func(s *Sample) float64 { return s.Heap }),
		memory("RSS of the process", 200<<20, "idle-10k", func(s *Sample) float64 { return float64(s.RSS) }),
		count("idle", "goroutines a client", 3, func(s *Sample) float64 { return s.Goroutines }),
		count("pub0", "allocations a message", 1, allocations), count("pub1", "allocations a message", 2, allocations),
		count("recv0", "allocations a message", 2, allocations), count("recv0-view", "allocations a message", 0.1, allocations),
		flat("clients", 1), flat("subs", 1), flat("flight", 100),
	},
)

func allocations(s *Sample) float64 { return float64(s.Mallocs) / float64(max(s.Count, 1)) }

// within wants our time a message to be at most so many microseconds.
func within(name string, most float64) goal {
	return goal{fmt.Sprintf("%s: at most %g µs", name, most), func(r *Report) (string, bool) {
		f := r.Find(name, work.Ours)
		if f == nil {
			return "", false
		}
		return number(f.Wall()) + " µs", f.Wall() <= most
	}}
}

// limit wants us to be within so many times the limit.
func limit(name string, most float64) goal {
	return goal{fmt.Sprintf("%s: at most %g times the limit", name, most), func(r *Report) (string, bool) {
		v, ok := r.Ratio(name, work.Ours, work.Limit, wall)
		return shown(v, ok), v <= most
	}}
}

// ahead wants us to be so many times faster than another client.
func ahead(name, other string, least float64) goal {
	title := titleOf(other)
	return goal{fmt.Sprintf("%s: %g times faster than %s", name, least, title), func(r *Report) (string, bool) {
		v, ok := r.Ratio(name, other, work.Ours, wall)
		return shown(v, ok), v >= least
	}}
}

// script wants our script to be so many times faster than MQTT.js.
func script(name string, least float64) goal {
	return goal{fmt.Sprintf("%s: a script %g times faster than MQTT.js", name, least), func(r *Report) (string, bool) {
		v, ok := r.Ratio(name, work.MQTTjs, work.Script, wall)
		return shown(v, ok), v >= least
	}}
}

// first wants us to be ahead of everybody in each work with that ending.
func first(ending string) []goal {
	var all []goal
	for _, do := range []string{"pub0", "pub1", "recv0", "recv1"} {
		name := do + ending
		all = append(all, goal{name + ": ahead of every client", func(r *Report) (string, bool) {
			best, ok := r.Best(name, wall)
			if !ok {
				return "", false
			}
			v, ok := r.Ratio(name, best, work.Ours, wall)
			return shown(v, ok), v > 1
		}})
	}
	return all
}

// tail wants our slow trips to be no slower than those of the best client.
func tail(name string) goal {
	return goal{name + ": 99th percentile no worse than the best client's", func(r *Report) (string, bool) {
		best, ok := r.Best(name, p99)
		if !ok {
			return "", false
		}
		v, ok := r.Ratio(name, work.Ours, best, p99)
		return shown(v, ok), v <= 1
	}}
}

func memory(what string, most float64, name string, get func(*Sample) float64) goal {
	return goal{fmt.Sprintf("%s: %s at most %s", name, what, size(most)), func(r *Report) (string, bool) {
		f := r.Find(name, work.Ours)
		if f == nil {
			return "", false
		}
		v := f.Median(get)
		return size(v), v <= most
	}}
}

func size(bytes float64) string {
	if bytes >= 1<<20 {
		return number(bytes/(1<<20)) + " MiB"
	}
	return number(bytes/(1<<10)) + " KiB"
}

func count(name, what string, most float64, get func(*Sample) float64) goal {
	return goal{fmt.Sprintf("%s: at most %g %s", name, most, what), func(r *Report) (string, bool) {
		f := r.Find(name, work.Ours)
		if f == nil {
			return "", false
		}
		v := f.Median(get)
		return number(v), v <= most
	}}
}

// flatness is how much the slowest step of a series may be above the fastest: caches
// and the machine's moods are in it.
const flatness = 1.6

// flat wants the time a message to be the same along a series, from a step on.
func flat(do string, from int) goal {
	return goal{fmt.Sprintf("%s: flat, within %g times, from %s on", do, flatness, thousands(int64(from))), func(r *Report) (string, bool) {
		var all []float64
		for _, n := range work.Steps {
			if f := r.Find(fmt.Sprint(do, "-", n), work.Ours); f != nil && n >= from {
				all = append(all, f.Wall())
			}
		}
		if len(all) < 2 {
			return "", false
		}
		v := slices.Max(all) / slices.Min(all)
		return shown(v, true), v <= flatness
	}}
}

func shown(v float64, ok bool) string {
	if !ok {
		return ""
	}
	return times(v)
}

func titleOf(name string) string {
	for _, c := range work.Clients() {
		if c.Name == name {
			return c.Title
		}
	}
	return name
}

// goals shows what was reached of what was measured.
func (r *Report) goals() string {
	t := table{head: []string{"goal", "measured", "reached"}}
	for _, g := range allGoals {
		got, reached := g.check(r)
		if got == "" {
			continue
		}
		verdict := "no"
		if reached {
			verdict = "yes"
		}
		t.add(strings.TrimSpace(g.what), got, verdict)
	}
	return t.String()
}
