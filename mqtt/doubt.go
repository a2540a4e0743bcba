package mqtt

import (
	"fmt"
	"slices"
	"time"
)

// A server may end the connection at a SUBSCRIBE: because it has too many filters, or one that
// it does not like. Asked again at each connection, it would keep the client away for ever.
// Servers take packets in order, so the cause is the oldest one without an answer, if the server
// ended the connection. One such end is likely to be chance; but renewals have half as
// many filters until all are answered. Then as many as before are tried again, and if
// that ends a connection, too, half as many remain.
//
// After suspectAfter ends a subscription is a suspect: it is asked for last, and once the
// server has answered a PINGREQ, so that a server that keeps no connection is told from one that
// does not take a subscription. Meanwhile publishes wait, so that none of them can be the
// cause. After outcastAfter ends, the last one while it was alone, it is left out of the next
// connection, and asked for again, alone, on the one after that.
const (
	suspectAfter = 2
	outcastAfter = 3
)

// requestLosses is at how many connections in a row a request of the application may be what
// the server ended them at: then it ends.
const requestLosses = 6

// caution is about the requests of earlier connections that are asked again on this one.
type caution struct {
	asked     int       // that have no answer yet
	suspects  []wanted  // subscriptions that are asked for once the server has shown life
	heldSince time.Time // from then on publishes wait until all of these have an answer; zero: they do not
}

// blamedLocked returns the request at which the server may have ended the connection, nil when
// it is none, or may be a publish.
func (c *Client) blamedLocked() *request {
	var oldest *Delivery
	for _, e := range c.sess.Unfinished() {
		d, ok := e.Owner.(*Delivery)
		if !ok || d.end > c.send.start || d.op.request == nil && !e.InFlight() || !e.Sent() {
			continue
		}
		if oldest == nil || d.end < oldest.end {
			oldest = d
		}
	}
	if oldest == nil {
		return nil
	}
	return oldest.op.request
}

// blameLocked notes that the server ended the connection at r; nil: not at a request. byServer
// reports whether it ended the connection at all.
func (c *Client) blameLocked(r *request, byServer bool) {
	c.supervisor.renewal.wary = c.supervisor.renewal.wary && byServer
	for _, other := range c.subs.parked {
		if other != r {
			other.losses = 0
		}
	}
	switch {
	case r == nil:
	case r.renewal:
		c.blameRenewalLocked(r, c.conn.ended)
	default:
		c.blameCallLocked(r)
	}
}

// blameRenewalLocked notes that the connection ended at the renewal r, with cause.
func (c *Client) blameRenewalLocked(r *request, cause error) {
	renewal := &c.supervisor.renewal
	for _, sub := range r.subs {
		sub.losses = min(sub.losses+1, outcastAfter)
		renewal.wary = renewal.wary || sub.losses >= suspectAfter
	}
	one := r.subs[0]
	switch {
	case len(r.subs) > 1:
		if renewal.whole == 0 {
			renewal.whole = renewal.filters
		}
		renewal.filters = len(r.subs) / 2
	case one.losses == outcastAfter:
		one.skipped = true
		renewal.narrowed = true
		c.recv.pushError(r.failure(ErrInDoubt, fmt.Errorf("%w; the client goes on without, and asks again on the connection after the next: %w",
			ErrQuarantined, cause)))
	}
}

// blameCallLocked notes that the server ended the connection at r, which the application asked for.
func (c *Client) blameCallLocked(r *request) {
	r.losses++
	c.supervisor.renewal.wary = c.supervisor.renewal.wary || r.losses >= suspectAfter
	if r.losses < requestLosses {
		return
	}
	c.subs.parked = slices.DeleteFunc(c.subs.parked, func(other *request) bool { return other == r })
	advice := ""
	if len(r.filters) > 1 {
		advice = "; use several calls, each with fewer filters"
	}
	c.refuseRequestLocked(r, fmt.Errorf("%w%s: %w", ErrQuarantined, advice, c.conn.ended), ErrInDoubt)
}

// sortOutLocked takes out of all what is asked for later on this connection, or on another one.
func (c *Client) sortOutLocked(all []wanted) []wanted {
	return slices.DeleteFunc(all, func(w wanted) bool {
		switch {
		case w.sub.skipped:
			w.sub.skipped = false
			c.supervisor.renewal.owed = append(c.supervisor.renewal.owed, w)
		case w.sub.losses >= suspectAfter:
			c.conn.caution.suspects = append(c.conn.caution.suspects, w)
		default:
			return false
		}
		return true
	})
}

// beCarefulLocked has publishes wait where a request may end the connection, and suspects until
// the server has answered a PINGREQ. Without keep alive nothing waits: the answer may never come.
func (c *Client) beCarefulLocked(now time.Time) {
	if len(c.conn.caution.suspects) == 0 && (!c.supervisor.renewal.wary || c.conn.caution.asked == 0) {
		return
	}
	var asked bool
	if c.send.buf, asked = c.sess.AskAlive(c.send.buf, now); !asked {
		c.askSuspectsLocked()
		return
	}
	c.conn.pings = append(c.conn.pings, &ping{sent: now})
	c.sess.HoldPublishes()
	c.conn.caution.heldSince = now
}

// noteAliveLocked notes the answer to p. One to a ping that was sent later than the requests
// ends the waiting of publishes: a server may leave a request without an answer for good.
func (c *Client) noteAliveLocked(p *ping) {
	caution := c.conn.caution
	switch {
	case caution == nil:
	case caution.heldSince.IsZero():
	case len(caution.suspects) > 0:
		caution.heldSince = time.Now()
		c.askSuspectsLocked()
	case p.sent.After(caution.heldSince):
		c.dispelLocked()
	}
}

// askSuspectsLocked asks for the suspects, except for those that the application has ended or
// asked for anew meanwhile.
func (c *Client) askSuspectsLocked() {
	suspects := c.conn.caution.suspects
	c.conn.caution.suspects = nil
	var leaving []string
	for _, e := range c.sess.Unfinished() {
		if d, ok := e.Owner.(*Delivery); ok && d.op.request != nil && d.op.request.verb == "unsubscribe" {
			leaving = append(leaving, d.op.request.filters...)
		}
	}
	c.renewLocked(slices.DeleteFunc(suspects, func(w wanted) bool {
		return c.subs.get(w.filter) != w.sub || slices.Contains(leaving, w.filter)
	}))
	if c.conn.caution.asked == 0 {
		c.dispelLocked()
	}
}

// noteAnsweredLocked notes that the server has answered r.
func (c *Client) noteAnsweredLocked(r *request) {
	if c.supervisor == nil {
		return
	}
	renewal := &c.supervisor.renewal
	if r.verb == "subscribe" {
		renewal.again = renewal.again && (renewal.whole > 0 || len(r.filters) < renewal.filters)
		renewal.filters = max(renewal.filters, len(r.filters))
		renewal.bytes = max(renewal.bytes, r.size(c.cfg.Version))
		for _, sub := range r.subs {
			sub.losses = 0
		}
	}
	c.clearedLocked(r)
}

// clearedLocked notes that r has an answer, which may be faulty, and so is not what the server
// disconnects at.
func (c *Client) clearedLocked(r *request) {
	if !r.first {
		return
	}
	r.first = false
	if c.conn.caution.asked--; c.conn.caution.asked == 0 && len(c.conn.caution.suspects) == 0 {
		c.dispelLocked()
	}
}

// dispelLocked ends the doubt: no request of this connection is the cause of anything.
func (c *Client) dispelLocked() {
	renewal := &c.supervisor.renewal
	if renewal.whole > 0 && (renewal.narrowed || !renewal.again) { // it was one subscription, not their number, or may be chance
		renewal.filters = renewal.whole
		renewal.again = !renewal.narrowed
	}
	renewal.narrowed, renewal.whole, c.conn.caution.heldSince = false, 0, time.Time{}
	c.send.buf = c.sess.ReleasePublishes(c.send.buf)
	c.pumpedLocked()
}
