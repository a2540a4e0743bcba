package storm

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/faultlab/internal/lab"
	"dunlin/faultlab/internal/peer"
)

func TestMeasure(t *testing.T) {
	back := time.Unix(1000, 0)
	for name, c := range map[string]struct {
		at    []int // ms after the return
		fails bool
	}{
		"spread":   {[]int{10, 110, 210, 310, 410, 510, 610, 710}, false},
		"triple":   {[]int{10, 20, 30, 110, 210, 310, 410, 800}, false},
		"at once":  {[]int{10, 11, 12, 13, 14, 15, 16, 800}, true},
		"nobody":   {nil, true},
		"just one": {[]int{500}, true}, // alone in the time it took
	} {
		var arrivals []time.Time
		for _, ms := range c.at {
			arrivals = append(arrivals, back.Add(time.Duration(ms)*time.Millisecond))
		}
		r := lab.NewResult("storm", 1, nil)
		w := measure(arrivals, back)
		w.show(r)
		var out bytes.Buffer
		if got := r.End(&out) == lab.Failed; got != c.fails {
			t.Errorf("%s: %s", name, out.String())
		}
	}
}

// line is what the tests want of the result.
type line struct {
	Pass     bool
	Counts   map[string]float64
	Findings []string
}

func run(t *testing.T, args ...string) (line, int) {
	t.Helper()
	var out bytes.Buffer
	exit := Run(t.Context(), args, &out, io.Discard)
	var l line
	if err := json.Unmarshal(out.Bytes(), &l); err != nil {
		t.Fatalf("%q: %v", out.String(), err)
	}
	t.Log(out.String())
	return l, exit
}

// On real sockets all have to come back. How spread out is judged in fake time,
// where a machine that is busy with other tests has no part in it.
func TestComesBack(t *testing.T) {
	l, _ := run(t, "-clients", "300", "-away", "2s", "-max-delay", "1s", "-tries", "1")
	if l.Counts["back"] != 300 || l.Counts["connects"] != 300 {
		t.Errorf("%+v", l)
	}
}

var (
	many     = flag.Int("clients", 800, "how many clients the storm in fake time has; more than a thousand are too many for the race detector")
	maxDelay = flag.Duration("max-delay", 2*time.Second, "the longest wait of those clients")
)

// In fake time the machine has no part in it: one try has to do.
func TestStormInFakeTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := peer.New(peer.Config{Clocked: true})
		o := options{client: "dunlin", version: 5, clients: *many, away: 10 * time.Second, maxDelay: *maxDelay, dial: p.Dial, tries: 1}
		r := lab.NewResult("storm in fake time", 0, map[string]any{"clients": *many, "max_delay": maxDelay.String()})
		if err := o.run(t.Context(), p, r, io.Discard); err != nil {
			t.Error(err)
		}
		p.Close()
		var out bytes.Buffer
		if r.End(&out) != lab.Passed {
			t.Error("the clients came back all at once")
		}
		t.Log(out.String())
	})
}
