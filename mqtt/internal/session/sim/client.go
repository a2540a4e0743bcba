package sim

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"dunlin/mqtt/internal/session"
	"dunlin/mqtt/internal/wire"
)

var start = time.Unix(1_000_000, 0)

var (
	errDisk    = errors.New("disk full")
	errLowered = errors.New("taken at QoS 1")
	errRefused = errors.New("the server has no QoS 2")
)

// outgoing is a publish of the application.
type outgoing struct {
	name     int
	qos      byte
	accepted bool // saved, or held in memory where nothing is
	ended    int  // times that its outcome was told
	err      error
	entry    *session.Entry
}

// received is a message that waits for the application, or for its verdict.
type received struct {
	seq, sequence uint64
	name          int
	qos           byte
}

// client is the application, its process and its store.
type client struct {
	w         *world
	sess      *session.Session
	cfg       session.Config // of sess
	out       []byte
	published []*outgoing
	live      map[*session.Entry]*outgoing
	inbox     []received // to be handled
	handled   []received // to be acknowledged

	effects map[int]int     // by name, what the application did
	journal map[uint64]bool // Sequence of each effect, written with it

	discarded map[int]int // by name, poison that was thrown away
	endures   bool        // poison has ended a connection of this process

	disk    map[uint64][]byte
	batch   *session.Batch // being saved
	written bool           // and it is on disk

	subscribed                  bool
	kills, cuts, failures, torn int
	turns                       turns
}

func newClient(w *world) *client {
	return &client{
		w: w, effects: make(map[int]int), journal: make(map[uint64]bool), disk: make(map[uint64][]byte),
		discarded: make(map[int]int),
	}
}

// start begins a process.
func (c *client) start() {
	c.cfg = session.Config{
		Version: c.w.version, Window: 1 + c.w.rng.IntN(6), Keep: true, Save: c.w.save,
	}
	c.sess = session.New(c.cfg)
	c.sess.Suspend(session.Loss{Untouched: func(*session.Entry) bool { return true }})
	c.out, c.inbox, c.handled, c.batch = nil, nil, nil, nil
	c.subscribed, c.endures = false, false
	before := c.live
	c.live = make(map[*session.Entry]*outgoing)
	if !c.w.save {
		return
	}
	c.restore(before)
}

// restore puts the session together from the disk.
func (c *client) restore(before map[*session.Entry]*outgoing) {
	l := c.sess.NewLoader()
	for _, key := range slices.Sorted(maps.Keys(c.disk)) {
		if err := l.Load(key, c.disk[key]); err != nil {
			c.w.violate("load: %v", err)
		}
	}
	if l.Owner == "" {
		c.sess.Own("c")
	}
	found := make(map[int]bool)
	l.Finish(func(e session.Entry, topic string) *session.Entry {
		var name int
		if _, err := fmt.Sscanf(topic, "m%d", &name); err != nil {
			c.w.violate("the topic %q was restored", topic)
			return &e
		}
		found[name] = true
		p := c.published[name]
		c.live[&e] = p
		p.ended = 0 // when its end was not on record it comes again
		return &e
	})
	for _, p := range before { // what was not saved has ended with the process
		if !found[p.name] && p.ended == 0 {
			p.ended, p.err = 1, errors.New("killed")
			if p.accepted {
				c.w.violate("publish %d was saved and is not in the store", p.name)
			}
		}
	}
}

func (c *client) publish() {
	if !c.w.faults {
		return
	}
	p := &outgoing{name: len(c.published), qos: byte(1 + c.w.rng.IntN(2)), entry: &session.Entry{}, accepted: !c.w.save}
	if c.w.up && c.sess.WithoutQoS2() { // then the client refuses
		p.qos = 1
	}
	c.published = append(c.published, p)
	c.live[p.entry] = p
	var err error
	packet := wire.Publish{Topic: fmt.Sprintf("m%d", p.name), Payload: []byte{byte(p.name)}, QoS: p.qos}
	if c.out, err = c.sess.Publish(c.out, p.entry, &packet); err != nil {
		c.w.violate("publish: %v", err)
	}
	c.w.trace.note("publish %d", p.qos)
	c.pumped()
}

// cancel takes back a publish that was not sent.
func (c *client) cancel() {
	e := c.sess.Oldest()
	if e == nil || e.OnRecord() || !c.sess.Cancel(e) {
		return
	}
	c.end(e, errors.New("cancelled"))
	c.out = c.sess.Pump(c.out)
	c.pumped()
}

func (c *client) pumped() {
	c.sess.TakeFreed()
	for _, e := range c.sess.TakeExpired() {
		c.w.violate("publish %d expired", c.live[e].name)
	}
}

// end notes the outcome of e.
func (c *client) end(e *session.Entry, err error) {
	p := c.live[e]
	if p == nil {
		c.w.violate("an unknown publish has ended")
		return
	}
	delete(c.live, e)
	p.ended++
	p.err = err
	if p.ended > 1 {
		c.w.violate("publish %d has ended twice", p.name)
	}
}

func (c *client) suspend() {
	c.out = nil
	requests := c.sess.Suspend(session.Loss{
		Untouched: func(*session.Entry) bool { return false }, ByServer: c.w.chance(30),
	})
	for _, e := range c.sess.TakeQuarantined() {
		c.end(e, errors.New("given up"))
	}
	if len(requests) > 1 || c.subscribed && len(requests) > 0 {
		c.w.violate("%d requests nobody made", len(requests))
	}
}

func (c *client) connect(present bool) {
	c.cfg.Version = c.w.version
	if failed := c.sess.Speak(c.cfg); failed != nil {
		c.w.violate("a plain publish has no words in %v: %v", c.cfg.Version, failed[0].Err)
	}
	c.sess.NoteVersion(c.w.shifts)
	c.sess.Start(start, session.Server{ReceiveMaximum: c.w.server.receiveMaximum, KeepAlive: time.Minute})
	var failed []session.Failure
	c.out, failed = c.sess.Resume(c.out, session.Resumption{
		Present: present, Republish: func(byte) bool { return c.w.repub }, Now: start, Fits: func(*session.Entry) error { return nil },
	})
	for _, f := range failed {
		if present {
			c.w.violate("a publish failed though the session is there: %v", f.Err)
		}
		c.end(f.Entry, f.Err)
	}
	if !present {
		c.subscribed = false
	}
	if !c.subscribed {
		var err error
		p := wire.Subscribe{Filters: []wire.Filter{{Topic: "s", Options: 2}}}
		if c.out, err = c.sess.Subscribe(c.out, &session.Entry{}, &p); err != nil {
			c.w.violate("subscribe: %v", err)
		}
	}
	c.pumped()
}

// write gives what is in the out-buffer to the network.
func (c *client) write() bool {
	if !c.w.up || len(c.out) == 0 {
		return false
	}
	c.w.c2s = append(c.w.c2s, c.out...)
	c.out = nil
	return true
}

// read takes one packet of the server.
func (c *client) read() bool {
	h, body, ok := frame(&c.w.s2c, c.w.version)
	if !c.w.up || !ok {
		return false
	}
	c.w.trace.note("client reads %v %x", h.Type, body)
	if h.Type == wire.PUBLISH {
		c.arrive(h, body)
		return true
	}
	if h.Type == wire.PINGRESP {
		c.out = c.sess.Proved(c.out)
		c.pumped()
		return true
	}
	if h.Type == wire.SUBACK {
		p, err := wire.ParseSubAck(h, body, c.w.version)
		if err != nil || c.sess.HandleSubAck(p.PacketID) == nil {
			c.w.violate("SUBACK %d: %v", p.PacketID, err)
		}
		c.subscribed = true
		return true
	}
	a, err := wire.ParseAck(h, body, c.w.version)
	if err != nil {
		c.w.violate("the server sent %v: %v", h.Type, err)
		return false
	}
	var done *session.Entry
	if c.out, done, _, err = c.sess.HandleAck(c.out, &a); err != nil {
		c.w.violate("%v %d: %v", h.Type, a.PacketID, err)
	}
	c.completed(done, a.Type)
	c.pumped()
	return true
}

// completed notes the end of done, if there is one, by an acknowledgement, and of what the
// server has shown that it cannot do.
func (c *client) completed(done *session.Entry, by wire.Type) {
	switch {
	case done == nil:
	case by == wire.PUBACK && done.QoS() == 2:
		c.end(done, errLowered)
	default:
		c.end(done, nil)
	}
	for _, e := range c.sess.TakeRefused() {
		c.end(e, errRefused)
	}
}

// arrive takes a message.
func (c *client) arrive(h wire.Header, body []byte) {
	p, err := wire.ParsePublish(h, body, c.w.version)
	if err != nil {
		c.poisoned(h, body)
		return
	}
	var a session.Arrival
	if c.out, a, err = c.sess.HandlePublish(c.out, &p); err != nil {
		c.w.violate("publish %d: %v", p.PacketID, err)
		return
	}
	if !a.Deliver {
		return
	}
	m := received{seq: a.Seq, sequence: a.Sequence, qos: p.QoS}
	if _, err := fmt.Sscanf(p.Topic, "s%d", &m.name); err != nil {
		c.w.violate("topic %q", p.Topic)
	}
	if a.Deferred {
		c.sess.Defer(m)
		return
	}
	c.inbox = append(c.inbox, m)
}

// poisoned takes a message with a wildcard in its topic: the first one ends the connection,
// and from then on they are thrown away.
func (c *client) poisoned(h wire.Header, body []byte) {
	if !c.endures {
		c.endures = true
		c.w.end()
		return
	}
	m, ok := wire.SalvagePublish(h, body, c.w.version)
	name := -1
	if _, err := fmt.Sscanf(m.Topic, "+%d", &name); !ok || err != nil {
		c.w.violate("the server sent a message to %q", m.Topic)
		return
	}
	var first bool
	var err error
	if c.out, first, err = c.sess.Discard(c.out, &m, wire.TopicNameInvalid); err != nil {
		c.w.violate("poison %d: %v", m.PacketID, err)
	}
	if first {
		c.discarded[name]++
	}
}

// handle has the application act on the next message. With a store it writes the
// message's number with the effect, and does not act on a number twice.
func (c *client) handle() bool {
	if len(c.inbox) == 0 {
		return false
	}
	m := c.inbox[0]
	c.inbox = c.inbox[1:]
	c.handled = append(c.handled, m)
	if m.sequence != 0 {
		if c.journal[m.sequence] {
			return true
		}
		c.journal[m.sequence] = true
	}
	c.effects[m.name]++
	return true
}

// acknowledge ends one message that was handled, not always the first.
func (c *client) acknowledge() bool {
	if len(c.handled) == 0 {
		return false
	}
	i := c.w.rng.IntN(len(c.handled))
	m := c.handled[i]
	c.handled = slices.Delete(c.handled, i, i+1)
	c.conclude(m)
	return true
}

// conclude tells the session that the application is through with m.
func (c *client) conclude(m received) {
	c.out, _ = c.sess.Ack(c.out, m.seq, wire.Success)
	if !c.w.up && len(c.out) > 0 {
		c.w.violate("something is sent without a connection")
	}
}

// tell has the session go on after a batch.
func (c *client) tell(err error) {
	c.w.trace.note("saved %v %x", err, c.batch.Changes)
	batch := c.batch
	c.batch = nil
	var r session.Saved
	c.out, r = c.sess.Saved(c.out, batch, err)
	if !c.w.up && len(c.out) > 0 {
		c.w.violate("something is sent without a connection")
	}
	for _, e := range r.Accepted {
		if p := c.live[e]; p != nil {
			p.accepted = true
		}
	}
	for _, e := range r.Failed {
		c.end(e, errDisk)
	}
	for _, token := range r.Tokens {
		if m, ok := token.(received); ok {
			c.inbox = append(c.inbox, m)
		}
	}
	c.pumped()
}
