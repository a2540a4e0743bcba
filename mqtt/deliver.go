package mqtt

import "time"

// notedEach is after how many messages the deliver loop tries to count what is
// handled, so that it is acknowledged, and noteTime after how long it is
// counted even so: acknowledgements of messages that are handled one after the other leave
// together.
const (
	notedEach = 64
	noteTime  = time.Millisecond
	// notedBytes of messages are counted at once, so that the memory of those that may
	// be used again is, while it is in the processor's cache.
	notedBytes = 128 << 10
)

// deliverLoop runs the handlers and callbacks, one at a time.
func (r *receiver) deliverLoop() {
	finished := false
	defer func() {
		if !finished { // a handler called runtime.Goexit
			go r.deliverLoop()
			return
		}
		if r.noteLater != nil {
			r.noteLater.Stop()
		}
		r.ending()
		r.workers.wait()
		close(r.done)
	}()
	r.mu.Lock()
	r.loop = goroutineID()
	r.mu.Unlock()
	for {
		for r.at < len(r.batch) {
			r.deliver(&r.batch[r.at])
		}
		if !r.nextBatch() {
			finished = true
			return
		}
	}
}

// runsHere reports whether the caller is a handler or callback.
func (r *receiver) runsHere() bool {
	id := goroutineID()
	r.mu.Lock()
	defer r.mu.Unlock()
	return id == r.loop || r.workers.has(id)
}

// deliver runs what it is for. It counts as through even if a handler ends the
// goroutine.
func (r *receiver) deliver(it *item) {
	defer r.conclude(it)
	switch {
	case it.message != nil:
		r.deliverMessage(it)
	case it.delivery != nil:
		r.guard.run(func() { it.delivery.op.call(it.delivery.op.err) })
	default:
		r.guard.run(it.call)
	}
}

// deliverMessage runs the handlers of a message. One whose handler panicked is not
// acknowledged.
func (r *receiver) deliverMessage(it *item) {
	if !r.delivers(it) {
		return
	}
	it.result = failed // until they have returned
	if it.to.run(it, &r.guard) {
		it.result = handled
	}
	if it.to.unhandled {
		r.noteUnhandled(it.to.topic)
	}
	if queues := it.to.queues; queues != nil {
		r.share(it, queues, it.result)
	}
}

// delivers reports whether handlers still get the message of it. After Close nothing
// is delivered any more. When a connection was lost, what had come before is, except for
// what the server keeps and sends again: a handler that is slower than connections live
// would for ever be busy with copies that it can acknowledge no more.
func (r *receiver) delivers(it *item) bool {
	switch {
	case r.quiet.Load():
		return false
	case it.seq == 0:
		return true
	case r.unacknowledged.Load():
		return false
	default:
		return it.message.QoS != AtLeastOnce || it.seq >= r.comeAgain.Load()
	}
}

// conclude tells that the item at hand is through. It is counted with those that
// follow at once, unless one of them takes its time.
func (r *receiver) conclude(it *item) {
	message, urgent, acknowledged := it.message != nil, it.message != nil && it.to.stream != nil, it.seq != 0
	r.at++
	r.unnoted += int(it.size)
	r.finished.Store(int32(r.at)) // from here on the item belongs to who counts it
	switch {
	case !message || r.at == len(r.batch): // nextBatch counts
	case urgent:
		r.note()
	case (r.at%notedEach == 0 || r.unnoted >= notedBytes) && r.tryNote():
	case acknowledged:
		r.noteSoon()
	}
}

// tryNote is note unless somebody has the lock, mostly the read loop, which counts at the
// end of its read: the handlers do not wait for that.
func (r *receiver) tryNote() bool {
	if !r.mu.TryLock() {
		return false
	}
	defer r.mu.Unlock()
	r.unnoted = 0
	r.noteHandled()
	return true
}

// noteSoon has what is handled counted after noteTime.
func (r *receiver) noteSoon() {
	switch {
	case r.notesSoon.Load():
		return
	case r.noteLater == nil:
		r.notesSoon.Store(true)
		r.noteLater = time.AfterFunc(noteTime, r.noteDue)
	default:
		r.notesSoon.Store(true)
		r.noteLater.Reset(noteTime)
	}
}

// noteDue is note when its time has come.
func (r *receiver) noteDue() {
	r.notesSoon.Store(false)
	r.note()
}

// note is noteHandled for who does not hold the lock.
func (r *receiver) note() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noteHandled()
}

// noteHandled counts the messages whose handlers are through, and has them
// acknowledged.
func (r *receiver) noteHandled() {
	end := int(r.finished.Load())
	for ; r.noted < end; r.noted++ {
		it := &r.batch[r.noted]
		switch {
		case it.message == nil:
			r.bytes -= int(it.size)
		case it.result != passedOn:
			r.countOut(it)
			if it.to.reuse {
				r.memory.takeBack(it.message, r.limits.ReceiveBytes)
			}
		}
		it.message = nil
	}
	r.lookForRoom()
}

// countOut tells that the message of it waits no more.
func (r *receiver) countOut(it *item) {
	r.messages--
	r.bytes -= int(it.size)
	r.through++
	if it.seq != 0 || it.to.stream != nil { // else there is nothing to acknowledge
		r.concluded(it)
	}
}

// lookForRoom lets the read loop go on if it waits for what has come about.
func (r *receiver) lookForRoom() {
	r.stuck = r.stuck && r.full()
	if r.paused && !r.heldBack() {
		r.openGate()
	}
}

// nextBatch waits for work, and reports false when there will be none.
func (r *receiver) nextBatch() bool {
	for {
		r.mu.Lock()
		r.noteHandled()
		clear(r.batch) // a message is the handlers' alone
		r.batch, r.at, r.noted, r.unnoted = r.batch[:0], 0, 0, 0
		r.finished.Store(0)
		if len(r.items) > 0 {
			r.batch, r.items = r.items, r.batch
			r.mu.Unlock()
			return true
		}
		if r.ended {
			r.mu.Unlock()
			return false
		}
		r.asleep = true
		busy := r.busy()
		r.mu.Unlock()
		r.sleep(busy)
	}
}

// sleep waits to be woken. What only a busy client needs is let go after a while.
func (r *receiver) sleep(busy bool) {
	if busy {
		timer := time.NewTimer(idleTime)
		defer timer.Stop()
		select {
		case <-r.wake:
			return
		case <-timer.C:
		}
		r.mu.Lock()
		r.rest()
		r.mu.Unlock()
	}
	<-r.wake
}
