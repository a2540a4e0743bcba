package cli

import (
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"dunlin/internal/load"
	"dunlin/internal/load/scenario"
	"dunlin/internal/terminal"
)

// benchLive says on stderr how a load goes on: one line that is drawn anew on a terminal, else a line now and then.
type benchLive struct {
	app      *app
	latency  string
	every    time.Duration
	terminal bool
	shown    bool
}

func newBenchLive(a *app, s *scenario.Scenario) *benchLive {
	l := &benchLive{app: a, latency: s.Latency, every: 10 * time.Second, terminal: a.StderrTerminal && !a.quiet}
	if l.terminal {
		l.every = 500 * time.Millisecond
	}
	return l
}

// show shows how far the run is.
func (l *benchLive) show(p load.Progress) {
	text := l.text(&p)
	if !l.terminal {
		l.app.note("bench: %s", text)
		return
	}
	columns, _ := terminal.Size(l.app.screen)
	// The last column stays free, for some terminals go to the next line with it. Where stderr is gone nobody can be told.
	_, _ = fmt.Fprintf(l.app.screen, "\r%s\x1b[K", runewidth.Truncate(terminal.EscapeLine(text), columns-1, ""))
	l.shown = true
}

// end takes the line off the screen.
func (l *benchLive) end() {
	if l.shown {
		_, _ = fmt.Fprint(l.app.screen, "\r\x1b[K") // as above
	}
}

func (l *benchLive) text(p *load.Progress) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %v: %s of %s online", p.Stage, p.Elapsed.Round(100*time.Millisecond), grouped(p.Online), grouped(p.Clients))
	if p.Counts.Published > 0 {
		fmt.Fprintf(&b, ", %s/s published", grouped(int64(p.Published)))
	}
	if p.Counts.Received > 0 {
		fmt.Fprintf(&b, ", %s/s received", grouped(int64(p.Received)))
	}
	if p.Latency.Count() > 0 {
		fmt.Fprintf(&b, ", %s p99 %s", l.latency, shownLatency(p.Latency.Percentile(99)))
	}
	if n := p.Counts.ConnectErrors + p.Counts.Lost + p.Counts.PublishErrors; n > 0 {
		fmt.Fprintf(&b, ", %s errors", grouped(n))
	}
	if p.Left > 0 {
		fmt.Fprintf(&b, ", %v left", p.Left.Round(time.Second))
	}
	return b.String()
}

// collectBusy and collectIdle have the garbage collector run more often than by default: thousands of clients live as long as the
// load does, and a heap twice as large would be their memory again. Where they only are connected there is hardly any garbage.
const (
	collectBusy = 50
	collectIdle = 10
)

func tuneMemory(s *scenario.Scenario) (restore func()) {
	percent := collectIdle
	for i := range s.Groups {
		if len(s.Groups[i].Publish)+len(s.Groups[i].Subscribe) > 0 {
			percent = collectBusy
		}
	}
	before := debug.SetGCPercent(percent)
	return func() { debug.SetGCPercent(before) }
}
