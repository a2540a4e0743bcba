package browser_test

import (
	"bytes"
	"testing"
	"time"

	"dunlin/internal/load/report"
	"dunlin/internal/load/result"
	"dunlin/internal/load/verify"
)

// The sample is a run of a minute in which latencies grow tenfold at second 30, where publishing slows down to the half, too,
// and half of the clients are lost at second 40.
const (
	samplePoints = 60
	slowFrom     = 30
	lostAt       = 40
)

// ofSecond are the latencies of second i: 98 of 2 ms, one of 5 ms, one of 30 ms; ten times that from second 30.
func ofSecond(i int) (h result.Histogram) {
	factor := time.Millisecond
	if i >= slowFrom {
		factor *= 10
	}
	for range 98 {
		h.Record(2 * factor)
	}
	h.Record(5 * factor)
	h.Record(30 * factor)
	return h
}

func sample() result.Result {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	r := result.Result{
		Format: result.Format, Dunlin: "1.0.0", Name: "fan-in", Server: "mqtt://localhost:1883", Version: "5", Started: start, Seconds: samplePoints, Parts: 2,
		Command: []string{"dunlin", "bench", "fan-in", "-c", "100", "--rate", "1000"},
		Cost:    result.Cost{CPUSeconds: 4.2, PeakBytes: 48 << 20, Cores: 4, LateSeconds: 0.02},
		Latency: result.Delivery,
		Checks: []result.Check{
			{Text: "p99>50ms", Value: 0.0503, Found: "50.3ms", Failed: true}, {Text: "lost>0", Found: "0"}, {Text: "rate<500", Value: 750, Found: "750/s"},
		},
		Verified: &verify.Account{
			Expected: 45000, Received: 44998, Lost: 3, Doubled: 1, Named: []string{"workers lost 17..19 of load/4", "workers doubled 5 of load/1"},
		},
		Parameters: []result.Parameter{{Name: "clients", Value: "100"}, {Group: "load", Name: "rate", Value: "10/s of each client"}},
	}
	var all result.Histogram
	for i := range samplePoints {
		s := result.Second{Time: start.Unix() + int64(i), Online: min(100, int64(i+1)*10), Latency: ofSecond(i)}
		s.Due, s.Published, s.Acknowledged, s.Received = 1000, 1000, 990, 800
		if i >= slowFrom {
			s.Published, s.Acknowledged, s.Received = 500, 490, 390
		}
		if i < 10 {
			s.Connects = 10
		}
		if i == lostAt {
			s.Counts.Lost = 50
		}
		if i >= lostAt {
			s.Online = 50
		}
		all.Merge(s.Latency)
		r.Timeline = append(r.Timeline, s)
		r.Counts.Due += s.Due
		r.Counts.Published += s.Published
		r.Counts.Acknowledged += s.Acknowledged
		r.Counts.Received += s.Received
	}
	for i := range 50 {
		r.Events = append(r.Events, result.Event{
			Time: float64(start.Unix()) + lostAt + float64(i)/100, Group: "load", Client: i + 1, Kind: "lost", Detail: "read: connection reset by peer",
		})
	}
	r.Counts.Connects, r.Counts.Lost = 100, 50
	r.Groups = map[string]result.Counts{"load": r.Counts, "workers": {Connects: 10, Received: r.Counts.Received}}
	r.Latencies = map[string]result.Histogram{result.Delivery: all, result.Connect: ofSecond(0)}
	return r
}

func pageOf(t *testing.T, r result.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := report.Write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
