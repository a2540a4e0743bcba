package mqtt

import (
	"sync"

	"dunlin/mqtt/internal/link"
)

// lock is the client's mutex. What a holder wants to wake it wakes after it has
// let go, or the one that is woken would only wait for it.
type lock struct {
	sync.Mutex
	kick    *link.Link // whose write loop is to look at the out-buffer; guarded
	held    *link.Link // the same, but who reads writes first, or has it kicked; guarded
	deliver *receiver  // whose queue is to be served by a goroutine of its own; guarded
}

// Unlock lets go of the mutex and wakes whom its holder wanted to.
func (l *lock) Unlock() {
	kick, deliver := l.kick, l.deliver
	l.kick, l.deliver = nil, nil
	l.Mutex.Unlock()
	if kick != nil {
		kick.Kick()
	}
	if deliver != nil {
		go deliver.deliverLoop()
	}
}

// holdKick keeps a kick of l for later.
func (l *lock) holdKick(of *link.Link) {
	if l.kick == of {
		l.kick, l.held = nil, of
	}
}

// releaseKick lets a kick that was held go.
func (l *lock) releaseKick() {
	if l.held != nil {
		l.kick, l.held = l.held, nil
	}
}
