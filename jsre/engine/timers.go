package engine

import (
	"container/heap"
	"time"
)

// Timer is one setTimeout or setInterval. A script may start a million of them, so it is kept small: times are counted
// from when the loop was made. Loop goroutine only.
type Timer struct {
	loop   *Loop
	when   time.Duration
	seq    uint64
	every  time.Duration
	fire   Firer
	index  int32 // place in the heap, -1: not in it
	repeat bool
	refd   bool
}

// Firer is what a timer calls.
type Firer interface{ Fire() }

type fireFunc func()

// Fire implements Firer.
func (f fireFunc) Fire() { f() }

// NewTimer has fire run after d, and again every d when repeat is set. d is raised to one
// millisecond, as in Node.js. The timer keeps the loop serving unless Unref is called.
func (l *Loop) NewTimer(d time.Duration, repeat bool, fire func()) *Timer {
	t := &Timer{}
	l.StartTimer(t, d, repeat, fireFunc(fire))
	return t
}

// StartTimer is NewTimer for a timer that is part of something of the caller's.
func (l *Loop) StartTimer(t *Timer, d time.Duration, repeat bool, fire Firer) {
	*t = Timer{loop: l, every: max(d, time.Millisecond), repeat: repeat, index: -1, fire: fire}
	t.start()
	t.Ref()
}

// now is the time since the loop was made.
func (l *Loop) now() time.Duration { return time.Since(l.made) }

func (t *Timer) start() {
	t.loop.timerSeq++
	t.when, t.seq = t.loop.now()+t.every, t.loop.timerSeq
	if t.index >= 0 {
		heap.Fix(&t.loop.timers, int(t.index))
		return
	}
	heap.Push(&t.loop.timers, t)
	if t.refd {
		t.loop.timersRefd++
	}
}

// Cancel stops the timer; nothing happens when it has fired already.
func (t *Timer) Cancel() {
	t.repeat = false
	if t.index < 0 {
		return
	}
	heap.Remove(&t.loop.timers, int(t.index))
	if t.refd {
		t.loop.timersRefd--
	}
}

// Refresh starts the timer anew with its own delay, also when it has fired.
func (t *Timer) Refresh() { t.start() }

// Left is the time until the timer fires; false when it has fired or was cancelled.
func (t *Timer) Left() (time.Duration, bool) {
	return max(t.when-t.loop.now(), 0), t.index >= 0
}

// Ref has the timer keep the loop serving, which is the default.
func (t *Timer) Ref() {
	if !t.refd && t.index >= 0 {
		t.loop.timersRefd++
	}
	t.refd = true
}

// Unref has the loop end although the timer is still to fire.
func (t *Timer) Unref() {
	if t.refd && t.index >= 0 {
		t.loop.timersRefd--
	}
	t.refd = false
}

// Repeats reports whether the timer goes on after it has fired.
func (t *Timer) Repeats() bool { return t.repeat }

// HasRef reports whether the timer keeps the loop serving.
func (t *Timer) HasRef() bool { return t.refd }

// runTimers fires what is due at now, the earliest first. A timer that is started meanwhile is due later than now and
// waits for the next turn.
func (l *Loop) runTimers(now time.Duration) bool {
	served := false
	for len(l.timers) > 0 && !l.vm.stopped.Load() {
		t := l.timers[0]
		if t.when > now {
			break
		}
		heap.Pop(&l.timers)
		if t.refd {
			l.timersRefd--
		}
		served = true
		l.Run(t.fire.Fire)
		// A callback may have cancelled the interval, or started it again.
		if t.repeat && t.index < 0 {
			t.start()
		}
	}
	return served
}

// Immediate is one setImmediate. Loop goroutine only.
type Immediate struct {
	run       func()
	cancelled bool
}

// SetImmediate has run called at the end of the turn.
func (l *Loop) SetImmediate(run func()) *Immediate {
	im := &Immediate{run: run}
	l.immediates.Push(im)
	return im
}

// Cancel keeps the immediate from running.
func (im *Immediate) Cancel() { im.cancelled = true }

// runImmediates runs the immediates that were there when it began.
func (l *Loop) runImmediates() bool {
	served := false
	for n := l.immediates.Len(); n > 0 && !l.vm.stopped.Load(); n-- {
		im, ok := l.immediates.Pop()
		if !ok {
			break
		}
		if im.cancelled {
			continue
		}
		served = true
		l.Run(im.run)
	}
	return served
}

// timerHeap is ordered by time, then by the order in which the timers were started.
type timerHeap []*Timer

func (h timerHeap) Len() int { return len(h) }

func (h timerHeap) Less(i, j int) bool {
	if h[i].when == h[j].when {
		return h[i].seq < h[j].seq
	}
	return h[i].when < h[j].when
}

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = int32(i), int32(j) //nolint:gosec // a heap of 2^31 timers does not fit in memory
}

// Push implements heap.Interface.
func (h *timerHeap) Push(x any) {
	t, _ := x.(*Timer)
	t.index = int32(len(*h)) //nolint:gosec // as in Swap
	*h = append(*h, t)
}

// Pop implements heap.Interface.
func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = -1
	return t
}
