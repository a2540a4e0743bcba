package mqtt

import (
	"hash/maphash"
	"slices"
	"strings"

	"dunlin/mqtt/internal/wire"
)

// destination is where the messages of a topic go. It does not change.
type destination struct {
	client *Client
	stream *stream // of one message; nil: the messages come whole
	lent   *lent   // to one message; nil: what they have is theirs
	topic  string
	subs   []*subscription // empty: the client's Message handler
	wanted bool

	reuse     bool        // none of them keeps the message
	unhandled bool        // nobody takes them
	queues    []*ownQueue // of those with queues of their own
	queued    bool        // all have
	handler   Handler     // the only one; nil: there is none, or more
	batched   bool        // the only one is a BatchHandler
	manual    bool        // one of them acknowledges by itself
	copies    *copies     // nil: each of them gets each message
}

// copies are where the copies go that a server sends of one message, one for each subscription that
// matches: which is for which it does not say, so each goes to the next. They belong to who delivers.
type copies struct {
	each []*destination
	next int
	last uint64 // sum of the message that was copied last
}

// take returns where a copy with that payload goes. Another message than the last one begins
// anew, so that a copy that was lost does not count for ever.
func (c *copies) take(payload []byte) *destination {
	if sum := maphash.Bytes(copySeed, payload); sum != c.last {
		c.last, c.next = sum, 0
	}
	to := c.each[c.next]
	c.next = (c.next + 1) % len(c.each)
	return to
}

var copySeed = maphash.MakeSeed()

// run gives the message to each of its handlers, and reports whether all have
// returned. Who acknowledges is settled before any handler has it.
func (d *destination) run(it *item, g *guard) (returned bool) {
	m := it.message
	if s := d.stream; s != nil {
		it.manual = m.manual
		return g.run(func() { d.client.opened.OnLargeMessage(d.client.ctx, m, s) })
	}
	if d.copies != nil && !m.Dup { // of one that comes again, who had the others is not known
		it.to = d.copies.take(m.Payload)
		return it.to.run(it, g)
	}
	return d.runAll(it, g)
}

// runAll gives the message to the handlers of all its subscriptions, and to the
// client's where one has none.
func (d *destination) runAll(it *item, g *guard) (returned bool) {
	m := it.message
	f := d.client.opened.OnMessage
	general := len(d.subs) == 0
	for _, s := range d.subs {
		m.manual = m.manual || s.manual
		general = general || !s.asked.handled() && s.queue == nil
	}
	general = general && f != nil
	m.manual = m.manual || general && d.client.opened.ManualAck
	it.manual = m.manual
	returned = true
	for _, s := range d.subs {
		returned = d.runOne(s, m, g) && returned
	}
	if general {
		returned = g.runHandler(d.client.ctx, f, m) && returned
	}
	return returned
}

// runOne gives m to the handler of s, if who delivers is to, and reports whether it returned.
func (d *destination) runOne(s *subscription, m *Received, g *guard) (returned bool) {
	switch {
	case s.queue != nil || !s.asked.handled():
		return true
	case s.handler != nil:
		return g.runHandler(d.client.ctx, s.handler, m)
	default:
		return g.runBatch(d.client.ctx, s.asked.BatchHandler, []*Received{m})
	}
}

// nowhere is where messages go that are not for handlers.
var nowhere destination

// recentTopics is how many topics are remembered.
const recentTopics = 16

// recent remembers the destinations of topics that came lately, one a slot: most
// messages repeat a topic, and cost no search and no copy of it then.
type recent struct {
	seed  maphash.Seed
	slots *[recentTopics]*destination // nil: there was none
	last  *destination
}

// slot returns the place of topic, which may hold another one, or none.
func (r *recent) slot(topic string) **destination {
	if r.slots == nil {
		r.seed = maphash.MakeSeed()
		r.slots = new([recentTopics]*destination)
	}
	return &r.slots[maphash.String(r.seed, topic)%recentTopics]
}

// forget drops all: the subscriptions have changed.
func (r *recent) forget() {
	if r.slots != nil {
		clear(r.slots[:])
	}
	r.last = nil
}

// find returns where p goes. An empty list of a message that is wanted means the
// client's Message handler: the server may know subscriptions of an earlier
// connection.
func (s *subscriptions) find(p *wire.Publish, v Version) *destination {
	if p.Retain || len(p.Properties) > 0 { // it may depend on more than the topic
		return s.search(p, v)
	}
	if last := s.recent.last; last != nil && last.topic == p.Topic {
		return last
	}
	slot := s.recent.slot(p.Topic)
	if *slot == nil || (*slot).topic != p.Topic {
		*slot = s.search(p, v)
		s.searches++
	}
	s.recent.last = *slot
	return *slot
}

// search asks the tables.
func (s *subscriptions) search(p *wire.Publish, v Version) *destination {
	d := &destination{client: s.client, topic: strings.Clone(p.Topic), wanted: true}
	s.matched = s.byIdentifier(p, s.matched[:0])
	if len(s.matched) == 0 {
		s.matched = s.table.Match(p.Topic, s.matched[:0])
	}
	if len(s.matched) == 0 {
		if s.forgotten != nil {
			d.wanted = len(s.forgotten.table.Match(p.Topic, nil)) == 0
		}
		told := d.wanted && s.tellMisread(p)
		d.unhandled = s.client.opened.OnMessage == nil && !told
		return d
	}
	if p.Retain && v < V5 {
		s.matched = slices.DeleteFunc(s.matched, func(s *subscription) bool { return s.noRetained })
	}
	d.lead(slices.Clone(s.matched))
	if len(d.subs) > 1 && v < V5 && !p.Retain && s.client.opened.CopyPerSubscription {
		d.copies, d.queued = new(copies), false
		for _, sub := range d.subs {
			one := &destination{client: d.client, topic: d.topic}
			one.lead([]*subscription{sub})
			one.reuse = d.reuse // the message is made for all of them
			d.copies.each = append(d.copies.each, one)
		}
	}
	return d
}

// lead has the messages of d go to subs.
func (d *destination) lead(subs []*subscription) {
	d.subs, d.wanted, d.queued = subs, len(subs) > 0, len(subs) > 0
	for _, sub := range subs {
		d.queued, d.manual = d.queued && sub.queue != nil, d.manual || sub.manual
		if sub.queue != nil && !slices.Contains(d.queues, sub.queue) {
			d.queues = append(d.queues, sub.queue)
		}
	}
	if len(subs) == 1 && d.queues == nil {
		d.handler, d.batched = subs[0].handler, subs[0].asked.BatchHandler != nil
	}
	d.reuse = !slices.ContainsFunc(subs, func(s *subscription) bool { return !s.reuse })
}
