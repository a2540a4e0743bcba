package sparkplug

import "sync"

// outbox calls callbacks one at a time and in order, with no lock held, so that they may call whoever posted them. It has no
// goroutine of its own: the first that posts while nobody calls does the calling for all.
type outbox struct {
	mu      sync.Mutex
	calls   []func()
	calling bool
	room    chan struct{} // closed when few calls are in line; nil: nobody waits for that
}

// mostInLine is how many calls may be in line before whoever brings more has to wait.
const mostInLine = 1000

// post puts a call in line. It may be called with locks held.
func (o *outbox) post(call func()) {
	o.mu.Lock()
	o.calls = append(o.calls, call)
	o.mu.Unlock()
}

// flush makes the calls, unless somebody does already. It is called with no lock held.
func (o *outbox) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.calling {
		return
	}
	o.calling = true
	defer func() {
		o.calling = false
		o.makeRoom()
	}()
	for len(o.calls) > 0 {
		call := o.calls[0]
		o.calls[0] = nil
		o.calls = o.calls[1:]
		if len(o.calls) < mostInLine {
			o.makeRoom()
		}
		o.unlocked(call)
	}
}

// makeRoom lets those go on that wait for room, with the lock held.
func (o *outbox) makeRoom() {
	if o.room != nil {
		close(o.room)
		o.room = nil
	}
}

// flushInTurn is flush for what a server sends. Where somebody else makes the calls, and more come than are made, it waits
// until few are in line or done is closed: the server is slowed in place of a line that grows without end.
func (o *outbox) flushInTurn(done <-chan struct{}) {
	o.flush()
	for {
		room := o.full()
		if room == nil {
			return
		}
		select {
		case <-room:
		case <-done:
			return
		}
	}
}

// full returns what is closed when there is room, or nil where there is some.
func (o *outbox) full() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.calling || len(o.calls) < mostInLine {
		return nil
	}
	if o.room == nil {
		o.room = make(chan struct{})
	}
	return o.room
}

// unlocked makes a call without the lock, which is held again even when the call panics.
func (o *outbox) unlocked(call func()) {
	o.mu.Unlock()
	defer o.mu.Lock()
	call()
}
