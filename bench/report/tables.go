package report

import (
	"fmt"
	"slices"
	"strings"

	"dunlin/bench/work"
)

// Section is a table with what has to be said about it.
type Section struct {
	Name string // of the markers around it in a page
	Text string
}

// Sections returns all that can be shown of r.
func (r *Report) Sections() []Section {
	all := []Section{{"machine", r.machine()}}
	for _, s := range []struct {
		name string
		make func(string) string
	}{
		{work.Speed, r.timing},
		{work.Windows, r.windows},
		{work.Core, r.timing},
		{work.Sizes, r.timing},
		{work.Nets, r.timing},
		{work.Durable, r.timing},
		{work.Idle, r.idle},
		{work.Growth, r.growth},
	} {
		if text := s.make(s.name); text != "" {
			all = append(all, Section{s.name, text})
		}
	}
	if text := r.builds(); text != "" {
		all = append(all, Section{builds, text})
	}
	return append(all, Section{"goals", r.goals()})
}

// String is everything, for a terminal.
func (r *Report) String() string {
	var b strings.Builder
	for _, s := range r.Sections() {
		fmt.Fprintf(&b, "%s\n\n%s\n", strings.ToUpper(s.Name), s.Text)
	}
	if faults := r.Faults(); len(faults) > 0 {
		fmt.Fprintf(&b, "FAILED\n\n%s\n", strings.Join(faults, "\n"))
	}
	return b.String()
}

func (r *Report) machine() string {
	var b strings.Builder
	b.WriteString(r.Machine.String() + "\n\n")
	var names []string
	for _, c := range r.Clients {
		if c.Version != "" {
			names = append(names, c.Title+" "+c.Version)
		}
	}
	if len(names) > 0 {
		b.WriteString("Compared: " + strings.Join(names, ", ") + ".\n")
	}
	return b.String()
}

// in returns the works of a table that were measured, and the clients that took
// part in one. Who failed took part: nobody shall vanish.
func (r *Report) in(name string) (works []work.Work, clients []Version) {
	took := map[string]bool{}
	for _, w := range work.All() {
		measured := false
		for _, c := range r.Clients {
			if w.Table != name {
				continue
			}
			found := r.Find(w.Name, c.Name) != nil || r.failed(w.Name, c.Name) != ""
			measured = measured || found
			took[c.Name] = took[c.Name] || found
		}
		if measured {
			works = append(works, w)
		}
	}
	for _, c := range r.Clients {
		if took[c.Name] {
			clients = append(clients, c)
		}
	}
	return works, clients
}

// timing shows microseconds a message, CPU time in brackets; for trips, median and
// 99th percentile.
func (r *Report) timing(name string) string {
	works, clients := r.in(name)
	if len(works) == 0 {
		return ""
	}
	t := table{head: []string{"µs"}}
	for _, c := range clients {
		t.head = append(t.head, c.Title)
	}
	t.head = append(t.head, "faster than the best other")
	limited := slices.ContainsFunc(clients, func(c Version) bool { return c.Name == work.Limit })
	if limited {
		t.head = append(t.head, "of the limit")
	}
	for _, w := range works {
		row := []string{w.Name}
		for _, c := range clients {
			row = append(row, r.cell(&w, c.Name))
		}
		row = append(row, r.toBest(&w))
		if limited {
			row = append(row, r.toLimit(&w))
		}
		t.add(row...)
	}
	return t.String() + r.faultsOf(works)
}

// faultsOf says below a table why a client has no figure in it.
func (r *Report) faultsOf(works []work.Work) string {
	var b strings.Builder
	for _, w := range works {
		for _, c := range r.Clients {
			if fault := r.failed(w.Name, c.Name); fault != "" {
				fmt.Fprintf(&b, "\nFailed: %s in %s: %s\n", c.Title, w.Name, fault)
			}
		}
	}
	return b.String()
}

func (r *Report) cell(w *work.Work, client string) string {
	f := r.Find(w.Name, client)
	switch {
	case f == nil && r.failed(w.Name, client) != "":
		return failed
	case f == nil:
		return none
	case w.Trips():
		return number(f.Wall()) + " / " + number(f.Median(func(s *Sample) float64 { return s.P99 }))
	default:
		return number(f.Wall()) + " (" + number(f.Median(cpu)) + ")"
	}
}

func cpu(s *Sample) float64 { return s.CPU / float64(max(s.Count, 1)) * 1e6 }

func (r *Report) toLimit(w *work.Work) string {
	v, ok := r.Ratio(w.Name, work.Ours, work.Limit, (*Sample).Wall)
	if !ok {
		return none
	}
	return times(v)
}

// toBest says how many times faster we are than the best rival.
func (r *Report) toBest(w *work.Work) string {
	best, ok := r.Best(w.Name, (*Sample).Wall)
	if !ok {
		return none
	}
	v, ok := r.Ratio(w.Name, best, work.Ours, (*Sample).Wall)
	if !ok {
		return none
	}
	return times(v) + " " + r.Title(best)
}

// idle shows what connected clients that do nothing cost.
func (r *Report) idle(name string) string {
	works, clients := r.in(name)
	if len(works) == 0 {
		return ""
	}
	t := table{head: []string{"at rest", "clients", "heap, KiB a client", "stacks, KiB", "goroutines", "RSS, KiB", "RSS of the process, MiB"}}
	for _, w := range works {
		for _, c := range clients {
			f := r.Find(w.Name, c.Name)
			if f == nil && r.failed(w.Name, c.Name) == "" {
				continue
			}
			get := func(unit float64, v func(*Sample) float64) string {
				if f == nil {
					return failed
				}
				if m := f.Median(v); m != 0 {
					return number(m / unit)
				}
				return none
			}
			t.add(c.Title, thousands(int64(w.N)),
				get(1024, func(s *Sample) float64 { return s.Heap }),
				get(1024, func(s *Sample) float64 { return s.Stack }),
				get(1, func(s *Sample) float64 { return s.Goroutines }),
				get(1024*float64(w.N), func(s *Sample) float64 { return float64(s.RSS) }),
				get(1<<20, func(s *Sample) float64 { return float64(s.RSS) }))
		}
	}
	return t.String() + r.faultsOf(works)
}

// series are the rows of growth.
var series = map[string]string{
	"clients": "clients in a process, each with bursts of 50 at QoS 1",
	"subs":    "subscriptions, one of them receiving at QoS 0",
	"flight":  "messages of QoS 1 in flight",
}

// growth shows our time a message along series.
func (r *Report) growth(name string) string {
	works, _ := r.in(name)
	if len(works) == 0 {
		return ""
	}
	t := table{head: []string{"µs a message, with so many"}}
	for _, n := range work.Steps {
		t.head = append(t.head, thousands(int64(n)))
	}
	for _, do := range []string{"clients", "subs", "flight"} {
		row, measured := []string{series[do]}, false
		for _, n := range work.Steps {
			name, cell := fmt.Sprint(do, "-", n), none
			if f := r.Find(name, work.Ours); f != nil {
				cell = number(f.Wall())
			} else if r.failed(name, work.Ours) != "" {
				cell = failed
			}
			row, measured = append(row, cell), measured || cell != none
		}
		if measured {
			t.add(row...)
		}
	}
	return t.String() + r.faultsOf(works)
}
