package fleet

import (
	"math"
	"testing"
	"time"
)

// readings takes n readings of a value of one device, span apart, from midnight on.
func readings(v Value, device uint64, n int, span time.Duration) []Reading {
	start := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	walk := math.NaN()
	all := make([]Reading, n)
	for i := range all {
		since := time.Duration(i) * span
		all[i] = v.read(&moment{key: device, tick: uint64(i), at: start.Add(since), since: since, walk: &walk})
	}
	return all
}

func TestADailyCurveIsHighestAtItsPeak(t *testing.T) {
	t.Parallel()
	v := Value{Kind: kindDaily, Mean: 20, Swing: 5, Peak: 15 * time.Hour}
	day := readings(v, 1, 24, time.Hour)
	if math.Abs(day[15].Number-25) > 1e-9 || math.Abs(day[3].Number-15) > 1e-9 || math.Abs(day[9].Number-20) > 1e-9 {
		t.Errorf("at 15h %v, at 3h %v, at 9h %v", day[15].Number, day[3].Number, day[9].Number)
	}
}

func TestAWalkStaysWithinItsLimitsAndMovesByItsStep(t *testing.T) {
	t.Parallel()
	walk := readings(Value{Kind: kindWalk, Start: 5, Step: 2, Min: 0, Max: 10}, 1, 10_000, time.Second)
	least, most := math.Inf(1), math.Inf(-1)
	for i, r := range walk {
		least, most = min(least, r.Number), max(most, r.Number)
		if i > 0 && math.Abs(r.Number-walk[i-1].Number) > 2 {
			t.Fatalf("from %v to %v", walk[i-1].Number, r.Number)
		}
	}
	if least < 0 || most > 10 || least > 1 || most < 9 {
		t.Errorf("it goes from %v to %v", least, most)
	}
}

func TestACounterNeverGoesBackAndATrackMovesAtItsSpeed(t *testing.T) {
	t.Parallel()
	counter := readings(Value{Kind: kindCounter, Start: 10, Rate: 0.01, Decimals: 1}, 3, 5000, time.Second)
	for i := 1; i < len(counter); i++ {
		if counter[i].Number < counter[i-1].Number {
			t.Fatalf("%v after %v", counter[i].Number, counter[i-1].Number)
		}
	}
	if last := counter[4999].Number; last < 10+0.75*50-0.1 || last > 10+1.25*50 {
		t.Errorf("after 5000 s: %v", last)
	}
	track := readings(Value{Kind: kindTrack, Latitude: 50, Longitude: 8, Radius: 1000, Speed: 10}, 3, 2000, time.Second)
	for i := 1; i < len(track); i++ {
		north := (track[i].Latitude - track[i-1].Latitude) * metresPerDegree
		east := (track[i].Longitude - track[i-1].Longitude) * metresPerDegree * math.Cos(50*math.Pi/180)
		if moved := math.Hypot(north, east); moved > 10.01 || moved < 0.5 { // it cuts no corner, and does not stand
			t.Fatalf("%v m in a second", moved)
		}
	}
}

func TestTheSameSeedGivesTheSameReadingsAndAnotherDeviceOthers(t *testing.T) {
	t.Parallel()
	for _, v := range []Value{
		{Kind: kindDaily, Mean: 1, Swing: 1, Noise: 1},
		{Kind: kindWalk, Start: 5, Step: 1, Max: 10},
		{Kind: kindSteps, Words: []string{"a", "b", "c"}, Hold: time.Minute},
		{Kind: kindTrack, Radius: 100, Speed: 1},
	} {
		one, again, other := readings(v, 7, 50, time.Minute), readings(v, 7, 50, time.Minute), readings(v, 8, 50, time.Minute)
		same, different := true, false
		for i := range one {
			// A word that is no number has none, which is not equal to itself.
			same = same && one[i].Word == again[i].Word && (one[i].Number == again[i].Number || one[i].Word != "") && one[i].Latitude == again[i].Latitude
			different = different || one[i].Word != other[i].Word || one[i].Latitude != other[i].Latitude || one[i].Word == "" && one[i].Number != other[i].Number
		}
		if !same || !different {
			t.Errorf("%s: same %v, different %v", v.Kind, same, different)
		}
	}
}
