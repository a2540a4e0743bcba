package measure

import (
	"fmt"
	"io"
	"time"
)

// Progress says where a run is.
type Progress struct {
	Work, Client  string
	Round, Rounds int // Round 0 is the trial
	Left          time.Duration
}

func (r *runner) tell(entries []*entry, e *entry, round, done int) {
	if r.Tell == nil {
		return
	}
	r.Tell(Progress{
		Work: e.work.Name, Client: e.driver.Title, Round: round, Rounds: r.Rounds,
		Left: r.left(entries, round, done),
	})
}

// left estimates the time to the end, when done entries of a round are through.
func (r *runner) left(entries []*entry, round, done int) (all time.Duration) {
	for i, e := range entries {
		rounds := r.Rounds - round
		if i >= done {
			rounds++
		}
		all += time.Duration(rounds) * (e.extra + time.Duration(1.1*r.Seconds*float64(time.Second)))
	}
	return all
}

// Teller returns what shows progress on w: one line that changes, on a terminal,
// else a line for each work of a round.
func Teller(w io.Writer, terminal bool) func(Progress) {
	last := ""
	return func(p Progress) {
		where := fmt.Sprintf("round %d of %d", p.Round, p.Rounds)
		if p.Round == 0 {
			where = "trial"
		}
		left := p.Left.Round(time.Second)
		if terminal {
			_, _ = fmt.Fprintf(w, "\r\x1b[K%s: %s, %s; %v left", where, p.Work, p.Client, left) // only for the eye
			return
		}
		if line := where + ": " + p.Work; line != last {
			last = line
			_, _ = fmt.Fprintf(w, "%s; %v left\n", line, left) // only for the eye
		}
	}
}
