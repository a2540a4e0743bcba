package harness

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Fault is what can happen to a node.
type Fault string

// The faults.
const (
	Killed  Fault = "killed"    // SIGKILL, and started again after a while
	Ended   Fault = "restarted" // ended in an orderly way, and started again
	Stopped Fault = "stopped"   // SIGSTOP, and continued
	CutOff  Fault = "cut off"   // from the other nodes, and not from its clients
)

// Faults are all of them.
var Faults = []Fault{Killed, Stopped, Ended, CutOff}

// FaultOutcome is what one fault has done.
type FaultOutcome struct {
	Fault Fault
	Node  int
	On    int // clients that were connected to the node
	comeback
	// Spread is how many clients each node had at the end of the fault, before it was mended.
	Spread []int
	// Whole is how long the cluster took to be whole after it was mended.
	Whole time.Duration
	// Slowest is the longest time from Publish to the handler of a message that was handled meanwhile.
	Slowest time.Duration
	// KeptMeanwhile and KeptAfter are how many of the retained messages of before the fault a new client gets, of
	// kept: from the node that has fewest, of the others during the fault and of all after it.
	KeptMeanwhile, KeptAfter int
}

// patience is how long anything may take that has to happen.
const patience = 90 * time.Second

// fault has one happen to a node, waits until the clients are back, and mends it.
func (r *runner) fault(ctx context.Context, fault Fault, step int) (FaultOutcome, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, 4*patience, errors.New("the fault has taken too long"))
	defer cancel()
	o := FaultOutcome{Fault: fault, Node: step % len(r.fleet.urls)}
	if err := r.settle(ctx, -1); err != nil {
		return o, err
	}
	if err := r.fleet.retain(ctx, step); err != nil {
		return o, err
	}
	o.On = r.spread()[o.Node]
	r.say("node %d is to be %s; %v clients a node", o.Node, fault, r.spread())
	r.fleet.book.slowest()
	begin := time.Now()
	mended, err := r.breakAndMend(ctx, &o, step)
	all, _ := r.fleet.events.since(begin)
	o.comeback, o.Slowest = comebacks(all, o.Node, mended), r.fleet.book.slowest()
	if err == nil {
		err = o.check(len(r.fleet.members))
	}
	return o, err
}

// check finds what must not be, on any machine: that the clients of the node have not noticed the fault, so that nothing was tested,
// or that clients come back all at once. Each waits a quarter of a second on average before an attempt, and twice as long when it has
// tried all nodes; one that loses the next node, too, begins anew.
func (o *FaultOutcome) check(clients int) error {
	const most = 4 // connects a second and client
	switch {
	case o.Lost < o.On:
		return fmt.Errorf("of %d clients on the node %d have lost their connections: the fault has no effect", o.On, o.Lost)
	case o.Connects > most*clients:
		return fmt.Errorf("%d clients began %d connections in a second, more than %d each", clients, o.Connects, most)
	}
	return nil
}

// ParseFaults returns the faults that a text names, separated by commas.
func ParseFaults(text string) ([]Fault, error) {
	var all []Fault
	for name := range strings.SplitSeq(text, ",") {
		if !slices.Contains(Faults, Fault(name)) {
			return nil, fmt.Errorf("there is no fault %q; there are: %q", name, Faults)
		}
		all = append(all, Fault(name))
	}
	return all, nil
}

// breakAndMend returns when the node was there again. It is mended in any case, so that what it has can still come.
func (r *runner) breakAndMend(ctx context.Context, o *FaultOutcome, step int) (mended time.Time, err error) {
	err = r.hurt(ctx, o.Fault, o.Node)
	if err == nil {
		err = r.bear(ctx, o, step)
	}
	mended = time.Now()
	mending, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := errors.Join(err, r.mend(mending, o.Fault, o.Node)); err != nil {
		return mended, err
	}
	if err := r.cluster.Whole(ctx); err != nil {
		return mended, err
	}
	o.Whole = time.Since(mended)
	if err := r.settle(ctx, -1); err != nil {
		return mended, err
	}
	o.KeptAfter, err = r.fleet.retained(ctx, step, append(r.others(o.Node), o.Node))
	return mended, err
}

// bear holds a fault until the clients are back on nodes that are there.
func (r *runner) bear(ctx context.Context, o *FaultOutcome, step int) error {
	if err := wait(ctx, r.options.Hold); err != nil {
		return err
	}
	left := o.Node
	if o.Fault == CutOff { // its clients may stay: it still answers them
		left = -1
	}
	if err := r.settle(ctx, left); err != nil {
		return err
	}
	o.Spread = r.spread()
	var err error
	o.KeptMeanwhile, err = r.fleet.retained(ctx, step, r.others(o.Node))
	return err
}

// settle waits until every client is connected, and none to the node that is left; -1: to whichever.
func (r *runner) settle(ctx context.Context, left int) error {
	for {
		_, more := r.fleet.events.since(time.Now())
		online := 0
		for node, n := range r.spread() {
			if node != left {
				online += n
			}
		}
		if online == len(r.fleet.members) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting until all %d clients are back, %v a node: %w", len(r.fleet.members), r.spread(), context.Cause(ctx))
		case <-more:
		}
	}
}

// others are the nodes besides one.
func (r *runner) others(node int) []int {
	var all []int
	for i := range r.fleet.urls {
		if i != node {
			all = append(all, i)
		}
	}
	return all
}

func (r *runner) hurt(ctx context.Context, fault Fault, node int) error {
	switch fault {
	case Killed:
		return r.cluster.Kill(node)
	case Ended:
		return r.cluster.End(ctx, node)
	case Stopped:
		return r.cluster.Stop(node)
	default:
		return r.cluster.CutOff(node)
	}
}

func (r *runner) mend(ctx context.Context, fault Fault, node int) error {
	switch fault {
	case Killed, Ended:
		return r.cluster.Restart(ctx, node)
	case Stopped:
		return r.cluster.Continue(node)
	default:
		return r.cluster.Heal(node)
	}
}
