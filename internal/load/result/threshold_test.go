package result_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"dunlin/internal/load/result"
	"dunlin/internal/load/verify"
)

// measured is a result of ten seconds.
func measured() *result.Result {
	var publish, connect result.Histogram
	publish.RecordN(10*time.Millisecond, 99)
	publish.Record(time.Second)
	connect.Record(3 * time.Millisecond)
	return &result.Result{
		Format: result.Format, Dunlin: "1.2.3", Name: "pub", Server: "mqtt://localhost:1883", Version: "5",
		Started: time.Unix(1_800_000_000, 0).UTC(), Seconds: 10, Parts: 1, Latency: result.Publish,
		Cost:      result.Cost{CPUSeconds: 2.5, PeakBytes: 150 << 20, Cores: 2, LateSeconds: 0.25},
		Counts:    result.Counts{Connects: 5, Published: 1000, Acknowledged: 900, Due: 1100},
		Groups:    map[string]result.Counts{"pub": {Connects: 5, Published: 1000, Acknowledged: 900, Due: 1100}},
		Latencies: map[string]result.Histogram{result.Publish: publish, result.Connect: connect},
		Verified:  &verify.Account{Expected: 900, Received: 899, Lost: 1, Foreign: 3},
	}
}

func TestThresholds(t *testing.T) {
	for text, want := range map[string]struct {
		failed bool
		found  string
	}{
		"p99>50ms":            {false, "10ms"},
		"p99.9>50ms":          {true, "1s"},
		"p50 >= 10ms":         {true, "10ms"},
		"connect.p99<1ms":     {false, "3ms"},
		"connect.max>2900us":  {true, "3ms"},
		"publish.mean>15ms":   {true, "19.9ms"},
		"min!=10ms":           {false, "10ms"},
		"rtt.p99>1h":          {true, "not measured"},
		"lost>0":              {true, "1"},
		"lost > 1":            {false, "1"},
		"doubled==0":          {true, "0"},
		"expected<1000":       {true, "900"},
		"foreign>2":           {true, "3"},
		"rate<100":            {true, "90.0/s"},
		"rate<0.09k/s":        {false, "90.0/s"},
		"published/s<100":     {false, "100.0/s"},
		"published<=1000":     {true, "1000"},
		"connect_errors>0":    {false, "0"},
		"connections_lost>=0": {true, "0"},
		"late>200us":          {true, "250µs"},
		"memory>150M":         {false, "150.0M"},
		"memory>149MiB":       {true, "150.0M"},
		"cpu>2s":              {true, "2.5s"},
		"received/s>1":        {false, "0.0/s"},
	} {
		threshold, err := result.ParseThreshold(text, nil)
		if err != nil {
			t.Error(err)
			continue
		}
		got := threshold.Check(measured())
		if got.Failed != want.failed || !strings.HasPrefix(got.Found, want.found) || got.Text != text {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
	}
}

func TestWhatIsNoThreshold(t *testing.T) {
	for text, want := range map[string]string{
		"":            `"" compares nothing`,
		"p99":         `"p99" compares nothing; a threshold is such as 'p99>50ms'`,
		"p99=5ms":     `"p99=5ms": there are the comparisons > >= < <= == !=`,
		"p99>":        `"p99>": "" is not a time such as`,
		"p99>50":      `"p99>50": "50" is not a time such as 500us, 50ms or 1.5s`,
		"p101>5ms":    `"p101>5ms": p101: percentiles end at 100`,
		"rtt.p9>1s":   `"rtt.p9>1s": rtt is not measured here, only connect, publish`,
		"los>0":       `"los>0": there is no "los"; there are p50 to p99.99, min, max, mean (also with a name in front: connect.p99, publish.p99), acknowledged, `,
		"lost>none":   `"lost>none": "none" is not a number`,
		"lost>NaN":    `"lost>NaN": "NaN" is not a number`,
		"rate<fast":   `"rate<fast": "fast" is not a rate such as`,
		"memory>lots": `"memory>lots": "lots" is not a size such as`,
		"lost/s>0":    `"lost/s>0": there is no "lost/s"`,
		"lost>0>1":    `"lost>0>1": "0>1" is not a number`,
		">5":          `">5": there is no ""`,
	} {
		_, err := result.ParseThreshold(text, []string{"connect", "publish"})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q:\ngot  %v\nwant %s", text, err, want)
		}
	}
}

func TestThresholdsOfTheAccountNeedVerification(t *testing.T) {
	for text, needs := range map[string]bool{"lost>0": true, "corrupted>0": true, "p99>1s": false, "received<5": false} {
		threshold, err := result.ParseThreshold(text, nil)
		if err != nil || threshold.NeedsVerify() != needs {
			t.Errorf("%s: %v, %v", text, threshold.NeedsVerify(), err)
		}
	}
	threshold, err := result.ParseThreshold("lost>0", nil)
	if err != nil {
		t.Fatal(err)
	}
	r := measured()
	r.Verified = nil
	if got, want := threshold.Check(r), (result.Check{Text: "lost>0", Found: "not verified", Failed: true}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestNothingLostOfNothingIsNotVerified: a publisher alone, whose messages go to another process, must not pass as one that lost none.
func TestNothingLostOfNothingIsNotVerified(t *testing.T) {
	r := measured()
	r.Verified = &verify.Account{Foreign: 3}
	for text, want := range map[string]string{
		"lost>0": "not verified, for no message was to come", "doubled>0": "not verified, for no message was to come", "disordered>0": "not verified, for no message was to come",
		"corrupted<5": "not verified, for no message was to come", "foreign>2": "3", "expected<1": "0", "unsure==0": "0",
	} {
		threshold, err := result.ParseThreshold(text, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := threshold.Check(r); !got.Failed || !strings.HasPrefix(got.Found, want) {
			t.Errorf("%s: %+v", text, got)
		}
	}
	r.Verified.Corrupted, r.Verified.Unsure = 1, 2
	threshold, err := result.ParseThreshold("corrupted>0", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := threshold.Check(r); got.Found != "1" {
		t.Errorf("a message of which nobody knows who sent it: %+v", got)
	}
	r.Verified.Corrupted = 0
	if got := threshold.Check(r); got.Found != "not verified, for no message was acknowledged" || !got.Failed {
		t.Errorf("nothing was acknowledged: %+v", got)
	}
}

func FuzzThreshold(f *testing.F) {
	for _, text := range []string{"p99>50ms", "lost>0", "rate<1k/s", "memory>150M", "connect.p99.9!=1s"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		threshold, err := result.ParseThreshold(text, nil)
		if err != nil {
			return
		}
		if got := threshold.Check(measured()); got.Text != text || got.Found == "" {
			t.Errorf("%q: %+v", text, got)
		}
	})
}
