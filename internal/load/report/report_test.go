package report

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"dunlin/internal/load/result"
	"dunlin/internal/load/verify"
)

func histogram(latencies ...time.Duration) (h result.Histogram) {
	for _, d := range latencies {
		h.Record(d)
	}
	return h
}

// near allows for what a histogram rounds away.
func near(got, want float64) bool { return math.Abs(got-want) <= want/1000 }

func written(t *testing.T, r result.Result) string {
	t.Helper()
	var b strings.Builder
	if err := Write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPageLoadsNothing(t *testing.T) {
	page := written(t, result.Result{
		Server: "mqtt://localhost:1883", Latency: "publish", Timeline: []result.Second{{Time: 1}},
		Latencies: map[string]result.Histogram{"publish": histogram(time.Millisecond)},
	})
	for _, loads := range []string{"<link rel=\"stylesheet", "<script src", "<img", "@import", "url(", "http://", "fetch(", "XMLHttpRequest"} {
		if strings.Contains(page, loads) {
			t.Errorf("the page has %q", loads)
		}
	}
	// The comment at uPlot's beginning names its home.
	if n := strings.Count(page, "https://"); n != strings.Count(page, "/*! https://github.com/leeoniya/uPlot ") {
		t.Errorf("the page has %d addresses", n)
	}
	if !strings.Contains(page, `content="default-src 'none'; `) {
		t.Error("the page has no policy that forbids to load")
	}
}

func TestTextsOfTheResultAreEscaped(t *testing.T) {
	const text = "</script><b>&\u202e\x1b\xff"
	r := result.Result{
		Name: text, Server: text, Version: text, Dunlin: text, Latency: text, Command: []string{text},
		Latencies: map[string]result.Histogram{text: histogram(time.Second)},
		Groups:    map[string]result.Counts{text: {}}, Checks: []result.Check{{Text: text}},
		Events:     []result.Event{{Group: text, Kind: text, Detail: text}},
		Parameters: []result.Parameter{{Group: text, Name: text, Value: text}},
	}
	page := written(t, r)
	if strings.Contains(page, "<b>") || strings.ContainsAny(page, "\u202e\x1b") || !strings.Contains(page, "&lt;/script&gt;&lt;b&gt;&amp;") {
		t.Error("a text is on the page as it was")
	}
	if got, want := strings.Count(page, "</script>"), strings.Count(page, "<script"); got != want {
		t.Errorf("%d script elements end, and %d begin", got, want)
	}
}

// drawn is what the page's script reads.
type drawn struct {
	Start, Step                    int64
	Time, P50, Max, Received, Lost []*float64
}

func dataOf(t *testing.T, r result.Result) drawn {
	t.Helper()
	var d drawn
	_, rest, _ := strings.Cut(written(t, r), `<script type="application/json" id="data">`)
	text, _, _ := strings.Cut(rest, "</script>")
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestNothingVerifiedIsNoSuccess: where no message was to come, none is called found again.
func TestNothingVerifiedIsNoSuccess(t *testing.T) {
	page := written(t, result.Result{Verified: &verify.Account{Foreign: 2}})
	if strings.Contains(page, "messages lost") || !strings.Contains(page, "none was to come to anybody here") {
		t.Error("a publisher alone has lost no message, says the page")
	}
}

func TestSecondsWithoutMeasurementsStayEmpty(t *testing.T) {
	d := dataOf(t, result.Result{Timeline: []result.Second{
		{Time: 103, Counts: result.Counts{Received: 7}},
		{Time: 100, Counts: result.Counts{Received: 5, Lost: 2}, Latency: histogram(3 * time.Millisecond)},
	}})
	if d.Start != 100 || d.Step != 1 || len(d.Time) != 4 {
		t.Fatalf("start %d, step %d, %d points; want 100, 1, 4", d.Start, d.Step, len(d.Time))
	}
	if *d.Received[0] != 5 || d.Received[1] != nil || d.Received[2] != nil || *d.Received[3] != 7 || *d.Lost[0] != 2 || d.Lost[1] != nil {
		t.Error("the points are not at their seconds, or there are some for seconds that the timeline leaves out")
	}
	if !near(*d.P50[0], 3) || d.P50[3] != nil {
		t.Error("a latency is missing, or there is one for a second in which nothing was measured")
	}
}

func TestLongRunsAreDrawnInSteps(t *testing.T) {
	var r result.Result
	const day = 86_400
	for i := range day {
		s := result.Second{Time: 1_000_000 + int64(i), Counts: result.Counts{Received: 10}}
		if i == 50_000 {
			s.Latency, s.Counts.Lost = histogram(time.Second), 3
		}
		r.Timeline = append(r.Timeline, s)
	}
	d := dataOf(t, r)
	if len(d.Time) > mostPoints || d.Step != 44 {
		t.Fatalf("%d points of %d seconds, want at most %d of 44", len(d.Time), d.Step, mostPoints)
	}
	for i, v := range d.Received {
		if *v != 10 {
			t.Errorf("point %d has a rate of %v, want 10: a rate is of a second, and the last point stands for fewer", i, *v)
		}
	}
	at := 50_000 / 44
	if !near(*d.Max[at], 1000) || *d.Lost[at] != 3 {
		t.Error("what happened in one second only is not in the point that stands for it")
	}
}

func TestTimesOfAnySizeEndQuickly(t *testing.T) {
	d := dataOf(t, result.Result{Timeline: []result.Second{{Time: math.MaxInt64}, {Time: math.MinInt64}, {Time: 0}}})
	if len(d.Time) == 0 || len(d.Time) > mostPoints+1 {
		t.Errorf("%d points", len(d.Time))
	}
}

func TestBarsHaveAllOfTheCounts(t *testing.T) {
	var h result.Histogram
	n := 0
	for d := time.Microsecond; d < time.Minute; d = d*21/20 + time.Microsecond {
		h.Record(d)
		n++
	}
	var c charts
	c.distributions(result.Result{Latencies: map[string]result.Histogram{"rtt": h}}, []string{"rtt"})
	sum := 0.0
	for i, v := range c.Bars[0] {
		if v < 0 || v > 3 {
			t.Errorf("the bar from %v ms has %v of evenly spread latencies", c.Edges[i], v)
		}
		sum += v
	}
	if math.Abs(sum-float64(n)) > 1e-6 {
		t.Errorf("the bars have %v latencies of %d", sum, n)
	}
	if last := len(c.Bars[0]) - 1; c.Bars[0][last] != 0 || c.Edges[last] < 60_000 {
		t.Errorf("the last bar, from %v ms, has %v; want an empty one after the longest", c.Edges[last], c.Bars[0][last])
	}
}

func TestCurveEndsAtTheLastMeasurement(t *testing.T) {
	h := histogram(time.Millisecond, time.Millisecond, time.Millisecond, 9*time.Millisecond)
	got := curve(&h, points{1, 2, 3, 5, 10})
	if got[0] != 1 || got[1] != 1 || got[2] != 1 || !near(got[3], 9) || !math.IsNaN(got[4]) {
		t.Errorf("curve: %v", got)
	}
}

func TestNumbersAreWrittenForPeople(t *testing.T) {
	for got, want := range map[string]string{
		duration(0): "0 µs", duration(17 * time.Microsecond): "17 µs", duration(1234 * time.Microsecond): "1.23 ms", duration(1500 * time.Millisecond): "1.5 s",
		number(0): "0", number(999): "999", number(1000): "1,000", number(int64(-1234567)): "-1,234,567", number(uint64(1e6)): "1,000,000",
		bytes(10): "10 bytes", bytes(48 << 20): "48 MiB", bytes(5 << 40): "5120 GiB", digits(750): "750", digits(0.02): "0.02",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestABarBeginsAtItsEdge(t *testing.T) {
	for i := range 7 * barsADecade {
		if got := bin(edge(i)); got != i {
			t.Errorf("%v is in bar %d, and bar %d begins there", edge(i), got, i)
		}
		if got := bin(edge(i) - 1); got != max(i-1, 0) {
			t.Errorf("%v is in bar %d, want %d", edge(i)-1, got, max(i-1, 0))
		}
	}
}
