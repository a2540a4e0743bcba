// Package storm takes the server away from many clients and looks at how they
// come back: spread out, or all at once.
package storm

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	// spare is how many descriptors the process needs besides two a client.
	spare = 200
)

type options struct {
	client   string
	version  byte
	clients  int
	away     time.Duration
	maxDelay time.Duration
	dial     func(ctx context.Context, network, address string) (net.Conn, error) // nil: TCP
}

// Run is the program.
func Run(ctx context.Context, args []string, out, progress io.Writer) (exit int) {
	var o options
	flags, seed := lab.Flags("storm", about)
	flags.StringVar(&o.client, "client", "dunlin", "the client: "+clients.Names())
	flags.IntVar(&o.clients, "clients", 1000, "how many clients")
	flags.DurationVar(&o.away, "away", 10*time.Second, "how long the server is away")
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
	need := uint64(2*o.clients + spare)
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
	p.Down()
	select {
	case <-time.After(o.away):
	case <-ctx.Done():
		return ctx.Err()
	}
	before := p.Arrivals()
	back := time.Now()
	if err := p.Up(); err != nil {
		return err
	}
	err = o.await(ctx, p, 2*o.maxDelay+time.Minute, func(n int) { lab.Show(progress, "storm: %d of %d are back", n, o.clients) })
	measure(p.Arrivals()[len(before):], back, result)
	result.Count("back", p.Links())
	if err != nil {
		result.Fail("after the storm: %v", err)
	}
	return nil
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
				fault = errors.Join(fault, err)
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

// measure compares the fullest bucket with the mean of the recovery, which is
// the time from the return of the server to that of the last client.
func measure(arrivals []time.Time, back time.Time, result *lab.Result) {
	if len(arrivals) == 0 {
		result.Fail("nobody came back")
		return
	}
	slices.SortFunc(arrivals, time.Time.Compare)
	counts := map[int]int{}
	peak := 0
	for _, at := range arrivals {
		i := int(at.Sub(back) / bucket)
		counts[i]++
		peak = max(peak, counts[i])
	}
	ratio := func(most int) float64 { // of the first arrivals
		buckets := float64(arrivals[most-1].Sub(back)) / float64(bucket)
		return float64(int(float64(peak)*max(buckets, 1)/float64(most)*100)) / 100
	}
	whole := ratio(len(arrivals))
	result.Count("connects", len(arrivals))
	result.Count("recovery_ms", arrivals[len(arrivals)-1].Sub(back).Milliseconds())
	result.Count("peak_of_100_ms", peak)
	result.Count("peak_to_mean", whole)
	result.Count("peak_to_mean_of_first_nine_tenths", ratio((len(arrivals)*9+9)/10))
	if whole > mostPeak {
		result.Fail("the fullest 100 ms had %.2f times the mean of the recovery, and may have %.0f times", whole, mostPeak)
	}
}
