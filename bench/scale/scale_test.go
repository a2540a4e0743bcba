//go:build linux

package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain is also the server and the clients of the tests, in processes of their own.
func TestMain(m *testing.M) {
	is, err := part(context.Background(), os.Args[1:])
	if !is {
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func filesOf(t *testing.T) (figures, []published) {
	t.Helper()
	f, err := readFigures(figuresFile)
	if err != nil {
		t.Fatal(err)
	}
	servers, err := readPublished(publishedFile)
	if err != nil {
		t.Fatal(err)
	}
	return f, servers
}

// TestPageIsComputedFromTheFigures holds docs/SCALE.md to figures.json, published.json and the computation.
func TestPageIsComputedFromTheFigures(t *testing.T) {
	f, servers := filesOf(t)
	page, err := os.ReadFile("../../docs/SCALE.md")
	if err != nil {
		t.Fatal(err)
	}
	if filled, err := fill(string(page), sections(&f, servers)); err != nil || filled != string(page) {
		t.Errorf("docs/SCALE.md does not say what is computed (%v); cd bench/scale && go run . -compute -write ../../docs/SCALE.md", err)
	}
}

// TestLoadsOfNearly20000ClientsAreAsComputed: what the command's processes had in memory is within 15 % of what was
// computed from smaller ones, and from the cost of a client of the library.
func TestLoadsOfNearly20000ClientsAreAsComputed(t *testing.T) {
	f, _ := filesOf(t)
	if len(f.Loads) != 2 {
		t.Fatalf("%d loads", len(f.Loads))
	}
	for _, l := range f.Loads {
		last := l.Points[len(l.Points)-1]
		if last.Clients < 19_000 {
			t.Errorf("%s: checked with %d clients", l.Name, last.Clients)
		}
		own, _ := l.expected()
		c, err := f.kind(clientOf[l.Name])
		if err != nil {
			t.Fatal(err)
		}
		for from, computed := range map[string]float64{"its own line": own, "the library": l.byLibrary(&c)} {
			if part := off(last.RSS, computed); math.Abs(part) > 0.15 {
				t.Errorf("%s: %.0f bytes computed from %s, %.0f measured, %.0f %% off", l.Name, computed, from, last.RSS, 100*part)
			}
		}
	}
}

// TestNeedOfAMillion computes by hand what compute does.
func TestNeedOfAMillion(t *testing.T) {
	n := compute(&cost{Busy: 20_000, Ping: 30, Message: 60, PingWire: wire{4, 2}, MsgWire: wire{124, 2}}, 4_000)
	for _, test := range []struct {
		what      string
		got, want float64
	}{
		{"memory", n.memory, 20e9},
		{"kernel", n.kernel, 4e9},
		{"cores for pings", n.pings, 0.5},
		{"cores for messages", n.messages, 1},
		{"bits of pings", n.pingBits, 1e6 / 60 * 8 * (4 + 3*52)},
		{"bits of messages", n.msgBits, 1e6 / 60 * 8 * (124 + 3*52)},
		{"machines, for 24 GB in three quarters of 16 GiB", float64(n.machines), 2},
		{"clients on each", float64(n.clients), 500_000},
		{"addresses, for three servers with 14,116 ports", float64(n.addresses), 12},
	} {
		if math.Abs(test.got-test.want) > 0.001*test.want {
			t.Errorf("%s: %v, expected %v", test.what, test.got, test.want)
		}
	}
	if n = compute(&cost{Busy: 1000, Message: 600}, 0); n.machines != 5 || n.boundByMemory {
		t.Errorf("10 cores of messages need %d machines, by memory: %v", n.machines, n.boundByMemory)
	}
}

func TestStormOfALostNode(t *testing.T) {
	s := storms(&cost{Connect: 300}, 20)[0]
	if math.Abs(s.connects-16_666.7) > 1 || math.Abs(s.onEach-8_333.3) > 1 || math.Abs(s.processors-5) > 0.01 {
		t.Errorf("a third of a million in 20 s: %+v", s)
	}
}

func TestServersByWhatWasPublished(t *testing.T) {
	s := serve(&published{Nodes: 20, Connections: 100e6, Memory: 2e12, Capacity: 1e12, Rate: 16_000})
	if s.each != 20_000 || s.atMost || s.nodes != 3 || s.memory != 20e9 || s.rate != 800 || math.Abs(s.delay-208.3) > 0.1 {
		t.Errorf("%+v", s)
	}
	s = serve(&published{Nodes: 1, Connections: 100e3, Capacity: 16e9})
	if s.each != 160_000 || !s.atMost || s.nodes != 10 || s.delay != 0 {
		t.Errorf("%+v", s)
	}
	_, servers := filesOf(t)
	for _, p := range servers {
		if p.Server == "" || p.Test == "" || p.Source == "" || p.Date == "" || p.Connections == 0 {
			t.Errorf("%+v does not say all", p)
		}
		if p.Capacity > 0 && p.Memory > p.Capacity*float64(p.Nodes) {
			t.Errorf("%s: more memory than there is", p.Server)
		}
	}
}

// TestCostIsMeasured runs a small measurement. Memory by process is too coarse for so few.
func TestCostIsMeasured(t *testing.T) {
	s, at, err := startServer(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c, err := costOf(t.Context(), job{"device, TLS", 50, 250, time.Second, at})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if c.Heap < 4<<10 || c.Heap > 60<<10 || c.Stack < 3<<10 || c.Goroutines < 1.9 || c.Goroutines > 3.1 {
		t.Errorf("memory of a client: %+v", c)
	}
	if c.Ping <= 0 || c.Message <= 0 || c.Connect <= c.Ping {
		t.Errorf("time: %+v", c)
	}
	const record = 22 // bytes that TLS 1.3 puts around each write
	if want := (wire{2 + 2 + 2*record, 2}); c.PingWire != want {
		t.Errorf("a ping is %+v, expected %+v", c.PingWire, want)
	}
	publish, puback := 2+2+12+2+1+100, 4
	if want := (wire{publish + puback + 2*record, 2}); c.MsgWire != want {
		t.Errorf("a message is %+v, expected %+v", c.MsgWire, want)
	}
}

// TestMemoryAloneCanBeMeasured: on a machine that is busy the times that there are stay.
func TestMemoryAloneCanBeMeasured(t *testing.T) {
	f := &figures{
		Kinds: []cost{{Kind: "a", Busy: 1, Connect: 2, Ping: 3, Message: 4}},
		Loads: []load{{Name: "l", Points: []point{{Clients: 10, RSS: 1, CPU: 2}, {Clients: 20, RSS: 3, CPU: 4}}}},
	}
	c := cost{Kind: "a", Busy: 9, Connect: 9, Ping: 9, Message: 9}
	if c.keepTimes(f); c != (cost{Kind: "a", Busy: 9, Connect: 2, Ping: 3, Message: 4}) {
		t.Errorf("%+v", c)
	}
	l := load{Name: "l", Points: []point{{10, 9, 9}, {30, 9, 9}}}
	if l.keepTimes(f); l.Points[0] != (point{10, 9, 2}) || l.Points[1] != (point{30, 9, 9}) {
		t.Errorf("%+v", l)
	}
}

func TestPageWithoutMarkersIsRefused(t *testing.T) {
	for _, page := range []string{"", begin("cost"), end("cost")} {
		if _, err := fill(page, []section{{"cost", ""}}); err == nil {
			t.Errorf("filled %q", page)
		}
	}
	got, err := fill("a\n"+begin("cost")+"old\n"+end("cost")+"b", []section{{"cost", "new\n"}})
	if err != nil || strings.Contains(got, "old") || !strings.Contains(got, "new") || !strings.HasSuffix(got, "b") {
		t.Errorf("%q, %v", got, err)
	}
}
