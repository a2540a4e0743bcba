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
		{"clients-1", 5000, 500},
		{"clients-10000", 5000, 10_000 * Burst}, // each has had its turn
	} {
		w := works[x.name]
		if got := w.Warm(x.count); got != x.want {
			t.Errorf("%s: %d messages to warm up for %d, want %d", x.name, got, x.count, x.want)
		}
	}
}
