package result

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Join makes one result of several processes' of the same load. Results that do not fit are refused. Checks are left out: they
// have to be made anew.
func Join(parts ...*Result) (*Result, error) {
	if len(parts) == 0 {
		return nil, errors.New("there is no result to join")
	}
	if err := fit(parts); err != nil {
		return nil, err
	}
	first := parts[0]
	all := &Result{
		Format: Format, Version: first.Version, Command: first.Command, Started: first.Started, AtEnd: &Counts{},
		Groups: map[string]Counts{}, Latencies: map[string]Histogram{}, Latency: first.Latency,
	}
	var end time.Time
	for _, p := range parts {
		all.Dunlin, all.Name, all.Server = listed(all.Dunlin, p.Dunlin), listed(all.Name, p.Name), listed(all.Server, p.Server)
		if !slices.Equal(all.Command, p.Command) {
			all.Command = nil
		}
		if p.Started.Before(all.Started) {
			all.Started = p.Started
		}
		if e := p.end(); e.After(end) {
			end = e
		}
		if slices.Index(waiting, p.Latency) < slices.Index(waiting, all.Latency) {
			all.Latency = p.Latency
		}
		all.add(p)
	}
	all.Seconds = end.Sub(all.Started).Seconds()
	all.seal()
	all.Parameters = joinParameters(parts)
	all.Timeline = joinTimelines(parts, all.Latency)
	all.joinEvents(parts)
	if err := all.joinLedgers(parts); err != nil {
		return nil, err
	}
	return all, nil
}

// waiting are the latencies from that of the longest way on: percentiles of joined results are of the longest.
var waiting = []string{RoundTrip, Delivery, Publish, Wire, Subscribe, Connect, ""}

// end is when measuring ended.
func (r *Result) end() time.Time {
	return r.Started.Add(time.Duration(r.Seconds * float64(time.Second)))
}

// listed adds one to names with commas between them, if it is not there.
func listed(names, one string) string {
	if names == "" || slices.Contains(strings.Split(names, ", "), one) {
		return cmp.Or(names, one)
	}
	return names + ", " + one
}

// add adds what is only summed up.
func (r *Result) add(p *Result) {
	r.Parts += p.Parts
	r.Cost.CPUSeconds += p.Cost.CPUSeconds
	r.Cost.PeakBytes += p.Cost.PeakBytes
	r.Cost.LateSeconds += p.Cost.LateSeconds
	r.Cost.Cores = max(r.Cost.Cores, p.Cost.Cores)
	r.Counts.Add(&p.Counts)
	r.AtEnd.Add(p.ByEnd())
	for text, times := range p.Faults {
		if r.Faults == nil {
			r.Faults = map[string]int64{}
		}
		r.Faults[text] += times
	}
	for name, counts := range p.Groups {
		sum := r.Groups[name]
		sum.Add(&counts)
		r.Groups[name] = sum
	}
	for name, h := range p.Latencies {
		sum := r.Latencies[name]
		sum.Merge(h)
		r.Latencies[name] = sum
	}
}

// seal makes the histograms small.
func (r *Result) seal() {
	for name, h := range r.Latencies {
		h.Seal()
		r.Latencies[name] = h
	}
}

// fit says why results are not of one load.
func fit(parts []*Result) error {
	first := parts[0]
	for i, p := range parts[1:] {
		number := i + 2
		if p.Version != first.Version {
			return fmt.Errorf("result %d is of MQTT %s and the first one of %s", number, p.Version, first.Version)
		}
		for j, before := range parts[:i+1] {
			if err := p.fits(before); err != nil {
				return fmt.Errorf("result %d does not fit result %d: %w", number, j+1, err)
			}
		}
	}
	return nil
}

// fits says why two results are not of one load.
func (r *Result) fits(o *Result) error {
	if !r.Started.Before(o.end()) || !o.Started.Before(r.end()) {
		const precise = time.DateTime + ".000"
		return fmt.Errorf("they did not run at the same time: one from %s for %.3g s, the other from %s for %.3g s",
			r.Started.Format(precise), r.Seconds, o.Started.Format(precise), o.Seconds)
	}
	return r.settings().fit(o.settings(), r.Name == o.Name)
}
