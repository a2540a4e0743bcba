package mqtt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"dunlin/mqtt/internal/life"
	"dunlin/mqtt/internal/route"
	"dunlin/mqtt/internal/session"
	"dunlin/mqtt/internal/wire"
)

// request is a subscribe or unsubscribe on its way.
type request struct {
	flow
	verb    string // "subscribe" or "unsubscribe"
	filters []string
	subs    []*subscription // what the filters lead to, or are not to lead to any more
	user    []UserProperty  // of an unsubscribe
	pulled  *ownQueue       // for those without a handler; nil: there are none
	renewal bool            // of subscriptions that the server had agreed to
	first   bool            // it is asked again on the connection of the moment
	losses  uint8           // connections that the server ended at it
}

func (r *request) failure(outcome, cause error) error {
	return &SubscribeError{Op: r.verb, Filters: r.filters, Outcome: outcome, Err: cause}
}

func (c *Client) newRequest(verb string, filters []string, done func(error)) *request {
	r := &request{verb: verb, filters: filters}
	r.client, r.op = c, &r.operation
	r.call, r.request = done, r
	r.entry.Owner = &r.Delivery
	return r
}

// Subscribe asks the server for the messages of subs, in one packet, and waits
// for its answer. Handlers are in place before the packet leaves, so no message
// is missed. When the server refuses any filter the error is a *SubscribeError
// with a code for each; the others are in force, and the ActiveSubscription is theirs. When
// ctx ends first, a subscribe that still waits for a connection is taken back
// (ErrNotSent), and any other is in doubt (ErrInDoubt): it may come into force, and the
// ActiveSubscription takes what comes, or ends it.
func (c *Client) Subscribe(ctx context.Context, subs ...Subscription) (*ActiveSubscription, error) {
	d, err := c.subscribe(ctx, subs, nil, true)
	if err != nil {
		return nil, err
	}
	err = c.awaitRequest(ctx, d)
	if errors.Is(err, ErrNotSent) {
		return nil, err
	}
	return &ActiveSubscription{client: c, request: d.op.request}, err
}

// SubscribeAsync is Subscribe without waiting. done, unless nil, is called once
// with the outcome, in turn with the handlers. When SubscribeAsync returns
// an error nothing was sent and done is not called. A ctx that has ended is such an
// error; after that it does not count. So is a subscription without a Handler where
// Config.OnMessage is nil, because only what Subscribe returns has All.
func (c *Client) SubscribeAsync(ctx context.Context, subs []Subscription, done func(error)) (*Delivery, error) {
	if c.opened.OnMessage == nil && slices.ContainsFunc(subs, func(s Subscription) bool { return !s.handled() }) {
		return nil, &ArgumentError{Name: "Subscription.Handler", What: "is nil, as is Config.OnMessage; use Subscribe, and All"}
	}
	return c.subscribe(ctx, subs, done, false)
}

// subscribe sends the request; awaited says that the caller waits for the answer.
func (c *Client) subscribe(ctx context.Context, subs []Subscription, done func(error), awaited bool) (*Delivery, error) {
	filters := make([]string, len(subs))
	for i := range subs {
		filters[i] = subs[i].Filter
	}
	if ctx.Err() != nil {
		return nil, &SubscribeError{Op: "subscribe", Filters: filters, Outcome: ErrNotSent, Err: context.Cause(ctx)}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	d, err := c.subscribeLocked(subs, filters, done)
	if awaited {
		c.writeHereLocked()
	}
	return d, err
}

func (c *Client) subscribeLocked(subs []Subscription, filters []string, done func(error)) (*Delivery, error) {
	if err := checkFilters(filters); err != nil {
		return nil, err
	}
	r := c.newRequest("subscribe", filters, done)
	if err := c.life.Refusal(life.Subscribe); err != nil {
		return nil, r.failure(ErrNotSent, err)
	}
	for i := range subs {
		r.subs = append(r.subs, c.newSubscription(&subs[i], r))
	}
	if err := c.checkSubscribeLocked(r); err != nil {
		return nil, err
	}
	return c.beginLocked(r)
}

// newSubscription returns what is remembered of s, which r asks for.
func (c *Client) newSubscription(s *Subscription, r *request) *subscription {
	sub := newSubscription(s)
	switch {
	case !s.handled() && c.opened.OnMessage == nil:
		if r.pulled == nil {
			r.pulled = &ownQueue{receiver: &c.recv}
		}
		sub.queue = r.pulled
		sub.queue.subs++
	case s.handled() && s.Workers > 0:
		sub.queue = &ownQueue{receiver: &c.recv, handler: s.Handler, batch: s.BatchHandler, most: s.Workers}
	}
	c.recv.queues = c.recv.queues || sub.queue != nil
	return sub
}

// beginLocked sends r, or keeps it for the connection to come. A subscription's
// handlers are in place before.
func (c *Client) beginLocked(r *request) (*Delivery, error) {
	if c.life.Rule(life.Subscribe) == life.Park {
		c.subs.parked = append(c.subs.parked, r)
	} else if err := c.issueLocked(r); err != nil {
		return nil, r.failure(ErrNotSent, err)
	}
	for i, sub := range r.subs {
		if r.verb == "subscribe" {
			c.subs.add(r.filters[i], sub)
		}
	}
	return &r.Delivery, nil
}

// issueLocked sends r.
func (c *Client) issueLocked(r *request) (err error) {
	buf := c.send.buf
	if r.verb == "subscribe" {
		p := r.subscribePacket(c.cfg.Version)
		id := c.identifierLocked(r)
		if id != 0 {
			p.Properties = append(wire.Properties(nil).AppendUint(wire.SubscriptionIdentifier, id), p.Properties...)
		}
		if buf, err = c.sess.Subscribe(buf, &r.entry, &p); err == nil {
			for i, sub := range r.subs {
				c.subs.identify(r.filters[i], sub, id)
			}
		}
	} else {
		p := r.unsubscribePacket()
		buf, err = c.sess.Unsubscribe(buf, &r.entry, &p)
	}
	if err != nil {
		return err
	}
	c.send.buf = buf
	r.end = c.send.end()
	c.kickLocked()
	return nil
}

// subscribePacket returns r as a packet without a Subscription Identifier. What
// remains of the options in an earlier version is the QoS.
func (r *request) subscribePacket(v Version) wire.Subscribe {
	p := wire.Subscribe{PacketID: 1, Filters: make([]wire.Filter, len(r.subs))}
	for i, sub := range r.subs {
		p.Filters[i] = wire.Filter{Topic: r.filters[i], Options: sub.asked.options()}
		if v < V5 {
			p.Filters[i].Options &= 0x03
			continue
		}
		p.Properties = appendUser(p.Properties, sub.asked.UserProperties)
	}
	return p
}

// identifierLocked returns the Subscription Identifier for r, 0 for none.
func (c *Client) identifierLocked(r *request) uint32 {
	switch id := r.subs[0].asked.ID; {
	case c.cfg.Version < V5:
		return 0
	case id != 0 || !c.conn.connAck.SubscriptionIdentifiers:
		return id
	default:
		return c.subs.chooseID()
	}
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
		return &ArgumentError{Name: "topic filter", What: "none is given"} // [MQTT-3.8.3-3] of 3.1.1, [MQTT-3.8.3-2] of 5
	}
	for _, f := range filters {
		if err := route.ValidateFilter(f); err != nil {
			return &ArgumentError{Name: "topic filter", What: strings.TrimPrefix(err.Error(), "topic filter ")}
		}
	}
	return nil
}

// checkSubscribeLocked finds what the version or the server cannot do.
func (c *Client) checkSubscribeLocked(r *request) error {
	for _, sub := range r.subs {
		s := &sub.asked
		fault := s.fault(r.subs[0].asked.ID, c.cfg.Version)
		if fault == "" {
			fault = c.beyondServerLocked(s)
		}
		if fault != "" {
			return &ArgumentError{Name: "subscription to " + route.Quote(s.Filter), What: fault}
		}
	}
	if _, err := r.checkedPacket(c.cfg.Version); err != nil {
		return err
	}
	return c.checkSizeLocked("topic filter", r.size(c.cfg.Version), "use several calls")
}

// size returns the most that the packet of a subscribe can have.
func (r *request) size(v Version) int {
	p := r.subscribePacket(v)
	return p.Length(wire.Version(v)) + identifierSize
}

// identifierSize is the most that a Subscription Identifier adds to a packet.
const identifierSize = 5

// beyondServerLocked returns what the server at hand cannot do.
func (c *Client) beyondServerLocked(s *Subscription) string {
	switch {
	case s.QoS == ExactlyOnce && c.cfg.Limits.InFlightQoS2 < 0:
		return "the server has no QoS 2, as Limits.InFlightQoS2 says"
	case !c.life.Live():
		return "" // the next server says what it takes
	case !c.conn.connAck.SharedSubscriptions && isShared(s.Filter):
		return "the server has no shared subscriptions"
	case !c.conn.connAck.WildcardSubscriptions && strings.ContainsAny(s.Filter, "+#"):
		return "the server has no wildcard subscriptions"
	case s.ID != 0 && !c.conn.connAck.SubscriptionIdentifiers:
		return "the server has no subscription identifiers"
	}
	return ""
}

func isShared(filter string) bool {
	_, _, shared := route.SplitShare(filter)
	return shared
}

func (s *Subscription) needsV5() bool {
	return s.ID != 0 || s.UserProperties != nil || s.NoLocal || s.RetainAsPublished || s.RetainHandling == RetainedIfNew
}

// checkSizeLocked refuses a packet of n bytes that the server would not take
// [MQTT-3.2.2-15].
func (c *Client) checkSizeLocked(name string, n int, advice string) error {
	if c.life.Live() && n > c.conn.connAck.MaximumPacketSize {
		return &ArgumentError{Name: name, What: fmt.Sprintf("the packet of %d bytes exceeds the server's Maximum Packet Size of %d; %s", n, c.conn.connAck.MaximumPacketSize, advice)}
	}
	return nil
}

// awaitRequest waits for the end of d, and takes it back if it still waits for a
// connection when ctx ends.
func (c *Client) awaitRequest(ctx context.Context, d *Delivery) error {
	if d.await(ctx) {
		return d.op.err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.subs.parked, d.op.request); i >= 0 {
		c.subs.parked = slices.Delete(c.subs.parked, i, i+1)
		c.refuseRequestLocked(d.op.request, context.Cause(ctx), c.outcomeLocked(d))
	}
	if d.op.settled {
		return d.op.err
	}
	return d.failure(ErrInDoubt, context.Cause(ctx))
}

// answeredLocked ends the flow of the request that a SUBACK or UNSUBACK answers, nil when there is none.
func (c *Client) answeredLocked(t wire.Type, id uint16) *session.Entry {
	if t == wire.SUBACK {
		return c.sess.HandleSubAck(id)
	}
	return c.sess.HandleUnsubAck(id)
}

// handleSubAck completes a subscribe or unsubscribe. An answer to nothing is
// ignored.
func (c *Client) handleSubAck(h wire.Header, body []byte, v wire.Version) error {
	p, odd := parseSubAck(h, body, v)
	if p.PacketID == 0 {
		return odd
	}
	odd = errors.Join(odd, c.checkDeclined(h.Type, p.Properties))
	done := c.answeredLocked(h.Type, p.PacketID)
	if done == nil {
		c.logLocked(slog.LevelDebug, "mqtt: answer for an unknown packet identifier", "packet", h.Type.String(), "id", p.PacketID)
		return odd
	}
	c.pumpLocked() // an identifier is free
	d, ok := done.Owner.(*Delivery)
	if !ok {
		return odd
	}
	return errors.Join(c.answerLocked(d.op.request, &p, v), odd)
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
	c.send.answered(r.end)
	t := wire.SUBACK
	if r.verb == "unsubscribe" {
		t = wire.UNSUBACK
	}
	if counted := r.verb == "subscribe" || v >= wire.V5; counted && len(p.Codes) != len(r.filters) {
		err := protocolError(t, fmt.Sprintf("answers %d filters with %d codes", len(r.filters), len(p.Codes)))
		if r.renewal { // it would come to this on each connection
			c.blameRenewalLocked(r, err)
			c.supervisor.renewal.owe(r)
			return errors.Join(err, errSmallerNext)
		}
		c.clearedLocked(r)
		c.settleLocked(&r.Delivery, r.failure(ErrInDoubt, err))
		return err
	}
	codes := make([]ReasonCode, len(p.Codes))
	failed := false
	for i, filter := range r.filters {
		var code ReasonCode
		if p.Codes != nil {
			code = ReasonCode(p.Codes[i])
			codes[i] = code
		}
		failed = failed || code >= 0x80
		c.applyLocked(r, i, filter, code)
	}
	answer := readAnswer(p.Properties, codes)
	r.answer = &answer
	c.noteAnsweredLocked(r)
	if !failed {
		c.settleLocked(&r.Delivery, nil)
		return nil
	}
	c.settleLocked(&r.Delivery, &SubscribeError{
		Op: r.verb, Filters: r.filters, Codes: codes, ReasonString: r.answer.ReasonString, Outcome: ErrRejected,
	})
	return nil
}

// applyLocked makes the wanted state follow the server's answer for one filter.
func (c *Client) applyLocked(r *request, i int, filter string, code ReasonCode) {
	sub := r.subs[i]
	switch {
	case r.verb == "subscribe" && code < 0x80:
		sub.before.end()
		sub.before, sub.agreed = nil, true
		if q := sub.queue; q != nil {
			q.agreed = true
		}
	case r.verb == "subscribe":
		sub.retire(&SubscribeError{Op: r.verb, Filters: []string{filter}, Codes: []ReasonCode{code}, Outcome: ErrRejected})
		c.subs.settle(filter)
	case code < 0x80:
		sub.end()
		// A session that went on may hold filters that nobody told us of.
		if !c.subs.settle(filter) && !c.conn.connAck.SessionPresent {
			c.subs.forget(filter)
		}
	}
}
