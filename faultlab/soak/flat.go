package soak

import (
	"os"
	"runtime"
	"slices"
	"time"

	"dunlin/faultlab/internal/lab"
)

// How much more than after the warm-up there may be at the end.
const (
	heapSlack    = 4 << 20 // and a tenth
	handfulSlack = 15      // goroutines, descriptors: a client that is connecting has fewer
)

// flat samples what the process holds, once a second, and compares the second
// quarter of the time, which is after the warm-up, with the last.
type flat struct {
	whole, next time.Duration
	early, late [3][]int // heap, goroutines, descriptors
}

func newFlat(whole time.Duration) *flat { return &flat{whole: whole} }

// sample takes a sample when it is time for one, and reports whether it was.
func (f *flat) sample(at time.Duration) bool {
	if at < f.next {
		return false
	}
	f.next = at + min(time.Second, f.whole/40)
	into := &f.late
	switch {
	case at < f.whole/4, at >= f.whole/2 && at < f.whole*3/4:
		return true
	case at < f.whole/2:
		into = &f.early
	}
	runtime.GC() // what is held, not what waits to be collected
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	for i, n := range []int{int(m.HeapAlloc), runtime.NumGoroutine(), descriptors()} {
		into[i] = append(into[i], n)
	}
	return true
}

// descriptors returns how many files this process has open; 0 where that cannot
// be seen.
func descriptors() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}

// judge compares.
func (f *flat) judge(result *lab.Result) {
	for i, name := range []string{"heap", "goroutines", "descriptors"} {
		if len(f.early[i]) == 0 || len(f.late[i]) == 0 {
			result.Fail("too few samples of %s", name)
			continue
		}
		before, after := median(f.early[i]), median(f.late[i])
		result.Count(name+"_after_warm_up", before)
		result.Count(name+"_at_end", after)
		slack := handfulSlack
		if name == "heap" {
			slack = heapSlack + before/10
		}
		if after > before+slack {
			result.Fail("%s grew from %d to %d", name, before, after)
		}
	}
}

func median(n []int) int {
	slices.Sort(n)
	return n[len(n)/2]
}

// judgeGoroutines fails when some are left of clients that were closed.
func (s *soak) judgeGoroutines(before int) {
	for range 100 { // those that end by themselves need a moment
		if runtime.NumGoroutine() <= before {
			break
		}
		<-time.After(20 * time.Millisecond)
	}
	left := runtime.NumGoroutine() - before
	s.result.Count("goroutines_left", max(left, 0))
	if left > 0 {
		s.result.Fail("%d goroutines are left after Close", left)
	}
}
