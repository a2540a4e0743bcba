package terminal

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-runewidth"
)

// ProgressOptions say how progress is shown.
type ProgressOptions struct {
	Terminal bool          // redraw one line; else a plain line at intervals
	Label    string        // what is done, such as "published"
	Total    int64         // how many there will be; 0: nobody knows
	Interval time.Duration // between lines; 0: 200 ms on a terminal, else 10 s
	Began    time.Time     // when the work began, for the rate; zero: with NewProgress

	// Line is what to write for a plain line; nil: text and a line feed.
	Line func(text string) string
}

// Progress shows how far long work has come: count, rate, and an estimate where the end is
// known. Any goroutine may call its methods. It draws from within them and has no goroutine.
type Progress struct {
	w       io.Writer
	options ProgressOptions
	began   time.Time

	mu    sync.Mutex // held while something is written, too
	done  int64
	drawn time.Time // when the last line was
	shown bool      // a line stands on the screen, with the cursor on it
	ended bool
}

// NewProgress returns a Progress that writes to w, which is stderr itself, so that its width is known. The work
// begins now.
func NewProgress(w io.Writer, o ProgressOptions) *Progress {
	if o.Interval == 0 {
		o.Interval = 10 * time.Second
		if o.Terminal {
			o.Interval = 200 * time.Millisecond
		}
	}
	now := time.Now()
	return &Progress{w: w, options: o, began: now, drawn: now}
}

// Set says how many are done, and draws when it is time to.
func (p *Progress) Set(done int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = done
	p.drawLocked()
}

// Add says that n more are done, and draws when it is time to.
func (p *Progress) Add(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	p.drawLocked()
}

// Clear takes the line off the screen; the next Set or Add may draw it again.
func (p *Progress) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clearLocked()
}

// Finish writes the last state as a line that stays, if a line was written before. Nothing is
// drawn afterwards.
func (p *Progress) Finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	p.ended = true
	if p.drawn == p.began {
		return
	}
	p.clearLocked()
	p.plainLocked()
}

// Around returns a writer to w, another stream that may show on the same screen: the line is
// cleared before each of its writes.
func (p *Progress) Around(w io.Writer) io.Writer { return &around{p, w} }

type around struct {
	p *Progress
	w io.Writer
}

// Write writes b while no line is drawn.
func (a *around) Write(b []byte) (int, error) {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	a.p.clearLocked()
	return a.w.Write(b)
}

func (p *Progress) drawLocked() {
	now := time.Now()
	if p.ended || now.Sub(p.drawn) < p.options.Interval {
		return
	}
	p.drawn = now
	if !p.options.Terminal {
		p.plainLocked()
		return
	}
	columns, _ := Size(p.w)
	// The last column stays free, for some terminals go to the next line with it.
	line := runewidth.Truncate(EscapeLine(p.text(now)), columns-1, "")
	// Where stderr is gone nobody can be told.
	_, _ = fmt.Fprintf(p.w, "\r%s\x1b[K", line)
	p.shown = true
}

func (p *Progress) plainLocked() {
	line := EscapeLine(p.text(time.Now()))
	if p.options.Line != nil {
		line = p.options.Line(line)
	} else {
		line += "\n"
	}
	_, _ = io.WriteString(p.w, line) // as above
}

func (p *Progress) clearLocked() {
	if p.shown {
		_, _ = io.WriteString(p.w, "\r\x1b[K") // as above
	}
	p.shown = false
}

// text says how far the work has come.
func (p *Progress) text(now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d", p.options.Label, p.done)
	if p.options.Total > 0 {
		fmt.Fprintf(&b, " of %d (%d %%)", p.options.Total, int64(100*float64(p.done)/float64(p.options.Total)))
	}
	elapsed := now.Sub(cmp.Or(p.options.Began, p.began))
	if elapsed <= 0 {
		return b.String()
	}
	rate := float64(p.done) / elapsed.Seconds()
	fmt.Fprintf(&b, ", %.0f/s", rate)
	if left := p.options.Total - p.done; p.options.Total > 0 && left > 0 && rate > 0 {
		// Nothing is said beyond what time.Duration holds.
		if seconds := float64(left) / rate; seconds < 1e9 {
			fmt.Fprintf(&b, ", %v left", time.Duration(seconds*float64(time.Second)).Round(time.Second))
		}
	}
	return b.String()
}
