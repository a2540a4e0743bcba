package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"dunlin/internal/fleet"
	"dunlin/internal/terminal"
)

// fleetLine is a line on the terminal that says how a fleet stands. Where there is none it is silent.
type fleetLine struct {
	app *app

	mu     sync.Mutex
	shown  bool
	before int64 // readings, when it was last drawn
	at     time.Duration
}

func newFleetLine(a *app) *fleetLine { return &fleetLine{app: a} }

// note writes a line for people in the place of the one that stands there.
func (l *fleetLine) note(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clearLocked()
	l.app.note(format, args...)
}

func (l *fleetLine) show(p fleet.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.app.StderrTerminal || l.app.quiet {
		return
	}
	readings := p.Count(fleet.Telemetry)
	rate := 0.0
	if span := (p.Elapsed - l.at).Seconds(); span > 0 {
		rate = float64(readings-l.before) / span
	}
	l.before, l.at = readings, p.Elapsed
	text := fmt.Sprintf("%v  %d of %d online  %d readings, %.0f/s  %d of %d commands answered  %d rules broken",
		p.Elapsed.Round(time.Second), p.Online, p.Devices, readings, rate, p.Count(fleet.Answered), p.Count(fleet.Asked), p.Count(fleet.Violations))
	columns, _ := terminal.Size(l.app.screen)
	// A line that is too long cannot be drawn over; the last column stays free, for some terminals go on with it below.
	_, _ = fmt.Fprintf(l.app.screen, "\r%s\x1b[K", text[:min(len(text), columns-1)])
	l.shown = true
}

func (l *fleetLine) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clearLocked()
}

func (l *fleetLine) clearLocked() {
	if l.shown {
		_, _ = io.WriteString(l.app.screen, "\r\x1b[K") // where stderr is gone nobody can be told
	}
	l.shown = false
}
