package work

import "testing"

func TestWarm(t *testing.T) {
	works := map[string]Work{}
	for _, w := range All() {
		works[w.Name] = w
	}
	for _, x := range []struct {
		name        string
		count, want int
	}{
		{"pub0", 1000, 100},
		{"idle", 1, 0},
		{"recv0-16m", 4, 1},
		{"clients-1", 5000, 500},
		{"clients-10000", 5000, 10_000 * Burst}, // each has had its turn
	} {
		w := works[x.name]
		if got := w.Warm(x.count); got != x.want {
			t.Errorf("%s: %d messages to warm up for %d, want %d", x.name, got, x.count, x.want)
		}
	}
}

// TestFirstTrialIsShort bounds what a trial sends, and keeps as many messages as are to be
// in flight.
func TestFirstTrialIsShort(t *testing.T) {
	for _, w := range All() {
		n := w.First()
		if n < 1 || n < 2*w.N || w.N == 0 && n*w.Size > 64<<20 {
			t.Errorf("%s begins with %d messages of %d bytes", w.Name, n, w.Size)
		}
	}
}
