package drive

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Run is one work being done.
type Run struct {
	*Setup
	report    Report
	latencies []time.Duration
	floods    int
	kept      []any // clients, while the caller looks at the memory of the process
}

// Messages calls f twice: with the messages to warm up, then with those that
// count, between begin and end.
func (r *Run) Messages(f func(n int) error) error {
	if r.Warm > 0 {
		if err := f(r.Warm); err != nil {
			return err
		}
	}
	r.latencies = make([]time.Duration, 0, r.Count)
	stop, err := r.profile()
	if err != nil {
		return err
	}
	if err := r.begin(); err != nil {
		return err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	if err := f(r.Count); err != nil {
		return err
	}
	r.report.Seconds = time.Since(start).Seconds()
	runtime.ReadMemStats(&after)
	r.report.Mallocs = after.Mallocs - before.Mallocs
	r.report.Allocated = after.TotalAlloc - before.TotalAlloc
	r.quantiles()
	return stop()
}

func (r *Run) begin() error {
	_, err := fmt.Fprintln(r.out, "begin")
	return err
}

// Trip notes how long one message took.
func (r *Run) Trip(d time.Duration) { r.latencies = append(r.latencies, d) }

// Trips calls one for each message, as Messages does with all of them, and notes how
// long each takes.
func (r *Run) Trips(one func() error) error {
	return r.Messages(func(n int) error {
		for range n {
			t := time.Now()
			if err := one(); err != nil {
				return err
			}
			r.Trip(time.Since(t))
		}
		return nil
	})
}

func (r *Run) quantiles() {
	n := len(r.latencies)
	if n < r.Count || n == 0 {
		return
	}
	all := slices.Sorted(slices.Values(r.latencies[n-r.Count:])) // without those of the warm-up
	us := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
	r.report.P50, r.report.P99 = us(all[len(all)/2]), us(all[len(all)*99/100])
}

// InFlight returns how many messages of QoS 1 or 2 the work wants in flight, and notes
// that: Window; in the works called window N, or, when that is 0, the client's own default.
func (r *Run) InFlight(own int) int {
	n := Window
	if strings.HasSuffix(r.Work, "-window") {
		n = cmp.Or(r.N, own)
	}
	r.report.InFlight = n
	return n
}

// Flood returns the topic that makes the server send n messages. It is another
// one at each call.
func (r *Run) Flood(qos byte, n int) string {
	r.floods++
	return fmt.Sprintf("flood/%d/%d/%d/%d", qos, r.Size, n, r.floods)
}

// Clients calls dial for each of N clients and measures what they cost at rest.
// dial returns when its client is connected; what it returns is kept until the
// end.
func (r *Run) Clients(dial func(i int) (any, error)) error {
	first, err := dial(-1) // what is made once does not count
	if err != nil {
		return err
	}
	if err := r.begin(); err != nil {
		return err
	}
	before := atRest()
	goroutines := runtime.NumGoroutine()
	start := time.Now()
	clients := make([]any, r.N)
	for i := range clients {
		if clients[i], err = dial(i); err != nil {
			return fmt.Errorf("client %d: %w", i, err)
		}
	}
	r.report.Seconds = time.Since(start).Seconds()
	after := atRest()
	n := float64(r.N)
	r.report.Heap = float64(int64(after.HeapAlloc)-int64(before.HeapAlloc)) / n
	r.report.Stack = float64(int64(after.StackInuse)-int64(before.StackInuse)) / n
	r.report.Goroutines = float64(runtime.NumGoroutine()-goroutines) / n
	r.kept = append(clients, first)
	return nil
}

// atRest returns what memory is in use after the garbage is gone, also that which
// finalizers had kept.
func atRest() (m runtime.MemStats) {
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m
}
