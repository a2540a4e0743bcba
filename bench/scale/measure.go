//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"dunlin/bench/measure"
	"dunlin/bench/process"
)

const (
	// firstClients are connected before the clients that count.
	firstClients = 1000
	// keepAlive is short, so that there is something to measure in some seconds: a ping costs the same.
	keepAlive = 10 * time.Second
)

// measure puts into f what is measured now.
func (o *options) measure(ctx context.Context, f *figures) error {
	dir, err := os.MkdirTemp("", "scale")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // it is in the system's folder for such
	f.Machine, f.Go, f.Clients, f.Rounds = machine(), runtime.Version(), o.clients, o.rounds
	if size := socketSize(); size > 0 {
		f.Socket = size
	}
	for _, k := range kinds {
		if !strings.Contains(k.name, o.only) {
			continue
		}
		c, err := o.cost(ctx, k, dir)
		if err != nil {
			return err
		}
		if o.memory {
			c.keepTimes(f)
		}
		f.setKind(c)
		fmt.Fprintf(os.Stderr, "%s: %.0f bytes of heap, %.0f of stacks, %.0f resident; %.1f µs a ping, %.1f a message, %.0f a connect\n",
			k.name, c.Heap, c.Stack, c.Busy, c.Ping, c.Message, c.Connect)
	}
	if err := o.servers(ctx, f, dir); err != nil {
		return err
	}
	return o.loads(ctx, f, dir)
}

// cost measures a kind several times, with a server that nobody has used.
func (o *options) cost(ctx context.Context, k kind, dir string) (cost, error) {
	var all cost
	for round := range o.rounds {
		s, at, err := startServer(dir)
		if err != nil {
			return all, err
		}
		c, err := costOf(ctx, job{k.name, firstClients, o.clients, keepAlive, at})
		if err := errors.Join(err, s.Close()); err != nil {
			return all, err
		}
		if round == 0 {
			all = c
			continue
		}
		all.best(c)
	}
	return all, nil
}

// fleetFile is a fleet whose devices have nothing to say but a reading each minute.
const fleetFile = `name: readings
groups:
  - name: device
    count: 1
    base: readings/{n}
    qos: 1
    keep_alive: 1m
    telemetry:
      - topic: reading
        every: 1m
        values:
          - {name: power, daily: {mean: 450, swing: 300, peak: 19h, noise: 40, spread: 100}, unit: W, decimals: 0}
`

// commands returns how each load is called for so many clients. They stay longer than they are looked at. The fleet asks
// first which version the server speaks, without a client identifier, which the server of the bench takes in 3.1.1 alone.
func commands(url, file string, clients int) map[string][]string {
	n := strconv.Itoa(clients)
	return map[string][]string{
		benchLoad: {"bench", "conn", url, "-c", n, "--connect-rate", "1500", "--duration", "10m"},
		fleetLoad: {"fleet", url, file, "-V", "3.1.1", "--clients", n, "--ramp", "20s", "--duration", "10m"},
	}
}

// loads has the command connect as many clients as were measured, half as many, and nearly 20,000.
func (o *options) loads(ctx context.Context, f *figures, dir string) error {
	for _, name := range []string{benchLoad, fleetLoad} {
		if !strings.Contains(name, o.only) {
			continue
		}
		if err := o.build(ctx, dir); err != nil {
			return err
		}
		l := load{Name: name}
		for _, clients := range []int{o.clients / 2, o.clients, o.checked} {
			p, err := o.point(ctx, name, clients, dir)
			if err != nil {
				return fmt.Errorf("%s with %d clients: %w", name, clients, err)
			}
			l.Points = append(l.Points, p)
			fmt.Fprintf(os.Stderr, "%s, %d clients: %.1f MiB resident, %.1f ms of CPU a second\n", name, clients, p.RSS/mebi, p.CPU/1000)
		}
		if o.memory {
			l.keepTimes(f)
		}
		f.setLoad(l)
	}
	return nil
}

// build makes the command, unless it is given.
func (o *options) build(ctx context.Context, dir string) error {
	if o.dunlin != "" {
		return nil
	}
	o.dunlin = filepath.Join(dir, "dunlin")
	build := exec.CommandContext(ctx, "go", "build", "-o", o.dunlin, "./cmd/dunlin")
	build.Dir, build.Stderr = "../..", os.Stderr
	return build.Run()
}

// settle is how long a load is left alone once its clients are connected, and look how long it is looked at: as long as a
// message of each client takes to come round.
const (
	settle = 5 * time.Second
	look   = time.Minute
)

// point runs a load until it has been looked at.
func (o *options) point(ctx context.Context, name string, clients int, dir string) (pt point, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	s, at, err := startServer(dir)
	if err != nil {
		return pt, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	file := filepath.Join(dir, "readings.yaml")
	if err := os.WriteFile(file, []byte(fleetFile), 0o600); err != nil {
		return pt, err
	}
	url := strings.Replace(at.Addresses["tcp"], "tcp://", "mqtt://", 1)
	cmd := exec.CommandContext(ctx, o.dunlin, commands(url, file, clients)[name]...)
	cmd.Stderr = os.Stderr
	process.EndWithParent(cmd)
	if err := cmd.Start(); err != nil {
		return pt, err
	}
	pt, err = watch(ctx, s, cmd.Process.Pid, clients)
	_ = cmd.Process.Kill() // it has been looked at
	_ = cmd.Wait()         // by that signal
	return pt, err
}

// watch waits until all clients are connected, and looks at the process then.
func watch(ctx context.Context, s *measure.Server, pid, clients int) (point, error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := s.Counts()
		if err != nil {
			return point{}, err
		}
		if c.Connections >= int64(clients) {
			break
		}
		if residentOf(pid) == 0 {
			return point{}, errors.New("it has ended")
		}
		if err := wait(ctx, tick.C); err != nil {
			return point{}, fmt.Errorf("%d are connected: %w", c.Connections, err)
		}
	}
	if err := wait(ctx, time.After(settle)); err != nil {
		return point{}, err
	}
	began := process.Time(pid)
	if err := wait(ctx, time.After(look)); err != nil {
		return point{}, err
	}
	took := process.Time(pid) - began
	return point{Clients: clients, RSS: residentOf(pid), CPU: micros(took) / look.Seconds()}, nil
}

func wait[T any](ctx context.Context, c <-chan T) error {
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
