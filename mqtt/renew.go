package mqtt

import (
	"errors"
	"slices"
)

// renewBatch is how many filters are renewed with one packet: servers limit
// them, too.
const renewBatch = 100

// resumeRequestsLocked asks again what has no answer, under fresh identifiers,
// after it has renewed the subscriptions of a session that the server has lost,
// each once. What the server has kept it is not asked for.
func (c *Client) resumeRequestsLocked(present bool) {
	parked := c.subs.parked
	c.subs.parked = nil
	if !present {
		parked = slices.DeleteFunc(parked, func(r *request) bool { return r.renewal })
		c.renewLocked()
	}
	for _, r := range parked {
		if err := c.reissueLocked(r); err != nil {
			outcome := c.outcomeLocked(&r.Delivery)
			if errors.Is(outcome, ErrInDoubt) { // sent on an earlier connection: an ArgumentError would deny that
				err = errors.New(err.Error())
			}
			c.refuseRequestLocked(r, err, outcome)
		}
	}
}

// reissueLocked sends r if this server takes it.
func (c *Client) reissueLocked(r *request) error {
	check := c.checkUnsubscribeLocked
	if r.verb == "subscribe" {
		check = c.checkSubscribeLocked
	}
	if err := check(r); err != nil {
		return err
	}
	return c.issueLocked(r)
}

// refuseRequestLocked ends r, which will not be sent because of err: its subscriptions
// are not wanted any more.
func (c *Client) refuseRequestLocked(r *request, err, outcome error) {
	failure := r.failure(outcome, err)
	for i, sub := range r.subs {
		if r.verb == "subscribe" {
			sub.retire(failure)
			c.subs.settle(r.filters[i])
		}
	}
	c.settleLocked(&r.Delivery, failure)
}

// renewLocked subscribes again to what the server had agreed to.
func (c *Client) renewLocked() {
	var r *request
	flush := func() {
		if r == nil {
			return
		}
		if err := c.reissueLocked(r); err != nil {
			c.refuseRequestLocked(r, err, ErrNotSent)
		}
		r = nil
	}
	for filter, sub := range c.subs.table.All() {
		if !sub.agreed || sub.gone { // a request of its own is on its way
			continue
		}
		if r != nil && !c.joinsLocked(r, filter, sub) {
			flush()
		}
		if r == nil {
			r = c.newRequest("subscribe", nil, c.recv.report)
			r.renewal = true
			r.add(filter, sub)
		}
	}
	flush()
}

// joinsLocked adds sub to r if one packet can have both, and this server takes
// it: what it refuses is to fail alone.
func (c *Client) joinsLocked(r *request, filter string, sub *subscription) bool {
	if len(r.filters) >= renewBatch || !r.subs[0].alike(sub) {
		return false
	}
	n := len(r.filters)
	r.add(filter, sub)
	if c.checkSubscribeLocked(r) == nil {
		return true
	}
	r.filters, r.subs = r.filters[:n], r.subs[:n]
	return false
}

func (r *request) add(filter string, sub *subscription) {
	r.filters = append(r.filters, filter)
	r.subs = append(r.subs, sub)
}

// alike reports whether other can go into the same packet.
func (s *subscription) alike(other *subscription) bool {
	return s.asked.ID == other.asked.ID && s.asked.UserProperties == nil && other.asked.UserProperties == nil
}
