package main

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"dunlin/bench/measure"
	"dunlin/bench/work"
)

// TestMain lets the test program be the server, as the real one is.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "serve" {
		if err := serve(nil); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestDrivers has every client that can be built here do every work, with few
// messages; the server counts them.
func TestDrivers(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	source, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	clients := work.Clients()
	if _, err := os.Stat(filepath.Join(os.TempDir(), "dunlin-bench", "mqttjs")); err != nil {
		clients, err = work.SelectClients([]string{work.Limit, work.Ours, work.Script, "paho3", "paho5", "libmosquitto"})
		if err != nil { // a test does not fetch MQTT.js; a run does
			t.Fatal(err)
		}
	}
	b := measure.Builder{Source: source, Out: filepath.Join(os.TempDir(), "dunlin-bench"), Log: t.Logf}
	drivers, err := b.Build(ctx, clients)
	if err != nil {
		t.Fatal(err)
	}
	plan := measure.Plan{Works: small(), Drivers: drivers, Seconds: 1e-9, Dir: t.TempDir(), Program: os.Args[0]} // trials only
	results, err := plan.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Fault != "" {
			t.Errorf("%s in %s: %s", r.Client, r.Work, r.Fault)
		}
	}
}

// small returns the works that differ for a driver.
func small() []work.Work {
	var few []work.Work
	for _, w := range work.All() {
		switch {
		case w.N > 1000, w.Table == work.Growth && w.N != 10,
			w.Table == work.Sizes && w.Name != "pub1-64k" && w.Name != "recv0-1m",
			w.Table == work.Nets && w.Do != "recv1", w.Table == work.Core && w.Do != "pub1",
			w.Core && runtime.GOOS != "linux":
			continue
		}
		w.N = min(w.N, 20)
		few = append(few, w)
	}
	return few
}

// TestWindows has clients say how many messages they had in flight: as many as the work
// wants, or their own default.
func TestWindows(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	source, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	clients, err := work.SelectClients([]string{work.Limit, work.Ours, work.Script, "paho3", "paho5"})
	if err != nil {
		t.Fatal(err)
	}
	b := measure.Builder{Source: source, Out: filepath.Join(os.TempDir(), "dunlin-bench"), Log: t.Logf}
	drivers, err := b.Build(ctx, clients)
	if err != nil {
		t.Fatal(err)
	}
	works, err := work.Select([]string{"pub1", "pub2-20", "pub?-default"})
	if err != nil {
		t.Fatal(err)
	}
	plan := measure.Plan{Works: works, Drivers: drivers, Rounds: 1, Seconds: 1e-3, Dir: t.TempDir(), Program: os.Args[0]}
	results, err := plan.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{
		"pub1": 100, "pub2-20": 20, "pub1-default": 65535, "pub2-default": 65535,
		"pub2-20 script": 19, "pub2-default script": 19, "pub2-default dunlin": 19,
	}
	for _, r := range results {
		n, ok := want[r.Work+" "+r.Client]
		if !ok {
			n = want[r.Work]
		}
		if r.Fault != "" || len(r.Samples) != 1 || r.Samples[0].InFlight != n {
			t.Errorf("%s in %s: %+v %s, want %d in flight", r.Client, r.Work, r.Samples, r.Fault, n)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--works", "pub9"}, "pub9"},
		{[]string{"--clients", "nobody"}, "nobody"},
		{[]string{"--clients", "dunlin@"}, "dunlin@"},
		{[]string{"--clients", "dunlin,dunlin@HEAD", "--merge"}, "no earlier build"},
		{[]string{"--rounds", "0"}, "one round"},
		{[]string{"--clients", "paho3", "--libmosquitto", "."}, "leaves out"},
		{[]string{"extra"}, "options only"},
	} {
		err := run(test.args)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("run %v: %v", test.args, err)
		}
	}
}
