package measure

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"dunlin/bench/process"
	"dunlin/bench/report"
	"dunlin/bench/work"
)

// Plan is a whole run.
type Plan struct {
	Works   []work.Work
	Drivers []Driver
	Rounds  int     // 0: the trials only
	Seconds float64 // that a measurement should last
	Dir     string  // durable works write below it
	Profile string  // a folder for profiles of our driver, or empty
	Program string  // this program, which is the server, too
	Tell    func(Progress)
}

// entry is one cell of the tables.
type entry struct {
	work   *work.Work
	driver *Driver
	count  int
	extra  time.Duration // what a process takes beyond the measurement
	result report.Result
}

// Run does the plan: first a trial of each client in each work, which also warms
// the machine up and finds how many messages take the time that is wanted, then
// the rounds. Within a round the clients take turns at each work, and in the next one
// they do so the other way round. When ctx ends, Run returns what it has.
func (p *Plan) Run(ctx context.Context) ([]report.Result, error) {
	dir, err := os.MkdirTemp(p.Dir, "bench")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left there harms nobody
	r := &runner{Plan: p, dir: dir}
	if r.server, err = StartServer(p.Program, dir, process.Anywhere); err != nil {
		return nil, err
	}
	defer func() { _ = r.server.Close() }() // nothing is wanted of it any more
	entries := p.entries()
	err = r.rounds(ctx, entries)
	results := make([]report.Result, 0, len(entries))
	for _, e := range entries {
		results = append(results, e.result)
	}
	return results, err
}

func (p *Plan) entries() []*entry {
	var all []*entry
	for i := range p.Works {
		for k := range p.Drivers {
			if w, d := &p.Works[i], &p.Drivers[k]; d.Does(w) {
				all = append(all, &entry{work: w, driver: d, result: report.Result{Work: w.Name, Client: d.Name}})
			}
		}
	}
	return all
}

// runner is a plan being done.
type runner struct {
	*Plan
	dir    string
	server *Server
	runs   int
}

func (r *runner) rounds(ctx context.Context, entries []*entry) error {
	for i, e := range entries {
		r.tell(entries, e, 0, i)
		if err := r.tryOut(ctx, e); err != nil {
			return err
		}
	}
	for round := 1; round <= r.Rounds; round++ {
		entries := turned(entries, round)
		for i, e := range entries {
			if e.result.Fault != "" || e.result.Unknown {
				continue
			}
			r.tell(entries, e, round, i)
			sample, err := r.measure(ctx, e, e.count)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err == nil {
				e.result.Samples = append(e.result.Samples, sample)
			}
		}
	}
	return nil
}

// turned returns the entries in the order of a round: the clients of each work stand
// the other way round in each second one. Whoever always came first, behind another
// work, would else be faster or slower for that.
func turned(entries []*entry, round int) []*entry {
	if round%2 == 1 {
		return entries
	}
	order := slices.Clone(entries)
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && order[to].work == order[from].work {
			to++
		}
		slices.Reverse(order[from:to])
		from = to
	}
	return order
}

// tryOut finds e.count.
func (r *runner) tryOut(ctx context.Context, e *entry) error {
	if e.count = 1; e.work.Once() && r.Rounds > 0 {
		return nil
	}
	if !e.work.Once() {
		e.count = e.work.First()
	}
	for range 8 {
		start := time.Now()
		sample, err := r.measure(ctx, e, e.count)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return nil
		}
		seconds := max(sample.Seconds, 1e-6)
		e.extra = time.Since(start) - time.Duration(1.1*seconds*1e9)
		grow := r.Seconds / seconds
		e.count = max(roundCount(float64(e.count)*min(grow, 30)), e.work.N)
		if grow < 4 {
			return nil
		}
	}
	return nil
}

// roundCount rounds to two digits.
func roundCount(n float64) int {
	if n < 100 {
		return max(int(n), 1)
	}
	unit := math.Pow(10, math.Floor(math.Log10(n))-1)
	return int(math.Round(n/unit) * unit)
}

// slowest is how long a process may take beyond what was planned.
const slowest = 90 * time.Second

// measure runs a driver once. What goes wrong is noted, and the server begins anew.
func (r *runner) measure(ctx context.Context, e *entry, count int) (report.Sample, error) {
	limit := slowest + time.Duration(30*r.Seconds*float64(time.Second))
	one, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not done after %v", limit))
	defer cancel()
	sample, err := r.once(one, e, count)
	switch {
	case err == nil || ctx.Err() != nil:
		return sample, err
	case errors.Is(err, errNoWork) && e.driver.Commit != "":
		e.result.Unknown = true
		return sample, err
	default:
		e.result.Fault = err.Error()
		return sample, errors.Join(err, r.restart(r.server.where))
	}
}

func (r *runner) once(ctx context.Context, e *entry, count int) (report.Sample, error) {
	r.runs++
	dir := filepath.Join(r.dir, fmt.Sprint("run", r.runs))
	if err := os.Mkdir(dir, 0o700); err != nil { // a store wants it closed to others
		return report.Sample{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // Run removes all of it again
	j := job{driver: e.driver, work: e.work, warm: e.work.Warm(count), count: count}
	if r.Profile != "" && e.driver.Name == work.Ours {
		j.profile = filepath.Join(r.Profile, e.work.Name)
	}
	if err := r.forget(e.work); err != nil {
		return report.Sample{}, err
	}
	return j.run(ctx, r.server, dir)
}

// forget sees to it that what a driver did while it closed, after its check, is not
// charged to the next one, and that the server has the processors that w leaves it.
func (r *runner) forget(w *work.Work) error {
	where := process.Anywhere
	if w.Core {
		where = process.OtherCores
	}
	if _, err := r.server.Counts(); err != nil || r.server.where != where {
		return r.restart(where)
	}
	return nil
}

// restart leaves a server that has ended when there is no new one: whoever wants it
// next tries again.
func (r *runner) restart(where process.Place) error {
	_ = r.server.Close() // it may have seen a fault
	s, err := StartServer(r.Program, r.dir, where)
	if err == nil {
		r.server = s
	}
	return err
}
