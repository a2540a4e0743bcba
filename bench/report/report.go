// Package report holds what was measured and shows it.
package report

import (
	"encoding/json"
	"os"
	"slices"

	"dunlin/bench/drive"
	"dunlin/bench/work"
)

// Report is all of a run, as it is kept in a file.
type Report struct {
	Machine Machine   `json:"machine"`
	Clients []Version `json:"clients"`
	Results []Result  `json:"results"`
}

// Version tells which release of a client was measured.
type Version struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Version string `json:"version"`
}

// Result is what one client did in one work.
type Result struct {
	Work    string   `json:"work"`
	Client  string   `json:"client"`
	Samples []Sample `json:"samples"` // one a round
	Fault   string   `json:"fault,omitempty"`
	Unknown bool     `json:"unknown,omitempty"` // an earlier build's driver does not know the work
}

// Sample is what one process did.
type Sample struct {
	drive.Report
	CPU  float64 `json:"cpu"`  // seconds, of all its threads
	RSS  int64   `json:"rss"`  // bytes, at the end
	Peak int64   `json:"peak"` // bytes
}

// Wall is microseconds a message; for trips, the median of them.
func (s *Sample) Wall() float64 {
	if s.P50 > 0 {
		return s.P50
	}
	return s.Seconds / float64(max(s.Count, 1)) * 1e6
}

// Find returns the result of a client in a work, or nil when there is none that
// counts: a client that failed in one round has no figure.
func (r *Report) Find(workName, client string) *Result {
	if f := r.result(workName, client); f != nil && len(f.Samples) > 0 && f.Fault == "" {
		return f
	}
	return nil
}

// result returns the result of a client in a work, good or bad; nil: there is none.
func (r *Report) result(workName, client string) *Result {
	for i := range r.Results {
		if f := &r.Results[i]; f.Work == workName && f.Client == client {
			return f
		}
	}
	return nil
}

// failed returns what went wrong with a client in a work, or nothing.
func (r *Report) failed(workName, client string) string {
	if f := r.result(workName, client); f != nil {
		return f.Fault
	}
	return ""
}

// Median returns the median of f over the rounds.
func (r *Result) Median(f func(*Sample) float64) float64 {
	all := make([]float64, len(r.Samples))
	for i := range r.Samples {
		all[i] = f(&r.Samples[i])
	}
	return median(all)
}

// Wall returns the median of the microseconds a message.
func (r *Result) Wall() float64 { return r.Median((*Sample).Wall) }

func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	all = slices.Sorted(slices.Values(all))
	middle := len(all) / 2
	if len(all)%2 == 1 {
		return all[middle]
	}
	return (all[middle-1] + all[middle]) / 2
}

// Ratio returns how f of one client relates to another's, as the median over the
// rounds of their ratio in each round: a machine that is slower for a while does
// not change it. It is false when one of them was not measured.
func (r *Report) Ratio(workName, client, other string, f func(*Sample) float64) (float64, bool) {
	all := r.ratios(workName, client, other, f)
	return median(all), len(all) > 0
}

// ratios returns how f of one client relates to another's in each round.
func (r *Report) ratios(workName, client, other string, f func(*Sample) float64) (all []float64) {
	a, b := r.Find(workName, client), r.Find(workName, other)
	if a == nil || b == nil {
		return nil
	}
	for i := range min(len(a.Samples), len(b.Samples)) {
		if y := f(&b.Samples[i]); y > 0 {
			all = append(all, f(&a.Samples[i])/y)
		}
	}
	return all
}

// Best returns the rival with the lowest median of f.
func (r *Report) Best(workName string, f func(*Sample) float64) (client string, ok bool) {
	lowest := 0.0
	for _, c := range r.Clients {
		result := r.Find(workName, c.Name)
		if !work.Rival(c.Name) || result == nil {
			continue
		}
		if v := result.Median(f); client == "" || v < lowest {
			client, lowest = c.Name, v
		}
	}
	return client, client != ""
}

// Title returns the name of a client for readers.
func (r *Report) Title(client string) string {
	for _, c := range r.Clients {
		if c.Name == client {
			return c.Title
		}
	}
	return client
}

// Faults returns what went wrong, a line each.
func (r *Report) Faults() []string {
	var all []string
	for _, f := range r.Results {
		if f.Fault != "" {
			all = append(all, r.Title(f.Client)+" in "+f.Work+": "+f.Fault)
		}
	}
	return all
}

// Merge keeps those works of old that r does not have. Rows are never mixed: what
// is compared was measured in one run.
func (r *Report) Merge(old *Report) {
	has := map[string]bool{}
	for _, f := range r.Results {
		has[f.Work] = true
	}
	for _, f := range old.Results {
		if !has[f.Work] {
			r.Results = append(r.Results, f)
		}
	}
	for _, c := range old.Clients {
		if !slices.ContainsFunc(r.Clients, func(k Version) bool { return k.Name == c.Name }) {
			r.Clients = append(r.Clients, c)
		}
	}
	order := map[string]int{}
	for i, c := range work.Clients() {
		order[c.Name] = i
	}
	slices.SortStableFunc(r.Clients, func(a, b Version) int { return order[a.Name] - order[b.Name] })
}

// Load reads a report from a file.
func Load(file string) (*Report, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := new(Report)
	return r, json.Unmarshal(b, r)
}

// Save writes r to a file.
func (r *Report) Save(file string) error {
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}
