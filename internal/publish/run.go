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
	settled chan struct{} // holds a value when something was settled
	over    chan struct{} // closed when settleLoop has ended
	giveUp  context.Context
	giveIn  context.CancelFunc // ends giveUp: nothing is waited for any more

	handing sync.Mutex // held while messages are handed to the client
	last    *entry     // of QoS 0 that was handed last; guarded by handing

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

// outcome returns how the message ended, or has ended so far.
func (e *entry) outcome() error {
	if e.delivery == nil {
		return e.err
	}
	return e.delivery.Err()
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
		r.mu.Unlock()
		if bad != nil {
			r.fail(e, bad)
			continue
		}
		if err := r.awaitRoom(ctx, e.window()); err != nil {
			e.calledOff = true
			r.fail(e, &mqtt.PublishError{Topic: m.Topic, Outcome: mqtt.ErrNotSent, Err: err})
			return err
		}
		r.hand(ctx, e)
	}
}

// awaitTurn waits until there is a message and it is its time.
func (r *run) awaitTurn(ctx context.Context, pace *pace) error {
	if err := r.source.Ready(ctx); err != nil {
		return err
	}
	if r.o.OneByOne {
		if err := r.await(ctx, func() bool { return r.under == [2]int{} }); err != nil {
			return err
		}
		if r.isTaken() {
			if err := sleep(ctx, r.o.Pause); err != nil {
				return err
			}
		}
	}
	return pace.wait(ctx)
}

// isTaken reports whether a message was taken before.
func (r *run) isTaken() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.result.Taken > 0
}

// awaitRoom waits for room in a window and takes it.
func (r *run) awaitRoom(ctx context.Context, window int) error {
	most := [2]int{inFlightQoS0, r.o.InFlight}
	return r.await(ctx, func() bool {
		if r.under[window] >= most[window] {
			return false
		}
		r.under[window]++
		return true
	})
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

// hand gives e to the client, and then to settleLoop. When the message in front of it has not left with the connection
// that it was for, e waits for that one.
func (r *run) hand(ctx context.Context, e *entry) {
	r.handing.Lock()
	defer r.handing.Unlock()
	if e.window() == 0 && r.last != nil && r.leavesAgain(r.last) {
		e.err = r.last.outcome()
	} else {
		e.delivery, e.err = r.client.PublishAsync(ctx, e.message, nil)
		e.calledOff = e.err != nil && ctx.Err() != nil
	}
	if e.window() == 0 {
		r.last = e
	}
	r.queue <- e // it has room for both windows
}

// leavesAgain reports whether e has ended without having left, because there was no connection any more.
func (r *run) leavesAgain(e *entry) bool {
	err := e.outcome()
	if !r.o.Resume || e.message.QoS != mqtt.AtMostOnce || !errors.Is(err, mqtt.ErrNotSent) {
		return false
	}
	return e.delivery != nil || errors.Is(err, mqtt.ErrNotConnected)
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
