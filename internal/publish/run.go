package publish

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"dunlin/internal/feed"
	"dunlin/mqtt"
)

// errStopped is the cause of a taking that a failure has ended.
var errStopped = errors.New("a message failed")

// run is one call of Run. The goroutine of Run takes messages and hands them to the client, settleLoop sees what becomes
// of them, in their order.
type run struct {
	client *mqtt.Client
	source feed.Source
	o      Options
	begun  time.Time
	stop   context.CancelCauseFunc // ends the taking of messages

	queue   chan *entry   // handed to the client, in this order; its end ends settleLoop
	settled chan struct{} // holds a value when there may be room
	over    chan struct{} // closed when settleLoop has ended
	giveUp  context.Context
	giveIn  context.CancelFunc // ends giveUp: nothing is waited for any more

	telling sync.Mutex // held while the caller is told something

	mu     sync.Mutex
	result Result
	under  [2]int // under way: of QoS 0, of QoS 1 and 2
	first  error  // the first failure
}

// entry is a message under way.
type entry struct {
	number, line int
	message      mqtt.Message
	delivery     *mqtt.Delivery
	err          error // how it ended, or why there is no delivery
	calledOff    bool  // the run ended in front of it, which is no failure of its own
}

// window is the index of the window that the message counts in.
func (e *entry) window() int {
	if e.message.QoS == mqtt.AtMostOnce {
		return 0
	}
	return 1
}

func newRun(c *mqtt.Client, s feed.Source, o Options) *run {
	r := &run{
		client: c, source: s, o: o, begun: time.Now(),
		queue:   make(chan *entry, o.InFlight+inFlightQoS0),
		settled: make(chan struct{}, 1),
		over:    make(chan struct{}),
	}
	r.giveUp, r.giveIn = context.WithCancel(context.Background())
	return r
}

// take hands messages to the client until there are no more, or ctx ends.
func (r *run) take(ctx context.Context) error {
	pace := newPace(r.o.Rate)
	lines, _ := r.source.(feed.Numbered)
	for {
		if err := r.awaitTurn(ctx, pace); err != nil {
			return err
		}
		m, err := r.source.Next(ctx)
		bad := (*feed.LineError)(nil)
		if err != nil && !errors.As(err, &bad) {
			return err
		}
		e := &entry{message: m}
		if lines != nil {
			e.line = lines.Line()
		}
		r.mu.Lock()
		r.result.Taken++
		e.number = r.result.Taken
		if bad == nil {
			r.under[e.window()]++
		}
		r.mu.Unlock()
		if bad != nil {
			r.fail(e, bad)
			continue
		}
		r.hand(ctx, e)
	}
}

// awaitTurn waits until there is a message, room for it, and it is its time.
func (r *run) awaitTurn(ctx context.Context, pace *pace) error {
	if err := r.source.Ready(ctx); err != nil {
		return err
	}
	if !r.o.OneByOne {
		room := func() bool { return r.under[0] < inFlightQoS0 && r.under[1] < r.o.InFlight }
		if err := r.await(ctx, room); err != nil {
			return err
		}
		return pace.wait(ctx)
	}
	first := true
	alone := func() bool {
		first = r.result.Taken == 0
		return r.under == [2]int{}
	}
	if err := r.await(ctx, alone); err != nil {
		return err
	}
	if !first {
		if err := sleep(ctx, r.o.Pause); err != nil {
			return err
		}
	}
	return pace.wait(ctx)
}

// await waits until ok, which is called with the lock, says so.
func (r *run) await(ctx context.Context, ok func() bool) error {
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		r.mu.Lock()
		done := ok()
		r.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-r.settled:
		case <-ctx.Done():
		}
	}
}

// hand gives e to the client, and then to settleLoop.
func (r *run) hand(ctx context.Context, e *entry) {
	if r.o.Resume && e.message.QoS == mqtt.AtMostOnce {
		e.err = r.write(ctx, &e.message)
	} else {
		e.delivery, e.err = r.client.PublishAsync(ctx, e.message, nil)
	}
	e.calledOff = e.err != nil && ctx.Err() != nil
	r.queue <- e // it has room for both windows
}

// tries is on how many connections a message may break off in the middle: more than that, and the server closes them
// because of it.
const tries = 5

// write publishes a message of QoS 0 until a connection has taken it. One that a lost connection leaves in doubt was not
// written to its end, because no other is under way, so that the server cannot have it.
func (r *run) write(ctx context.Context, m *mqtt.Message) error {
	for broken := 0; ; {
		err := r.client.Publish(ctx, *m)
		if err == nil || ctx.Err() != nil || !errors.Is(err, mqtt.ErrNotConnected) {
			return err
		}
		if errors.Is(err, mqtt.ErrInDoubt) {
			if broken++; broken == tries {
				return err
			}
		}
		if err := r.client.AwaitConnected(ctx); err != nil {
			return &mqtt.PublishError{Topic: m.Topic, Outcome: mqtt.ErrNotSent, Err: err}
		}
		r.mu.Lock()
		r.result.Again++
		r.mu.Unlock()
	}
}

// drain waits until everything handed over is settled; after the end of ctx no longer than Options.Drain.
func (r *run) drain(ctx context.Context) {
	close(r.queue)
	select {
	case <-r.over:
	case <-ctx.Done():
		timer := time.AfterFunc(r.o.Drain, r.giveIn)
		defer timer.Stop()
	}
	<-r.over
	r.giveIn()
}

// account returns what Run returns; err is why the taking ended.
func (r *run) account(ctx context.Context, err error) (Result, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Elapsed = time.Since(r.begun)
	switch {
	case ctx.Err() != nil && !errors.Is(err, io.EOF):
		return r.result, context.Cause(ctx)
	case r.first != nil:
		return r.result, r.first
	case errors.Is(err, io.EOF):
		return r.result, nil
	}
	return r.result, err
}
