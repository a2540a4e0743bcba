package mqtt

import (
	"context"
	"errors"
	"iter"
	"slices"

	"dunlin/mqtt/internal/link"
)

// ActiveSubscription is what one call of Subscribe has brought about. Its methods may
// be called from any goroutine.
type ActiveSubscription struct {
	client  *Client
	request *request
}

// Granted returns the server's answer, a code for each filter in their order: the
// granted QoS, or a failure from 0x80 on.
func (a *ActiveSubscription) Granted() []ReasonCode {
	a.client.mu.Lock()
	defer a.client.mu.Unlock()
	if a.request.answer == nil {
		return nil
	}
	return slices.Clone(a.request.answer.Codes)
}

// Close unsubscribes the filters of the call that are still its own, as Client.Unsubscribe
// does, and ends All. What All has not given by then is not acknowledged. After an error that
// is ErrNotSent or ErrRejected the subscriptions are in force, and All goes on.
func (a *ActiveSubscription) Close(ctx context.Context) error {
	var err error
	if filters := a.inForce(); len(filters) > 0 {
		err = a.client.Unsubscribe(ctx, filters...)
	}
	if errors.Is(err, ErrNotSent) || errors.Is(err, ErrRejected) {
		return err
	}
	a.client.mu.Lock()
	defer a.client.mu.Unlock()
	if q := a.request.pulled; q != nil {
		q.reason = nil
		q.close()
	}
	return err
}

// inForce returns the filters that lead to the subscriptions of the call, and not to
// those of a later one.
func (a *ActiveSubscription) inForce() (filters []string) {
	a.client.mu.Lock()
	defer a.client.mu.Unlock()
	for i, filter := range a.request.filters {
		if a.client.subs.get(filter) == a.request.subs[i] {
			filters = append(filters, filter)
		}
	}
	return filters
}

// All returns the messages of the subscriptions without a handler, in the order in
// which they came, from the call of Subscribe on. A QoS 1 or 2 message is acknowledged
// when the loop asks for the next one or ends, unless the subscription has ManualAck or the
// loop's body panicked. A loop that is left may be gone on with by another one.
//
// The sequence ends after Close, and when all filters were unsubscribed, or subscribed anew in
// another call. It ends with an error when ctx or the client ends, and with a *SubscribeError
// when the server refuses the subscriptions, perhaps as they are renewed.
//
// What nobody takes waits, and counts in Limits.ReceiveMessages and ReceiveBytes: when
// these are reached, the client stops reading. All is not for a client with
// Config.OnMessage, which gets those messages; then the only element is an *ArgumentError.
func (a *ActiveSubscription) All(ctx context.Context) iter.Seq2[*Received, error] {
	return func(yield func(*Received, error) bool) {
		q := a.request.pulled
		if q == nil {
			yield(nil, &ArgumentError{Name: "All", What: "the messages go to the Handler of the subscription, or to Config.OnMessage"})
			return
		}
		q.enter()
		defer q.leave()
		defer context.AfterFunc(ctx, q.interrupt)()
		var m *shared
		defer func() { q.conclude(m, failed) }() // unless the body returned
		for {
			var err error
			if m, err = q.next(ctx, a.client, m); m == nil {
				if err != nil {
					yield(nil, err)
				}
				return
			}
			if !yield(m.item.message, nil) {
				q.conclude(m, handled)
				m = nil
				return
			}
		}
	}
}

// conclude tells that the loop is through with m, nil: none.
func (q *ownQueue) conclude(m *shared, result result) {
	if m != nil {
		q.receiver.finish(m, result)
	}
}

// interrupt lets the iterator look again though it reads.
func (q *ownQueue) interrupt() {
	q.receiver.mu.Lock()
	defer q.receiver.mu.Unlock()
	q.receiver.interrupt(q)
}

// enter tells that a loop begins, and leave that it ends.
func (q *ownQueue) enter() {
	q.receiver.mu.Lock()
	defer q.receiver.mu.Unlock()
	q.loops++
	q.iterated = true
	q.receiver.pullers++
}

func (q *ownQueue) leave() {
	r := q.receiver
	r.mu.Lock()
	defer r.mu.Unlock()
	q.loops--
	q.closeIfLeft()
	if r.pullers--; r.reading == readerAway {
		r.handOver()
	}
}

// next waits for a message, after the loop's body returned from done, nil: none. No message, and no
// error, is the end that the application brought about. When nobody else does, it reads.
func (q *ownQueue) next(ctx context.Context, c *Client, done *shared) (*shared, error) {
	for {
		step := q.take(ctx, c, done)
		done = nil
		switch {
		case step.read != nil:
			step.read.ReadHere()
		case step.more == nil:
			return step.message, step.err
		default:
			select {
			case <-step.more:
			case <-ctx.Done():
			case <-c.recv.done.given(): // nothing comes any more
			}
		}
	}
}

// step is what an iterator does next: one of these, or it ends.
type step struct {
	message *shared
	err     error
	more    <-chan struct{} // closed when to look again
	read    *link.Link      // to be read from until something came
}

// take returns the oldest message or the end, or else how to wait for it.
func (q *ownQueue) take(ctx context.Context, c *Client, done *shared) step {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := &c.recv
	if done != nil {
		r.finishLocked(done, handled)
		if r.reading == readerAway { // for a moment: look, or who reads next, sees to it
			c.send.holdKick()
		}
	}
	if ctx.Err() != nil { // though messages wait: they may come without end
		return step{err: context.Cause(ctx)}
	}
	for m := q.pop(); m != nil; m = q.pop() {
		if r.delivers(&m.item) {
			return step{message: m}
		}
		r.finishLocked(m, notRun)
	}
	if q.over || q.closed {
		return step{err: q.reason}
	}
	if r.done.isGiven() {
		return step{err: c.life.End()}
	}
	if read := r.pull(q); read != nil {
		c.writeHereLocked() // what the messages so far are answered with
		return step{read: read}
	}
	if q.more == nil {
		q.more = make(chan struct{})
	}
	return step{more: q.more}
}
