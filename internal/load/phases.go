package load

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"dunlin/internal/load/scenario"
)

// phases runs the phases one after another, until the last is over or ctx ends.
func (r *run) phases(ctx context.Context) {
	r.prepare()
	start := r.now()
	length := r.s.Length()
	if length > 0 {
		r.end.Store(start + int64(length))
	}
	warm := sync.OnceFunc(r.collector.warm)
	if r.s.Warmup > 0 {
		timer := time.AfterFunc(r.s.Warmup, warm)
		defer timer.Stop()
	} else {
		warm()
	}
	at := start
	for i := range r.s.Phases {
		if ctx.Err() != nil || r.fatal() != nil {
			break
		}
		p := &r.s.Phases[i]
		r.stage.Store(p.Name)
		r.phase(ctx, p, at)
		at += int64(p.Duration)
		if p.Duration == 0 {
			at = r.now()
		}
	}
	r.endSending()
	warm() // a load that ended before has measured nothing
	r.measureFrom, r.counted = start+int64(r.s.Warmup), length == 0
	end := r.now()
	if !r.counted {
		end = min(end, at) // what comes after that is no part of it
	}
	r.measured = time.Duration(max(end-r.measureFrom, 0))
}

// endSending has nothing sent any more.
func (r *run) endSending() {
	for _, g := range r.groups {
		g.sends.Store(false)
	}
	r.mu.Lock()
	r.stopSending() // and whoever still waits for room
	r.mu.Unlock()
	r.loops.Wait()
}

// prepare sorts the sources: schedulers for those with a rate, and closed loops.
func (r *run) prepare() {
	timed := 0
	r.retrying.Lock()
	for _, s := range r.sources {
		s.ctx = r.sending
		if s.p.spec.Count > 0 {
			r.unfinished.Add(1)
		}
		switch {
		case s.p.spec.Rate > 0:
			timed++
		case !floods(s.p.spec):
			r.closedLoops = append(r.closedLoops, s)
		}
	}
	r.retrying.Unlock()
	if r.unfinished.Load() == 0 {
		close(r.finished) // a phase without a duration has nothing to wait for
	}
	if timed > 0 {
		r.schedulers = make([]*scheduler, min(timed, r.cores))
		for i := range r.schedulers {
			r.schedulers[i] = &scheduler{r: r}
		}
	}
	timed = 0
	for _, s := range r.sources {
		if s.p.spec.Rate == 0 {
			continue
		}
		d := r.schedulers[timed%len(r.schedulers)]
		d.sources = append(d.sources, s)
		if s.p.carrier == carriesInPayload {
			s.payload = s.p.sharedPayload(timed%len(r.schedulers), len(r.schedulers))
		}
		timed++
	}
}

// sharedPayload is the payload that all sources of a scheduler fill in turn.
func (p *publication) sharedPayload(scheduler, schedulers int) []byte {
	if p.shared == nil {
		p.shared = make([][]byte, schedulers)
	}
	if p.shared[scheduler] == nil {
		p.shared[scheduler] = append([]byte(nil), p.base...)
	}
	return p.shared[scheduler]
}

// lateGrace is how long after its end a phase may still send what was due before.
const lateGrace = time.Second

// phase runs one phase, which began then.
func (r *run) phase(ctx context.Context, p *scenario.Phase, began int64) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for _, g := range r.groups {
		g.sends.Store(active(p, g.Name))
	}
	var timed sync.WaitGroup
	for _, d := range r.schedulers {
		timed.Go(func() { d.phase(ctx, p, began) })
	}
	r.goOn()
	dropping, endDrops := context.WithCancel(ctx)
	defer endDrops()
	for _, g := range r.groups {
		if p.Drops && g.Drop != nil && concerns(p, g.Name) {
			timed.Go(func() { g.drops(dropping) })
		}
	}
	r.await(ctx, p, began)
	r.collector.phaseEnded()
	endDrops()
	for _, g := range r.groups {
		g.sends.Store(false)
	}
	if p.Duration == 0 {
		stop()
	}
	defer time.AfterFunc(lateGrace, stop).Stop()
	timed.Wait()
}

// goOn lets closed loops send in a phase that has just begun.
func (r *run) goOn() {
	for _, s := range r.sources {
		if s.p.spec.Rate > 0 || !s.mayGo() {
			continue
		}
		if floods(s.p.spec) {
			s.startFlood()
		} else {
			r.loops.Go(s.resume)
		}
	}
}

// await waits for the end of a phase.
func (r *run) await(ctx context.Context, p *scenario.Phase, began int64) {
	if p.Duration > 0 {
		pause(ctx, time.Duration(began+int64(p.Duration)-r.now()))
		return
	}
	select {
	case <-r.finished:
	case <-ctx.Done():
	}
}

// finishOne says that a source has reached its Count.
func (r *run) finishOne() {
	if r.unfinished.Add(-1) == 0 {
		close(r.finished)
	}
}

// drops breaks the links of some clients, each of them at random times, until ctx ends.
func (g *group) drops(ctx context.Context) {
	d := g.Drop
	clients := g.clients
	if d.Share > 0 && d.Share < 1 {
		clients = clients[:int(d.Share*float64(len(clients))+0.5)]
	}
	if len(clients) == 0 || d.Every <= 0 {
		return
	}
	random := rand.New(rand.NewPCG(g.r.s.Seed, uint64(len(g.Name))))
	for {
		// The sum of independent clients is a Poisson process, too, so many times as fast.
		if !pause(ctx, time.Duration(random.ExpFloat64()*float64(d.Every)/float64(len(clients)))) {
			return
		}
		clients[random.IntN(len(clients))].drop(d.For)
	}
}

// drain waits until what is under way has come, Scenario.Drain at most.
func (r *run) drain() {
	const look = 10 * time.Millisecond
	quiet := 300 * time.Millisecond
	if r.verifies() {
		quiet = 100 * time.Millisecond // for what comes twice: how many are to come is known
	}
	end := time.Now().Add(r.s.Drain)
	last, since := int64(-1), time.Now()
	for time.Now().Before(end) {
		under := int64(0)
		for _, s := range r.sources {
			under += s.under.Load()
		}
		received := r.counts().Received
		if received != last || under > 0 {
			last, since = received, time.Now()
			if r.counted {
				r.measured = time.Duration(max(r.now()-r.measureFrom, 0))
			}
		} else if time.Since(since) >= quiet && !r.awaitsMore(received) {
			return
		}
		pause(context.Background(), look)
	}
}

// awaitsMore reports whether messages are missing that are known to have been sent. Their number does not tell: what comes twice, or is of
// others, would stand for what is missing. So it looks into the account, once for each time that messages came and then none.
func (r *run) awaitsMore(received int64) bool {
	if r.verifies() && received != r.accounted {
		r.accounted = received
		ledger := r.ledger()
		r.missing = ledger.Account().Lost > 0
	}
	return r.missing
}
