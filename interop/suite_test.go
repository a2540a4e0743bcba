package interop

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"dunlin/mqtt"
)

var update = flag.Bool("update", false, "write the tables of docs/INTEROP.md anew")

func TestMain(m *testing.M) {
	if os.Getenv(serveMochi) != "" {
		if err := runMochi(); err != nil {
			fmt.Fprintln(os.Stderr, "mochi:", err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	// Most cases wait for a server, some for seconds, and need no processor for it.
	if err := flag.Set("test.parallel", "12"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// testCase is one rule that all servers are held to.
type testCase struct {
	name string
	body func(*rig)
	// from is the first version that has the feature; 0: all.
	from mqtt.Version
	// only tells for which servers it can be asked; nil: all.
	only func(*server) bool
	// timed cases look at the clock: they run when the busy ones are through.
	timed bool
}

var cases = slices.Concat(connectCases, publishCases, retainCases, topicCases, sessionCases, propertyCases, optionCases, limitCases)

// runsOn tells whether the case is asked of the server in that version.
func (c *testCase) runsOn(s *server, v mqtt.Version) bool {
	return v >= c.from && (c.only == nil || c.only(s))
}

func TestServers(t *testing.T) {
	urls := make([]string, len(servers))
	for i := range servers {
		urls[i] = servers[i].start(t)
	}
	for _, timed := range []bool{false, true} {
		for i := range servers {
			s := &servers[i]
			for _, v := range s.versions {
				runCases(t, s, urls[i], v, timed)
			}
		}
	}
}

// runCases runs the cases of one server and version side by side.
func runCases(t *testing.T, s *server, url string, v mqtt.Version, timed bool) {
	name := fmt.Sprintf("%s/%s", s.name, v)
	if timed {
		name += "/timed"
	}
	t.Run(name, func(t *testing.T) {
		for i := range cases {
			c := &cases[i]
			if c.timed == timed && c.runsOn(s, v) {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					runCase(t, c, &rig{server: s, url: url, version: v})
				})
			}
		}
	})
}

func runCase(t *testing.T, c *testCase, r *rig) {
	r.corner = fmt.Sprintf("%s/%d", strings.ReplaceAll(c.name, " ", "-"), r.version)
	known := findDeviation(r.server, r.version, c.name)
	if known != nil && known.sometimes {
		r.url = r.server.start(t) // what may hang the server hangs one of its own
	}
	judge(t, r.run(t, c.body), known)
}

// judge holds the outcome of a case against what is known of the server.
func judge(t *testing.T, err error, known *deviation) {
	switch {
	case known == nil && err != nil:
		t.Error(err)
	case known != nil && err == nil && known.sometimes:
	case known != nil && err == nil:
		t.Errorf("the server does it right now; take its entry out of deviations: %s", known.reason)
	case known != nil && !strings.Contains(err.Error(), known.seen):
		t.Errorf("got %v, but the known deviation is %q: %s", err, known.seen, known.reason)
	case known != nil:
		t.Logf("known deviation: %v: %s", err, known.reason)
	}
}

// TestVersions holds each server to the versions that it is listed with, so that
// one that learns MQTT 5 is noticed.
func TestVersions(t *testing.T) {
	for i := range servers {
		s := &servers[i]
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			url := s.start(t)
			for _, v := range []mqtt.Version{mqtt.V31, mqtt.V311, mqtt.V5} {
				r := &rig{server: s, url: url, version: v, corner: "versions"}
				err := r.run(t, func(r *rig) { r.dial().close() })
				if spoken := slices.Contains(s.versions, v); spoken != (err == nil) {
					t.Errorf("MQTT %s: %v, listed: %v", v, err, spoken)
				}
			}
		})
	}
}
