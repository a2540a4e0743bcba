package publish

import (
	"errors"

	"dunlin/mqtt"
)

// settleLoop waits for what was handed over, in its order, and accounts for it.
func (r *run) settleLoop() {
	defer close(r.over)
	var held []*entry // taken from the queue, not settled
	for {
		if len(held) == 0 {
			e, ok := <-r.queue
			if !ok {
				return
			}
			held = append(held, e)
		}
		e := held[0]
		ended := r.awaitEnd(e)
		if ended && r.leavesAgain(e) {
			var err error
			if held, err = r.handAgain(held); err == nil {
				continue
			}
			e.delivery, e.err = nil, &mqtt.PublishError{Topic: e.message.Topic, Outcome: mqtt.ErrNotSent, Err: err}
		}
		held[0] = nil
		held = held[1:]
		if !ended {
			e.err = e.delivery.Wait(r.giveUp) // which only says how far it is
		} else {
			e.err = e.outcome()
		}
		r.settle(e)
	}
}

// awaitEnd waits for the end of e, unless nothing is waited for any more.
func (r *run) awaitEnd(e *entry) bool {
	if e.delivery == nil {
		return true
	}
	select {
	case <-e.delivery.Done():
		return true
	case <-r.giveUp.Done():
		return false
	}
}

// handAgain waits for a connection and hands over again what has not left with the last one: the first of held and what
// follows, in its order and before anything else. Where that connection ends, too, the next call goes on. It returns
// held with what was in the queue.
func (r *run) handAgain(held []*entry) ([]*entry, error) {
	if err := r.client.AwaitConnected(r.giveUp); err != nil { // what the last connection took down is settled, too
		return held, err
	}
	r.handing.Lock()
	defer r.handing.Unlock()
	for more := true; more; {
		select {
		case e, ok := <-r.queue:
			if more = ok; ok {
				held = append(held, e)
			}
		default:
			more = false
		}
	}
	for _, e := range held {
		if !r.leavesAgain(e) {
			continue
		}
		e.delivery, e.err = r.client.PublishAsync(r.giveUp, e.message, nil)
		if e.err != nil {
			break
		}
		r.mu.Lock()
		r.result.Again++
		r.mu.Unlock()
	}
	return held, nil
}

// settle accounts for e, which has ended, or is waited for no longer.
func (r *run) settle(e *entry) {
	defer func() {
		r.mu.Lock()
		r.under[e.window()]--
		r.mu.Unlock()
		select {
		case r.settled <- struct{}{}:
		default:
		}
	}()
	if e.err != nil {
		r.fail(e, e.err)
		return
	}
	answer := e.delivery.Answer()
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
