package mqtt

import (
	"context"
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

// Close unsubscribes all filters of the call, as Client.Unsubscribe does, and ends All.
// What All has not given by then is not acknowledged.
func (a *ActiveSubscription) Close(ctx context.Context) error {
	if err := a.client.Unsubscribe(ctx, a.request.filters...); err != nil {
		return err
	}
	a.client.mu.Lock()
	defer a.client.mu.Unlock()
	if q := a.request.pulled; q != nil {
		q.close()
	}
	return nil
}

// All returns the messages of the subscriptions without a Handler, in the order in
// which they came, from the call of Subscribe on. A QoS 1 or 2 message is acknowledged
// when the loop asks for the next one or ends, unless the subscription has ManualAck or the
// loop's body panicked. The sequence ends after Close; when ctx or the client ends,
// it ends with an error. A loop that is left may be gone on with by another one.
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

// next waits for a message; none, and no error, is the end after Close.
func (q *ownQueue) next(ctx context.Context, c *Client) (*shared, error) {
	for {
		c.mu.Lock()
		q.iterated = true
		m := q.pop()
		if m != nil && !q.receiver.delivers(&m.item) {
			q.receiver.finishLocked(m, notRun)
			c.mu.Unlock()
			continue
		}
		closed, more := q.closed, q.more
		if m == nil && !closed && more == nil {
			more = make(chan struct{})
			q.more = more
		}
		c.mu.Unlock()
		switch {
		case m != nil || closed:
			return m, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		}
		select {
		case <-more:
		case <-ctx.Done():
		case <-c.recv.done: // nothing comes any more
			if m := q.last(c); m != nil {
				return m, nil
			}
			return nil, c.Err()
		}
	}
}

// last returns what is left after the end of the client.
func (q *ownQueue) last(c *Client) *shared {
	c.mu.Lock()
	defer c.mu.Unlock()
	return q.pop()
}

// give has yield take m, and reports whether to go on.
func (q *ownQueue) give(m *shared, yield func(*Received, error) bool) (goOn bool) {
	result := failed // if it panics
	defer func() { q.receiver.finish(m, result) }()
	goOn = yield(m.item.message, nil)
	result = handled
	return goOn
}
