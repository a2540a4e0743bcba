package mqtt

import (
	"context"
	"slices"
)

// A Subscription.BatchHandler gets the messages that wait for it in one call: who delivers
// takes those that stand together in the queue of all handlers, a worker what is in its own.

// deliverTogether runs the BatchHandler of sub for the message at hand and for those behind it,
// and concludes them.
func (r *receiver) deliverTogether(sub *subscription) {
	ctx := r.batch[r.at].to.client.ctx
	messages := r.gather(sub)
	if len(messages) > 0 {
		r.runTogether(ctx, sub, messages)
	}
	r.conclude(&r.batch[r.at])
}

// runTogether runs the BatchHandler of sub, and concludes all messages but the last, which is
// left as the one at hand: runBatch sees to that one when the handler ends the goroutine.
func (r *receiver) runTogether(ctx context.Context, sub *subscription, messages []*Received) {
	defer func() {
		clear(messages)
		for range len(messages) - 1 {
			r.conclude(&r.batch[r.at])
		}
	}()
	if r.guard.runBatch(ctx, sub.asked.BatchHandler, messages) {
		for i := range messages { // they are the handler's to change
			r.batch[r.at+i].result = handled
		}
	}
}

// gather returns the messages for sub from the item at hand on, up to one that is not to be
// delivered, or not there.
func (r *receiver) gather(sub *subscription) []*Received {
	waiting := r.batch[r.at:]
	messages := r.roomTogether(len(waiting))
	waiting = waiting[:min(len(waiting), cap(messages))]
	for i := range waiting {
		it := &waiting[i]
		if it.message == nil || !it.to.batched || it.to.subs[0] != sub || !r.delivers(it) {
			break
		}
		it.message.manual, it.manual = sub.manual, sub.manual
		it.result = failed // until the handler has returned
		messages = append(messages, it.message)
	}
	return messages
}

// roomTogether returns an empty slice with room for waiting messages, and for no more than a
// BatchHandler gets.
func (r *receiver) roomTogether(waiting int) []*Received {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(waiting, r.mostTogether())
	r.together = slices.Grow(r.together[:0], n)
	return r.together[:0:n]
}

// mostTogether returns how many messages a BatchHandler gets at most. The client's mutex is held.
func (r *receiver) mostTogether() int { return max(r.limits.ReceiveMessages, 1) }

// handleTogether runs the BatchHandler for first and those that wait behind it.
func (q *ownQueue) handleTogether(first *shared) {
	r := q.receiver
	all := q.popAll(first)
	if len(all) == 0 {
		return
	}
	result := failed
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, m := range all {
			r.finishLocked(m, result)
		}
	}()
	messages := make([]*Received, len(all))
	for i, m := range all {
		messages[i] = m.item.message
	}
	if r.guard.runBatch(all[0].item.to.client.ctx, q.batch, messages) {
		result = handled
	}
}

// popAll returns first and those that wait behind it, as many as a BatchHandler may get, without
// those that are not to be delivered: the queue is through with them.
func (q *ownQueue) popAll(first *shared) (all []*shared) {
	r := q.receiver
	r.mu.Lock()
	defer r.mu.Unlock()
	for m := first; m != nil; m = q.pop() {
		if r.delivers(&m.item) {
			all = append(all, m)
		} else {
			r.finishLocked(m, notRun)
		}
		if len(all) == r.mostTogether() {
			break
		}
	}
	return all
}
