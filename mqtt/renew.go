package mqtt

import (
	"errors"
	"slices"
	"time"
)

// renewBatch is how many filters are renewed with one packet at most.
const renewBatch = 100

// renewal is what a client knows of renewing its subscriptions. Servers limit how many filters
// and bytes a SUBSCRIBE may have, and before MQTT 5 some end the connection at more: a
// packet is no larger than one that was answered, or the client would never come back.
type renewal struct {
	filters, bytes int      // of the largest SUBSCRIBE that was answered; filters is lower once one ended a connection
	whole          int      // what filters was before; 0: it is
	again          bool     // filters was restored once, because the ends may have been chance
	narrowed       bool     // one subscription was found to be the cause
	wary           bool     // the server ended the last connections, perhaps at a request
	owed           []wanted // what the server's session lacks
}

// wanted is a subscription that the server is to have.
type wanted struct {
	filter string
	sub    *subscription
}

// resumeRequestsLocked asks again what has no answer, under fresh identifiers,
// after it has renewed the subscriptions of a session that the server has lost,
// each once. What the server has kept it is not asked for.
func (c *Client) resumeRequestsLocked(present bool, now time.Time) {
	renewal := &c.supervisor.renewal
	parked, owed := c.subs.parked, renewal.owed
	c.subs.parked, renewal.owed = nil, nil
	c.conn.caution = new(caution)
	if !present {
		owed = c.agreedLocked()
	}
	c.renewLocked(c.sortOutLocked(owed))
	for _, r := range parked {
		if err := c.reissueLocked(r); err != nil {
			outcome := c.outcomeLocked(&r.Delivery)
			if errors.Is(outcome, ErrInDoubt) { // sent on an earlier connection: an ArgumentError would deny that
				err = errors.New(err.Error())
			}
			c.refuseRequestLocked(r, err, outcome)
		}
	}
	c.beCarefulLocked(now)
}

// agreedLocked returns what the server had agreed to. For the others a request of their own is
// on its way.
func (c *Client) agreedLocked() (all []wanted) {
	for filter, sub := range c.subs.table.All() {
		if sub.agreed {
			all = append(all, wanted{filter, sub})
		}
	}
	return all
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
	if err := c.issueLocked(r); err != nil {
		return err
	}
	r.first = true
	c.conn.caution.asked++
	return nil
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

// renewLocked subscribes again to all.
func (c *Client) renewLocked(all []wanted) {
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
	for _, w := range all {
		if w.sub.gone {
			continue
		}
		if r != nil && !c.joinsLocked(r, w) {
			flush()
		}
		if r == nil {
			r = c.newRequest("subscribe", nil, c.recv.report)
			r.renewal = true
			r.add(w)
		}
	}
	flush()
}

// joinsLocked adds w to r if one packet can have both, and this server takes
// it: what it refuses is to fail alone.
func (c *Client) joinsLocked(r *request, w wanted) bool {
	renewal := &c.supervisor.renewal
	if len(r.filters) >= min(renewBatch, renewal.filters) || !r.subs[0].alike(w.sub) {
		return false
	}
	n := len(r.filters)
	r.add(w)
	if r.size(c.cfg.Version) <= renewal.bytes && c.checkSubscribeLocked(r) == nil {
		return true
	}
	r.filters, r.subs = r.filters[:n], r.subs[:n]
	return false
}

func (r *request) add(w wanted) {
	r.filters = append(r.filters, w.filter)
	r.subs = append(r.subs, w.sub)
}

// alike reports whether other can go into the same packet.
func (s *subscription) alike(other *subscription) bool {
	return s.asked.ID == other.asked.ID && s.asked.UserProperties == nil && other.asked.UserProperties == nil &&
		s.losses < outcastAfter && other.losses < outcastAfter
}

// owe notes that the server's session lacks what r asked for.
func (n *renewal) owe(r *request) {
	for i := range r.filters {
		n.owed = append(n.owed, wanted{r.filters[i], r.subs[i]})
	}
}

// oweLocked takes the renewals out of what waits for the next connection: there
// they are put together anew.
func (c *Client) oweLocked() {
	renewal := &c.supervisor.renewal
	c.subs.parked = slices.DeleteFunc(c.subs.parked, func(r *request) bool {
		r.first = false
		if r.renewal {
			renewal.owe(r)
		}
		return r.renewal
	})
	if caution := c.conn.caution; caution != nil {
		renewal.owed = append(renewal.owed, caution.suspects...)
		caution.suspects = nil
	}
}
