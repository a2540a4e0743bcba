// Package bitrot flips every bit of a store, and cuts it off at every byte, and looks at what the
// store makes of it.
package bitrot

import (
	"context"
	"io"
	"math/rand/v2"
	"sync"

	"dunlin/faultlab/internal/lab"
	"dunlin/internal/diskfault"
)

const (
	about = "flip each bit of a disk store, and cut it off at each byte"
	// chunk is how many bits or bytes a worker takes at a time.
	chunk = 512
)

type options struct {
	size, value, batch, sample int
	killed                     bool
	segment                    int64
}

// Run is the program.
func Run(ctx context.Context, args []string, out, progress io.Writer) (exit int) {
	var o options
	flags, seed := lab.Flags("bitrot", about)
	flags.IntVar(&o.size, "size", 64<<10, "the size of the store in bytes, about")
	flags.IntVar(&o.value, "value", 240, "the longest value in bytes")
	flags.IntVar(&o.batch, "batch", 4, "the most changes of a commit; 1 with -killed")
	flags.IntVar(&o.sample, "sample", 0, "how many random bits to flip, and bytes to cut off at; 0: all")
	flags.BoolVar(&o.killed, "killed", false, "the store was not closed before")
	flags.Int64Var(&o.segment, "segment", 0, "the size of the store's files; 0: its default")
	if exit, done := lab.Parse(flags, seed, args); done {
		return exit
	}
	if min(o.size, o.value, o.batch) < 1 || o.sample < 0 {
		return lab.Misused(flags, "-size, -value and -batch are at least 1, -sample at least 0")
	}
	if o.killed {
		o.batch = 1
	}
	result := lab.NewResult("bitrot", *seed, map[string]any{
		"size": o.size, "value": o.value, "batch": o.batch, "sample": o.sample, "killed": o.killed, "segment": o.segment,
	})
	rot, err := diskfault.NewRot(diskfault.RotOptions{
		Seed: *seed, Size: o.size, Value: o.value, Batch: o.batch, Killed: o.killed, SegmentSize: o.segment,
	})
	if err != nil {
		result.Fail("%v", err)
		return result.End(out)
	}
	l := &run{options: o, rot: rot, result: result, progress: progress, of: rot.Size() * 9}
	l.all(ctx, *seed)
	lab.Done(progress)
	return result.End(out)
}

// run is one run of the program.
type run struct {
	options
	rot      *diskfault.Rot
	result   *lab.Result
	progress io.Writer
	of       int

	mu                                                   sync.Mutex
	done                                                 int
	flips, cuts, unseen, wrong, failed, gone, torn, most int
}

func (l *run) all(ctx context.Context, seed uint64) {
	work := make(chan []int)
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for part := range work {
				for _, n := range part {
					l.try(n)
				}
				l.show(len(part))
			}
		})
	}
	for part := range l.parts(seed) {
		if ctx.Err() != nil {
			l.result.Fail("stopped before the end")
			break
		}
		work <- part
	}
	close(work)
	workers.Wait()
	l.tell()
}

// parts gives the numbers of all bits, and after them those of all bytes to cut off at.
func (l *run) parts(seed uint64) func(yield func([]int) bool) {
	r := rand.New(rand.NewPCG(seed, 9))
	bits := l.rot.Size() * 8
	if l.sample > 0 {
		l.of = 2 * l.sample
	}
	number := func(n int) int {
		switch {
		case l.sample == 0:
			return n
		case n < l.sample:
			return r.IntN(bits)
		}
		return bits + r.IntN(l.rot.Size())
	}
	return func(yield func([]int) bool) {
		for n := 0; n < l.of; n += chunk {
			part := make([]int, 0, chunk)
			for i := n; i < min(n+chunk, l.of); i++ {
				part = append(part, number(i))
			}
			if !yield(part) {
				return
			}
		}
	}
}

func (l *run) try(n int) {
	bits := l.rot.Size() * 8
	if n < bits {
		v := l.rot.Flip(n)
		l.judge("bit", n, v)
		return
	}
	if v, ok := l.rot.Truncate(n - bits); ok {
		l.judge("cut at", n-bits, v)
	}
}

func (l *run) judge(what string, n int, v diskfault.Verdict) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// A damaged last record of a store that nobody closed is what a crash leaves: the store is as
	// it was one change before.
	prefix := v.Suffix == 1 && l.killed
	limit := 1
	if what == "bit" {
		l.flips++
		l.most = max(l.most, v.Lost)
		if v.Lost > 0 {
			l.gone++
		}
	} else {
		l.cuts++
		prefix = v.Suffix >= 0
		limit = l.rot.Values()
	}
	switch {
	case v.Err != nil:
		l.failed++
		l.result.Fail("%s %d: %v", what, n, v.Err)
	case !v.Told:
		l.unseen++
		l.result.Fail("%s %d: not noticed", what, n)
	case prefix:
		l.torn++
	case v.Wrong > 0 || v.Lost > limit || what != "bit":
		l.wrong++
		l.result.Fail("%s %d: %d values wrong, %d lost", what, n, v.Wrong, v.Lost)
	}
}

func (l *run) show(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done += n
	lab.Show(l.progress, "bitrot: %d of %d, %d not noticed, %d wrong, %d failed", l.done, l.of, l.unseen, l.wrong, l.failed)
}

func (l *run) tell() {
	for name, value := range map[string]int{
		"bytes": l.rot.Size(), "values": l.rot.Values(), "flips": l.flips, "truncations": l.cuts, "not_noticed": l.unseen, "wrong": l.wrong,
		"failed": l.failed, "flips_that_lost_a_value": l.gone, "most_lost_by_a_flip": l.most, "back_to_an_earlier_state": l.torn,
	} {
		l.result.Count(name, value)
	}
}
