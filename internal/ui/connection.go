package ui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dunlin/internal/packets"
	"dunlin/internal/tap"
	"dunlin/internal/ui/protocol"
	"dunlin/internal/ui/sysfigures"
	"dunlin/internal/ui/topics"
	"dunlin/mqtt"
)

// The kinds and states of a connection, as the page knows them.
const (
	kindBroker    = "broker"
	kindProxy     = "proxy"
	kindRecording = "recording"

	stateConnecting = "connecting"
	stateConnected  = "connected"
	stateWaiting    = "waiting"
	stateEnded      = "ended"
)

// connection is a tree of topics, and what fills it: a client of a broker, or a proxy.
type connection struct {
	hub     *hub
	id      int
	kind    string
	name    string
	url     string
	broker  Broker // of a client
	tree    *topics.Tree
	log     *packets.Log
	figures *sysfigures.Figures
	proxy   *tap.Tap     // of a proxy
	devices atomic.Int64 // counts changes of the devices of a proxy
	player  *player      // of a recording

	ctx    context.Context // ends with the connection
	cancel context.CancelCauseFunc
	over   chan struct{} // closed when it has ended

	adding  sync.Mutex // one message at a time: those of a proxy come on several goroutines
	waiters []*waiter  // adding
	writing *recorder  // adding; nil: nothing is recorded

	mu       sync.Mutex
	state    string
	detail   string
	version  string
	filters  []protocol.Filter
	client   *mqtt.Client // nil: there is none yet, or it is none of a broker
	tooLarge int64        // messages that were not kept
	file     string       // that messages are recorded in; empty: none
	answers  string       // the topic of answers to requests; empty: it was not needed yet
}

// errDisconnected is the cause of a connection's end that a viewer asked for.
var errDisconnected = errors.New("disconnected by a viewer")

// newConnection returns a connection that nothing fills yet. The hub's lock is held.
func (h *hub) newConnection(kind, name, url string) *connection {
	h.lastID++
	c := &connection{
		hub: h, id: h.lastID, kind: kind, name: name, url: url, tree: h.store.NewTree(), log: packets.NewLog(0),
		figures: sysfigures.New(), state: stateConnecting, over: make(chan struct{}),
	}
	c.ctx, c.cancel = context.WithCancelCause(h.ctx)
	return c
}

// take takes a message.
func (c *connection) take(m *mqtt.Received, at time.Time) {
	if sysfigures.Belongs(m.Topic) {
		c.figures.Take(m.Topic, m.Payload, m.Retain, at)
	}
	c.adding.Lock()
	defer c.adding.Unlock()
	c.tree.Add(m, at)
	for _, w := range c.waiters {
		w.offer(c.tree, m)
	}
	if c.writing != nil {
		c.writing.take(m, at)
	}
}

// set says how the connection stands.
func (c *connection) set(state, detail string) {
	c.mu.Lock()
	c.state, c.detail = state, detail
	c.mu.Unlock()
	c.hub.changed()
}

// live returns the client of a connection that stands, or what to do.
func (c *connection) live() (*mqtt.Client, error) {
	c.mu.Lock()
	client, state := c.client, c.state
	c.mu.Unlock()
	switch {
	case c.kind != kindBroker:
		return nil, fmt.Errorf("%s is no connection of ours to a broker; choose one", c.name)
	case state == stateEnded:
		return nil, fmt.Errorf("the connection to %s has ended; connect again", c.name)
	case client == nil || !client.IsConnected():
		return nil, fmt.Errorf("there is no connection to %s at the moment; it is made again by itself, so try later", c.name)
	}
	return client, nil
}

// shown returns what the page is to know of the connection.
func (c *connection) shown(now time.Time) protocol.Connection {
	f := c.tree.Figures(now)
	c.mu.Lock()
	defer c.mu.Unlock()
	s := protocol.Connection{
		ID: c.id, Kind: c.kind, Name: c.name, URL: c.url, State: c.state, Detail: c.detail, Version: c.version,
		Filters: slices.Clone(c.filters), Recording: c.file, Messages: f.Messages, Bytes: f.Bytes, Topics: f.Topics, Rate: f.Rate, Forgotten: f.Forgotten,
	}
	if c.tooLarge > 0 && s.Detail == "" {
		s.Detail = fmt.Sprintf("%d messages of more than %d MiB were not kept", c.tooLarge, maxPacket>>20)
	}
	if c.proxy != nil {
		faults := c.proxy.Faults()
		faults.Connection = c.id
		s.Faults = &faults
	}
	if c.player != nil {
		s.Replay = c.player.shown(c.id)
	}
	return s
}

// setFilter notes what became of a subscription, and returns it.
func (c *connection) setFilter(f protocol.Filter) protocol.Filter {
	c.mu.Lock()
	i := slices.IndexFunc(c.filters, func(old protocol.Filter) bool { return old.Filter == f.Filter })
	if i < 0 {
		c.filters = append(c.filters, f)
	} else {
		c.filters[i] = f
	}
	c.mu.Unlock()
	c.hub.changed()
	return f
}

// dropFilter notes that a subscription is no more.
func (c *connection) dropFilter(filter string) {
	c.mu.Lock()
	c.filters = slices.DeleteFunc(c.filters, func(f protocol.Filter) bool { return f.Filter == filter })
	c.mu.Unlock()
	c.hub.changed()
}

// subscribed returns the filters that are in force.
func (c *connection) subscribed() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var filters []string
	for _, f := range c.filters {
		if f.Error == "" {
			filters = append(filters, f.Filter)
		}
	}
	return filters
}

// waiter waits for one message of a topic.
type waiter struct {
	topic string
	wants func(m *mqtt.Received) bool
	found chan found // has room for one
}

// found is a message that was waited for.
type found struct {
	node   int
	number int64 // in the history
}

// offer gives the waiter a message that has come into the tree, if it is the one.
func (w *waiter) offer(tree *topics.Tree, m *mqtt.Received) {
	if m.Topic != w.topic || !w.wants(m) || len(w.found) > 0 {
		return
	}
	node := tree.Node(m.Topic)
	last, err := tree.Message(node, 0)
	if err == nil { // else there is no room for it in the history
		w.found <- found{node, last.Number}
	}
}

// wait has a waiter offered what comes, until the function that it returns is called.
func (c *connection) wait(w *waiter) (stop func()) {
	c.adding.Lock()
	defer c.adding.Unlock()
	c.waiters = append(c.waiters, w)
	return func() {
		c.adding.Lock()
		defer c.adding.Unlock()
		c.waiters = slices.DeleteFunc(c.waiters, func(other *waiter) bool { return other == w })
	}
}
