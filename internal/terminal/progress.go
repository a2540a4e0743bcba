package terminal

import (
	"io"
	"time"
)

// ProgressOptions say how progress is shown.
type ProgressOptions struct {
	Terminal bool                     // redraw one line; else a plain line at intervals
	Label    string                   // what is done, such as "published"
	Total    int64                    // how many there will be; 0: nobody knows
	Interval time.Duration            // between lines; 0: 200 ms on a terminal, else 10 s
	Columns  func() int               // the terminal's width now; nil: 80
	Line     func(text string) string // what to write for a plain line; nil: text and a line feed
}

// Progress shows how far long work has come: count, rate, and an estimate where the end is
// known. Any goroutine may call its methods. It draws from within them and has no goroutine.
type Progress struct {
	w       io.Writer
	options ProgressOptions
}

// NewProgress returns a Progress that writes to w, which is stderr.
func NewProgress(w io.Writer, o ProgressOptions) *Progress { return &Progress{w: w, options: o} }

// Set says how many are done, and draws when it is time to.
func (p *Progress) Set(done int64) { _ = done }

// Add says that n more are done, and draws when it is time to.
func (p *Progress) Add(n int64) { _ = n }

// Clear takes the line off the screen; the next Set or Add may draw it again.
func (p *Progress) Clear() {}

// Finish writes the last state as a line that stays. Nothing is drawn afterwards.
func (p *Progress) Finish() {}

// Around returns a writer to w, another stream that may show on the same screen: the line is
// cleared before each of its writes.
func (p *Progress) Around(w io.Writer) io.Writer { return w }
