package storebench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"dunlin/faultlab/internal/lab"
	"dunlin/mqtt/store"
	"dunlin/mqtt/store/disk"
)

const (
	about = "measure commits to the disk store and to the same store on bbolt"
	// waiting is how many messages wait for their acknowledgement: a commit removes as many old
	// records as it adds new ones.
	waiting = 200
)

type options struct {
	dir   string
	value int
	time  time.Duration
}

// contender is a store in one mode.
type contender struct {
	name string
	open func(dir string) (store.Store, error)
}

func contenders() []contender {
	log := func(mode disk.Sync) func(string) (store.Store, error) {
		return func(dir string) (store.Store, error) { return disk.Open(dir, disk.Options{Sync: mode}) }
	}
	bolt := func(sync bool) func(string) (store.Store, error) {
		return func(dir string) (store.Store, error) { return OpenBolt(dir, sync) }
	}
	return []contender{
		{"always_disk", log(disk.Always)},
		{"always_bbolt", bolt(true)},
		{"interval_disk", log(disk.Interval)},
		{"never_disk", log(disk.Never)},
		{"never_bbolt", bolt(false)},
	}
}

// Run is the program.
func Run(ctx context.Context, args []string, out, progress io.Writer) (exit int) {
	var o options
	flags, seed := lab.Flags("storebench", about)
	flags.StringVar(&o.dir, "dir", "", "a directory on the disk to measure; empty: that for temporary files")
	flags.IntVar(&o.value, "value", 200, "the size of a record in bytes")
	flags.DurationVar(&o.time, "time", time.Second, "how long each is measured")
	if exit, done := lab.Parse(flags, seed, args); done {
		return exit
	}
	if o.value < 1 || o.time <= 0 {
		return lab.Misused(flags, "-value and -time are positive")
	}
	result := lab.NewResult("storebench", *seed, map[string]any{"value": o.value, "time": o.time.String()})
	if err := o.all(ctx, result, progress); err != nil {
		result.Fail("%v", err)
	}
	lab.Done(progress)
	return result.End(out)
}

func (o *options) all(ctx context.Context, result *lab.Result, progress io.Writer) error {
	dir, err := os.MkdirTemp(o.dir, "storebench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for _, batch := range []int{1, 100} {
		for _, c := range contenders() {
			name := fmt.Sprintf("%s_%d", c.name, batch)
			lab.Show(progress, "storebench: %s", name)
			if err := o.measure(ctx, filepath.Join(dir, name), c, batch, result); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// measure counts what a commit takes, which adds batch records and removes as many.
func (o *options) measure(ctx context.Context, dir string, c contender, batch int, result *lab.Result) error {
	s, err := c.open(dir)
	if err != nil {
		return err
	}
	changes := make([]store.Change, 2*batch)
	value := make([]byte, o.value)
	key := uint64(waiting)
	next := func() error {
		for i := range batch {
			changes[2*i] = store.Change{Key: key, Value: value}
			changes[2*i+1] = store.Change{Key: key - waiting}
			key++
		}
		return s.Commit(changes)
	}
	for range waiting / batch {
		if err := next(); err != nil {
			return errors.Join(err, s.Close())
		}
	}
	var took []time.Duration
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for start := time.Now(); time.Since(start) < o.time && ctx.Err() == nil; {
		at := time.Now()
		if err := next(); err != nil {
			return errors.Join(err, s.Close())
		}
		took = append(took, time.Since(at))
	}
	runtime.ReadMemStats(&after)
	figures := figuresOf(took, batch)
	figures["allocs"] = (after.Mallocs - before.Mallocs) / uint64(len(took))
	figures["bytes_on_disk"] = size(dir)
	result.Count(fmt.Sprintf("%s_%d", c.name, batch), figures)
	return s.Close()
}

// figuresOf returns what is told of the times that commits took.
func figuresOf(took []time.Duration, batch int) map[string]any {
	slices.Sort(took)
	var sum time.Duration
	for _, d := range took {
		sum += d
	}
	figure := func(d time.Duration) float64 { return float64(d.Nanoseconds()/10) / 100 }
	return map[string]any{
		"commits": len(took), "mean_us": figure(sum / time.Duration(len(took))), "median_us": figure(took[len(took)/2]),
		"p99_us": figure(took[len(took)*99/100]), "us_a_record": figure(sum / time.Duration(len(took)*batch)),
	}
}

func size(dir string) (n int64) {
	_ = filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			n += info.Size()
		}
		return nil
	})
	return n
}
