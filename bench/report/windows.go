package report

import (
	"strings"

	"dunlin/bench/work"
)

// windows shows microseconds a message at QoS 1 and 2, and how many messages were in
// flight: as many for all clients, or each client's own default. pub1 and pub2, which
// stand in another table, stand here too where they were measured in the same run.
func (r *Report) windows(name string) string {
	works, clients := r.in(name)
	if len(works) == 0 {
		return ""
	}
	t := table{head: []string{"µs (in flight)"}}
	for _, c := range clients {
		t.head = append(t.head, c.Title)
	}
	t.head = append(t.head, "faster than the best other")
	var shown []work.Work
	for _, w := range work.All() {
		row, figures := []string{w.Name + each(&w)}, false
		if qos, ok := w.Published(); w.Table != name && (w.Table != work.Speed || w.Trips() || !ok || qos == 0) {
			continue
		}
		for _, c := range clients {
			cell := r.windowed(&w, c.Name)
			row, figures = append(row, cell), figures || cell != none
		}
		if figures {
			t.add(append(row, r.toBest(&w))...)
			shown = append(shown, w)
		}
	}
	return t.String() + r.faultsOf(shown)
}

// windowed is a cell; a driver of an earlier build may not say how many were in flight.
func (r *Report) windowed(w *work.Work, client string) string {
	f := r.Find(w.Name, client)
	if f == nil {
		return r.cell(w, client)
	}
	text := number(f.Wall())
	if n := f.Samples[0].InFlight; n > 0 {
		text += " (" + thousands(int64(n)) + ")"
	}
	return text
}

// each says whether the clients have equal windows in w.
func each(w *work.Work) string {
	if strings.HasSuffix(w.Name, "-default") {
		return ": each its own"
	}
	return ": equal"
}
