// Package powerloss takes the power away after each operation of a store on its disk, leaves any of
// the writes that were not synced, or half of one, and opens the store again.
package powerloss

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"dunlin/faultlab/internal/lab"
	"dunlin/internal/diskfault"
	"dunlin/mqtt/store/disk"
)

const about = "lose the power after each operation of a disk store, with every subset of the writes that were not synced"

type options struct {
	commits, batch, keys, value, reopen, fail int
	segment                                   int64
	rounds                                    int
}

// cell is one mode with one size of files.
type cell struct {
	name    string
	sync    disk.Sync
	segment int64
}

// Run is the program.
func Run(ctx context.Context, args []string, out, progress io.Writer) (exit int) {
	var o options
	flags, seed := lab.Flags("powerloss", about)
	flags.IntVar(&o.commits, "commits", 30, "how many commits each store makes")
	flags.IntVar(&o.batch, "batch", 4, "the most changes of a commit")
	flags.IntVar(&o.keys, "keys", 8, "how many keys there are")
	flags.IntVar(&o.value, "value", 120, "the longest value in bytes")
	flags.IntVar(&o.reopen, "reopen", 7, "after how many commits the store is closed, or killed, and opened again")
	flags.IntVar(&o.fail, "fail", 5, "in how many commits one write or sync fails")
	flags.Int64Var(&o.segment, "segment", 512, "the size of the files of the stores that clean their log often")
	flags.IntVar(&o.rounds, "rounds", 1, "how often all of it is done, each time with other contents")
	if exit, done := lab.Parse(flags, seed, args); done {
		return exit
	}
	if min(o.commits, o.batch, o.keys, o.value, o.reopen, o.fail, o.rounds) < 1 || o.segment < 256 {
		return lab.Misused(flags, "all sizes are at least 1, -segment at least 256")
	}
	result := lab.NewResult("powerloss", *seed, map[string]any{
		"commits": o.commits, "batch": o.batch, "keys": o.keys, "value": o.value, "reopen": o.reopen, "fail": o.fail, "segment": o.segment, "rounds": o.rounds,
	})
	o.run(ctx, *seed, result, progress)
	lab.Done(progress)
	return result.End(out)
}

func (o *options) run(ctx context.Context, seed uint64, result *lab.Result, progress io.Writer) {
	cells := []cell{
		{"always", disk.Always, 0},
		{"always_small", disk.Always, o.segment},
		{"interval", disk.Interval, 0},
		{"interval_small", disk.Interval, o.segment},
		{"never", disk.Never, 0},
		{"never_small", disk.Never, o.segment},
	}
	total := &total{progress: progress, of: len(cells) * o.rounds, byCell: map[string]int{}}
	work := make(chan func())
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for f := range work {
				f()
			}
		})
	}
	for round := range o.rounds {
		for _, c := range cells {
			work <- func() { o.cell(ctx, c, seed+uint64(round), total, result) }
		}
	}
	close(work)
	workers.Wait()
	total.tell(result)
	if ctx.Err() != nil {
		result.Fail("stopped before the end")
	}
}

func (o *options) cell(ctx context.Context, c cell, seed uint64, total *total, result *lab.Result) {
	if ctx.Err() != nil {
		return
	}
	work := diskfault.Workload{
		Seed: seed, Options: disk.Options{Sync: c.sync, SegmentSize: c.segment, Every: 50 * time.Microsecond},
		Commits: o.commits, Batch: o.batch, Keys: o.keys, Value: o.value, Reopen: o.reopen, Fail: o.fail,
	}
	trial, err := work.Run()
	if err != nil {
		result.Fail("%s: %v", c.name, err)
		return
	}
	report := trial.Cut(func(done, of int, r *diskfault.Report) bool {
		total.show(c, done, of, r)
		return ctx.Err() == nil
	})
	total.add(c, report)
	for _, f := range report.Findings {
		result.Fail("%s, seed %d: %s", c.name, seed, f)
	}
	if report.Bad() > 0 {
		result.Fail("%s, seed %d: %d bad", c.name, seed, report.Bad())
	}
}

// total adds up the cells.
type total struct {
	progress io.Writer
	of       int

	mu                                                      sync.Mutex
	cells, cuts, images, again, lost, wrong, alarms, failed int
	byCell                                                  map[string]int
}

func (t *total) show(c cell, done, of int, r *diskfault.Report) {
	t.mu.Lock()
	defer t.mu.Unlock()
	lab.Show(t.progress, "powerloss: %d of %d stores, %s: operation %d of %d, %d contents, %d bad", t.cells, t.of, c.name, done, of,
		t.images+r.Images, t.lost+t.wrong+t.alarms+t.failed+r.Bad())
}

func (t *total) add(c cell, r *diskfault.Report) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cells++
	t.cuts += r.Cuts
	t.images += r.Images
	t.again += r.Again
	t.lost += r.Lost
	t.wrong += r.Wrong
	t.alarms += r.Alarms
	t.failed += r.Failed
	t.byCell[c.name] += r.Images
}

func (t *total) tell(result *lab.Result) {
	for name, value := range map[string]int{
		"stores": t.cells, "cuts": t.cuts, "contents": t.images, "second_losses": t.again,
		"lost": t.lost, "wrong": t.wrong, "false_alarms": t.alarms, "not_opened": t.failed,
	} {
		result.Count(name, value)
	}
	for name, n := range t.byCell {
		result.Count(fmt.Sprintf("contents_%s", name), n)
	}
}
