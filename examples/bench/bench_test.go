// Package bench_test runs the example loads, each at a small size and in a short time, and accounts for their messages.
package bench_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"dunlin/broker"
	"dunlin/internal/load"
	"dunlin/internal/load/result"
	"dunlin/internal/load/scenario"
	"dunlin/mqtt"
)

// small makes a load one of few clients and a second or two. Rates stay those of each client.
func small(s scenario.Scenario) scenario.Scenario {
	s.Warmup = 0
	for i := range s.Groups {
		g := &s.Groups[i]
		g.Clients = min(g.Clients, 10)
		for j := range g.Publish {
			g.Publish[j].Rate = min(5*g.Publish[j].Rate, 50)
		}
		if g.Drop != nil {
			g.Drop.Every, g.Drop.For = 500*time.Millisecond, 50*time.Millisecond
		}
	}
	for i := range s.Phases {
		s.Phases[i].Duration = 400 * time.Millisecond
	}
	return s
}

func TestExampleLoads(t *testing.T) {
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) != 5 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := scenario.Parse(file, text)
			if err != nil {
				t.Fatal(err)
			}
			run(t, s)
		})
	}
}

func run(t *testing.T, s scenario.Scenario) {
	if err := s.CanVerify(); err != nil {
		t.Fatal(err)
	}
	server, err := broker.Start(t.Context(), broker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close(t.Context())
	r, err := load.Run(t.Context(), load.Options{URL: server.URLs()[0], Config: mqtt.Config{Version: mqtt.V5}, Verify: true}, small(s))
	if err != nil {
		t.Fatal(err)
	}
	if r.Verified == nil || r.Verified.Expected == 0 || r.Verified.Lost+r.Verified.Doubled+r.Verified.Corrupted > 0 {
		t.Errorf("the account is %+v", r.Verified)
	}
	for _, name := range []string{s.Latency, result.Connect, result.Subscribe} {
		if h := r.Latencies[name]; h.Count() == 0 {
			t.Errorf("no latency of the kind %s", name)
		}
	}
	for i := range s.Groups {
		if r.Groups[s.Groups[i].Name].Connects == 0 {
			t.Errorf("nobody of %s has connected", s.Groups[i].Name)
		}
	}
}
