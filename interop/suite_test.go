package interop

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dunlin/mqtt"
)

var update = flag.Bool("update", false, "write the tables of docs/INTEROP.md anew")

func TestMain(m *testing.M) {
	if name := os.Getenv(serveOwn); name != "" {
		if err := serveHere(name); err != nil {
			fmt.Fprintln(os.Stderr, name+":", err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	// Most cases wait for a server, some for seconds, and need no processor for it.
	if err := flag.Set("test.parallel", "300"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(run{m})
}

// run runs the tests, and ends the server that they share.
type run struct{ *testing.M }

// Run returns the exit status.
func (r run) Run() int {
	code := r.M.Run()
	if err := endRabbitMQ(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}

// testCase is one rule that all servers are held to.
type testCase struct {
	name string
	body func(*rig)
	// from is the first version that has the feature; 0: all.
	from mqtt.Version
	// to is the last version that is asked; 0: all.
	to mqtt.Version
	// only tells for which servers it can be asked; nil: all.
	only func(*server) bool
	// timed cases look at the clock: they run when the busy ones are through.
	timed bool
	// long cases wait most of the time, longer than others may: they run beside the
	// busy ones.
	long bool
	// says is what a user should know, of a case that shows what one server does in
	// its own way.
	says string
}

var cases = slices.Concat(connectCases, publishCases, retainCases, topicCases, sessionCases, propertyCases, optionCases, limitCases, linkCases,
	rabbitMQFacts, natsFacts, mosquittoFacts, mochiFacts, aedesFacts, sharedFacts)

// runsOn tells whether the case is asked of the server in that version.
func (c *testCase) runsOn(s *server, v mqtt.Version) bool {
	return v >= c.from && (c.to == 0 || v <= c.to) && (c.only == nil || c.only(s))
}

func TestServers(t *testing.T) {
	launchRabbitMQ() // while the others start
	rigs := startAll(t)
	for _, timed := range []bool{false, true} {
		name := "busy"
		if timed {
			name = "timed"
		}
		t.Run(name, func(t *testing.T) {
			for i := range rigs {
				t.Run(fmt.Sprintf("%s/%s", rigs[i].server.name, rigs[i].version), func(t *testing.T) {
					t.Parallel()
					runCases(t, &rigs[i], timed)
				})
			}
		})
	}
}

// startAll starts each server that can be started here, and returns a rig for each of
// its versions. That one is missing fails the test, and the others are asked all the same.
func startAll(t *testing.T) (rigs []rig) {
	for i := range servers {
		s := &servers[i]
		if s.check != nil {
			if err := s.check(); err != nil {
				t.Error(err)
				continue
			}
		}
		url := s.start(t)
		for _, v := range s.versions {
			rigs = append(rigs, rig{server: s, url: url, version: v})
		}
	}
	return rigs
}

// runCases runs the cases of one server and version side by side.
func runCases(t *testing.T, r *rig, timed bool) {
	for i := range cases {
		c := &cases[i]
		if c.timed != timed || !c.runsOn(r.server, r.version) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			own := *r
			runCase(t, c, &own)
		})
	}
}

// slots bounds how many busy cases run at a time.
var slots = make(chan struct{}, 4)

// alone is held by a case that is asked a second time: with nothing beside it,
// and a server of its own.
var alone sync.RWMutex

func runCase(t *testing.T, c *testCase, r *rig) {
	r.corner = fmt.Sprintf("%s/%d", strings.ReplaceAll(c.name, " ", "-"), r.version)
	known := findDeviation(r.server, r.version, c.name)
	err := firstRun(t, c, r, known)
	if err != nil && known == nil && !c.long {
		t.Logf("failed beside others, and is asked once more alone: %v", err)
		alone.Lock()
		defer alone.Unlock()
		r.url, r.peers = r.server.start(t), nil
		err = r.run(t, caseLimit, c.body)
	}
	judge(t, err, known)
}

// firstRun plays a case beside others.
func firstRun(t *testing.T, c *testCase, r *rig, known *deviation) error {
	if c.long && known != nil && known.sometimes {
		r.url = r.server.start(t)
		return r.run(t, caseLimit, c.body)
	}
	if c.long {
		return r.run(t, longLimit, c.body)
	}
	limit := caseLimit
	if !c.timed {
		slots <- struct{}{}
		defer func() { <-slots }()
	}
	alone.RLock()
	defer alone.RUnlock()
	if known != nil && known.sometimes {
		// What may hang the server hangs one of its own, and is not waited for long.
		r.url, limit = r.server.start(t), 10*time.Second
	}
	return r.run(t, limit, c.body)
}

// longLimit bounds a long case.
const longLimit = 100 * time.Second

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
				err := r.run(t, caseLimit, func(r *rig) { r.dial().close() })
				if spoken := slices.Contains(s.versions, v); spoken != (err == nil) {
					t.Errorf("MQTT %s: %v, listed: %v", v, err, spoken)
				}
			}
		})
	}
}
