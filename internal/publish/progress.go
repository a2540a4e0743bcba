package publish

import (
	"context"
	"time"

	"dunlin/internal/feed"
)

// watch ends the taking of messages when the client ends, and tells the progress, until ctx ends. The channel is
// closed when it does neither any more.
func (r *run) watch(ctx context.Context) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-r.client.Done():
			r.stop(r.client.Err())
		case <-ctx.Done():
		}
	}()
	if r.o.Progress == nil {
		return done
	}
	both := make(chan struct{})
	go func() {
		defer close(both)
		r.progressLoop()
		<-done
	}()
	return both
}

// progressLoop tells the progress until everything is settled.
func (r *run) progressLoop() {
	every := r.o.Every
	if every <= 0 {
		every = time.Second
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	meter := meter{every: every}
	for {
		select {
		case <-ticker.C:
		case <-r.over:
			return
		}
		r.mu.Lock()
		p := Progress{Result: r.result}
		r.mu.Unlock()
		p.Elapsed = time.Since(r.begun)
		p.Rate = meter.rate(p.Completed)
		r.estimate(&p)
		r.telling.Lock()
		r.o.Progress(p)
		r.telling.Unlock()
	}
}

// estimate says how much is left, as far as the source knows.
func (r *run) estimate(p *Progress) {
	m, ok := r.source.(feed.Measured)
	if !ok {
		return
	}
	ended := p.Completed + p.Refused + p.InDoubt + p.Unsent + p.Bad
	if p.Total = m.Total(); p.Total > 0 && ended > 0 {
		p.Left = scaled(p.Elapsed, float64(p.Total-ended)/float64(ended))
	} else if portion := m.Portion(); portion > 0 && p.Total == 0 {
		p.Left = scaled(p.Elapsed, (1-portion)/portion)
	}
}

// scaled returns d times factor, in whole seconds.
func scaled(d time.Duration, factor float64) time.Duration {
	return time.Duration(float64(d) * factor).Round(time.Second)
}

// meter tells a rate of late: the last three ticks or so count.
type meter struct {
	every   time.Duration
	before  int
	smooth  float64
	started bool
}

// rate takes the count of this tick.
func (m *meter) rate(count int) float64 {
	rate := float64(count-m.before) / m.every.Seconds()
	m.before = count
	if !m.started {
		m.smooth, m.started = rate, true
	}
	m.smooth += (rate - m.smooth) / 2
	return m.smooth
}
