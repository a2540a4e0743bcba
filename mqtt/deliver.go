package mqtt

// notedEach is after how many messages who only delivers tries to count what is handled, so that
// it is acknowledged.
const (
	notedEach = 64
	// notedBytes of messages are counted at once, so that the memory of those is free for the next.
	notedBytes = 128 << 10
)

// deliverLoop delivers, for want of somebody who reads and could, until nothing is queued.
func (r *receiver) deliverLoop() {
	id := goroutineID()
	r.mu.Lock()
	r.deliverer = id
	r.eager.Store(true)
	r.deliverAll()
	if r.ended && !r.finished {
		r.finished = true
		r.mu.Unlock()
		r.endDelivering()
		return
	}
	r.release()
	r.mu.Unlock()
}

// endDelivering tells that nothing is delivered any more.
func (r *receiver) endDelivering() {
	r.client.cancel()
	r.workers.wait()
	r.mu.Lock()
	if r.watch != nil {
		r.watch.Stop()
	}
	r.mu.Unlock()
	r.done.give()
}

// runsHere reports whether the caller is a handler or callback.
func (r *receiver) runsHere() bool {
	id := goroutineID()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.delivering && id == r.deliverer || r.workers.has(id)
}

// deliverAll runs the handlers and callbacks of what is queued, until nothing is. The client's
// mutex is held at the call, and at the return.
func (r *receiver) deliverAll() {
	for len(r.batch) > 0 || len(r.items) > 0 { // a batch may be through, but not counted: its last handler ended the goroutine
		if len(r.batch) == 0 {
			r.passOn()
			r.batch, r.items, r.looked = r.items, r.batch, 0
			r.turns++
		}
		r.mu.Unlock()
		r.runBatch()
		r.mu.Lock()
		r.noteHandled()
		r.batch, r.at, r.noted, r.unnoted = r.batch[:0], 0, 0, 0
		r.handled.Store(0)
	}
}

// runBatch delivers what was taken. A handler that ends the goroutine has another one go on.
func (r *receiver) runBatch() {
	through := false
	defer func() {
		if through {
			return
		}
		r.conclude(&r.batch[r.at])
		r.mu.Lock()
		r.handOver()
		r.mu.deliver = r
		r.mu.Unlock()
	}()
	for r.at < len(r.batch) {
		before := r.at
		switch returned := r.runPlain(); {
		case !returned:
			r.conclude(&r.batch[r.at])
		case r.at > before:
		case r.batch[before].to.batched:
			r.deliverTogether(r.batch[before].to.subs[0])
		default:
			r.deliverMessage(&r.batch[before])
			r.conclude(&r.batch[before])
		}
	}
	r.handled.Store(int32(r.at))
	through = true
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
	urgent, acknowledged := it.message != nil && it.to.stream != nil, it.seq != 0
	r.at++
	r.unnoted += int(it.size)
	if acknowledged || urgent {
		r.handled.Store(int32(r.at)) // from here on the item belongs to who counts it
	}
	if urgent {
		r.note()
	}
	if !r.eager.Load() || r.at == len(r.batch) { // it is counted then
		return
	}
	r.handled.Store(int32(r.at))
	switch {
	case (r.at%notedEach == 0 || r.unnoted >= notedBytes) && r.tryNote():
	case acknowledged && !r.watched.Load():
		r.mu.Lock()
		r.watchSoon()
		r.mu.Unlock()
	}
}

// tryNote is note unless somebody has the lock, mostly who reads, and counts at the
// end of its batch: the handlers do not wait for that.
func (r *receiver) tryNote() bool {
	if !r.mu.TryLock() {
		return false
	}
	defer r.mu.Unlock()
	r.unnoted = 0
	r.noteHandled()
	return true
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
	end := int(r.handled.Load())
	for ; r.noted < end; r.noted++ {
		it := &r.batch[r.noted]
		switch {
		case it.message == nil:
			r.bytes -= int(it.size)
			it.delivery, it.call = nil, nil
		case it.result != passedOn:
			r.countOut(it)
			if it.to.lent != nil && it.to.reuse {
				r.memory.giveBack(it.to.lent, r.limits.ReceiveBytes)
			}
		}
		it.message, it.to = nil, nil // it is the handlers' alone, and so is what is lent to it
	}
	r.lookForRoom()
}

// countOut tells that the message of it waits no more.
func (r *receiver) countOut(it *item) {
	r.messages--
	r.bytes -= int(it.size)
	r.through++
	if it.seq != 0 || it.to.stream != nil { // else there is nothing to acknowledge
		r.client.concludeLocked(it)
	}
}

// lookForRoom lets who reads go on if it waits for what has come about.
func (r *receiver) lookForRoom() {
	r.stuck = r.stuck && r.full()
	if r.paused && !r.heldBack() {
		r.openGate()
	}
}
