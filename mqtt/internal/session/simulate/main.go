// Command simulate plays random schedules against the session core, as package
// sim says, shows its progress on a terminal and prints one line of JSON. Its
// status is 0 when no promise was broken.
//
//	go run ./mqtt/internal/session/simulate -schedules 5000000
//	go run ./mqtt/internal/session/simulate -seed 4711 -schedules 1
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"dunlin/mqtt/internal/session/sim"
)

// result is the line of JSON.
type result struct {
	Program    string  `json:"program"`
	Pass       bool    `json:"pass"`
	Schedules  uint64  `json:"schedules"`
	Seed       uint64  `json:"seed"`
	Published  int64   `json:"published"`
	Received   int64   `json:"received"`
	Kills      int64   `json:"kills"`
	Cuts       int64   `json:"cuts"`
	Lost       int64   `json:"sessions_lost"`
	Failed     int64   `json:"commits_failed"`
	Torn       int64   `json:"commits_torn"`
	Renumber   int64   `json:"renumbering_servers"`
	Discarded  int64   `json:"poison_discarded"`
	Turns      int64   `json:"turns"`
	HandOvers  int64   `json:"hand_overs"`
	Violations int64   `json:"violations"`
	First      string  `json:"first_violation,omitempty"`
	Seconds    float64 `json:"seconds"`
}

// player plays schedules on all processors.
type player struct {
	next, end uint64
	done      atomic.Uint64
	mu        sync.Mutex
	sum       result
}

func main() {
	schedules := flag.Uint64("schedules", 20000, "how many schedules")
	seed := flag.Uint64("seed", 1, "seed of the first; each has the next one")
	flag.Parse()
	begin := time.Now()
	p := &player{next: *seed, end: *seed + *schedules, sum: result{Program: "sim", Schedules: *schedules, Seed: *seed}}
	stop := p.showProgress()
	var workers sync.WaitGroup
	for range runtime.NumCPU() {
		workers.Go(p.play)
	}
	workers.Wait()
	stop()
	p.sum.Pass = p.sum.Violations == 0
	p.sum.Seconds = time.Since(begin).Seconds()
	if err := json.NewEncoder(os.Stdout).Encode(p.sum); err != nil || !p.sum.Pass {
		os.Exit(1)
	}
}

// play plays schedules until there are no more.
func (p *player) play() {
	for {
		seed := atomic.AddUint64(&p.next, 1) - 1
		if seed >= p.end {
			return
		}
		r, err := sim.Run(sim.Options{Seed: seed})
		p.done.Add(1)
		p.mu.Lock()
		p.sum.Published += int64(r.Published)
		p.sum.Received += int64(r.Received)
		p.sum.Kills += int64(r.Kills)
		p.sum.Cuts += int64(r.Cuts)
		p.sum.Lost += int64(r.Lost)
		p.sum.Failed += int64(r.FailedCommits)
		p.sum.Torn += int64(r.TornCommits)
		p.sum.Discarded += int64(r.Discarded)
		p.sum.Turns += int64(r.Turns)
		p.sum.HandOvers += int64(r.HandOvers)
		if r.Renumbering {
			p.sum.Renumber++
		}
		if err != nil {
			p.sum.Violations++
			if p.sum.First == "" {
				p.sum.First = fmt.Sprintf("seed %d: %v", seed, err)
			}
		}
		p.mu.Unlock()
	}
}

// showProgress writes how far the player is, if somebody watches.
func (p *player) showProgress() (stop func()) {
	info, err := os.Stderr.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return func() {}
	}
	ended := make(chan struct{})
	go func() {
		for tick := time.NewTicker(time.Second); ; {
			select {
			case <-tick.C:
				fmt.Fprintf(os.Stderr, "\rsim: %d of %d schedules", p.done.Load(), p.sum.Schedules)
			case <-ended:
				tick.Stop()
				fmt.Fprintln(os.Stderr)
				return
			}
		}
	}()
	return func() { close(ended) }
}
