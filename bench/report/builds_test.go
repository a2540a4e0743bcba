package report

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"dunlin/bench/work"
)

// TestEarlierBuildIsNoRival has an earlier build that is faster than any rival: it
// stands in a section of its own, and changes no goal.
func TestEarlierBuildIsNoRival(t *testing.T) {
	goals := sample().goals()
	r := sample()
	r.Clients = append(r.Clients, Version{Name: "dunlin@abc", Title: "Dunlin@abc"})
	found := *r.Find("pub0", work.Ours)
	found.Client = "dunlin@abc"
	r.Results = append(r.Results, found)
	text := squeeze(r.String())
	for _, want := range []string{
		"| divided by Dunlin@abc | time (rtt: median) | 99th percentile | CPU time | | ---",
		"| pub0 | 1.000 (1.000 to 1.000) | - | 1.000 (1.000 to 1.000) |",
		"12.5 × libmosquitto",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q; got:\n%s", want, r)
		}
	}
	if r.goals() != goals {
		t.Errorf("the goals are\n%s\nwithout it\n%s", r.goals(), goals)
	}
	if strings.Contains(sample().String(), strings.ToUpper(builds)) {
		t.Error("a section without an earlier build")
	}
}

// TestBuildsInTripsAndAtRest has the slow trips of two builds compared, and what their
// clients cost at rest, and names the work that the earlier driver does not know.
func TestBuildsInTripsAndAtRest(t *testing.T) {
	r := sample()
	r.Clients = append(r.Clients, Version{Name: "dunlin@abc", Title: "Dunlin@abc"})
	for _, name := range []string{"rtt0", "idle"} {
		found := *r.Find(name, work.Ours)
		found.Client = "dunlin@abc"
		s := found.Samples[0]
		s.P50, s.P99, s.Heap, s.Goroutines = 2*s.P50, 4*s.P99, 2*s.Heap, s.Goroutines+1
		found.Samples = []Sample{s}
		r.Results = append(r.Results, found)
	}
	r.Results = append(r.Results, Result{Work: "recv0-pull", Client: "dunlin@abc", Unknown: true})
	text := squeeze(r.builds())
	for _, want := range []string{
		"| rtt0 | 0.500 (0.500 to 0.500) | 0.250 (0.250 to 0.250) |",
		"| at rest, divided by Dunlin@abc | heap | stacks | goroutines | RSS |",
		"| idle | 0.500 (0.500 to 0.500) | 1.000 (1.000 to 1.000) | 0.750 (0.750 to 0.750) | 1.000",
		"Its driver does not know: Dunlin@abc in recv0-pull.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q; got:\n%s", want, r.builds())
		}
	}
	if len(r.Faults()) != len(sample().Faults()) {
		t.Errorf("not to know a work is a fault: %q", r.Faults())
	}
}

// TestEstimateDoesNotCareWhoIsFirst has builds that are alike on a machine where the
// first of two is a tenth slower, and every figure is a tenth off at random.
func TestEstimateDoesNotCareWhoIsFirst(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	inside, trials := 0, 200
	for range trials {
		var ratios []float64
		for round := range 100 {
			first := 1.1
			if round%2 == 1 {
				first = 1 / first
			}
			ratios = append(ratios, first*math.Exp(0.1*random.NormFloat64()))
		}
		b := estimate(ratios)
		if b.value < 0.95 || b.value > 1.05 {
			t.Errorf("got %v", b)
		}
		if b.low <= 1 && 1 <= b.high {
			inside++
		}
	}
	if inside < trials*9/10 {
		t.Errorf("1 is in the range %d times of %d", inside, trials)
	}
	if got := estimate([]float64{2, 8}); math.Abs(got.value-4) > 1e-9 || got.low != 2 || got.high != 8 {
		t.Errorf("of two rounds: %v", got)
	}
	if got := estimate(nil).String(); got != none {
		t.Errorf("of none: %s", got)
	}
}
