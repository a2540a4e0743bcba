package result_test

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"dunlin/internal/load/result"
)

// random returns a histogram of n latencies over the whole range, short ones more often.
func random(seed uint64, n int) result.Histogram {
	r := rand.New(rand.NewPCG(seed, 1))
	var h result.Histogram
	for range n {
		h.RecordN(time.Duration(r.Int64N(1<<(1+r.IntN(42)))), 1+r.Int64N(3))
	}
	return h
}

var percentiles = []float64{0, 0.01, 1, 10, 33.3, 50, 75, 90, 99, 99.9, 99.99, 100, 120, -1}

// same fails where two histograms differ in what they say.
func same(t *testing.T, a, b *result.Histogram) {
	t.Helper()
	if a.Count() != b.Count() || a.Sum() != b.Sum() || a.Mean() != b.Mean() || !reflect.DeepEqual(a.Bars(), b.Bars()) {
		t.Errorf("%d latencies with sum %v, and %d with sum %v", a.Count(), a.Sum(), b.Count(), b.Sum())
	}
	for _, p := range percentiles {
		if a.Percentile(p) != b.Percentile(p) {
			t.Errorf("p%v: %v and %v", p, a.Percentile(p), b.Percentile(p))
		}
	}
}

func TestASealedHistogramSaysTheSame(t *testing.T) {
	for n := range 40 {
		live := random(uint64(n), n*n)
		sealed := random(uint64(n), n*n)
		sealed.Seal()
		same(t, &live, &sealed)
	}
}

func TestASealedHistogramIsRecordedIntoAgain(t *testing.T) {
	live, sealed := random(1, 1000), random(1, 1000)
	sealed.Seal()
	live.Record(time.Minute)
	sealed.Record(time.Minute)
	same(t, &live, &sealed)
}

func TestMergingIsExact(t *testing.T) {
	a, b := random(1, 5000), random(2, 3000)
	sealed := random(2, 3000)
	sealed.Seal()
	var want, got, ofSealed result.Histogram
	for _, h := range []result.Histogram{a, b} {
		for _, bar := range h.Bars() {
			want.RecordN(bar.From, bar.Count)
		}
	}
	got.Merge(a)
	got.Merge(b)
	got.Merge(result.Histogram{})
	same(t, &got, &want)
	ofSealed.Merge(sealed)
	ofSealed.Merge(a)
	same(t, &ofSealed, &want)
	same(t, &sealed, &b)
}

func TestAHistogramGoesThroughJSON(t *testing.T) {
	for _, sealFirst := range []bool{false, true} {
		h := random(3, 5000)
		if sealFirst {
			h.Seal()
		}
		text, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		var back result.Histogram
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		same(t, &h, &back)
	}
	var empty, back result.Histogram
	text, err := json.Marshal(empty)
	if err != nil || string(text) != "null" {
		t.Errorf("an empty one is %s, %v", text, err)
	}
	if err := json.Unmarshal(text, &back); err != nil || back.Count() != 0 {
		t.Errorf("it comes back with %d, %v", back.Count(), err)
	}
}

// TestHistogramsOfOthersAreRefused reads one that HdrHistogram's own tools could have written, for another range.
func TestHistogramsOfOthersAreRefused(t *testing.T) {
	other := hdrhistogram.New(1, 3_600_000_000, 2)
	_ = other.RecordValue(7)
	text, err := other.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{`"` + string(text) + `"`, `"?"`, `7`, `"AAAA"`} {
		var h result.Histogram
		if err := json.Unmarshal([]byte(text), &h); err == nil {
			t.Errorf("%s is taken for a histogram of %d", text, h.Count())
		}
	}
}

func TestTheShortestAndTheLongest(t *testing.T) {
	var h result.Histogram
	h.Record(0)
	h.Record(2 * time.Hour)
	if h.Min() != time.Microsecond || h.Max() < time.Hour || h.Max() > time.Hour+5*time.Second {
		t.Errorf("from %v to %v", h.Min(), h.Max())
	}
	h.Reset()
	if h.Count() != 0 || h.Max() != 0 {
		t.Errorf("%d are left, up to %v", h.Count(), h.Max())
	}
}

// TestASealedSecondIsSmall holds a second's histogram to a few kilobytes: one that is recorded into has 190.
func TestASealedSecondIsSmall(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var h result.Histogram
	for range 10_000 {
		h.Record(200*time.Microsecond + time.Duration(float64(300*time.Microsecond)*r.ExpFloat64()))
	}
	h.Seal()
	if size := result.Size(&h); size > 8<<10 {
		t.Errorf("10,000 latencies take %d bytes", size)
	}
}

// TestAPercentileIsNotExceededByMore counts by hand: of n latencies from 1 µs to n µs the one of that rank is as many microseconds.
func TestAPercentileIsNotExceededByMore(t *testing.T) {
	for _, n := range []int64{1, 2, 3, 9, 10, 99, 100, 999, 1000, 1500} {
		var h result.Histogram
		for us := range n {
			h.Record(time.Duration(us+1) * time.Microsecond)
		}
		h.Seal()
		for permille := int64(1); permille <= 1000; permille++ {
			want := time.Duration((permille*n+999)/1000) * time.Microsecond
			if got := h.Percentile(float64(permille) / 10); got != want {
				t.Fatalf("p%v of %d: %v, want %v", float64(permille)/10, n, got, want)
			}
		}
	}
}
