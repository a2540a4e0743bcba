package mqtt

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"dunlin/mqtt/internal/route"
	"dunlin/mqtt/internal/session"
	"dunlin/mqtt/internal/wire"
)

// RetainHandling says which retained messages a new subscription gets.
type RetainHandling byte

// The ways to handle retained messages.
const (
	RetainedAlways RetainHandling = 0 // all that match
	RetainedIfNew  RetainHandling = 1 // only if the subscription did not exist; MQTT 5 only
	RetainedNever  RetainHandling = 2 // none; before MQTT 5 the client drops them
)

// Subscription is a topic filter and what happens to its messages.
type Subscription struct {
	// Filter may hold wildcards, and $share/GROUP/ in front.
	Filter string
	// QoS is the highest quality of service at which messages are sent.
	QoS QoS
	// Handler is called with each message that matches, in order of arrival;
	// the message belongs to it. nil: Handlers.Message. A QoS 1 or 2 message is
	// acknowledged when its handlers have returned.
	Handler func(*Message)
	// RetainHandling says which retained messages come.
	RetainHandling RetainHandling
	// ManualAck leaves the acknowledgement to Message.Ack.
	ManualAck bool
	// NoLocal keeps out the client's own messages; MQTT 5 only.
	NoLocal bool
	// RetainAsPublished keeps the retain flag as it was published; MQTT 5 only.
	RetainAsPublished bool
}

// subscription is what the client remembers of one.
type subscription struct {
	handler    func(*Message)
	noRetained bool
	manual     bool
}

// maxForgotten bounds how many filters that were unsubscribed are remembered.
const maxForgotten = 4096

// subscriptions is the wanted state: which filters go to which handlers.
type subscriptions struct {
	table     *route.Table[*subscription]
	forgotten *route.Table[string] // unsubscribed: late messages are not wanted
	order     []string             // of forgotten, oldest first
	matched   []*subscription      // reused by match
	late      []string             // reused by match
}

// match returns the subscriptions that a message is for, and whether it is
// wanted at all. An empty result of a wanted message means the client's Message
// handler: the server may know subscriptions of an earlier connection.
func (s *subscriptions) match(topic string, retained bool, v Version) (subs []*subscription, wanted bool) {
	s.matched = s.table.Match(topic, s.matched[:0])
	if len(s.matched) == 0 {
		if s.forgotten == nil {
			return nil, true
		}
		s.late = s.forgotten.Match(topic, s.late[:0])
		return nil, len(s.late) == 0
	}
	if retained && v < V5 && !slices.ContainsFunc(s.matched, func(s *subscription) bool { return !s.noRetained }) {
		return nil, false
	}
	return slices.Clone(s.matched), true
}

// add makes filter lead to sub, and returns what it led to before.
func (s *subscriptions) add(filter string, sub *subscription) (before *subscription) {
	before, _ = s.table.Get(filter)
	s.table.Add(filter, sub)
	if s.forgotten != nil {
		s.forgotten.Remove(filter)
	}
	return before
}

// restore undoes add.
func (s *subscriptions) restore(filter string, before *subscription) {
	if before == nil {
		s.table.Remove(filter)
		return
	}
	s.table.Add(filter, before)
}

// forget drops filter, and messages for it that still come.
func (s *subscriptions) forget(filter string) {
	s.table.Remove(filter)
	if s.forgotten == nil {
		s.forgotten = new(route.Table[string])
	}
	s.forgotten.Add(filter, filter)
	s.order = append(s.order, filter)
	if len(s.order) > maxForgotten {
		s.forgotten.Remove(s.order[0])
		s.order = append(s.order[:0], s.order[1:]...)
	}
}

// request is a subscribe or unsubscribe on its way.
type request struct {
	Delivery
	op      string
	filters []string
	before  []*subscription // what the filters led to
}

func (r *request) failure(outcome, cause error) error {
	return &SubscribeError{Op: r.op, Filters: r.filters, Outcome: outcome, Err: cause}
}

func (c *Client) newRequest(op string, filters []string, done func(error)) *request {
	r := &request{op: op, filters: filters}
	r.client, r.call, r.request = c, done, r
	r.entry.Owner = &r.Delivery
	return r
}

// Subscribe asks the server for the messages of subs, in one packet, and waits
// for its answer. Handlers are in place before the packet leaves, so no message
// is missed. When the server refuses any filter the error is a *SubscribeError
// with a code for each; the others are in force.
func (c *Client) Subscribe(ctx context.Context, subs ...Subscription) error {
	d, err := c.SubscribeAsync(subs, nil)
	if err != nil {
		return err
	}
	return d.Wait(ctx)
}

// SubscribeAsync is Subscribe without waiting. done, unless nil, is called once
// with the outcome on the goroutine of the handlers. When SubscribeAsync returns
// an error nothing was sent and done is not called.
func (c *Client) SubscribeAsync(subs []Subscription, done func(error)) (*Delivery, error) {
	filters := make([]string, len(subs))
	p := wire.Subscribe{PacketID: 1, Filters: make([]wire.Filter, len(subs))}
	for i, s := range subs {
		filters[i] = s.Filter
		p.Filters[i] = wire.Filter{Topic: s.Filter, Options: s.options()}
	}
	if err := checkFilters(filters); err != nil {
		return nil, err
	}
	r := c.newRequest("subscribe", filters, done)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.usableLocked(); err != nil {
		return nil, r.failure(ErrNotSent, err)
	}
	if err := c.checkSubscribeLocked(subs, &p); err != nil {
		return nil, err
	}
	buf, err := c.sess.Subscribe(c.out.buf, &r.entry, &p)
	if err != nil {
		return nil, r.failure(ErrNotSent, err)
	}
	c.out.buf = buf
	r.end = c.out.end()
	for _, s := range subs {
		r.before = append(r.before, c.subs.add(s.Filter, &subscription{s.Handler, s.RetainHandling == RetainedNever, s.ManualAck}))
	}
	c.kickLocked()
	return &r.Delivery, nil
}

// options returns the subscription options byte (MQTT 5 section 3.8.3.1).
func (s *Subscription) options() byte {
	b := byte(s.QoS)
	if s.NoLocal {
		b |= 0x04
	}
	if s.RetainAsPublished {
		b |= 0x08
	}
	return b | byte(s.RetainHandling)<<4
}

func checkFilters(filters []string) error {
	if len(filters) == 0 {
		return &ArgumentError{Name: "topic filter", What: "none is given"} // [MQTT-3.8.3-3]
	}
	for _, f := range filters {
		if err := route.ValidateFilter(f); err != nil {
			return &ArgumentError{Name: "topic filter", What: strings.TrimPrefix(err.Error(), "topic filter ")}
		}
	}
	return nil
}

// checkSubscribeLocked finds what the version or the server cannot do. What
// remains of the options of an earlier version is the QoS.
func (c *Client) checkSubscribeLocked(subs []Subscription, p *wire.Subscribe) error {
	for i := range subs {
		s := &subs[i]
		fault := func(name, what string) error {
			return &ArgumentError{Name: name, What: what + ": " + quoted(s.Filter)}
		}
		_, _, shared := route.SplitShare(s.Filter)
		switch {
		case s.QoS > ExactlyOnce:
			return fault("qos", fmt.Sprintf("%d is not 0, 1 or 2", s.QoS))
		case s.RetainHandling > RetainedNever:
			return fault("RetainHandling", "is not 0, 1 or 2")
		case shared && s.NoLocal: // [MQTT-3.8.3-4]
			return fault("NoLocal", "is not allowed for a shared subscription")
		case shared && c.server.noShared:
			return fault("Filter", "the server has no shared subscriptions")
		case c.server.noWildcards && strings.ContainsAny(s.Filter, "+#"):
			return fault("Filter", "the server has no wildcard subscriptions")
		case c.cfg.Version < V5 && (s.NoLocal || s.RetainAsPublished || s.RetainHandling == RetainedIfNew):
			return fault("Subscription", "NoLocal, RetainAsPublished and RetainedIfNew need MQTT 5")
		}
		if c.cfg.Version < V5 {
			p.Filters[i].Options &= 0x03
		}
	}
	return c.checkSizeLocked(p.Length(wire.Version(c.cfg.Version)))
}

func (c *Client) checkSizeLocked(n int) error {
	if n > c.server.maxPacket {
		return &ArgumentError{Name: "topic filter", What: fmt.Sprintf("%d bytes exceed the server's Maximum Packet Size of %d; use several calls", n, c.server.maxPacket)}
	}
	return nil
}

// Unsubscribe ends the subscriptions to filters and waits for the server's
// answer; messages for them alone are not delivered after it.
func (c *Client) Unsubscribe(ctx context.Context, filters ...string) error {
	d, err := c.UnsubscribeAsync(filters, nil)
	if err != nil {
		return err
	}
	return d.Wait(ctx)
}

// UnsubscribeAsync is Unsubscribe without waiting. done, unless nil, is called
// once with the outcome on the goroutine of the handlers. When UnsubscribeAsync
// returns an error nothing was sent and done is not called.
func (c *Client) UnsubscribeAsync(filters []string, done func(error)) (*Delivery, error) {
	if err := checkFilters(filters); err != nil {
		return nil, err
	}
	r := c.newRequest("unsubscribe", slices.Clone(filters), done)
	p := wire.Unsubscribe{PacketID: 1, Filters: r.filters}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.usableLocked(); err != nil {
		return nil, r.failure(ErrNotSent, err)
	}
	if err := c.checkSizeLocked(p.Length(wire.Version(c.cfg.Version))); err != nil {
		return nil, err
	}
	buf, err := c.sess.Unsubscribe(c.out.buf, &r.entry, &p)
	if err != nil {
		return nil, r.failure(ErrNotSent, err)
	}
	c.out.buf = buf
	r.end = c.out.end()
	c.kickLocked()
	return &r.Delivery, nil
}

// handleSubAck completes a subscribe or unsubscribe. An answer to nothing is
// ignored.
func (c *Client) handleSubAck(h wire.Header, body []byte, v wire.Version) error {
	p, err := parseSubAck(h, body, v)
	if err != nil {
		return err
	}
	var done *session.Entry
	if h.Type == wire.SUBACK {
		done = c.sess.HandleSubAck(p.PacketID)
	} else {
		done = c.sess.HandleUnsubAck(p.PacketID)
	}
	if done == nil {
		c.log.Debug("mqtt: answer for an unknown packet identifier", "packet", h.Type.String(), "id", p.PacketID)
		return nil
	}
	c.pumpLocked() // an identifier is free
	d, ok := done.Owner.(*Delivery)
	if !ok {
		return nil
	}
	return c.answerLocked(d.request, &p, v)
}

func parseSubAck(h wire.Header, body []byte, v wire.Version) (wire.SubAck, error) {
	if h.Type == wire.SUBACK {
		return wire.ParseSubAck(h, body, v)
	}
	u, err := wire.ParseUnsubAck(h, body, v)
	return wire.SubAck(u), err
}

// answerLocked settles r with the codes of p, which must be one a filter
// [MQTT-3.8.4-6] of 5; an UNSUBACK before MQTT 5 has none.
func (c *Client) answerLocked(r *request, p *wire.SubAck, v wire.Version) error {
	if counted := r.op == "subscribe" || v >= wire.V5; counted && len(p.Codes) != len(r.filters) {
		err := protocolError(wire.SUBACK, fmt.Sprintf("answers %d filters with %d codes", len(r.filters), len(p.Codes)))
		c.settleLocked(&r.Delivery, r.failure(ErrInDoubt, err))
		return err
	}
	refused := &SubscribeError{Op: r.op, Filters: r.filters, Outcome: ErrRejected, ReasonString: text(p.Properties, wire.ReasonString)}
	failed := false
	for i, filter := range r.filters {
		var code ReasonCode
		if p.Codes != nil {
			code = ReasonCode(p.Codes[i])
		}
		refused.Codes = append(refused.Codes, code)
		failed = failed || code >= 0x80
		c.applyLocked(r, i, filter, code)
	}
	if failed {
		c.settleLocked(&r.Delivery, refused)
		return nil
	}
	c.settleLocked(&r.Delivery, nil)
	return nil
}

// applyLocked makes the wanted state follow the server's answer for one filter.
func (c *Client) applyLocked(r *request, i int, filter string, code ReasonCode) {
	switch {
	case r.op == "subscribe" && code >= 0x80:
		c.subs.restore(filter, r.before[i])
	case r.op == "unsubscribe" && code < 0x80:
		c.subs.forget(filter)
	}
}
