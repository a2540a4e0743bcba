package report

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dunlin/bench/drive"
	"dunlin/bench/work"
)

var update = flag.Bool("update", false, "write the golden files")

// sample is a run of two rounds with invented figures; the machine was twice as slow
// in the second one.
func sample() *Report {
	r := &Report{
		Machine: Machine{
			CPU: "Abacus 3", Cores: 2, System: "Linux 1.2, amd64", Go: "go1.26", FileSystem: "ext4",
			Rounds: 2, Seconds: 1,
		},
		Clients: []Version{
			{Name: work.Limit, Title: "limit"},
			{Name: work.Ours, Title: "Dunlin"},
			{Name: "paho3", Title: "paho.mqtt.golang", Version: "1.5.1"},
			{Name: "libmosquitto", Title: "libmosquitto", Version: "2.0.11"},
		},
	}
	add := func(name, client string, micros float64) {
		var samples []Sample
		for slow := 1.0; slow <= 2; slow++ {
			seconds := micros * slow
			samples = append(samples, Sample{
				Report: drive.Report{Seconds: seconds, Count: 1e6, Mallocs: 1e6},
				CPU:    0.9 * seconds, RSS: 8 << 20,
			})
		}
		r.Results = append(r.Results, Result{Work: name, Client: client, Samples: samples})
	}
	add("pub0", work.Limit, 0.05)
	add("pub0", work.Ours, 0.1)
	add("pub0", "paho3", 10)
	add("pub0", "libmosquitto", 1.25)
	add("recv0-64k", work.Ours, 30)
	add("recv0-64k", "paho3", 25)
	add("flight-100", work.Ours, 1)
	add("flight-1000", work.Ours, 1.234)
	for _, client := range []string{work.Limit, work.Ours} {
		r.Results = append(r.Results,
			Result{Work: "rtt0", Client: client, Samples: []Sample{{Report: drive.Report{Seconds: 1, Count: 9, P50: 31, P99: 120.4}}}},
			Result{Work: "idle", Client: client, Samples: []Sample{{
				Report: drive.Report{Count: 1, Heap: 7000, Stack: 8192, Goroutines: 3}, RSS: 20 << 20,
			}}})
	}
	r.Results = append(r.Results, Result{Work: "pub1", Client: "paho3", Fault: "the server got 5 messages of 6"})
	add("recv0-64k", "libmosquitto", 20)
	r.Results[len(r.Results)-1].Fault = "the server sent 9 messages of 6" // in a later round
	return r
}

func TestGolden(t *testing.T) {
	golden(t, "text.golden", sample().String())
	page, err := sample().Fill("")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "page.golden", page)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s", name, got)
	}
}

func TestFillKeepsTheRest(t *testing.T) {
	page := "# Ours\n\nWords.\n\n" + begin("machine") + "\nold\n" + end("machine") + "\n\nMore words.\n"
	got, err := sample().Fill(page)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(got, "old") || !strings.Contains(got, "Abacus 3") ||
		!strings.HasPrefix(got, "# Ours\n\nWords.\n") || !strings.HasSuffix(got, "\n\nMore words.\n") {
		t.Errorf("got:\n%s", got)
	}
	if strings.Contains(got, begin("goals")) {
		t.Error("a section came without markers")
	}
	again, err := sample().Fill(got)
	if err != nil || again != got {
		t.Errorf("filled twice: %v\n%s", err, again)
	}
	if _, err := sample().Fill(begin("machine")); err == nil {
		t.Error("a missing end was not noticed")
	}
}

func TestRatioIsOfEachRound(t *testing.T) {
	r := sample()
	if v, ok := r.Ratio("pub0", work.Ours, work.Limit, (*Sample).Wall); !ok || v < 1.999 || v > 2.001 {
		t.Errorf("got %v, %v", v, ok)
	}
	if _, ok := r.Ratio("pub1", work.Ours, "paho3", (*Sample).Wall); ok {
		t.Error("a work without samples has a ratio")
	}
	if best, ok := r.Best("pub0", (*Sample).Wall); !ok || best != "libmosquitto" {
		t.Errorf("the best is %q", best)
	}
}

func TestWhoFailsHasNoFigure(t *testing.T) {
	r := sample()
	if r.Find("recv0-64k", "libmosquitto") != nil {
		t.Error("a client that failed in one round has a figure")
	}
	if best, _ := r.Best("recv0-64k", (*Sample).Wall); best != "paho3" {
		t.Errorf("the best is %q", best)
	}
	if text := r.timing(work.Sizes); !strings.Contains(text, "failed") || !strings.Contains(text, "Failed: libmosquitto in recv0-64k: the server sent 9 messages of 6\n") {
		t.Errorf("got:\n%s", text)
	}
}

func TestMergeKeepsRowsWhole(t *testing.T) {
	r := &Report{
		Clients: []Version{{Name: work.Ours}},
		Results: []Result{{Work: "pub0", Client: work.Ours}},
	}
	r.Merge(sample())
	for _, f := range r.Results {
		if f.Work == "pub0" && f.Client != work.Ours {
			t.Errorf("the old figure of %s stands beside a new one", f.Client)
		}
	}
	if r.Find("recv0-64k", "paho3") == nil || r.Clients[0].Name != work.Limit {
		t.Errorf("got %+v", r)
	}
}

func TestSaveAndLoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "figures.json")
	if err := sample().Save(file); err != nil {
		t.Fatal(err)
	}
	r, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if r.String() != sample().String() {
		t.Errorf("got:\n%s", r)
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.004: "0.00", 0.123: "0.12", 0.996: "0.996", 1: "1", 1.234: "1.23", 45.67: "45.7", 99.6: "100", 1234567: "1,234,567",
	} {
		if got := number(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}
