package harness

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// Options say how hard a run is.
type Options struct {
	Clients  int     // each publishes and subscribes
	Messages int     // at least
	Rate     float64 // messages a second, of all clients together; less where the cluster is slower
	Rounds   int     // of all faults
	Faults   []Fault // in order
	// Hold is how long a fault lasts, at least: until the clients of the node are back, if it takes longer.
	Hold time.Duration
	// Calm is how long nothing happens between faults.
	Calm time.Duration
	// Ramp is how many clients a second connect for the first time; default 100.
	Ramp float64
	// Patience is how long those messages are waited for at the end that do not come; default 30 s.
	Patience time.Duration
	// Log gets a line for everything that happens.
	Log io.Writer
}

// Outcome is what a run has measured.
type Outcome struct {
	About   About
	Options Options `json:"-"`
	Took    time.Duration
	Faults  []FaultOutcome
	Account Account
	// Errors are the first that clients reported by themselves, of as many as N says.
	Errors []string `json:",omitempty"`
	ErrorN int
}

// Run starts the cluster, puts the clients on it, breaks it, and accounts. The cluster is the caller's to close.
func Run(ctx context.Context, c Cluster, o Options) (Outcome, error) {
	r := &runner{cluster: c, options: o, fleet: newFleet(c, o.Clients)}
	out := Outcome{About: c.About(), Options: o}
	r.say("starting %s %s", out.About.Name, out.About.Version)
	if err := c.Start(ctx); err != nil {
		return out, fmt.Errorf("start: %w", err)
	}
	err := r.load(ctx, &out)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if closing := r.fleet.close(ctx); err == nil && closing != nil {
		r.say("closing the clients: %v", closing)
	}
	out.Errors, out.ErrorN = r.fleet.errs.list()
	if n := out.Account.Published; err == nil && n < o.Messages {
		err = fmt.Errorf("%d messages were published, and not %d: %w", n, o.Messages, context.Cause(ctx))
	}
	return out, err
}

// Lost returns an error if messages were lost, whoever lost them, or failed, or if the client doubled any or told of any what was not so.
func (o *Outcome) Lost() error {
	a := &o.Account
	if a.LostByClient+a.LostByCluster+a.Failed+a.Unfinished+a.DoubledByClient+a.Wrong == 0 {
		return nil
	}
	return fmt.Errorf("%d messages lost by the cluster, %d by the client; %d publishes failed, %d not finished; %d doubled by the client; of %d it said what was not so: %s",
		a.LostByCluster, a.LostByClient, a.Failed, a.Unfinished, a.DoubledByClient, a.Wrong, strings.Join(a.Named, "; "))
}

// runner is a run under way.
type runner struct {
	cluster Cluster
	options Options
	fleet   *fleet
}

func (r *runner) say(format string, args ...any) {
	_, _ = fmt.Fprintf(r.options.Log, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

func (r *runner) load(ctx context.Context, out *Outcome) error {
	begin := time.Now()
	if err := r.fleet.connect(ctx, cmp.Or(r.options.Ramp, 100)); err != nil {
		return err
	}
	r.say("%d clients connected and subscribed in %v, %v a node", r.options.Clients, time.Since(begin).Round(time.Millisecond), r.spread())
	begin = time.Now()
	stop, published := make(chan struct{}), make(chan struct{})
	publishing, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer close(published)
		r.fleet.publishLoop(publishing, r.options.Rate, r.options.Messages, stop)
	}()
	go r.tell(publishing)
	err := r.faults(ctx, out)
	close(stop)
	if err != nil {
		cancel()
	}
	<-published
	r.fleet.drain(ctx, cmp.Or(r.options.Patience, 30*time.Second)) // also after an error: what is late is not lost
	out.Account, out.Took = r.fleet.book.account(), time.Since(begin)
	r.say("%+v", out.Account)
	return err
}

// tell says from time to time how far the messages are, until ctx ends.
func (r *runner) tell(ctx context.Context) {
	for wait(ctx, 15*time.Second) == nil {
		unfinished, unhandled := r.fleet.book.missing()
		r.say("%v clients a node; messages that are not acknowledged: %d, not received: %d", r.spread(), unfinished, unhandled)
	}
}

// faults does them one after another.
func (r *runner) faults(ctx context.Context, out *Outcome) error {
	step := 0
	for range r.options.Rounds {
		for _, fault := range r.options.Faults {
			if err := wait(ctx, r.options.Calm); err != nil {
				return err
			}
			one, err := r.fault(ctx, fault, step)
			out.Faults = append(out.Faults, one)
			r.say("%+v", one)
			if err != nil {
				return fmt.Errorf("%s node %d: %w", fault, one.Node, err)
			}
			step++
		}
	}
	return nil
}

func (r *runner) spread() []int {
	return r.fleet.events.spread(len(r.fleet.members), len(r.fleet.urls))
}

// wait waits for a time.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
