package result_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"dunlin/internal/load/result"
)

// timed is measured with two seconds of its time, one of them without latencies.
func timed() *result.Result {
	r := measured()
	var h result.Histogram
	h.RecordN(10*time.Millisecond, 50)
	h.Seal()
	r.Timeline = []result.Second{
		{Time: 1_800_000_000, Online: 5, Counts: result.Counts{Connects: 5}},
		{Time: 1_800_000_001, Online: 5, Counts: result.Counts{Published: 100, Acknowledged: 90, BytesOut: 6400}, Latency: h},
	}
	r.Checks = []result.Check{{Text: `lost>0`, Value: 1, Found: "1", Failed: true}, {Text: `rate<"1"` + "\n", Found: "90.0/s"}}
	return r
}

func TestNDJSONIsALineASecondAndALastOne(t *testing.T) {
	var out bytes.Buffer
	if err := timed().WriteNDJSON(&out); err != nil {
		t.Fatal(err)
	}
	const second = `{"type":"second","time":1800000001,"online":5,"connects":0,"connect_errors":0,"connections_lost":0,"connections_dropped":0,` +
		`"subscribes":0,"due":0,"published":100,"acknowledged":90,"publish_errors":0,"received":0,"bytes_out":6400,"bytes_in":0,` +
		`"latency":{"kind":"publish","count":50,"min_us":10000,"mean_us":10003,"p50_us":10007,"p90_us":10007,"p99_us":10007,"p99.9_us":10007,"p99.99_us":10007,"max_us":10007}}`
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 || lines[1] != second || !strings.HasSuffix(lines[0], `"latency":null}`) {
		t.Fatalf("got\n%s\nwant in the middle\n%s", out.String(), second)
	}
	var last struct {
		Type      string
		Rate      float64
		Latencies map[string]map[string]float64
		Verified  map[string]any
		Checks    []result.Check
	}
	if err := json.Unmarshal([]byte(lines[2]), &last); err != nil {
		t.Fatal(err)
	}
	if last.Type != "result" || last.Rate != 90 || last.Latencies["connect"]["p99_us"] != 3001 || last.Verified["lost"] != 1.0 || len(last.Checks) != 2 {
		t.Errorf("the last line is %s", lines[2])
	}
}

func TestCSVHasAColumnForEachNumber(t *testing.T) {
	var out bytes.Buffer
	if err := timed().WriteCSV(&out); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll() // which refuses lines with another number of columns
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3 {
		t.Fatalf("%d lines", len(rows))
	}
	at := map[string]string{}
	for i, name := range rows[0] {
		at[name] = rows[1][i] + "|" + rows[2][i]
	}
	for name, want := range map[string]string{"time": "1800000000|1800000001", "connects": "5|0", "acknowledged": "0|90", "p99_us": "|10007", "latency_count": "|50"} {
		if at[name] != want {
			t.Errorf("%s: got %s, want %s", name, at[name], want)
		}
	}
}

// The text format of Prometheus, as its documentation has it.
var (
	comment = regexp.MustCompile(`^# (HELP|TYPE) ([a-z_]+) (.+)$`)
	sample  = regexp.MustCompile(`^([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+\})? (\S+)$`)
)

func TestPrometheusText(t *testing.T) {
	for name, r := range map[string]*result.Result{"full": timed(), "empty": {}} {
		var out bytes.Buffer
		if err := r.WritePrometheus(&out); err != nil {
			t.Fatal(err)
		}
		kind, seen := map[string]string{}, map[string]bool{}
		for _, line := range strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n") {
			if m := comment.FindStringSubmatch(line); m != nil {
				if m[1] == "TYPE" {
					kind[m[2]] = m[3]
				}
				continue
			}
			m := sample.FindStringSubmatch(line)
			if m == nil {
				t.Errorf("%s: %q is no sample", name, line)
				continue
			}
			family := strings.TrimSuffix(strings.TrimSuffix(m[1], "_sum"), "_count")
			if kind[family] == "" || seen[m[1]+m[2]] || (kind[family] == "counter") != strings.HasSuffix(family, "_total") {
				t.Errorf("%s: %q is of the kind %q, and was seen before: %v", name, line, kind[family], seen[m[1]+m[2]])
			}
			seen[m[1]+m[2]] = true
		}
		if name == "empty" {
			continue
		}
		for _, want := range []string{
			`dunlin_bench_acknowledged_total{group="pub"} 900`, `dunlin_bench_latency_seconds{kind="publish",quantile="0.99"} 0.010007`,
			`dunlin_bench_latency_seconds_count{kind="publish"} 100`, `dunlin_bench_verified_lost_total 1`,
			`dunlin_bench_check_failed{check="rate<\"1\"\n"} 0`, `dunlin_bench_generator_memory_peak_bytes 1.572864e+08`,
		} {
			if !strings.Contains(out.String(), want+"\n") {
				t.Errorf("%s is missing in\n%s", want, out.String())
			}
		}
	}
}

// broken is a writer that fails.
type broken struct{}

var errFull = errors.New("the disk is full")

func (broken) Write([]byte) (int, error) { return 0, errFull }

func TestWritingSaysWhenItFails(t *testing.T) {
	for name, write := range map[string]func(*result.Result, io.Writer) error{
		"JSON": (*result.Result).WriteJSON, "NDJSON": (*result.Result).WriteNDJSON, "CSV": (*result.Result).WriteCSV,
		"Prometheus": (*result.Result).WritePrometheus,
	} {
		if err := write(timed(), broken{}); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
