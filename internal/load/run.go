package load

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"dunlin/internal/load/result"
	"dunlin/internal/load/scenario"
	"dunlin/internal/load/verify"
)

// run is one run of a scenario.
type run struct {
	o          Options
	s          scenario.Scenario
	groups     []*group
	histograms []histograms // by slot
	collector  *collector
	events     events
	faults     faults
	cores      int

	began     time.Time // the beginning, from which the monotonic clock counts
	beganUnix int64
	server    string
	process   uint64 // the high half of the numbers of this process's streams
	streams   atomic.Uint64
	shares    map[string]*verify.Share // by name of the receiver; filled before anything comes

	stage    atomic.Value // string
	end      atomic.Int64 // when the phases will be over, Unix nanoseconds; 0: nobody knows
	measured time.Duration

	measureFrom int64 // Unix nanoseconds
	counted     bool  // the end is that of the messages, and not of a time

	sources     []*source
	schedulers  []*scheduler
	sending     context.Context // ends with the phases
	stopSending context.CancelFunc
	loops       sync.WaitGroup // goroutines that send in closed loops
	accounted   int64          // how many messages had come when missing was found out; negative: it was not
	missing     bool           // messages that are to come

	retrying    sync.Mutex
	closedLoops []*source

	unfinished atomic.Int64  // sources with a Count that they have not reached
	finished   chan struct{} // closed when there are none any more

	mu     sync.Mutex
	failed error // the first thing after which nothing can be measured
	cancel context.CancelCauseFunc
}

// group is the clients that do the same.
type group struct {
	*scenario.Group
	r            *run
	before       int // clients of the groups before
	slots        []*slot
	publications []*publication
	names        *names
	clients      []*client   // those that are connected, in the order of their numbers
	sends        atomic.Bool // closed loops go on
}

// slotsMost bounds the memory of slots on machines with many processors.
const slotsMost = 16

func newRun(o Options, s scenario.Scenario) (*run, error) {
	now := time.Now()
	r := &run{
		o: o, s: s, cores: runtime.GOMAXPROCS(0), began: now, beganUnix: now.UnixNano(),
		process: uint64(rand.Uint32()|1) << 32, shares: map[string]*verify.Share{}, finished: make(chan struct{}), accounted: -1,
	}
	r.sending, r.stopSending = context.WithCancel(context.Background())
	r.s.Latency = cmp.Or(s.Latency, result.Connect)
	r.histograms = make([]histograms, min(2*r.cores, slotsMost))
	clients := 0
	for i := range s.Groups {
		g := &group{Group: &s.Groups[i], r: r, before: clients}
		clients += g.Clients
		for slotNumber := range r.histograms[:min(len(r.histograms), max(g.Clients, 1))] {
			g.slots = append(g.slots, &slot{histograms: &r.histograms[slotNumber]})
		}
		for k := range g.Publish {
			p, err := newPublication(g, &g.Publish[k])
			if err != nil {
				return nil, fmt.Errorf("group %s: %w", g.Name, err)
			}
			g.publications = append(g.publications, p)
		}
		r.groups = append(r.groups, g)
	}
	r.collector = newCollector(r)
	r.stage.Store("connecting")
	return r, nil
}

// now is the time in Unix nanoseconds, by a clock that does not jump.
func (r *run) now() int64 { return r.beganUnix + int64(time.Since(r.began)) }

func (r *run) clientsWanted() uint64 {
	n := 0
	for _, g := range r.groups {
		n += g.Clients
	}
	return uint64(n)
}

// counts are the sums until now.
func (r *run) counts() (c result.Counts) {
	for _, g := range r.groups {
		for _, s := range g.slots {
			s.addTo(&c)
		}
	}
	return c
}

func (g *group) counts() (c result.Counts) {
	for _, s := range g.slots {
		s.addTo(&c)
	}
	return c
}

func (r *run) online() (n int64) {
	for _, g := range r.groups {
		for _, s := range g.slots {
			n += s.online.Load()
		}
	}
	return n
}

// late is by how much messages left after they were due, in sum.
func (r *run) late() (ns int64) {
	for _, g := range r.groups {
		for _, s := range g.slots {
			ns += s.late.Load()
		}
	}
	return ns
}

// fail notes what makes all figures meaningless.
func (r *run) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil {
		r.failed = err
		r.cancel(err)
	}
}

func (r *run) fatal() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

// verifies reports whether messages are numbered.
func (r *run) verifies() bool { return r.o.Verify }

// measuresArrival reports whether anybody receives, so that messages have to say when they were due.
func (r *run) measuresArrival() bool {
	for _, g := range r.groups {
		if len(g.Subscribe) > 0 {
			return true
		}
	}
	return false
}

// ledger is what the process knows of all messages.
func (r *run) ledger() *verify.Ledger {
	l := &verify.Ledger{}
	for _, s := range r.sources {
		s.addTo(l)
	}
	for _, g := range r.groups {
		for _, c := range g.clients {
			for _, rc := range c.receivers {
				l.Wanted = append(l.Wanted, rc.wanted)
				rc.verify.AddTo(l)
			}
		}
	}
	for name, share := range r.shares {
		share.AddTo(l, name)
	}
	return l
}
