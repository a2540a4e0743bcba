package generators

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"time"

	"dunlin/bench/process"
	"dunlin/bench/report"
	"dunlin/internal/load/result"
)

const (
	idleClients = 10_000
	pacedRate   = 5_000 // messages a second
)

// alone measures what the others do not do: ten thousand clients, and percentiles at a rate.
func (p *Plan) alone(ctx context.Context, dir string) (idle report.LoadIdle, paced []report.LoadPaced, err error) {
	s, err := startOwnServer(p.Program, dir)
	if err != nil {
		return idle, nil, err
	}
	t, err := s.task(&report.LoadWork{})
	if err != nil {
		return idle, nil, err
	}
	r, err := p.bench(ctx, "conn", "-L", t.url("mqtt"), "-c", strconv.Itoa(idleClients), "--duration", p.length())
	s.close()
	if err != nil {
		return idle, nil, err
	}
	idle = report.LoadIdle{Clients: r.Counts.Connects, Peak: r.Cost.PeakBytes}
	for _, mode := range []string{"pub", "rtt"} {
		one, err := p.paced(ctx, dir, mode)
		if err != nil {
			return idle, nil, err
		}
		paced = append(paced, one)
	}
	return idle, paced, nil
}

// paced publishes to a Mosquitto at a rate.
func (p *Plan) paced(ctx context.Context, dir, mode string) (report.LoadPaced, error) {
	s, err := startMosquitto(ctx, p.Program, dir)
	if err != nil {
		return report.LoadPaced{}, err
	}
	defer s.close()
	t, err := s.task(&report.LoadWork{})
	if err != nil {
		return report.LoadPaced{}, err
	}
	r, err := p.bench(ctx, mode, "-L", t.url("mqtt"), "-V", "3.1.1", "-c", strconv.Itoa(Clients), "-q", "1", "--rate", strconv.Itoa(pacedRate),
		"--duration", p.length())
	if err != nil {
		return report.LoadPaced{}, err
	}
	h := r.Latencies[r.Latency]
	one := report.LoadPaced{
		Mode: mode, Messages: h.Count(), Rate: float64(h.Count()) / r.Seconds, CPU: r.Cost.CPUSeconds, Late: r.Cost.LateSeconds / float64(max(r.Counts.Published, 1)),
	}
	for i, percent := range report.Percents {
		one.Latencies[i] = h.Percentile(percent).Seconds()
	}
	return one, nil
}

func (p *Plan) length() string { return time.Duration(p.Seconds * 1e9).String() }

// bench runs dunlin bench on the first processor and returns its result.
func (p *Plan) bench(ctx context.Context, args ...string) (*result.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*limit+time.Duration(p.Seconds*1e9))
	defer cancel()
	cmd := exec.CommandContext(ctx, p.Dunlin, append(append([]string{"bench"}, args...), "--json", "-", "--quiet")...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	process.EndWithParent(cmd)
	if err := process.Start(cmd, process.FirstCore); err != nil {
		return nil, err
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("dunlin bench %s: %w %s", args[0], err, said.String())
	}
	return result.Read(&out)
}
