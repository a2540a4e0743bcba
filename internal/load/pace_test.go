package load_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"dunlin/internal/load"
	"dunlin/internal/load/result"
	"dunlin/internal/load/scenario"
)

// TestMessagesAreDueExactly counts what is due in phases, and when: at an even rate to the nanosecond, over a ramp its area.
func TestMessagesAreDueExactly(t *testing.T) {
	even := []scenario.Phase{{Duration: 10 * time.Second, From: 1, To: 1}}
	dues, _ := load.Dues(even, 1000, 1)
	if len(dues) != 10_000 || dues[0] != 0 || dues[9_999] != int64(9_999*time.Millisecond) {
		t.Errorf("%d messages, the first at %d, the last at %d", len(dues), dues[0], dues[len(dues)-1])
	}
	phases := []scenario.Phase{
		{Duration: 2 * time.Second, From: 0, To: 1},                          // 50 of 100 a second
		{Duration: time.Second, From: 1, To: 1},                              // 100
		{Duration: time.Second},                                              // none
		{Duration: 2 * time.Second, From: 1, To: 0},                          // 100
		{Duration: time.Second, From: 0.5, To: 0.5, Groups: []string{"g"}},   // 50
		{Duration: time.Second, From: 0, To: 0, Groups: []string{"another"}}, // 100
	}
	phases[0].Duration = time.Second
	for _, base := range []float64{1, 0.5, 0.01} {
		dues, skipped := load.Dues(phases, 100, base)
		if want := []int64{50, 100, 0, 100, 50, 100}; sum(skipped) != sum(want) && math.Abs(float64(sum(skipped)-sum(want))) > 1 {
			t.Errorf("base %v: %v skipped, want %v", base, skipped, want)
		}
		at, from := int64(0), 0
		for i := range phases {
			at += int64(phases[i].Duration)
			n := from
			for n < len(dues) && dues[n] < at {
				n++
			}
			if int64(n-from) != skipped[i] {
				t.Errorf("base %v, phase %d: %d are due one by one, %d at once", base, i, n-from, skipped[i])
			}
			from = n
		}
		if !slices.IsSorted(dues) {
			t.Errorf("base %v: a message is due before an earlier one", base)
		}
	}
}

// TestManySlowSourcesAreDueAsOften has sources of which some are due right at the end of a phase, which is the beginning of the next.
func TestManySlowSourcesAreDueAsOften(t *testing.T) {
	phases := []scenario.Phase{{Duration: time.Second, From: 1, To: 1}, {Duration: time.Second, From: 1, To: 1}}
	for _, clients := range []int{3, 7, 100, 1000} {
		const rate = 10
		in := map[int64]int{}
		for i := range clients {
			dues, _ := load.Dues(phases, rate/float64(clients), 1-float64(i)/float64(clients))
			for _, due := range dues {
				in[due/int64(time.Second)]++
			}
		}
		if len(in) != 2 || in[0] != rate || in[1] != rate {
			t.Errorf("%d clients: %v are due by second, and %d in each of two are to be", clients, in, rate)
		}
	}
}

func sum(a []int64) (n int64) {
	for _, x := range a {
		n += x
	}
	return n
}

// TestLiveHistogramsLoseNothing has a value in each bucket, and expects the buckets of result.Histogram to be the same.
func TestLiveHistogramsLoseNothing(t *testing.T) {
	for us := int64(1); us < int64(time.Hour/time.Microsecond); us += 1 + us/100 {
		value := load.ValueOf(load.BucketOf(us))
		var exact, carried result.Histogram
		exact.Record(time.Duration(us) * time.Microsecond)
		carried.RecordN(time.Duration(value)*time.Microsecond, 1)
		if exact.Percentile(50) != carried.Percentile(50) {
			t.Fatalf("%d µs: %v, and by way of a live histogram %v", us, exact.Percentile(50), carried.Percentile(50))
		}
	}
	if last := load.BucketOf(math.MaxInt64); load.ValueOf(last) > int64(time.Hour/time.Microsecond) {
		t.Errorf("the last bucket is %d µs", load.ValueOf(last))
	}
}
