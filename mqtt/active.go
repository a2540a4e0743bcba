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
// On a socket, and TLS over one, the loop reads from the connection itself while it waits and no other
// goroutine does, so that a message is not handed over; handlers never run on its goroutine. While the body
// runs for long, or waits for the server, another goroutine reads. ReuseMessage does not
// count: each message is the loop's own.
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
		var l loop
		defer func() { q.conclude(&l, failed) }() // unless the body returned
		for {
			m, err := q.next(ctx, a.client, &l)
			if m == nil {
				if err != nil {
					yield(nil, err)
				}
				return
			}
			if !yield(m.item.message, nil) {
				q.conclude(&l, handled)
				return
			}
		}
	}
}

// loop is what one loop over All has taken.
type loop struct {
	done  *shared   // that its body has, or is through with; nil: none
	ahead []*shared // that it may give without asking; they are the first reserved ones of the queue
	given int       // of those, done with them
}

// mostTaken is how many messages of QoS 0, which nobody waits for the end of, a loop takes at once.
const mostTaken = 32

// next returns the next message that was taken at once with the one before, nil when there is none, or
// something has changed.
func (l *loop) next(ctx context.Context, q *ownQueue) *shared {
	if l.given == len(l.ahead) || ctx.Err() != nil || q.shut.Load() {
		return nil
	}
	m := l.ahead[l.given]
	if !q.receiver.delivers(&m.item) {
		return nil
	}
	l.given++
	return m
}

// conclude tells that the loop is through with what it has been given, and takes no more.
func (q *ownQueue) conclude(l *loop, result result) {
	q.receiver.mu.Lock()
	defer q.receiver.mu.Unlock()
	q.concludeLocked(l, result)
}

func (q *ownQueue) concludeLocked(l *loop, result result) {
	if l.done != nil {
		q.receiver.finishLocked(l.done, result)
		q.keep(l.done)
	}
	if len(l.ahead) > 0 && !q.closed { // else nothing is left of them
		for range l.given {
			m, _ := q.items.Pop()
			q.receiver.finishLocked(m, handled)
			q.keep(m)
		}
		q.reserved = 0
		if l.given < len(l.ahead) { // another loop may wait for what this one leaves
			q.wake()
		}
	}
	clear(l.ahead)
	l.done, l.ahead, l.given = nil, l.ahead[:0], 0
}

// reserve lets the loop have what waits behind a message of QoS 0 and is of QoS 0 too, within a part of the
// limits: it counts as waiting until the loop asks again.
func (q *ownQueue) reserve(l *loop) {
	limits := q.receiver.limits
	most, bytes := min(mostTaken, limits.ReceiveMessages/8, q.items.Len()), limits.ReceiveBytes/8
	if q.reserved > 0 || l.done.item.seq != 0 {
		return
	}
	for i := range most {
		m := *q.items.At(i)
		if bytes -= int(m.item.size); bytes < 0 || m.item.seq != 0 {
			break
		}
		l.ahead = append(l.ahead, m)
	}
	q.reserved = len(l.ahead)
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
}

func (q *ownQueue) leave() {
	r := q.receiver
	r.mu.Lock()
	defer r.mu.Unlock()
	if q.loops--; q.loops == 0 {
		q.more, q.lively, q.spare = nil, false, nil
	}
	q.closeIfLeft()
	if r.reading == readerAway {
		r.handOver()
	}
}

// next waits for a message, after the loop's body returned from the one before. No message, and no
// error, is the end that the application brought about. When nobody else does, it reads.
func (q *ownQueue) next(ctx context.Context, c *Client, l *loop) (*shared, error) {
	if m := l.next(ctx, q); m != nil {
		return m, nil
	}
	for {
		step := q.take(ctx, c, l)
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
func (q *ownQueue) take(ctx context.Context, c *Client, l *loop) step {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := &c.recv
	if l.done != nil {
		q.concludeLocked(l, handled)
		if r.reading == readerAway { // for a moment: look, or who reads next, sees to it
			c.send.holdKick()
		}
	}
	if ctx.Err() != nil { // though messages wait: they may come without end
		return step{err: context.Cause(ctx)}
	}
	for m := q.pop(); m != nil; m = q.pop() {
		q.lively = true
		if r.delivers(&m.item) {
			l.done = m
			q.reserve(l)
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
	r.pulled = false // nobody need leave the reading to a loop that has nothing to take
	if q.more == nil {
		q.more = make(chan struct{})
	}
	return step{more: q.more}
}
