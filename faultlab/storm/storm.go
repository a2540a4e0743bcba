// Package storm takes the server away from many clients and looks at how they
// come back: spread out, or all at once.
package storm

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"

	"dunlin/faultlab/internal/clients"
	"dunlin/faultlab/internal/lab"
	"dunlin/faultlab/internal/peer"
)

const (
	about = "take the server away from many clients and look at how they come back"
	// bucket is the time over which connections are added up.
	bucket = 100 * time.Millisecond
	// mostPeak is how many times the mean the fullest bucket may be.
	mostPeak = 3.0
	// minDelay is the first bound of a client's wait before it connects again.
	minDelay = time.Second
	// dialers is how many clients connect at a time at the beginning.
	dialers = 64
	// reserve is how many descriptors the process needs besides two a client.
	reserve = 200
)

type options struct {
	client   string
	version  byte
	clients  int
	away     time.Duration
	maxDelay time.Duration
	dial     func(ctx context.Context, network, address string) (net.Conn, error) // nil: TCP
	tries    int
}

// Run is the program.
func Run(ctx context.Context, args []string, out, progress io.Writer) (exit int) {
	var o options
	flags, seed := lab.Flags("storm", about)
	flags.StringVar(&o.client, "client", "dunlin", "the client: "+clients.Names())
	flags.IntVar(&o.clients, "clients", 1000, "how many clients")
	flags.DurationVar(&o.away, "away", 10*time.Second, "how long the server is away")
	flags.IntVar(&o.tries, "tries", 5, "how often the server is taken away, at most, until the clients come back spread out")
	flags.DurationVar(&o.maxDelay, "max-delay", 4*time.Second, "the longest wait of a client before it connects again")
	if exit, done := lab.Parse(flags, seed, args); done {
		return exit
	}
	versions := clients.Versions(o.client)
	if len(versions) == 0 {
		return lab.Misused(flags, "there is no client %q", o.client)
	}
	if o.clients < 1 || o.away <= 0 || o.maxDelay < minDelay {
		return lab.Misused(flags, "-clients and -away are positive, -max-delay at least %v", minDelay)
	}
	o.version = slices.Max(versions)
	result := lab.NewResult("storm", *seed, map[string]any{
		"client": o.client, "clients": o.clients, "away": o.away.String(), "max_delay": o.maxDelay.String(),
	})
	if err := o.raiseLimit(); err != nil {
		result.Fail("%v", err)
		return result.End(out)
	}
	p, err := peer.Listen(peer.Config{Seed: *seed, Clocked: true})
	if err == nil {
		err = o.run(ctx, p, result, progress)
		p.Close()
	}
	lab.Done(progress)
	if err != nil {
		result.Fail("%v", err)
	}
	return result.End(out)
}

// raiseLimit sees to it that the process may have all the descriptors it needs.
func (o *options) raiseLimit() error {
	need := uint64(2*o.clients + reserve)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("read the limit of open files: %w", err)
	}
	if limit.Cur >= need {
		return nil
	}
	limit.Cur = need
	limit.Max = max(limit.Max, need)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("%d clients need %d open files, see ulimit -Hn: %w", o.clients, need, err)
	}
	return nil
}

// run connects the clients to p, takes p away, and measures how they come back.
func (o *options) run(ctx context.Context, p *peer.Peer, result *lab.Result, progress io.Writer) error {
	all, err := o.connect(ctx, p)
	defer closeAll(all)
	if err != nil {
		return err
	}
	if err := o.await(ctx, p, time.Minute, func(n int) { lab.Show(progress, "storm: %d of %d connected", n, o.clients) }); err != nil {
		return fmt.Errorf("at the beginning: %w", err)
	}
	for try := 1; ; try++ {
		w, err := o.storm(ctx, p, progress)
		if err != nil {
			return err
		}
		// What a busy machine adds to the peak is not there each time.
		if w.ratio > mostPeak && try < o.tries && w.missing == nil {
			continue
		}
		result.Count("tries", try)
		w.show(result)
		return nil
	}
}

// storm takes p away and brings it back.
func (o *options) storm(ctx context.Context, p *peer.Peer, progress io.Writer) (wave, error) {
	p.Down()
	select {
	case <-time.After(o.away):
	case <-ctx.Done():
		return wave{}, ctx.Err()
	}
	before := len(p.Arrivals())
	back := time.Now()
	if err := p.Up(); err != nil {
		return wave{}, err
	}
	err := o.await(ctx, p, 2*o.maxDelay+time.Minute, func(n int) { lab.Show(progress, "storm: %d of %d are back", n, o.clients) })
	w := measure(p.Arrivals()[before:], back)
	w.missing = err
	w.joined = p.Joined()
	return w, ctx.Err()
}

// connect starts the clients.
func (o *options) connect(ctx context.Context, p *peer.Peer) (all []clients.Client, err error) {
	var (
		mu    sync.Mutex
		tasks sync.WaitGroup
		next  = make(chan int)
		fault error
	)
	for range min(dialers, o.clients) {
		tasks.Go(func() {
			for i := range next {
				c, err := clients.Start(ctx, o.client, clients.Options{
					ID: fmt.Sprintf("storm-%d", i), Address: p.Addr(), Version: o.version,
					MinDelay: minDelay, MaxDelay: o.maxDelay, Dial: o.dial,
				})
				mu.Lock()
				if err == nil {
					all = append(all, c)
				}
				fault = cmp.Or(fault, err)
				mu.Unlock()
			}
		})
	}
	for i := range o.clients {
		next <- i
	}
	close(next)
	tasks.Wait()
	return all, fault
}

// await waits until all clients are connected.
func (o *options) await(ctx context.Context, p *peer.Peer, limit time.Duration, show func(n int)) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.NewTimer(limit)
	defer late.Stop()
	for {
		n := p.Joined()
		show(n)
		if n == o.clients {
			return nil
		}
		select {
		case <-tick.C:
		case <-late.C:
			return fmt.Errorf("%d of %d clients are connected after %v", n, o.clients, limit)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func closeAll(all []clients.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var tasks sync.WaitGroup
	for _, c := range all {
		tasks.Go(func() { _ = c.Close(ctx) }) // what they say now is not what is measured
	}
	tasks.Wait()
}

// wave is how the clients came back.
type wave struct {
	connects, joined int
	recovery         time.Duration // from the return of the server to that of the last client
	peak             int           // connects in the fullest bucket
	ratio            float64       // peak to the mean of the recovery
	ratioOfMost      float64       // the same of the time until nine of ten were back
	missing          error
}

// measure compares the fullest bucket with the mean of the recovery.
func measure(arrivals []time.Time, back time.Time) wave {
	w := wave{connects: len(arrivals)}
	if w.connects == 0 {
		return w
	}
	slices.SortFunc(arrivals, time.Time.Compare)
	counts := map[int]int{}
	for _, at := range arrivals {
		i := int(at.Sub(back) / bucket)
		counts[i]++
		w.peak = max(w.peak, counts[i])
	}
	ratio := func(first int) float64 {
		buckets := float64(arrivals[first-1].Sub(back)) / float64(bucket)
		return math.Round(float64(w.peak)*max(buckets, 1)/float64(first)*100) / 100
	}
	w.recovery = arrivals[w.connects-1].Sub(back)
	w.ratio, w.ratioOfMost = ratio(w.connects), ratio((w.connects*9+9)/10)
	return w
}

// show puts w into the result.
func (w *wave) show(result *lab.Result) {
	result.Count("back", w.joined)
	result.Count("connects", w.connects)
	result.Count("recovery_ms", w.recovery.Milliseconds())
	result.Count("peak_of_100_ms", w.peak)
	result.Count("peak_to_mean", w.ratio)
	result.Count("peak_to_mean_of_first_nine_tenths", w.ratioOfMost)
	switch {
	case w.missing != nil:
		result.Fail("after the storm: %v", w.missing)
	case w.connects == 0:
		result.Fail("nobody came back")
	case w.ratio > mostPeak:
		result.Fail("the fullest 100 ms had %.2f times the mean of the recovery, and may have %.0f times", w.ratio, mostPeak)
	}
}
