package mqtt

import (
	"sync"

	"dunlin/mqtt/internal/link"
)

// lock is the client's mutex. What a holder wants to wake it wakes after it has
// let go, or the one that is woken would only wait for it.
type lock struct {
	sync.Mutex
	kick *link.Link    // whose write loop is to look at the out-buffer; guarded
	wake chan struct{} // wakes the deliver loop; guarded
}

// Unlock lets go of the mutex and wakes whom its holder wanted to.
func (l *lock) Unlock() {
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
