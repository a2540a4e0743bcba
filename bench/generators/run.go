package generators

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"

	"dunlin/bench/process"
	"dunlin/bench/report"
)

// Plan is a whole run.
type Plan struct {
	Generators []Generator
	Works      []report.LoadWork
	Rounds     int
	Seconds    float64       // that a measurement lasts
	Warm       time.Duration // that a generator works before
	Program    string        // this program, which is a server and the feeder, too
	Dunlin     string        // the program dunlin
	Tell       func(string)
}

// Targets are the names of the servers.
var Targets = []string{report.TargetMosquitto, report.TargetOwn}

// Run has the generators take turns at each work on each server. Each measurement has a server of its own.
func (p *Plan) Run(ctx context.Context) (*report.Loads, error) {
	all := &report.Loads{Works: p.Works, Mosquitto: mosquittoVersion(ctx)}
	for i := range p.Generators {
		all.Generators = append(all.Generators, p.Generators[i].Version)
	}
	dir, err := os.MkdirTemp("", "generators")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left there harms nobody
	for round := range p.Rounds {
		order := slices.Clone(p.Generators)
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, name := range Targets {
			for i := range p.Works {
				for k := range order {
					p.Tell(fmt.Sprintf("round %d of %d: %s, %s, %s", round+1, p.Rounds, name, p.Works[i].Name, order[k].Title))
					sample, err := p.once(ctx, dir, &trial{name, &p.Works[i], &order[k]})
					if ctx.Err() != nil {
						return nil, context.Cause(ctx)
					}
					all.Add(name, p.Works[i].Name, order[k].Name, sample, err)
				}
			}
		}
	}
	p.Tell("10,000 clients, and percentiles at a rate")
	all.Idle, all.Paced, err = p.alone(ctx, dir)
	return all, err
}

// trial is one measurement.
type trial struct {
	target    string
	work      *report.LoadWork
	generator *Generator
}

// limit is how long a measurement may take beyond its seconds.
const limit = 40 * time.Second

func (p *Plan) target(ctx context.Context, name, dir string) (target, error) {
	if name == report.TargetMosquitto {
		return startMosquitto(ctx, p.Program, dir)
	}
	return startOwnServer(p.Program, dir)
}

func (p *Plan) once(ctx context.Context, dir string, t *trial) (report.LoadSample, error) {
	length := limit + p.Warm + time.Duration(p.Seconds*1e9)
	ctx, cancel := context.WithTimeoutCause(ctx, length, fmt.Errorf("no messages within %v", length))
	defer cancel()
	s, err := p.target(ctx, t.target, dir)
	if err != nil {
		return report.LoadSample{}, err
	}
	defer s.close()
	task, err := s.task(t.work)
	if err != nil {
		return report.LoadSample{}, err
	}
	task.dir = dir
	l, err := t.generator.start(ctx, task)
	if err != nil {
		return report.LoadSample{}, err
	}
	defer l.stop()
	ctx, failed := context.WithCancelCause(ctx)
	defer failed(nil)
	go func() {
		if err, ok := <-l.gone; ok {
			failed(err)
		}
	}()
	w := &window{server: s, load: l, work: t.work, warm: p.Warm}
	return w.measure(ctx, time.Duration(p.Seconds*1e9))
}

// window is the time in which messages are counted.
type window struct {
	server target
	load   *load
	work   *report.LoadWork
	warm   time.Duration
}

// reading is what clocks and counters show at a moment.
type reading struct {
	messages    int64
	at          time.Time
	own, server time.Duration // of the processor
	peak        int64
}

func (w *window) read(ctx context.Context) (reading, error) {
	n, err := w.server.count(ctx, w.work)
	if err != nil {
		return reading{}, err
	}
	r := reading{messages: n, at: time.Now(), server: process.Time(w.server.pid())}
	r.own, r.peak = w.load.took()
	return r, nil
}

// measure counts for so long, after all clients are connected and messages flow.
func (w *window) measure(ctx context.Context, length time.Duration) (report.LoadSample, error) {
	from, err := w.after(ctx, func(r reading) bool { return r.messages > Clients })
	if err == nil {
		begin := from.at
		from, err = w.after(ctx, func(r reading) bool { return r.at.Sub(begin) >= w.warm })
	}
	if err != nil {
		return report.LoadSample{}, err
	}
	to, err := w.after(ctx, func(r reading) bool { return r.at.Sub(from.at) >= length && r.messages > from.messages })
	return report.LoadSample{
		Messages: to.messages - from.messages, Seconds: to.at.Sub(from.at).Seconds(),
		CPU: (to.own - from.own).Seconds(), ServerCPU: (to.server - from.server).Seconds(), Peak: to.peak,
	}, err
}

// between is how often a server is asked that does not speak by itself.
const between = 100 * time.Millisecond

// after returns the first reading that will do.
func (w *window) after(ctx context.Context, enough func(reading) bool) (reading, error) {
	for {
		r, err := w.read(ctx)
		if err != nil || enough(r) {
			return r, err
		}
		select {
		case <-time.After(between):
		case <-ctx.Done():
			return r, context.Cause(ctx)
		}
	}
}

func mosquittoVersion(ctx context.Context) string {
	said, _ := exec.CommandContext(ctx, "mosquitto", "-h").Output() // its status is 3
	return version(said)
}
