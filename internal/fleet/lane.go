package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"dunlin/mqtt"
)

// errNoRoom is why a message is not sent while too much waits to be written.
var errNoRoom = errors.New("the server does not take what is sent")

// atOnce is the context of who publishes where nothing may wait: with the lock of a device, or on the goroutine of the
// schedule, which all devices have together. Without room to send it fails with errNoRoom.
var atOnce = sync.OnceValue(func() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errNoRoom)
	return ctx
})

// lane does the tasks of one actor that may have to wait for room to send, in their order. Its goroutine is there only
// while there are some.
type lane struct {
	do      func(task)
	working sync.WaitGroup

	mu      sync.Mutex
	waiting []task
	busy    bool
}

// mostWaiting is how many tasks wait for the one that is done.
const mostWaiting = 100

// add has t done behind the others, unless too many wait already, which it reports with false.
func (l *lane) add(t task) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !l.busy:
		l.busy = true
		l.working.Go(func() { l.work(t) })
	case len(l.waiting) == mostWaiting:
		return false
	default:
		l.waiting = append(l.waiting, t)
	}
	return true
}

// work does t and what comes to wait behind it.
func (l *lane) work(t task) {
	for more := true; more; t, more = l.next() {
		l.do(t)
	}
}

// next returns the task that has waited longest; false: there is none, and whoever does them ends.
func (l *lane) next() (task, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.busy, l.waiting = false, nil
		return task{}, false
	}
	t := l.waiting[0]
	l.waiting = l.waiting[1:]
	return t, true
}

// mostNamed is of how many devices is told that have the same trouble. A server that has it with one often has it with all.
const mostNamed = 10

// refused tells of a device that cannot do its work.
func (r *run) refused(name, fate string, err error) {
	r.tell(&r.refusals, fmt.Errorf("device %s %s: %w", name, fate, err), "more devices are refused")
}

// heldUp tells of a device whose messages have no room, once on each connection.
func (r *run) heldUp(name string) {
	r.tell(&r.holdups, fmt.Errorf("device %s loses what it has to say: %w", name, errNoRoom), "more devices lose what they have to say")
}

// rejected tells of a message that the server has rejected, if err says so.
func (r *run) rejected(name string, err error) {
	if errors.Is(err, mqtt.ErrRejected) {
		r.tell(&r.rejections, fmt.Errorf("%s: %w", name, err), "more messages are rejected")
	}
}

// tell tells of what is wrong with a device, if it is one of the first of which that is told; more says what is with others.
func (r *run) tell(before *atomic.Int64, err error, more string) {
	switch n := before.Add(1); {
	case n <= mostNamed:
		r.failed(err)
	case n == mostNamed+1:
		r.failed(errors.New(more + "; only the first ones are named"))
	default:
		r.counts.add(Errors)
	}
}
