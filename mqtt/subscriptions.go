package mqtt

import (
	"context"
	"slices"

	"dunlin/mqtt/internal/route"
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

// Handler is called with a message that came; ctx ends when the client is closed.
type Handler = func(ctx context.Context, m *Received)

// BatchHandler is called with messages that wait, one at the least; ctx ends when the client is
// closed. See Subscription.BatchHandler.
type BatchHandler = func(ctx context.Context, messages []*Received)

// Subscription is a topic filter and what happens to its messages.
type Subscription struct {
	// Filter may hold wildcards, and $share/GROUP/ in front.
	Filter string
	// QoS is the highest quality of service at which messages are sent.
	QoS QoS
	// Handler is called with each message that matches, in order of arrival; the message
	// belongs to it, or to all whose filters match. nil, and no BatchHandler: Config.OnMessage; where
	// that is nil, too, ActiveSubscription.All gives the messages. A QoS 1 or 2 message is
	// acknowledged when its handlers have returned.
	Handler Handler
	// BatchHandler takes the place of Handler where a call for many messages costs little more
	// than a call for one, as with a database. It is called with the messages that wait for it, in
	// order of arrival, at least one and at most Limits.ReceiveMessages. What comes while it runs
	// is the next batch, so batches grow with the load. A batch ends in front of a message of
	// another handler, or a callback, so that the order of them all is kept, and a message
	// that other subscriptions match as well comes alone; neither is so with Workers.
	//
	// The messages are acknowledged when it has returned, and none of them if it panicked.
	// The slice, the messages and their payloads are used again then: what it keeps it has to
	// copy. With ManualAck the messages are its own, and only the slice is used again.
	BatchHandler BatchHandler
	// RetainHandling says which retained messages come.
	RetainHandling RetainHandling
	// Workers has the handler called on goroutines of its own, at most so many at once, so that
	// a slow one does not delay other subscriptions: with 1 its messages stay in their order. 0:
	// one at a time with all other handlers, in the order of all messages. What waits counts in
	// Limits.ReceiveMessages all the same. It is for a subscription with a Handler or BatchHandler.
	Workers int
	// ManualAck leaves the acknowledgement to Received.Ack.
	ManualAck bool
	// ReuseMessage promises that Handler keeps neither the message nor its Payload, and
	// puts no other one in: both are used again once it has returned. It saves all
	// allocations, if all subscriptions that match a message promise it, and counts only
	// for one with a Handler, and without ManualAck and Workers.
	ReuseMessage bool
	// ID is the Subscription Identifier, 1 to 268,435,455, the same for all
	// subscriptions of one call; MQTT 5 only. 0: the client chooses one, if the
	// server takes any, to find the right handlers where filters overlap.
	ID uint32
	// UserProperties go into the SUBSCRIBE packet; MQTT 5 only.
	UserProperties []UserProperty
	// NoLocal keeps out the client's own messages; MQTT 5 only.
	NoLocal bool
	// RetainAsPublished keeps the retain flag as it was published; MQTT 5 only.
	RetainAsPublished bool
}

// subscription is what the client remembers of one.
type subscription struct {
	asked      Subscription // as the application wants it
	filter     string       // without $share
	id         uint32       // Subscription Identifier; 0: none
	handler    Handler
	noRetained bool
	manual     bool
	reuse      bool
	queue      *ownQueue // nil: who delivers calls the handler

	before *subscription // what it replaced, until the server has agreed
	agreed bool
	gone   bool // refused, unsubscribed or replaced

	misread bool  // it was told that the server seems to read its filter otherwise
	losses  uint8 // connections in a row that the server ended at its renewal
	skipped bool  // the next connection does without it
}

func newSubscription(s *Subscription) *subscription {
	_, filter, shared := route.SplitShare(s.Filter)
	if !shared {
		filter = s.Filter
	}
	return &subscription{
		asked: *s, filter: filter, handler: s.Handler, noRetained: s.RetainHandling == RetainedNever, manual: s.ManualAck,
		reuse: (s.ReuseMessage && s.Handler != nil || s.BatchHandler != nil) && !s.ManualAck && s.Workers == 0,
	}
}

// handled reports whether the subscription has a handler of its own.
func (s *Subscription) handled() bool { return s.Handler != nil || s.BatchHandler != nil }

// retire tells that s is not in force any more; reason is why, nil when the application
// ended it.
func (s *subscription) retire(reason error) {
	if s.gone {
		return
	}
	s.gone = true
	if s.queue != nil {
		s.queue.release(reason)
	}
}

// end retires s and what it replaced, because the application wants neither any more.
func (s *subscription) end() {
	for ; s != nil; s = s.before {
		s.retire(nil)
	}
}

// maxForgotten bounds how many filters that were unsubscribed are remembered.
const maxForgotten = 4096

// unsubscribed has filters that the application gave up: late messages are not wanted.
type unsubscribed struct {
	table route.Table[string]
	order []string // oldest first
}

// subscriptions is the wanted state: which filters go to which handlers.
type subscriptions struct {
	client    *Client    // for the messages that are found
	parked    []*request // that wait for a connection
	table     *route.Table[*subscription]
	byID      map[uint32][]*subscription
	lastID    uint32
	searches  uint32        // that filled a slot of recent, since that was let go
	forgotten *unsubscribed // nil: there are none
	recent    recent
	matched   []*subscription // reused by search
	misread   *misread        // nil: it is made when it is asked
}

func (s *subscriptions) init(c *Client) {
	s.client = c
	s.table = &noSubscriptions
}

// noSubscriptions is the table of every client that has subscribed to nothing; it is not changed.
var noSubscriptions route.Table[*subscription]

// byIdentifier appends the subscriptions that the server says the message is
// for. One identifier may stand for several filters.
func (s *subscriptions) byIdentifier(p *wire.Publish, dst []*subscription) []*subscription {
	if len(p.Properties) == 0 || len(s.byID) == 0 {
		return dst
	}
	for id := range p.Properties.SubscriptionIDs() {
		for _, sub := range s.byID[id] {
			if route.Match(sub.filter, p.Topic) && !slices.Contains(dst, sub) {
				dst = append(dst, sub)
			}
		}
	}
	return dst
}

// chooseID returns an identifier for a new SUBSCRIBE.
func (s *subscriptions) chooseID() uint32 {
	s.lastID = s.lastID%wire.MaxLength + 1
	return s.lastID
}

// get returns what filter leads to, or nil.
func (s *subscriptions) get(filter string) *subscription {
	sub, _ := s.table.Get(filter)
	return sub
}

// add makes filter lead to sub.
func (s *subscriptions) add(filter string, sub *subscription) {
	sub.before = s.get(filter)
	s.dropID(sub.before)
	s.put(filter, sub)
	if s.forgotten != nil {
		s.forgotten.table.Remove(filter)
	}
}

func (s *subscriptions) put(filter string, sub *subscription) {
	s.recent.forget()
	if s.misread != nil {
		s.misread.add(sub)
	}
	if s.table == &noSubscriptions {
		s.table = new(route.Table[*subscription])
	}
	s.table.Add(filter, sub)
	s.addID(sub)
}

// identify gives sub its Subscription Identifier on this connection.
func (s *subscriptions) identify(filter string, sub *subscription, id uint32) {
	if sub.id == id {
		return
	}
	s.dropID(sub)
	sub.id = id
	if s.get(filter) == sub {
		s.recent.forget()
		s.addID(sub)
	}
}

// addID has sub found by its identifier.
func (s *subscriptions) addID(sub *subscription) {
	if sub.id == 0 {
		return
	}
	if s.byID == nil {
		s.byID = make(map[uint32][]*subscription)
	}
	s.byID[sub.id] = append(s.byID[sub.id], sub)
}

// dropID takes sub out of those that an identifier leads to.
func (s *subscriptions) dropID(sub *subscription) {
	if sub == nil || sub.id == 0 {
		return
	}
	rest := slices.DeleteFunc(s.byID[sub.id], func(o *subscription) bool { return o == sub })
	if len(rest) == 0 {
		delete(s.byID, sub.id)
		return
	}
	s.byID[sub.id] = rest
}

// settle makes filter lead to the newest subscription that is not gone, and
// reports whether there is one. Several requests for one filter may be on their
// way, so what led there when one was sent need not be there any more.
func (s *subscriptions) settle(filter string) bool {
	now := s.get(filter)
	sub := now
	for sub != nil && sub.gone {
		sub = sub.before
	}
	if sub == now {
		return sub != nil
	}
	s.recent.forget()
	s.dropID(now)
	if sub == nil {
		s.table.Remove(filter)
		s.misread = nil
		return false
	}
	s.put(filter, sub)
	return true
}

// forget notes that messages for filter that still come are not wanted.
func (s *subscriptions) forget(filter string) {
	s.recent.forget()
	if s.forgotten == nil {
		s.forgotten = new(unsubscribed)
	}
	f := s.forgotten
	f.table.Add(filter, filter)
	f.order = append(f.order, filter)
	if len(f.order) > maxForgotten {
		f.table.Remove(f.order[0])
		f.order = append(f.order[:0], f.order[1:]...)
	}
}
