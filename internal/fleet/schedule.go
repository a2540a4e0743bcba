package fleet

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// A schedule calls functions at their times, one after another, on the goroutine of run. There is one for all devices, so
// that a device that does nothing costs no goroutine and no timer.
type schedule struct {
	mu      sync.Mutex
	due     dueHeap
	wake    chan struct{} // something is due earlier than what run waits for
	stopped bool          // nothing is taken any more
}

// task is what happens to a device at a time.
type task struct {
	at     time.Time
	actor  actor
	do     action
	stream int // for a reading: which
}

// actor is whom tasks are for. perform is called on the goroutine of the schedule and does not block.
type actor interface{ perform(t task) }

type action byte

// What happens to devices.
const (
	doConnect action = iota // switch it on, or wake it
	doSleep
	doRead
	doCut
	doAnnounce // what had no room at first
	doLook     // whether a download stands still
)

func newSchedule() *schedule { return &schedule{wake: make(chan struct{}, 1)} }

// add has t done when it is due.
func (s *schedule) add(t task) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	heap.Push(&s.due, t)
	if s.due[0].at.Equal(t.at) {
		select {
		case s.wake <- struct{}{}:
		default: // it will look anyway
		}
	}
}

// stop drops what is not done yet.
func (s *schedule) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped, s.due = true, nil
}

// next returns a task that is due, or else how long it is until one is.
func (s *schedule) next(now time.Time) (t task, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.due) == 0 {
		return t, time.Hour
	}
	if wait = s.due[0].at.Sub(now); wait > 0 {
		return t, wait
	}
	return heap.Pop(&s.due).(task), 0 // the heap holds tasks alone
}

// scheduleLoop does what is due until ctx ends.
func (s *schedule) scheduleLoop(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		t, wait := s.next(time.Now())
		if t.actor != nil {
			t.actor.perform(t)
			if ctx.Err() != nil {
				return
			}
			continue
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-s.wake:
		case <-ctx.Done():
			return
		}
	}
}

// dueHeap has the earliest task in front.
type dueHeap []task

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push and Pop are for container/heap.
func (h *dueHeap) Push(x any) { *h = append(*h, x.(task)) }

// Pop is for container/heap.
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = task{}
	*h = (*h)[:last]
	return t
}
