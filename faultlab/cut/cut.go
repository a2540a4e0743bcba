// Package cut ends a client's connection at every byte, in both directions, in
// every way, in the middle of everything that a client does, and sees whether
// the client gets over it: whether everything arrives, and whether everything that
// arrived is acknowledged in the end.
package cut

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"dunlin/faultlab/internal/lab"
	"dunlin/faultlab/internal/peer"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

const about = "end the connection at every byte, in both directions, in every way, in every flow"

// versions of the protocol that are tried.
var versions = []mqtt.Version{mqtt.V311, mqtt.V5}

// faults are the ways in which a connection breaks down, which the client's end of it
// stages.
var faults = map[string]mqtttest.Fault{"close": mqtttest.Cut, "reset": mqtttest.Break, "stall": mqtttest.Stall}

// endings are the ways in which the server ends a connection on purpose.
var endings = []peer.Way{peer.Disconnect, peer.Malformed, peer.Refuse}

// spot is where a connection ends, and how.
type spot struct {
	out   bool // at a byte of the client's; otherwise of the server's
	at    int
	fault string
}

// String names the spot.
func (s spot) String() string {
	direction := "in"
	if s.out {
		direction = "out"
	}
	return fmt.Sprintf("%s at byte %d %s", s.fault, s.at, direction)
}

// cell is one flow with the spots at which its first connections end, one each.
type cell struct {
	flow    flow
	version mqtt.Version
	spots   []spot
}

// String names the cell.
func (c cell) String() string {
	return fmt.Sprintf("%s, MQTT %s, %v", c.flow.name, c.version, c.spots)
}

// cells returns all cells of one flow with one version, and as many with two
// connections cut as asked for. The flow is run once on a sound connection, to
// see how many bytes it takes.
func cells(ctx context.Context, f flow, v mqtt.Version, twice int, random *rand.Rand) ([]cell, error) {
	in, out, err := measure(ctx, f, v)
	if err != nil {
		return nil, fmt.Errorf("%s, MQTT %s, on a sound connection: %w", f.name, v, err)
	}
	var spots []spot
	for _, fault := range ways(v) {
		for at := range in {
			spots = append(spots, spot{false, at, fault})
		}
		for at := range out {
			spots = append(spots, spot{true, at, fault})
		}
	}
	var all []cell
	for _, s := range spots {
		all = append(all, cell{f, v, []spot{s}})
	}
	for range twice {
		all = append(all, cell{f, v, []spot{spots[random.IntN(len(spots))], spots[random.IntN(len(spots))]}})
	}
	return all, nil
}

// ways returns the names of all the ways in which a connection of that version ends.
func ways(v mqtt.Version) []string {
	all := slices.Sorted(maps.Keys(faults))
	for _, w := range endings {
		if w != peer.Disconnect || v == mqtt.V5 { // a server has no DISCONNECT before
			all = append(all, string(w))
		}
	}
	return all
}

// Run is the program: all cells, in real time and beside each other.
func Run(ctx context.Context, args []string, out, progress io.Writer) (exit int) {
	flags, seed := lab.Flags("cut", about)
	parallel := flags.Int("parallel", 400, "how many cells are tried at a time; those that stall spend it waiting")
	twice := flags.Int("twice", 100, "how many cells of each flow cut the second connection, too, both anywhere")
	only := flags.String("flow", "", "try this flow only")
	if exit, done := lab.Parse(flags, seed, args); done {
		return exit
	}
	chosen := slices.DeleteFunc(slices.Clone(flows), func(f flow) bool { return *only != "" && f.name != *only })
	if len(chosen) == 0 || *parallel < 1 || *twice < 0 {
		return lab.Misused(flags, "-flow is one of %s, -parallel at least 1, -twice at least 0", flowNames())
	}
	result := lab.NewResult("cut", *seed, map[string]any{"flows": len(chosen), "parallel": *parallel, "twice": *twice})
	random := lab.Random(*seed, "cut")
	var all []cell
	for _, f := range chosen {
		for _, v := range f.versions {
			some, err := cells(ctx, f, v, *twice, random)
			if err != nil {
				result.Fail("%v", err)
			}
			all = append(all, some...)
		}
	}
	t := tryAll(ctx, all, *parallel, result, progress)
	lab.Done(progress)
	result.Count("cells", len(all))
	result.Count("failed", t.failed.Load())
	result.Count("lost", t.lost.Load())
	result.Count("acknowledged_early", t.early.Load())
	result.Count("stuck_acknowledgements", t.stuck.Load())
	if ctx.Err() != nil {
		result.Fail("stopped before the end")
	}
	return result.End(out)
}

// tally is how many cells were tried, and how many of them failed: among them those that
// lost a message, acknowledged one before its handler was through, or never did.
type tally struct{ done, failed, lost, early, stuck atomic.Int64 }

func (t *tally) add(err error) {
	t.done.Add(1)
	if err != nil {
		t.failed.Add(1)
	}
	if errors.Is(err, errLost) {
		t.lost.Add(1)
	}
	if errors.Is(err, errEarly) {
		t.early.Add(1)
	}
	if errors.Is(err, errStuck) {
		t.stuck.Add(1)
	}
}

func tryAll(ctx context.Context, all []cell, parallel int, result *lab.Result, progress io.Writer) *tally {
	var (
		tasks sync.WaitGroup
		t     tally
		next  = make(chan cell)
	)
	for range parallel {
		tasks.Go(func() {
			for c := range next {
				err := try(ctx, c)
				if err != nil {
					result.Fail("%s: %v", c, err)
				}
				t.add(err)
			}
		})
	}
	for i, c := range all {
		if ctx.Err() != nil {
			break
		}
		next <- c
		if i%50 == 0 {
			lab.Show(progress, "cut: %d of %d cells, %d failed", t.done.Load(), len(all), t.failed.Load())
		}
	}
	close(next)
	tasks.Wait()
	return &t
}
