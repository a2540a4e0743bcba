package load

import (
	"dunlin/internal/load/scenario"
	"dunlin/mqtt"
)

// BucketOf and ValueOf show the buckets of live histograms to tests.
var (
	BucketOf = bucketOf
	ValueOf  = valueOf
)

// Dues are when the messages of a source are due in the phases, in nanoseconds since the first began.
func Dues(phases []scenario.Phase, rate, base float64) (all []int64, skipped []int64) {
	s := schedule{base: base, k: 1}
	other := s
	at := int64(0)
	for i := range phases {
		p := paceOf(&phases[i], "g", rate)
		for {
			due, ok := s.due(p)
			if !ok {
				break
			}
			all = append(all, at+int64(due))
			s.k++
		}
		s.end(p)
		skipped = append(skipped, other.skip(p, p.length))
		other.end(p)
		at += int64(phases[i].Duration)
	}
	return all, skipped
}

// ConfigOf is what the first client of a scenario connects with.
func ConfigOf(s scenario.Scenario, base mqtt.Config) (mqtt.Config, error) {
	r, err := newRun(Options{Config: base}, s)
	if err != nil {
		return mqtt.Config{}, err
	}
	g := r.groups[0]
	n, err := newNames(g)
	if err != nil {
		return mqtt.Config{}, err
	}
	c := &client{g: g, number: g.First, slot: g.slots[0]}
	return c.config(n)
}
