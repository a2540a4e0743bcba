package result

import (
	"bufio"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// WritePrometheus writes the sums in the text format of Prometheus, for its textfile collector or a push gateway.
func (r *Result) WritePrometheus(w io.Writer) error {
	e := &exposition{bufio.NewWriter(w)}
	e.family("info", "gauge", "What was measured.")
	e.sample("info", []string{"name", r.Name, "server", r.Server, "protocol", r.Version, "version", r.Dunlin}, 1)
	e.family("start_time_seconds", "gauge", "When the load began, since 1970.")
	e.sample("start_time_seconds", nil, float64(r.Started.UnixMilli())/1000)
	e.family("duration_seconds", "gauge", "How long it was measured, without the warm-up.")
	e.sample("duration_seconds", nil, r.Seconds)
	for _, c := range counts {
		r.exposeCount(e, c)
	}
	r.exposeLatencies(e)
	r.exposeAccount(e)
	r.exposeChecks(e)
	e.family("generator_cpu_seconds_total", "counter", "Processor time that the load generator took.")
	e.sample("generator_cpu_seconds_total", nil, r.Cost.CPUSeconds)
	e.family("generator_memory_peak_bytes", "gauge", "The most memory that the load generator had.")
	e.sample("generator_memory_peak_bytes", nil, float64(r.Cost.PeakBytes))
	e.family("generator_late_seconds_total", "counter", "By how much sends came after their time, in sum.")
	e.sample("generator_late_seconds_total", nil, r.Cost.LateSeconds)
	return e.Flush()
}

// exposeCount writes a count of each group, or of the whole where there are no groups.
func (r *Result) exposeCount(e *exposition, c count) {
	name := c.name + "_total"
	switch c.name { // the unit stands at the end
	case "bytes_out":
		name = "sent_bytes_total"
	case "bytes_in":
		name = "received_bytes_total"
	}
	e.family(name, "counter", c.help)
	for _, group := range slices.Sorted(maps.Keys(r.Groups)) {
		all := r.Groups[group]
		e.sample(name, []string{"group", group}, float64(c.of(&all)))
	}
	if len(r.Groups) == 0 {
		e.sample(name, nil, float64(c.of(&r.Counts)))
	}
}

func (r *Result) exposeLatencies(e *exposition) {
	e.family("latency_seconds", "summary", "Latencies, by kind.")
	for _, kind := range slices.Sorted(maps.Keys(r.Latencies)) {
		h := r.Latencies[kind]
		if h.Count() == 0 {
			continue
		}
		for _, p := range []float64{50, 90, 99, 99.9, 99.99, 100} {
			quantile := strconv.FormatFloat(p/100, 'g', 6, 64)
			e.sample("latency_seconds", []string{"kind", kind, "quantile", quantile}, h.Percentile(p).Seconds())
		}
		e.sample("latency_seconds_sum", []string{"kind", kind}, h.Sum().Seconds())
		e.sample("latency_seconds_count", []string{"kind", kind}, float64(h.Count()))
	}
}

func (r *Result) exposeAccount(e *exposition) {
	a := r.Verified
	if a == nil {
		return
	}
	for _, one := range []struct {
		name, help string
		value      uint64
	}{
		{"expected", "Messages that should have arrived, for each receiver.", a.Expected},
		{"arrived", "Messages that arrived of those.", a.Received},
		{"lost", "Messages that did not arrive.", a.Lost},
		{"doubled", "Messages that arrived again.", a.Doubled},
		{"disordered", "Messages that arrived after a later one.", a.Disordered},
		{"corrupted", "Messages that arrived with other bytes.", a.Corrupted},
		{"unsure", "Messages that nobody acknowledged, arrived or not.", a.Unsure},
		{"foreign", "Messages that came without a number, of another run, or to a receiver that does not want them.", a.Foreign},
	} {
		name := "verified_" + one.name + "_total"
		e.family(name, "counter", one.help)
		e.sample(name, nil, float64(one.value))
	}
}

func (r *Result) exposeChecks(e *exposition) {
	if len(r.Checks) == 0 {
		return
	}
	e.family("check_failed", "gauge", "1 if a threshold was passed, 0 if it holds.")
	shown := map[string]bool{}
	for _, c := range r.Checks {
		if shown[c.Text] { // the same labels twice are no valid text
			continue
		}
		shown[c.Text] = true
		failed := 0.0
		if c.Failed {
			failed = 1
		}
		e.sample("check_failed", []string{"check", c.Text}, failed)
	}
}

// exposition writes metrics of this program. Errors are kept by the writer.
type exposition struct{ *bufio.Writer }

const prefix = "dunlin_bench_"

func (e *exposition) family(name, kind, help string) {
	_, _ = e.WriteString("# HELP " + prefix + name + " " + help + "\n# TYPE " + prefix + name + " " + kind + "\n")
}

// escaped is a label's value as the format has it.
var escaped = strings.NewReplacer("\\", `\\`, "\n", `\n`, `"`, `\"`)

// sample writes a value. Labels are names and values in turn.
func (e *exposition) sample(name string, labels []string, value float64) {
	_, _ = e.WriteString(prefix + name)
	for i := 0; i+1 < len(labels); i += 2 {
		before := ","
		if i == 0 {
			before = "{"
		}
		text := strings.ToValidUTF8(labels[i+1], "\uFFFD")
		_, _ = e.WriteString(before + labels[i] + `="` + escaped.Replace(text) + `"`)
	}
	if len(labels) > 0 {
		_ = e.WriteByte('}')
	}
	_, _ = e.WriteString(" " + strconv.FormatFloat(value, 'g', -1, 64) + "\n")
}
