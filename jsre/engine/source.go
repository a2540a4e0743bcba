package engine

import "sync/atomic"

// batch is how much a source may deliver before the others have their turn.
const batch = 256

// Source feeds the loop from a queue that lives elsewhere and is bounded there. When the queue has
// something, any goroutine calls Wake; the loop then calls drain, which delivers up to `most` items
// and says whether there are more. So a fast producer costs one wake-up a batch, and a slow script
// leaves the queue full, which is what slows the producer.
type Source struct {
	loop   *Loop
	drain  func(most int) (more bool)
	queued atomic.Bool // in loop.ready, or about to be
}

// NewSource makes a source. drain runs on the loop goroutine; it enters the script through
// [Loop.Run], once an item, and stops early when [Loop.Stopped] says so. It can be called again
// from inside (a listener that polls), so it takes an item out of its queue before delivering it.
func (l *Loop) NewSource(drain func(most int) (more bool)) *Source {
	return &Source{loop: l, drain: drain}
}

// Wake has the loop drain the source soon. It never blocks, is safe from any goroutine, and costs
// one atomic operation when the source is awake already.
func (s *Source) Wake() {
	if s.queued.Load() || s.queued.Swap(true) {
		return
	}
	s.loop.mu.Lock()
	if !s.loop.closed {
		s.loop.ready.Push(s)
	}
	s.loop.mu.Unlock()
	s.loop.wakeUp()
}

// Stopped reports whether the script is being stopped, so that a drain may end early.
func (l *Loop) Stopped() bool { return l.vm.stopped.Load() }

// runSources drains each ready source by one batch.
func (l *Loop) runSources() bool {
	l.mu.Lock()
	n := l.ready.Len()
	l.mu.Unlock()
	served := false
	for ; n > 0 && !l.vm.stopped.Load(); n-- {
		l.mu.Lock()
		s, ok := l.ready.Pop()
		l.mu.Unlock()
		if !ok {
			break
		}
		served = true
		// Cleared first: an item that arrives during the drain wakes the source again.
		s.queued.Store(false)
		more := false
		l.guard(func() { more = s.drain(batch) })
		l.checkpoint()
		if more {
			s.Wake()
		}
	}
	return served
}

// Source is the text of a file of the script by the name that stacks show, empty when it is not known.
func (vm *VM) Source(file string) string { return vm.sources[file] }
