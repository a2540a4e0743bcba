package mqtt

import (
	"sync"
	"sync/atomic"

	"dunlin/mqtt/internal/link"
)

// lock is the client's mutex. What a holder wants to wake it wakes after it has
// let go, or the one that is woken would only wait for it. And what handlers have
// done meanwhile the last holder notes: the deliver loop does not wait for a lock
// after each message.
type lock struct {
	sync.Mutex
	kick *link.Link    // whose write loop is to look at the out-buffer; guarded
	wake chan struct{} // wakes the deliver loop; guarded

	due  atomic.Bool // the deliver loop has something to note
	note func()      // notes it, with the lock held; set once
}

// Unlock lets go of the mutex and wakes whom its holder wanted to.
func (l *lock) Unlock() {
	l.release()
	for l.due.Load() && l.TryLock() {
		l.due.Store(false)
		l.note()
		l.release()
	}
}

// offer has what is due noted, by this goroutine or by the one that has the lock.
func (l *lock) offer() {
	l.due.Store(true)
	if l.TryLock() {
		l.Unlock()
	}
}

func (l *lock) release() {
	kick, wake := l.kick, l.wake
	l.kick, l.wake = nil, nil
	l.Mutex.Unlock()
	if kick != nil {
		kick.Kick()
	}
	if wake != nil {
		wake <- struct{}{}
	}
}
