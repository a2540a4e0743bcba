// Package load runs a scenario against a server and measures it: many clients in one process, rates that are kept whatever the
// server does, latencies from the moment at which a message was due, and an account of every message.
package load

import (
	"context"
	"fmt"
	"net"
	"time"

	"dunlin/internal/load/result"
	"dunlin/internal/load/scenario"
	"dunlin/mqtt"
)

// Options say where a load goes, and who is told how it goes on.
type Options struct {
	URL string
	// Config is what all clients have in common: version, credentials, TLS, properties. What the scenario says of a group,
	// such as the client identifier, takes the place of what is here.
	Config mqtt.Config
	// Ways are ways to dial, such as from several addresses of this machine, which clients take in turn; nil: that of Config.
	Ways []Way
	// Verify numbers every message and accounts for each.
	Verify bool

	Dunlin  string   // version of the program, for the result
	Command []string // for the result

	// Second is told each full second, in turn; nil: nobody.
	Second func(s *result.Second)
	// Progress is told how far the run is, each Every; nil: nobody.
	Progress func(p Progress)
	Every    time.Duration // 0: a second
	// Wire is told of each message of QoS 1 and 2 that was acknowledged, for comparisons with what others saw of it; nil: nobody. Several
	// goroutines call it.
	Wire func(e Exchange)
}

// Way makes connections as mqtt.Transport.Dial does.
type Way = func(ctx context.Context, network, address string) (net.Conn, error)

// Exchange is a message that was acknowledged. The histogram result.Wire has the time between the two.
type Exchange struct {
	Stream, Number     uint64 // as its verify.Header has them
	Sent, Acknowledged int64  // Unix time in nanoseconds: given to the client, and its acknowledgement read
}

// Progress is how far a run is.
type Progress struct {
	Stage   string        // "connecting", the name of a phase, or "draining"
	Elapsed time.Duration // since the run began
	Left    time.Duration // an estimate; 0: nobody knows
	Online  int64
	Clients int64 // how many there are to be
	Counts  result.Counts
	// Rates are of the time since the last call, a second.
	Published, Received float64
	Latency             result.Histogram // of that time, of the kind that Scenario.Latency names
}

// farewell bounds the clean end of all connections together.
const farewell = 5 * time.Second

// Run runs the scenario and says what it has measured. When ctx ends the run ends early: what was measured until then is the
// result. An error means that nothing could be measured, such as when no client could connect.
func Run(ctx context.Context, o Options, s scenario.Scenario) (result.Result, error) {
	if err := s.Check(); err != nil {
		return result.Result{}, err
	}
	if o.Verify {
		if err := s.CanVerify(); err != nil {
			return result.Result{}, err
		}
	}
	r, err := newRun(o, s)
	if err != nil {
		return result.Result{}, err
	}
	return r.run(ctx)
}

// run goes through the stages.
func (r *run) run(ctx context.Context) (result.Result, error) {
	if have, want := raiseFiles(r.clientsWanted()+filesBeside), r.clientsWanted()+filesBeside; have > 0 && have < want {
		return result.Result{}, fmt.Errorf("%d clients need %d open files, and this process may have %d: raise the limit (ulimit -n %d)",
			r.clientsWanted(), want, have, want)
	}
	ctx, r.cancel = context.WithCancelCause(ctx)
	defer r.cancel(nil)
	defer r.stopSending()
	cpu, _ := ownCost()
	stop, collected := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(collected)
		r.collector.run(stop)
	}()
	telling := r.tell(stop)
	err := r.connectAll(ctx)
	if err == nil {
		r.phases(ctx)
		r.stage.Store("draining")
		r.drain()
	}
	r.closeAll()
	close(stop)
	<-collected
	<-telling
	if err == nil {
		err = r.fatal()
	}
	if err != nil {
		return result.Result{}, err
	}
	return r.result(cpu), nil
}

// filesBeside is how many files there are beside the connections.
const filesBeside = 64

// result puts everything together.
func (r *run) result(cpuBefore time.Duration) result.Result {
	cpu, peak := ownCost()
	out := result.Result{
		Format: result.Format, Dunlin: r.o.Dunlin, Name: r.s.Name, Command: r.o.Command, Server: r.server,
		Version: r.o.Config.Version.String(), Started: r.began, Seconds: r.measured.Seconds(), Parts: 1,
		Parameters: r.s.Parameters(), Latency: r.s.Latency,
	}
	r.collector.fill(&out)
	out.Cost.CPUSeconds, out.Cost.PeakBytes, out.Cost.Cores = (cpu - cpuBefore).Seconds(), peak, r.cores
	out.Events, out.EventLost, out.Faults = r.events.kept, r.events.lost, r.faults.all()
	if r.o.Verify {
		ledger := r.ledger()
		account := ledger.Account()
		out.Ledger, out.Verified = ledger, &account
	}
	return out
}

// tell tells Options.Progress until stop is closed; the channel is closed when it is not called any more.
func (r *run) tell(stop <-chan struct{}) <-chan struct{} {
	done := make(chan struct{})
	if r.o.Progress == nil {
		close(done)
		return done
	}
	every := r.o.Every
	if every <= 0 {
		every = time.Second
	}
	go func() {
		defer close(done)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		before, at := result.Counts{}, time.Now()
		for {
			select {
			case <-ticker.C:
			case <-stop:
				return
			}
			p := r.progress()
			now := time.Now()
			seconds := now.Sub(at).Seconds()
			p.Published = float64(p.Counts.Published-before.Published) / seconds
			p.Received = float64(p.Counts.Received-before.Received) / seconds
			before, at = p.Counts, now
			r.o.Progress(p)
		}
	}()
	return done
}

func (r *run) progress() Progress {
	stage, _ := r.stage.Load().(string)
	p := Progress{
		Stage: stage, Elapsed: time.Since(r.began), Online: r.online(), Clients: int64(r.clientsWanted()), Counts: r.counts(),
		Latency: r.collector.sinceLast(),
	}
	if end := r.end.Load(); end > 0 {
		p.Left = max(time.Duration(end-r.now()), 0)
	}
	return p
}
