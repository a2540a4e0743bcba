package publish

import (
	"context"
	"time"
)

// slack is how much delay is made up for: after a longer one the pace begins anew, so that what could not leave then
// does not come in a rush.
const slack = 100 * time.Millisecond

// pace has messages leave at a rate: the k-th after k/rate seconds, so that delays do not add up.
type pace struct {
	interval float64 // nanoseconds between two; 0: no pace
	from     time.Time
	count    int // messages since from
}

func newPace(rate float64) *pace {
	if rate <= 0 {
		return &pace{}
	}
	return &pace{interval: float64(time.Second) / rate}
}

// wait waits until the next message may leave.
func (p *pace) wait(ctx context.Context) error {
	if p.interval == 0 {
		return nil
	}
	now := time.Now()
	due := p.from.Add(time.Duration(float64(p.count) * p.interval))
	if p.from.IsZero() || now.Sub(due) > slack {
		p.from, p.count, due = now, 0, now
	}
	p.count++
	return sleep(ctx, due.Sub(now))
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
