package fleet

import (
	"testing"
	"testing/synctest"
	"time"
)

// Who waits for answers at the end waits for as long as they, or the firmware before them, come, and not for ever.
func TestTheEndWaitsWhileSomethingMoves(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ moves, want time.Duration }{
		"nothing moves":         {0, farewell},
		"something for a while": {30 * time.Second, 30*time.Second + farewell},
		"something for ever":    {time.Hour, longFarewell},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &run{ctx: t.Context()}
				began := time.Now()
				ctx, cancel := r.patience()
				defer cancel()
				for time.Since(began) < c.moves && ctx.Err() == nil {
					<-time.After(5 * time.Second)
					r.counts.add(Chunks)
				}
				<-ctx.Done()
				if took := time.Since(began); took < c.want || took > c.want+5*time.Second {
					t.Errorf("it waited %v, and was to wait %v", took, c.want)
				}
			})
		})
	}
}
