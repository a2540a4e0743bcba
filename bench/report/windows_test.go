package report

import (
	"strings"
	"testing"

	"dunlin/bench/drive"
	"dunlin/bench/work"
)

// TestWindowsSayHowManyWereInFlight has the rows of both tables in one, and each cell with
// the window of its client.
func TestWindowsSayHowManyWereInFlight(t *testing.T) {
	r := results("", "")
	add := func(name, client string, inFlight int) {
		s := []Sample{{Report: drive.Report{Seconds: 1, Count: 1000, InFlight: inFlight}}}
		r.Results = append(r.Results, Result{Work: name, Client: client, Samples: s})
	}
	add("pub0", work.Ours, 0)
	add("rtt1", work.Ours, 0)
	add("pub2", work.Ours, 100)
	add("pub2-default", work.Ours, 19)
	add("pub2-default", "libmosquitto", 20)
	add("pub2-default", "paho3", 0)
	add("pub1-20", work.Ours, 20)
	got := squeeze(r.windows(work.Windows))
	for _, want := range []string{
		"| µs (in flight) | Dunlin | paho.mqtt.golang | libmosquitto | faster than the best other |",
		"| pub2: equal | 1,000 (100) | - | - | - |",
		"| pub1-20: equal | 1,000 (20) | - | - | - |",
		"| pub2-default: each its own | 1,000 (19) | 1,000 | 1,000 (20) | 1 ×",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q; got:\n%s", want, r.windows(work.Windows))
		}
	}
	if strings.Contains(got, "pub0") || strings.Contains(got, "rtt1") {
		t.Errorf("rows without a window; got:\n%s", got)
	}
	if r := results("", "dunlin/pub1"); r.windows(work.Windows) != "" {
		t.Error("a table of nothing but what stands in another one")
	}
}
