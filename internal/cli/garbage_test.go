package cli

import (
	"runtime"
	"runtime/debug"
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

// TestSpendMemory sees the pace follow what is live, up and down.
func TestSpendMemory(t *testing.T) {
	t.Setenv("GOGC", "")
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	spendMemory()
	percent := func() int {
		p := debug.SetGCPercent(100)
		debug.SetGCPercent(p)
		return p
	}
	await := func(what string, ok func(int) bool) {
		t.Helper()
		for end := time.Now().Add(30 * time.Second); ; {
			runtime.GC() // its finalizers run soon after
			if p := percent(); ok(p) {
				return
			} else if time.Now().After(end) {
				t.Fatalf("%s: GOGC is %d", what, p)
			}
		}
	}
	await("with little memory in use", func(p int) bool { return p > 100 })
	func() {
		large := make([]byte, 64<<20)
		await("with much memory in use", func(p int) bool { return p == 100 })
		runtime.KeepAlive(large)
	}()
	await("with little memory in use again", func(p int) bool { return p > 100 })
}
