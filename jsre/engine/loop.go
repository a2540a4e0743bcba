package engine

import (
	"sync"
	"sync/atomic"
	"time"

	"dunlin/internal/fifo"

	"github.com/dop251/goja"
)

// forever is a wait without an end.
const forever = time.Duration(-1)

// Loop is the event loop of a VM. A turn serves, in this order: timers that are due, posted jobs,
// sources that are ready, immediates. Ticks and promise jobs run after each callback, as in
// Node.js.
type Loop struct {
	vm *VM
	rt *goja.Runtime

	// owned by the loop goroutine
	made       time.Time
	timers     timerHeap
	timerSeq   uint64
	timersRefd int
	immediates fifo.Queue[*Immediate]
	ticks      fifo.Queue[func()]
	jobs       *jobQueue
	rejected   rejections // without a handler, not yet reported
	sleep      *time.Timer
	sweep      goja.Callable // see idle

	// shared
	mu     sync.Mutex
	posted fifo.Queue[func()]  // guarded by mu
	ready  fifo.Queue[*Source] // guarded by mu
	closed bool                // guarded by mu
	wake   chan struct{}
	refs   atomic.Int64
}

func newLoop(vm *VM) (*Loop, error) {
	jobs, err := newJobQueue(vm.rt)
	if err != nil {
		return nil, err
	}
	l := &Loop{vm: vm, rt: vm.rt, jobs: jobs, wake: make(chan struct{}, 1), made: time.Now()}
	l.sweep, _ = goja.AssertFunction(vm.rt.ToValue(func(goja.FunctionCall) goja.Value { return nil }))
	vm.rt.SetPromiseRejectionTracker(l.trackRejection)
	return l, nil
}

// Post has job run on the loop goroutine, soon and in order, through [Loop.Run]. It never blocks
// and may be called from any goroutine. The queue is not bounded: use it for completions, whose
// number the script decides, and a [Source] for what the outside world sends. It reports false, and
// drops the job, once serving has ended.
func (l *Loop) Post(job func()) bool {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return false
	}
	l.posted.Push(job)
	l.mu.Unlock()
	l.wakeUp()
	return true
}

// Ref keeps the loop serving until the returned function is called (once is enough, more does no
// harm). Both are safe from any goroutine.
func (l *Loop) Ref() (release func()) {
	l.refs.Add(1)
	var once sync.Once
	return func() {
		once.Do(func() {
			l.refs.Add(-1)
			l.wakeUp()
		})
	}
}

// Reserve is for an operation that completes elsewhere: it keeps the loop serving until the
// returned function is called with the job that completes it. Only the first call counts, so an
// operation calls back exactly once. Safe from any goroutine.
func (l *Loop) Reserve() (complete func(job func()) bool) {
	l.refs.Add(1)
	var done atomic.Bool
	return func(job func()) bool {
		if done.Swap(true) {
			return false
		}
		ok := l.Post(job)
		l.refs.Add(-1)
		l.wakeUp()
		return ok
	}
}

// wakeUp ends the loop's sleep. Safe from any goroutine.
func (l *Loop) wakeUp() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// alive reports whether anything can still happen.
func (l *Loop) alive() bool {
	return l.refs.Load() > 0 || l.timersRefd > 0 || l.immediates.Len() > 0 || l.pending()
}

// pending reports whether jobs or sources wait to be served.
func (l *Loop) pending() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.posted.Len() > 0 || l.ready.Len() > 0
}

// close drops what is queued and refuses more.
func (l *Loop) close() {
	l.mu.Lock()
	l.closed = true
	l.posted, l.ready = fifo.Queue[func()]{}, fifo.Queue[*Source]{}
	l.mu.Unlock()
	if l.sleep != nil {
		l.sleep.Stop()
	}
}

// turn waits until something is ready, at most for wait, and serves it. It reports whether anything
// was served.
func (l *Loop) turn(wait time.Duration) bool {
	l.checkpoint()
	if l.vm.stopped.Load() {
		return false
	}
	if !l.idle(wait) {
		return false
	}
	served := l.runTimers(l.now())
	served = l.runPosted() || served
	served = l.runSources() || served
	return l.runImmediates() || served
}

// idle sleeps until there is something to serve. It reports false when wait ran out first, or the
// script was stopped.
func (l *Loop) idle(wait time.Duration) bool {
	// An empty call makes goja forget the values above the top of its stack, so that an idle script
	// does not keep the last messages alive.
	_, _ = l.sweep(goja.Undefined())
	var end time.Time
	if wait > 0 {
		end = time.Now().Add(wait)
	}
	for !l.vm.stopped.Load() {
		if l.immediates.Len() > 0 || l.pending() {
			return true
		}
		limit := wait
		if wait > 0 {
			limit = max(time.Until(end), 0)
		}
		if len(l.timers) > 0 {
			due := l.timers[0].when - l.now()
			if due <= 0 {
				return true
			}
			if limit < 0 || due < limit {
				limit = due
			}
		}
		if limit == 0 {
			return false
		}
		if !l.wait(limit) && wait < 0 && !l.alive() {
			return false // the last reference went away while we slept
		}
	}
	return false
}

// wait blocks until woken or limit has passed (negative: no limit). It reports false when woken.
func (l *Loop) wait(limit time.Duration) bool {
	if limit < 0 {
		<-l.wake
		return false
	}
	if l.sleep == nil {
		l.sleep = time.NewTimer(limit)
	} else {
		l.sleep.Reset(limit)
	}
	defer l.sleep.Stop()
	select {
	case <-l.wake:
		return false
	case <-l.sleep.C:
		return true
	}
}

// runPosted runs the jobs that were there when it began.
func (l *Loop) runPosted() bool {
	l.mu.Lock()
	n := l.posted.Len()
	l.mu.Unlock()
	served := false
	for ; n > 0 && !l.vm.stopped.Load(); n-- {
		l.mu.Lock()
		job, ok := l.posted.Pop()
		l.mu.Unlock()
		if !ok {
			break
		}
		served = true
		l.Run(job)
	}
	return served
}

// Serve runs turns inside a native call, until check reports true (asked before each turn; nil:
// never) and each turn waiting no longer than turnTime (negative: no limit). Promise jobs and ticks
// go on as they do outside. What check panics passes through. Loop goroutine only.
func (l *Loop) Serve(check func() bool, turnTime time.Duration) {
	for {
		l.checkpoint()
		l.vm.CheckStop()
		if check != nil && check() {
			return
		}
		l.turn(turnTime)
		l.vm.CheckStop()
	}
}

// Poll serves what is ready, waiting for it no longer than wait (0: not at all, negative: without
// limit). It reports whether anything was served; without limit it is false only when nothing can come any more.
// Loop goroutine only.
func (l *Loop) Poll(wait time.Duration) bool {
	l.checkpoint() // what promises begin may be all there is to wait for
	served := (wait >= 0 || l.alive()) && l.turn(wait)
	l.checkpoint()
	l.vm.CheckStop()
	return served
}
