package cli

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

func TestGCPercent(t *testing.T) {
	for live, want := range map[uint64]int{0: 400, 4 << 20: 400, 8 << 20: 200, 16 << 20: 100, 1 << 30: 100} {
		if got := gcPercent(live); got != want {
			t.Errorf("%d bytes live: %d, want %d", live, got, want)
		}
	}
}

func TestPercentForViewing(t *testing.T) {
	for live, want := range map[uint64]int{0: 100, 64 << 20: 100, 128 << 20: 50, 200 << 20: 32, 1 << 30: 25} {
		if got := viewingPercent(live); got != want {
			t.Errorf("%d bytes live: %d, want %d", live, got, want)
		}
	}
}

// TestPaceGC sees the pace follow what is live, up and down.
func TestPaceGC(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	var large []byte
	runtime.GC()
	base := []metrics.Sample{{Name: "/gc/heap/live:bytes"}} // what other tests have left
	metrics.Read(base)
	paceGC(func(live uint64) int {
		if live > base[0].Value.Uint64()+32<<20 {
			return 100
		}
		return 321
	})
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	await := func(what string, ok func(uint64) bool) {
		t.Helper()
		for end := time.Now().Add(time.Minute); ; {
			runtime.GC() // its finalizers run soon after
			metrics.Read(sample)
			if p := sample[0].Value.Uint64(); ok(p) {
				return
			} else if time.Now().After(end) {
				t.Fatalf("%s: GOGC is %d", what, p)
			}
		}
	}
	await("with little memory in use", func(p uint64) bool { return p > 100 })
	large = make([]byte, 64<<20)
	await("with much memory in use", func(p uint64) bool { return p == 100 })
	runtime.KeepAlive(large)
	large = nil //nolint:ineffassign,wastedassign // lets go of it
	await("with little memory in use again", func(p uint64) bool { return p > 100 })
}
