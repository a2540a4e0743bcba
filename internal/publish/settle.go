package publish

import (
	"errors"

	"dunlin/mqtt"
)

// settleLoop waits for what was handed over, in its order, and accounts for it. It wakes who waits for room only when it
// has to wait itself: what one read of acknowledgements makes room for then leaves in one write.
func (r *run) settleLoop() {
	defer close(r.over)
	for {
		e := r.nextEntry()
		if e == nil {
			return
		}
		if e.delivery != nil {
			if !e.ended() {
				r.tellRoom()
			}
			e.err = e.delivery.Wait(r.giveUp)
		}
		r.settle(e)
		r.mu.Lock()
		r.under[e.window()]--
		r.mu.Unlock()
	}
}

// nextEntry waits for the next message that was handed over; nil: there are no more.
func (r *run) nextEntry() *entry {
	select {
	case e := <-r.queue:
		return e
	default:
	}
	r.tellRoom()
	return <-r.queue
}

// ended reports whether it is known what became of the message.
func (e *entry) ended() bool {
	select {
	case <-e.delivery.Done():
		return true
	default:
		return false
	}
}

// tellRoom wakes who waits for room.
func (r *run) tellRoom() {
	select {
	case r.settled <- struct{}{}:
	default:
	}
}

// settle accounts for e, which has ended, or is waited for no longer.
func (r *run) settle(e *entry) {
	if e.err != nil {
		r.fail(e, e.err)
		return
	}
	var answer mqtt.Answer
	if e.delivery != nil {
		answer = e.delivery.Answer()
	}
	r.mu.Lock()
	r.result.Completed++
	if len(answer.Codes) > 0 && answer.Codes[0] == NoMatch {
		r.result.Unmatched++
	}
	r.mu.Unlock()
	if r.o.Completed != nil {
		r.telling.Lock()
		defer r.telling.Unlock()
		r.o.Completed(e.number, &e.message, answer)
	}
}

// fail accounts for a message that failed, and ends the run where that is to be.
func (r *run) fail(e *entry, err error) {
	r.mu.Lock()
	r.count(err)
	if r.first == nil {
		r.first = err
	}
	r.mu.Unlock()
	// A connection that is lost does not end what goes on with the next one.
	if !r.o.KeepGoing && !(r.o.Resume && errors.Is(err, mqtt.ErrInDoubt)) {
		r.stop(errStopped)
	}
	if r.o.Failed != nil && !e.calledOff && r.giveUp.Err() == nil {
		r.telling.Lock()
		defer r.telling.Unlock()
		r.o.Failed(Failure{Number: e.number, Line: e.line, Topic: e.message.Topic, Err: err})
	}
}

// count puts a failure into the account.
func (r *run) count(err error) {
	var (
		publish  *mqtt.PublishError
		argument *mqtt.ArgumentError
	)
	switch {
	case errors.As(err, &argument), errors.Is(err, mqtt.ErrRejected):
		r.result.Refused++
	case errors.Is(err, mqtt.ErrInDoubt), errors.Is(err, mqtt.ErrTakenAtQoS1):
		r.result.InDoubt++
	case errors.As(err, &publish):
		r.result.Unsent++
	default:
		r.result.Bad++
	}
}
