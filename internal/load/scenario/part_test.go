package scenario_test

import (
	"testing"
	"time"

	"dunlin/internal/load/result"
	"dunlin/internal/load/scenario"
)

// TestPartsMakeTheWhole counts who has each client of a scenario that several processes share.
func TestPartsMakeTheWhole(t *testing.T) {
	whole := scenario.Scenario{Groups: []scenario.Group{
		{Name: "many", Clients: 1003, First: 1, Rate: 100}, {Name: "few", Clients: 3, First: 7}, {Name: "one", Clients: 1, First: 1},
	}, Phases: []scenario.Phase{{Duration: time.Second, From: 1, To: 1, Groups: []string{"one"}}}, Latency: result.Connect}
	for of := 1; of <= 9; of++ {
		seen := map[string]map[int]int{"many": {}, "few": {}, "one": {}}
		rate := 0.0
		for part := 1; part <= of; part++ {
			s, err := whole.Part(part, of)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Check(); err != nil {
				t.Fatal(err)
			}
			for _, g := range s.Groups {
				rate += g.Rate
				for i := range g.Clients {
					seen[g.Name][g.First+i]++
				}
			}
		}
		if rate < 99.9 || rate > 100.1 {
			t.Errorf("%d parts connect %v a second together", of, rate)
		}
		for _, g := range whole.Groups {
			for i := range g.Clients {
				if n := seen[g.Name][g.First+i]; n != 1 {
					t.Errorf("of %d parts %d have client %d of %s", of, n, g.First+i, g.Name)
				}
			}
			if len(seen[g.Name]) != g.Clients {
				t.Errorf("%d parts have %d clients of %s", of, len(seen[g.Name]), g.Name)
			}
		}
	}
	if _, err := (scenario.Scenario{Groups: whole.Groups[2:]}).Part(2, 2); err == nil {
		t.Error("a part without clients is no part")
	}
	endless := scenario.Scenario{Phases: []scenario.Phase{{}}, Groups: []scenario.Group{
		{Name: "one", Clients: 1, Publish: []scenario.Publish{{Count: 1}}}, {Name: "two", Clients: 2},
	}}
	if _, err := endless.Part(2, 2); err == nil {
		t.Error("a part that only subscribes has no end")
	}
}

func TestPartsAsTheyAreGiven(t *testing.T) {
	if part, of, err := scenario.ParsePart("2/4"); part != 2 || of != 4 || err != nil {
		t.Errorf("got %d of %d, %v", part, of, err)
	}
	for _, text := range []string{"", "2", "0/4", "5/4", "a/b", "1/-1", "2/4/6"} {
		if _, _, err := scenario.ParsePart(text); err == nil {
			t.Errorf("%q is taken for a part", text)
		}
	}
}
