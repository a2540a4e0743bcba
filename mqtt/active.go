package mqtt

import (
	"context"
	"errors"
	"iter"
	"slices"
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
		for {
			m, err := q.next(ctx, a.client)
			if m == nil && err == nil {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !q.give(m, yield) {
				return
			}
		}
	}
}

// enter tells that a loop begins, and leave that it ends.
func (q *ownQueue) enter() {
	q.receiver.mu.Lock()
	defer q.receiver.mu.Unlock()
	q.loops++
	q.iterated = true
}

func (q *ownQueue) leave() {
	q.receiver.mu.Lock()
	defer q.receiver.mu.Unlock()
	q.loops--
	q.closeIfLeft()
}

// next waits for a message; none, and no error, is the end that the application
// brought about.
func (q *ownQueue) next(ctx context.Context, c *Client) (*shared, error) {
	for {
		m, more, err := q.take(ctx, c)
		if more == nil {
			return m, err
		}
		select {
		case <-more:
		case <-ctx.Done():
		case <-c.recv.done: // nothing comes any more
		}
	}
}

// take returns the oldest message or the end, or else what is closed when to look
// again.
func (q *ownQueue) take(ctx context.Context, c *Client) (m *shared, more <-chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil { // though messages wait: they may come without end
		return nil, nil, context.Cause(ctx)
	}
	for m := q.pop(); m != nil; m = q.pop() {
		if q.receiver.delivers(&m.item) {
			return m, nil, nil
		}
		q.receiver.finishLocked(m, notRun)
	}
	if q.over || q.closed {
		return nil, nil, q.reason
	}
	select {
	case <-c.recv.done:
		return nil, nil, c.life.End()
	default:
	}
	if q.more == nil {
		q.more = make(chan struct{})
	}
	return nil, q.more, nil
}

// give has yield take m, and reports whether to go on.
func (q *ownQueue) give(m *shared, yield func(*Received, error) bool) (goOn bool) {
	result := failed // if it panics
	defer func() { q.receiver.finish(m, result) }()
	goOn = yield(m.item.message, nil)
	result = handled
	return goOn
}
