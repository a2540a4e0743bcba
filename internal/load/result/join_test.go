package result_test

import (
	"bytes"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"dunlin/internal/load/result"
	"dunlin/internal/load/verify"
)

// part is what one of several processes has measured: clients of a group, three seconds of latencies.
func part(seed uint64, group string, first int) *result.Result {
	r := measured()
	r.Verified = nil
	r.Groups = map[string]result.Counts{group: r.Counts}
	r.Parameters = []result.Parameter{
		{Name: "phase load", Value: "10s"},
		{Group: group, Name: result.Clients, Value: "5"},
		{Group: group, Name: result.First, Value: strconv.Itoa(first)},
		{Group: group, Name: "publish", Value: "bench, QoS 1"},
	}
	var whole result.Histogram
	for second := range int64(3) {
		h := random(seed+uint64(second)<<8, 200)
		whole.Merge(h)
		h.Seal()
		r.Timeline = append(r.Timeline, result.Second{Time: 1_800_000_000 + second, Online: 5, Counts: result.Counts{Published: 10}, Latency: h})
	}
	r.Latencies = map[string]result.Histogram{result.Publish: whole}
	return r
}

// again returns what comes of writing and reading a result.
func again(t *testing.T, r *result.Result) *result.Result {
	t.Helper()
	var text bytes.Buffer
	if err := r.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	back, err := result.Read(&text)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// TestJoinedHistogramsAreThoseOfOneProcess compares percentiles of joined files with those of all measurements in one histogram.
func TestJoinedHistogramsAreThoseOfOneProcess(t *testing.T) {
	a, b := part(1, "pub", 1), part(2, "pub", 6)
	b.Started = b.Started.Add(time.Second)
	for i := range b.Timeline {
		b.Timeline[i].Time++
	}
	got, err := result.Join(again(t, a), again(t, b))
	if err != nil {
		t.Fatal(err)
	}
	var whole, second result.Histogram
	for seed := range uint64(2) {
		for second := range uint64(3) {
			whole.Merge(random(seed+1+second<<8, 200))
		}
	}
	second.Merge(random(1+1<<8, 200))
	second.Merge(random(2, 200))
	h := got.Latencies[result.Publish]
	same(t, &h, &whole)
	if len(got.Timeline) != 4 {
		t.Fatalf("%d seconds", len(got.Timeline))
	}
	same(t, &got.Timeline[1].Latency, &second)
	if s := got.Timeline[1]; s.Online != 10 || s.Published != 20 || got.Timeline[3].Online != 5 {
		t.Errorf("the second one is %+v", s)
	}
	if got.Seconds != 11 || got.Parts != 2 || got.Counts.Published != 2000 || got.Groups["pub"].Connects != 10 || got.Cost.CPUSeconds != 5 {
		t.Errorf("%v s, %d parts, %+v, %+v, %+v", got.Seconds, got.Parts, got.Counts, got.Groups, got.Cost)
	}
	if want := (result.Parameter{Group: "pub", Name: result.Clients, Value: "10"}); got.Parameters[1] != want {
		t.Errorf("parameters: %v", got.Parameters)
	}
}

func TestJoiningInAnotherWayGivesTheSame(t *testing.T) {
	parts := []*result.Result{part(1, "pub", 1), part(2, "pub", 6), part(3, "pub", 11)}
	all, err := result.Join(parts...)
	if err != nil {
		t.Fatal(err)
	}
	two, err := result.Join(parts[0], parts[1])
	if err != nil {
		t.Fatal(err)
	}
	three, err := result.Join(again(t, two), parts[2])
	if err != nil {
		t.Fatal(err)
	}
	var a, b bytes.Buffer
	if err := all.WriteJSON(&a); err != nil {
		t.Fatal(err)
	}
	if err := three.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if a.String() != b.String() {
		t.Errorf("three at once:\n%s\none after another:\n%s", &a, &b)
	}
}

// TestWhatDoesNotFitIsNotJoined changes one of two parts.
func TestWhatDoesNotFitIsNotJoined(t *testing.T) {
	for want, change := range map[string]func(*result.Result){
		"": func(*result.Result) {},
		"result 2 is of MQTT 3.1.1 and the first one of 5":                                                  func(r *result.Result) { r.Version = "3.1.1" },
		"result 2 does not fit result 1: they did not run at the same time":                                 func(r *result.Result) { r.Started = r.Started.Add(time.Hour) },
		"result 2 does not fit result 1: phase load is 20s in one and 10s in the other":                     func(r *result.Result) { r.Parameters[0].Value = "20s" },
		"result 2 does not fit result 1: pub: publish is bench, QoS 2 in one and bench, QoS 1 in the other": func(r *result.Result) { r.Parameters[3].Value = "bench, QoS 2" },
		"result 2 does not fit result 1: pub: publish is not given in one and bench, QoS 1 in the other":    func(r *result.Result) { r.Parameters = r.Parameters[:3] },
		"result 2 does not fit result 1: both have clients pub/4 to 5; give each process another --first":   func(r *result.Result) { r.Parameters[2].Value = "4" },
		"result 2 does not fit result 1: both have clients pub/5 to 5; give each process another --first": func(r *result.Result) {
			r.Parameters[2].Value = "5"
			r.Parameters = append(r.Parameters, result.Parameter{Group: "pub", Name: "client_id", Value: "other-{{.Client}}"})
		},
		"result 1 has messages and was made without --verify, and others were made with it; make all with it or none": func(r *result.Result) { r.Ledger = &verify.Ledger{} },
	} {
		a, b := part(1, "pub", 1), part(2, "pub", 6)
		change(b)
		_, err := result.Join(a, b)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	if _, err := result.Join(); err == nil {
		t.Error("nothing is joined")
	}
}

// TestPublishersAndSubscribersOfTwoProcesses joins a run of pub and a longer one of sub.
func TestPublishersAndSubscribersOfTwoProcesses(t *testing.T) {
	a, b := part(1, "pub", 1), part(2, "sub", 1)
	b.Name, b.Latency, b.Server = "sub", result.Delivery, "mqtt://other:1883"
	b.Parameters[0].Value = "20s"
	b.Latencies = map[string]result.Histogram{result.Delivery: b.Latencies[result.Publish]}
	got, err := result.Join(a, b)
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != "pub, sub" || got.Latency != result.Delivery || got.Server != "mqtt://localhost:1883, mqtt://other:1883" || len(got.Latencies) != 2 {
		t.Errorf("%s, %s, %s, %d kinds of latencies", got.Name, got.Latency, got.Server, len(got.Latencies))
	}
	same(t, &got.Timeline[0].Latency, &b.Timeline[0].Latency)
}

func TestJoinedEventsAreInOrderAndLimited(t *testing.T) {
	a, b := part(1, "pub", 1), part(2, "pub", 6)
	for i := range result.EventsKept {
		a.Events = append(a.Events, result.Event{Time: float64(2 * i), Kind: "lost"})
		b.Events = append(b.Events, result.Event{Time: float64(2*i + 1), Kind: "back"})
	}
	a.EventLost = 7
	got, err := result.Join(a, b)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Events) != result.EventsKept || got.EventLost != result.EventsKept+7 {
		t.Errorf("%d events and %d more", len(got.Events), got.EventLost)
	}
	for i, e := range got.Events {
		if e.Time != float64(i) {
			t.Fatalf("event %d is of %v", i, e.Time)
		}
	}
}

func TestAResultIsReadAsItWasWritten(t *testing.T) {
	r := timed()
	r.Events = []result.Event{{Time: 1.5, Group: "pub", Client: 3, Kind: "lost", Detail: "<reset>"}}
	r.Parameters = []result.Parameter{{Group: "pub", Name: "publish", Value: "a"}}
	back := again(t, r)
	for name, h := range r.Latencies {
		other := back.Latencies[name]
		same(t, &h, &other)
	}
	same(t, &r.Timeline[1].Latency, &back.Timeline[1].Latency)
	for _, one := range []*result.Result{r, back} {
		one.Latencies = nil
		one.Timeline[1].Latency = result.Histogram{}
	}
	if !reflect.DeepEqual(r, back) {
		t.Errorf("wrote %+v\nread  %+v", r, back)
	}
}

func TestWhatIsNoResult(t *testing.T) {
	for text, want := range map[string]string{
		"":                                       "this is not a result that bench --json has written: ",
		`{"type":"second"}`:                      "this is not a result that bench --json has written",
		`{"format":99,"parts":1,"dunlin":"9.0"}`: "this result has the format 99, and this version of dunlin reads 1; read it with dunlin 9.0",
		`{"format":1,"parts":1}x`:                "something stands behind the result",
		`{"format":1,"parts":1,"latencies":{"publish":"AAAA"}}`: "this is not a result that bench --json has written: ",
	} {
		_, err := result.Read(strings.NewReader(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestComparing(t *testing.T) {
	old, now := measured(), measured()
	now.Counts.Acknowledged = 1800
	now.Parameters = []result.Parameter{{Group: "pub", Name: "publish", Value: "QoS 2"}}
	old.Parameters = []result.Parameter{{Group: "pub", Name: "publish", Value: "QoS 1"}}
	var h result.Histogram
	h.RecordN(20*time.Millisecond, 100)
	now.Latencies = map[string]result.Histogram{result.Publish: h}
	var out bytes.Buffer
	if err := now.Compare(&out, old); err != nil {
		t.Fatal(err)
	}
	squeezed := fmt.Sprint(strings.Fields(out.String()))
	for _, want := range []string{"rate 90.0/s 180.0/s +100.0%", "publish p50 10ms 20ms +100.0%", "publish max 1s 20ms -98.0%", "lost 1 1 =", "not the same: pub: publish: QoS 1, now QoS 2"} {
		if !strings.Contains(squeezed, want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "connect") {
		t.Errorf("what only one has is compared:\n%s", out.String())
	}
}
