package cli

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/internal/environ"
	"dunlin/internal/feed"
	"dunlin/internal/publish"
	"dunlin/mqtt"
)

// told returns what a report writes at these states of a run of many messages.
func told(terminal bool, total int, states ...publish.Progress) string {
	var said strings.Builder
	a := newApp(environ.Environment{Stderr: &said, StderrTerminal: terminal}, func(error) {})
	r := newPubReport(a, feed.Repeat(mqtt.Message{Topic: "a"}, total), false)
	r.connected = func() bool { return true }
	var o publish.Options
	r.watch(&o)
	for i, s := range states {
		if i > 0 && terminal { // in fake time: else it is too soon to draw again
			<-time.After(time.Second)
		}
		o.Progress(s)
	}
	r.end()
	return said.String()
}

// The rate and the time left count from the beginning of the work, not from when it is first shown.
func TestProgressCountsFromTheBeginning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var state publish.Progress
		state.Elapsed, state.Total, state.Taken, state.Completed = time.Hour, 14000, 7000, 7000
		said := told(true, 14000, state, state)
		if want := "published 7000 of 14000 (50 %), 2/s, 1h0m1s left"; !strings.Contains(said, want) {
			t.Errorf("said %q, want %q", said, want)
		}
	})
}

// A broker that does not acknowledge is told, once for each time that it stops.
func TestMissingAcknowledgementsAreTold(t *testing.T) {
	at := func(seconds, taken, completed int) publish.Progress {
		var p publish.Progress
		p.Elapsed, p.Taken, p.Completed = time.Duration(seconds)*time.Second, taken, completed
		return p
	}
	const note = "dunlin: pub: waiting for the broker, which has taken and acknowledged nothing for 5s; -W bounds that\n"
	for name, c := range map[string]struct {
		states []publish.Progress
		want   string
	}{
		"all is well":        {[]publish.Progress{at(1, 3, 3), at(20, 3, 3)}, ""},
		"it takes a while":   {[]publish.Progress{at(1, 1, 0), at(4, 1, 0), at(5, 1, 1)}, ""},
		"it takes long":      {[]publish.Progress{at(1, 1, 0), at(6, 1, 0), at(12, 1, 0)}, note},
		"it stops once more": {[]publish.Progress{at(1, 1, 0), at(6, 1, 0), at(7, 2, 1), at(13, 2, 1)}, note + note},
		"lines come late":    {[]publish.Progress{at(1, 1, 1), at(60, 1, 1), at(61, 2, 1), at(62, 2, 2)}, ""},
	} {
		if said := told(false, 1, c.states...); said != c.want {
			t.Errorf("%s: said %q", name, said)
		}
	}
}
