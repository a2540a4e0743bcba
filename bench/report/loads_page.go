package report

import (
	"fmt"
	"strings"
)

// oursLoads is the generator that is compared with the others.
const oursLoads = "dunlin"

// published is the highest rate of emqtt-bench that somebody has published and we have found, of all processors of a machine;
// docs/PERFORMANCE.md names the source.
const (
	published     = 110_000
	publishedWork = "pub0-512"
)

// Sections returns all that can be shown of l.
func (l *Loads) Sections() []Section {
	return []Section{{"generators", l.text()}}
}

// Write fills the page in a file.
func (l *Loads) Write(file string) error { return write(file, l.Sections()) }

// String is everything, for a terminal.
func (l *Loads) String() string {
	text := l.text()
	if faults := l.Faults(); len(faults) > 0 {
		text += "\nFAILED\n\n" + strings.Join(faults, "\n") + "\n"
	}
	return text
}

func (l *Loads) text() string {
	var b strings.Builder
	m := l.Machine
	fmt.Fprintf(&b, "%s, %d cores; %s; %s; %d rounds of %g s each. Mosquitto %s.\n\n", m.CPU, m.Cores, m.System, m.Go, m.Rounds, m.Seconds, l.Mosquitto)
	for _, target := range []string{TargetMosquitto, TargetOwn} {
		fmt.Fprintf(&b, "%s\n", l.table(target))
	}
	fmt.Fprintf(&b, "%s\n", l.goals())
	b.WriteString(l.paced())
	return b.String()
}

// table is what all did at one server.
func (l *Loads) table(target string) string {
	t := table{head: []string{"messages a second at " + target + " (µs)"}}
	for _, w := range l.Works {
		t.head = append(t.head, w.Name)
	}
	for _, g := range l.Generators {
		row := []string{strings.TrimSpace(g.Title + " " + g.Version)}
		for _, w := range l.Works {
			row = append(row, l.shown(target, w.Name, g.Name))
		}
		t.add(row...)
	}
	busy := []string{"busy with dunlin bench: the server, its own"}
	for _, w := range l.Works {
		cell := none
		if c := l.good(target, w.Name, oursLoads); c != nil {
			cell = fmt.Sprintf("%.0f %%, %.0f %%", 100*c.median(func(s *LoadSample) float64 { return s.ServerCPU / s.Seconds }),
				100*c.median(func(s *LoadSample) float64 { return s.CPU / s.Seconds }))
		}
		busy = append(busy, cell)
	}
	t.add(busy...)
	return t.String()
}

func (l *Loads) shown(target, work, generator string) string {
	c := l.cell(target, work, generator)
	switch {
	case c == nil:
		return none
	case l.good(target, work, generator) == nil:
		return failed
	}
	return fmt.Sprintf("%s (%s)", number(c.median((*LoadSample).Rate)), number(c.median((*LoadSample).Cost)))
}

// ratio returns by how much a is more than b: the median of the rounds' ratios.
func ratio(a, b *LoadCell, f func(*LoadSample) float64) float64 {
	var all []float64
	for i := range min(len(a.Samples), len(b.Samples)) {
		all = append(all, f(&a.Samples[i])/f(&b.Samples[i]))
	}
	return median(all)
}

// goals says what was wanted of dunlin bench, and whether it is so.
func (l *Loads) goals() string {
	t := table{head: []string{"goal", "measured", "reached"}}
	verdict := func(what, got string, reached bool) {
		t.add(what, got, map[bool]string{true: "yes", false: "no"}[reached])
	}
	for _, w := range l.Works {
		ours, timers := l.good(TargetMosquitto, w.Name, oursLoads), l.good(TargetMosquitto, w.Name, "mqttx")
		if ours == nil {
			continue
		}
		if timers != nil {
			v := ratio(ours, timers, (*LoadSample).Rate)
			verdict(w.Name+": loads Mosquitto 3 times harder than MQTTX CLI's way", times(v), v >= 3)
		}
		if w.Name == publishedWork {
			v := ours.median((*LoadSample).Rate) / published
			verdict(w.Name+": loads Mosquitto 3 times harder than emqtt-bench, as published", times(v), v >= 3)
		}
		if title, v := l.cheapest(w.Name, ours); title != "" {
			verdict(w.Name+": less CPU a message at Mosquitto than any", times(v)+" less than "+title, v > 1)
		}
	}
	if l.Idle.Clients > 0 {
		verdict(fmt.Sprintf("%s clients in 150 MiB", thousands(l.Idle.Clients)), size(float64(l.Idle.Peak)), l.Idle.Peak <= 150<<20)
	}
	return t.String()
}

// cheapest returns the other generator that takes least CPU a message, and how many times as much as ours that is.
func (l *Loads) cheapest(work string, ours *LoadCell) (title string, times float64) {
	for _, g := range l.Generators {
		c := l.good(TargetMosquitto, work, g.Name)
		if g.Name == oursLoads || c == nil {
			continue
		}
		if v := ratio(c, ours, (*LoadSample).Cost); title == "" || v < times {
			title, times = g.Title, v
		}
	}
	return title, times
}

func (l *Loads) paced() string {
	t := table{head: []string{"µs from the time due, QoS 1, at Mosquitto"}}
	for _, p := range Percents {
		name := fmt.Sprint("p", p)
		if p == 100 {
			name = "max"
		}
		t.head = append(t.head, name)
	}
	t.head = append(t.head, "late on average")
	for _, p := range l.Paced {
		row := []string{fmt.Sprintf("%s, %s a second", p.Mode, number(p.Rate))}
		for _, v := range p.Latencies {
			row = append(row, number(v*1e6))
		}
		t.add(append(row, number(p.Late*1e6))...)
	}
	return t.String()
}
