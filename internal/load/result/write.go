package result

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"time"

	"dunlin/internal/load/verify"
)

// WriteJSON writes the whole result, which Read and Join take.
func (r *Result) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// summary is what lines say of a histogram, in microseconds.
type summary struct {
	Kind  string `json:"kind,omitempty"`
	Count int64  `json:"count"`
	Min   int64  `json:"min_us"`
	Mean  int64  `json:"mean_us"`
	P50   int64  `json:"p50_us"`
	P90   int64  `json:"p90_us"`
	P99   int64  `json:"p99_us"`
	P999  int64  `json:"p99.9_us"`
	P9999 int64  `json:"p99.99_us"`
	Max   int64  `json:"max_us"`
}

// summaryColumns are the names of what columns returns.
var summaryColumns = []string{"latency_count", "min_us", "mean_us", "p50_us", "p90_us", "p99_us", "p99.9_us", "p99.99_us", "max_us"}

func (s *summary) columns() []int64 {
	return []int64{s.Count, s.Min, s.Mean, s.P50, s.P90, s.P99, s.P999, s.P9999, s.Max}
}

func summarize(h *Histogram, kind string) *summary {
	if h.Count() == 0 {
		return nil
	}
	at := func(p float64) int64 { return h.Percentile(p).Microseconds() }
	return &summary{kind, h.Count(), h.Min().Microseconds(), h.Mean().Microseconds(), at(50), at(90), at(99), at(99.9), at(99.99), at(100)}
}

// WriteNDJSON writes a line a second and a last line with the sums.
func (r *Result) WriteNDJSON(w io.Writer) error {
	for i := range r.Timeline {
		if err := r.Timeline[i].WriteNDJSON(w, r.Latency); err != nil {
			return err
		}
	}
	return r.WriteLastNDJSON(w)
}

// WriteNDJSON writes the line of one second. Latency is Result.Latency. It is for output while the run goes on.
func (s *Second) WriteNDJSON(w io.Writer, latency string) error {
	return json.NewEncoder(w).Encode(struct {
		Type   string `json:"type"`
		Time   int64  `json:"time"`
		Online int64  `json:"online"`
		Counts
		Latency *summary `json:"latency"`
	}{"second", s.Time, s.Online, s.Counts, summarize(&s.Latency, latency)})
}

// WriteLastNDJSON writes the last line, that with the sums.
func (r *Result) WriteLastNDJSON(w io.Writer) error {
	latencies := map[string]*summary{}
	for name, h := range r.Latencies {
		if s := summarize(&h, ""); s != nil {
			latencies[name] = s
		}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(struct {
		Type      string              `json:"type"`
		Name      string              `json:"name"`
		Server    string              `json:"server"`
		Protocol  string              `json:"protocol"`
		Started   time.Time           `json:"started"`
		Seconds   float64             `json:"seconds"`
		Parts     int                 `json:"parts"`
		Rate      float64             `json:"rate"`
		Counts    Counts              `json:"counts"`
		Groups    map[string]Counts   `json:"groups"`
		Latency   string              `json:"latency"`
		Latencies map[string]*summary `json:"latencies"`
		Verified  *verify.Account     `json:"verified"`
		Checks    []Check             `json:"checks"`
		Cost      Cost                `json:"cost"`
	}{
		"result", r.Name, r.Server, r.Version, r.Started, r.Seconds, r.Parts, r.rate(), r.Counts, r.Groups, r.Latency, latencies,
		r.Verified, r.Checks, r.Cost,
	})
}

// rate is how many messages a second there were.
func (r *Result) rate() float64 {
	if r.Seconds <= 0 {
		return 0
	}
	return float64(r.ByEnd().Messages()) / r.Seconds
}

// WriteCSV writes a line a second under a line with the names of the columns. Latencies are of the kind that Result.Latency
// names; where there are none in a second their columns are empty.
func (r *Result) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	header := []string{"time", "online"}
	for _, c := range counts {
		header = append(header, c.name)
	}
	_ = out.Write(append(header, summaryColumns...)) // Flush keeps the error
	for i := range r.Timeline {
		_ = out.Write(r.Timeline[i].row())
	}
	out.Flush()
	return out.Error()
}

// row is a line of the CSV.
func (s *Second) row() []string {
	row := []string{strconv.FormatInt(s.Time, 10), strconv.FormatInt(s.Online, 10)}
	for _, c := range counts {
		row = append(row, strconv.FormatInt(c.of(&s.Counts), 10))
	}
	latency := summarize(&s.Latency, "")
	if latency == nil {
		return append(row, make([]string, len(summaryColumns))...)
	}
	for _, n := range latency.columns() {
		row = append(row, strconv.FormatInt(n, 10))
	}
	return row
}
