package fleet

import (
	"context"
	"time"
)

// longFarewell is the longest wait for answers at the end, however much still moves.
const longFarewell = time.Minute

// patience returns what bounds the wait for answers at the end. It ends when for farewell none has come, nor any firmware, behind which
// commands wait where the server or this machine is slow.
func (r *run) patience() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(r.ctx, longFarewell)
	go func() {
		tick := time.NewTicker(farewell / 20)
		defer tick.Stop()
		for before, since := r.moved(), time.Now(); time.Since(since) < farewell; {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			if now := r.moved(); now != before {
				before, since = now, time.Now()
			}
		}
		cancel()
	}()
	return ctx, cancel
}

// moved is a number that changes with each step towards the answers.
func (r *run) moved() (n int64) {
	for _, c := range []Count{Commands, Answered, Chunks} {
		n += r.counts[c].Load()
	}
	return n
}
