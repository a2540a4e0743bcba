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
	what   string
	works  []string // that it is about
	judged []string // clients without whom there is no saying: the first is to reach it
	rivals []string // clients to be ahead of
	check  func(*Report) (got string, reached bool)
}

func wall(s *Sample) float64 { return s.Wall() }
func p99(s *Sample) float64  { return s.P99 }

// allGoals are in the order of the works.
var allGoals = slices.Concat(
	[]goal{
		within("pub0", 0.12), limit("pub0", 2.5), ahead("pub0", "libmosquitto", 8),
		ahead("pub0", "paho3", 40), ahead("pub0", "paho5", 40),
		limit("pub1", 1.6), ahead("pub1", "libmosquitto", 5),
		within("pub2", 1.4), ahead("pub2", "libmosquitto", 4),
		within("recv0", 0.08), ahead("recv0", "libmosquitto", 2.5), within("recv0-view", 0.05), limit("recv0-view", 2),
		within("recv1", 0.4), ahead("recv1", "libmosquitto", 2.5), within("recv2", 0.9), ahead("recv2", "libmosquitto", 2.5),
		limit("rtt0", 1.15), limit("rtt1", 1.15), tail("rtt0"), tail("rtt1"),
		script("pub0", 2), script("recv0", 3), script("pub1", 3), script("recv1", 5),
	},
	first("-1k"), first("-64k"), first("-tls"), first("-ws"),
	[]goal{
		ahead("durable-always", "paho3", 10), ahead("durable-always", "paho5", 10),
		ahead("durable-interval", "paho3", 10), ahead("durable-interval", "paho5", 10),
		memory("heap a client", 6<<10, "idle", func(s *Sample) float64 { return s.Heap }),
		memory("RSS of the process", 150<<20, "idle-10k", func(s *Sample) float64 { return float64(s.RSS) }),
		count("idle", "goroutines a client", 2, func(s *Sample) float64 { return s.Goroutines }),
		count("pub0", "allocations a message", 1, allocations), count("pub1", "allocations a message", 2, allocations),
		count("recv0", "allocations a message", 2, allocations), count("recv0-view", "allocations a message", 0.1, allocations),
		flat("clients", 1), flat("subs", 1), flat("flight", 100),
	},
)

func allocations(s *Sample) float64 { return float64(s.Mallocs) / float64(max(s.Count, 1)) }

// ours is a goal of ours in one work.
func ours(name, what string, check func(*Report) (string, bool)) goal {
	return goal{what: name + ": " + what, works: []string{name}, judged: []string{work.Ours}, check: check}
}

// everybody returns all rivals.
func everybody() []string {
	var names []string
	for _, c := range work.Clients() {
		if work.Rival(c.Name) {
			names = append(names, c.Name)
		}
	}
	return names
}

// within wants our time a message to be at most so many microseconds.
func within(name string, most float64) goal {
	return ours(name, fmt.Sprintf("at most %g µs", most), func(r *Report) (string, bool) {
		f := r.Find(name, work.Ours)
		if f == nil {
			return "", false
		}
		return number(f.Wall()) + " µs", f.Wall() <= most
	})
}

// limit wants us to be within so many times the limit.
func limit(name string, most float64) goal {
	g := ours(name, fmt.Sprintf("at most %g times the limit", most), func(r *Report) (string, bool) {
		v, ok := r.Ratio(name, work.Ours, work.Limit, wall)
		return shown(v, ok), v <= most
	})
	g.judged = append(g.judged, work.Limit)
	return g
}

// ahead wants us to be so many times faster than another client.
func ahead(name, other string, least float64) goal {
	g := ours(name, fmt.Sprintf("%g times faster than %s", least, titleOf(other)), func(r *Report) (string, bool) {
		v, ok := r.Ratio(name, other, work.Ours, wall)
		return shown(v, ok), v >= least
	})
	g.rivals = []string{other}
	return g
}

// script wants our script to be so many times faster than MQTT.js.
func script(name string, least float64) goal {
	g := ours(name, fmt.Sprintf("a script %g times faster than MQTT.js", least), func(r *Report) (string, bool) {
		v, ok := r.Ratio(name, work.MQTTjs, work.Script, wall)
		return shown(v, ok), v >= least
	})
	g.judged, g.rivals = []string{work.Script}, []string{work.MQTTjs}
	return g
}

// first wants us to be ahead of everybody in each work with that ending.
func first(ending string) []goal {
	var all []goal
	for _, do := range []string{"pub0", "pub1", "recv0", "recv1"} {
		name := do + ending
		g := ours(name, "ahead of every client", func(r *Report) (string, bool) {
			best, ok := r.Best(name, wall)
			if !ok {
				return "", false
			}
			v, ok := r.Ratio(name, best, work.Ours, wall)
			return shown(v, ok), v > 1
		})
		g.rivals = everybody()
		all = append(all, g)
	}
	return all
}

// tail wants our slow trips to be no slower than those of the best client.
func tail(name string) goal {
	g := ours(name, "99th percentile no worse than the best client's", func(r *Report) (string, bool) {
		best, ok := r.Best(name, p99)
		if !ok {
			return "", false
		}
		v, ok := r.Ratio(name, work.Ours, best, p99)
		return shown(v, ok), v <= 1
	})
	g.rivals = everybody()
	return g
}

func memory(what string, most float64, name string, get func(*Sample) float64) goal {
	return ours(name, fmt.Sprintf("%s at most %s", what, size(most)), func(r *Report) (string, bool) {
		f := r.Find(name, work.Ours)
		if f == nil {
			return "", false
		}
		v := f.Median(get)
		return size(v), v <= most
	})
}

func size(bytes float64) string {
	if bytes >= 1<<20 {
		return number(bytes/(1<<20)) + " MiB"
	}
	return number(bytes/(1<<10)) + " KiB"
}

func count(name, what string, most float64, get func(*Sample) float64) goal {
	return ours(name, fmt.Sprintf("at most %g %s", most, what), func(r *Report) (string, bool) {
		f := r.Find(name, work.Ours)
		if f == nil {
			return "", false
		}
		v := f.Median(get)
		return number(v), v <= most
	})
}

// flatness is how much the slowest step of a series may be above the fastest: caches
// and the machine's moods are in it.
const flatness = 1.6

// flat wants the time a message to be the same along a series, from a step on.
func flat(do string, from int) goal {
	var works []string
	for _, n := range work.Steps {
		if n >= from {
			works = append(works, fmt.Sprint(do, "-", n))
		}
	}
	g := ours(do, fmt.Sprintf("flat, within %g times, from %s on", flatness, thousands(int64(from))), func(r *Report) (string, bool) {
		var all []float64
		for _, name := range works {
			if f := r.Find(name, work.Ours); f != nil {
				all = append(all, f.Wall())
			}
		}
		if len(all) < 2 {
			return "", false
		}
		v := slices.Max(all) / slices.Min(all)
		return shown(v, true), v <= flatness
	})
	g.works = works
	return g
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

// judge is check, but for those who failed: a goal is not reached by who failed, and
// a rival who did is named, as there is no comparing with it.
func (r *Report) judge(g *goal) (got string, reached bool) {
	if who := strings.Join(r.failedIn(g.works, g.judged), " and "); who != "" {
		return who + " failed", false
	}
	got, reached = g.check(r)
	lost := strings.Join(r.failedIn(g.works, g.rivals), " and ")
	switch {
	case lost == "" || r.Find(g.works[0], g.judged[0]) == nil:
		return got, reached
	case got == "":
		return lost + " failed", false
	default:
		return got + " (without " + lost + ", which failed)", reached
	}
}

// failedIn returns the titles of those clients who failed in one of works.
func (r *Report) failedIn(works, clients []string) []string {
	var titles []string
	for _, c := range clients {
		if slices.ContainsFunc(works, func(name string) bool { return r.failed(name, c) != "" }) {
			titles = append(titles, titleOf(c))
		}
	}
	return titles
}

// goals shows what was reached of what was measured.
func (r *Report) goals() string {
	t := table{head: []string{"goal", "measured", "reached"}}
	for _, g := range allGoals {
		got, reached := r.judge(&g)
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
