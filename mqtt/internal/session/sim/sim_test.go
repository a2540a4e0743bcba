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

// TestTurnsOfAReaderArePlayed: the schedules have reads of many messages whose handlers publish and wait
// before anything is answered, and others that read, or a lost connection, meanwhile.
func TestTurnsOfAReaderArePlayed(t *testing.T) {
	var sum Result
	for seed := range uint64(500) {
		r, err := Run(Options{Seed: seed})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		sum.Turns += r.Turns
		sum.LargestTurn = max(sum.LargestTurn, r.LargestTurn)
		sum.PublishedInTurns += r.PublishedInTurns
		sum.HandOvers += r.HandOvers
		sum.TakenOver += r.TakenOver
		sum.LostInHandOver += r.LostInHandOver
	}
	t.Logf("%+v", sum)
	if sum.Turns < 2000 || sum.LargestTurn < 8 || sum.PublishedInTurns < 500 || sum.HandOvers < 500 || sum.TakenOver < 500 || sum.LostInHandOver < 100 {
		t.Errorf("too seldom: %+v", sum)
	}
}
