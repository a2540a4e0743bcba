package sim

import (
	"flag"
	"testing"
)

var (
	schedules = flag.Int("schedules", 3000, "how many schedules TestSchedules plays")
	firstSeed = flag.Uint64("seed", 1, "seed of the first schedule")
)

func TestSchedules(t *testing.T) {
	for i := range *schedules {
		seed := *firstSeed + uint64(i)
		if _, err := Run(Options{Seed: seed}); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

func TestASeedReplaysExactly(t *testing.T) {
	for seed := range uint64(200) {
		a, _ := Run(Options{Seed: seed})
		b, _ := Run(Options{Seed: seed})
		if a != b || a.Trace == 0 {
			t.Fatalf("seed %d: %+v, then %+v", seed, a, b)
		}
	}
}
