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
		"| divided by Dunlin@abc | time | CPU time | heap | | ---", "| pub0 | 1.000 (1.000 to 1.000) | 1.000 (1.000 to 1.000) | - |",
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
