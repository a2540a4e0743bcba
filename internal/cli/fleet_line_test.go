package cli

import (
	"strings"
	"testing"
	"time"

	"dunlin/internal/environ"
	"dunlin/internal/fleet"
)

// fleetAt is how a fleet stands after so many seconds, with so many readings.
func fleetAt(seconds, readings int64) fleet.Progress {
	counts := map[fleet.Count]int64{fleet.Telemetry: readings, fleet.Answered: 3, fleet.Asked: 4, fleet.Violations: 2}
	return fleet.Progress{
		Elapsed: time.Duration(seconds) * time.Second, Devices: 20, Online: 19, Count: func(c fleet.Count) int64 { return counts[c] },
	}
}

// drawn returns what the line of a fleet writes.
func drawn(onTerminal, quiet bool, act func(l *fleetLine)) string {
	var said strings.Builder
	a := newApp(environ.Environment{Stderr: &said, StderrTerminal: onTerminal}, func(error) {})
	a.quiet = quiet
	act(newFleetLine(a))
	return said.String()
}

// The line says how fast readings came since it was drawn last, and is taken away where something else is to be read.
func TestTheLineOfAFleet(t *testing.T) {
	const first, second = "10s  19 of 20 online  100 readings, 10/s  3 of 4 commands answered  2 rules broken",
		"12s  19 of 20 online  400 readings, 150/s  3 of 4 commands answered  2 rules broken"
	shown := func(line string) string { return "\r" + line[:min(len(line), 79)] + "\x1b[K" }
	for name, c := range map[string]struct {
		onTerminal, quiet bool
		act               func(l *fleetLine)
		want              string
	}{
		"drawn twice":             {true, false, func(l *fleetLine) { l.show(fleetAt(10, 100)); l.show(fleetAt(12, 400)) }, shown(first) + shown(second)},
		"at once":                 {true, false, func(l *fleetLine) { l.show(fleetAt(0, 0)) }, shown("0s  19 of 20 online  0 readings, 0/s  3 of 4 commands answered  2 rules broken")},
		"taken away":              {true, false, func(l *fleetLine) { l.show(fleetAt(10, 100)); l.clear(); l.clear() }, shown(first) + "\r\x1b[K"},
		"nothing to take away":    {true, false, func(l *fleetLine) { l.clear() }, ""},
		"something is to be read": {true, false, func(l *fleetLine) { l.show(fleetAt(10, 100)); l.note("rule %s", "x") }, shown(first) + "\r\x1b[Kdunlin: rule x\n"},
		"no terminal":             {false, false, func(l *fleetLine) { l.show(fleetAt(10, 100)); l.note("rule x"); l.clear() }, "dunlin: rule x\n"},
		"quiet":                   {true, true, func(l *fleetLine) { l.show(fleetAt(10, 100)); l.clear() }, ""},
	} {
		if got := drawn(c.onTerminal, c.quiet, c.act); got != c.want {
			t.Errorf("%s: wrote\n%q, want\n%q", name, got, c.want)
		}
	}
}
