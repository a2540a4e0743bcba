package ui

import (
	"context"
	"fmt"
	"time"

	"dunlin/internal/ui/protocol"
)

// maxRows and the others are how much a page may ask for at once.
const (
	maxRows    = 500
	maxEntries = 500
	maxPackets = 500
	maxPoints  = 5000
	maxText    = 1000 // characters that are searched for
)

// scene returns what the viewer sees of a connection. It is made at the first time.
func (v *viewer) scene(connection int) (*scene, error) {
	c, err := v.hub.connection(connection)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.scenes[connection]
	if s == nil {
		s = &scene{c: c, view: c.tree.NewView()}
		v.scenes[connection] = s
	}
	return s, nil
}

// see says which rows are in sight.
func (v *viewer) see(ask *protocol.See) (any, error) {
	s, err := v.scene(ask.Connection)
	if err != nil {
		return nil, err
	}
	if len(ask.Search) > maxText {
		return nil, fmt.Errorf("what is searched for has more than %d bytes; shorten it", maxText)
	}
	ask.From, ask.Count = max(ask.From, 0), min(max(ask.Count, 0), maxRows)
	return andThen{nil, func() {
		s.view.See(*ask)
		v.mu.Lock()
		defer v.mu.Unlock()
		s.tree = ask.Count > 0
	}}, nil
}

// open opens and closes branches.
func (v *viewer) open(ask *protocol.Open) (any, error) {
	s, err := v.scene(ask.Connection)
	if err != nil {
		return nil, err
	}
	return andThen{nil, func() { s.view.Open(*ask) }}, nil
}

// look says which topic is looked at.
func (v *viewer) look(ask *protocol.Look) (any, error) {
	if ask.Connection == 0 || ask.Node == 0 {
		return andThen{nil, func() { v.setNode(nil, 0) }}, nil
	}
	s, err := v.scene(ask.Connection)
	if err != nil {
		return nil, err
	}
	topic, err := s.c.tree.Topic(ask.Node, time.Now())
	if err != nil {
		return nil, err
	}
	topic.Connection = ask.Connection
	return andThen{&topic, func() { v.setNode(s, ask.Node) }}, nil
}

// setNode says which topic is looked at: a viewer looks at one.
func (v *viewer) setNode(s *scene, node int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, other := range v.scenes {
		other.node = 0
	}
	if s != nil {
		s.node = node
	}
}

// history returns older messages.
func (v *viewer) history(ask *protocol.History) (any, error) {
	c, err := v.hub.connection(ask.Connection)
	if err != nil {
		return nil, err
	}
	return c.tree.History(ask.Node, ask.Last, min(max(ask.Count, 0), maxEntries))
}

// readMessage returns a message.
func (v *viewer) readMessage(ask *protocol.Read) (any, error) {
	c, err := v.hub.connection(ask.Connection)
	if err != nil {
		return nil, err
	}
	return v.reckon(c.tree.Size(ask.Node, ask.Number), func() (any, error) { return c.tree.Read(v.hub.reader, *ask) })
}

// large is from how many bytes on reading a payload takes so much memory that not all who want it do so at once: one of 10 MB can
// need hundreds while it is decoded.
const large = 1 << 20

// reckon runs what reads payloads of this size. Of the large ones a page has one at a time until it has taken the answer, and all
// pages together have maxLarge while they are read.
func (v *viewer) reckon(size int, run func() (any, error)) (any, error) {
	if size < large {
		return run()
	}
	for _, places := range []chan struct{}{v.large, v.hub.large} {
		select {
		case places <- struct{}{}:
		case <-v.ctx.Done():
			return nil, context.Cause(v.ctx) // the viewer's own place is no longer needed
		}
	}
	result, err := run()
	<-v.hub.large
	if err != nil {
		<-v.large
		return nil, err
	}
	return andThen{result, func() { <-v.large }}, nil
}

// chart returns the numbers of a topic.
func (v *viewer) chart(ask *protocol.Chart) (any, error) {
	c, err := v.hub.connection(ask.Connection)
	if err != nil {
		return nil, err
	}
	if len(ask.Member) > maxText {
		return nil, fmt.Errorf("the member's name has more than %d bytes", maxText)
	}
	ask.Points = min(max(ask.Points, 1), maxPoints)
	return v.reckon(c.tree.Size(ask.Node, 0), func() (any, error) { return c.tree.Chart(v.ctx, *ask) })
}

// watchPackets returns a part of a packet log, and has its end told as it grows where that is what was asked for.
func (v *viewer) watchPackets(ask *protocol.Watch) (any, error) {
	if ask.Connection == 0 {
		return andThen{nil, func() { v.setWatch(watching{}) }}, nil
	}
	c, err := v.hub.connection(ask.Connection)
	if err != nil {
		return nil, err
	}
	if len(ask.Text) > maxText || len(ask.Type) > maxText {
		return nil, fmt.Errorf("what is searched for has more than %d bytes; shorten it", maxText)
	}
	ask.Count = min(max(ask.Count, 1), maxPackets)
	if ask.Last != 0 {
		return slow(func() (any, error) { return c.packets(ask), nil }), nil
	}
	begun := v.setWatch(watching{})
	return slow(func() (any, error) {
		devices := c.devices.Load()
		p := c.packets(ask)
		return andThen{p, func() { v.goOn(begun, watching{c: c, ask: *ask, after: p.Last, devices: devices}) }}, nil
	}), nil
}

// packets returns a part of the connection's packet log. To search it for a text takes up to half a second.
func (c *connection) packets(ask *protocol.Watch) *protocol.Packets {
	p := c.log.Packets(*ask)
	p.Connection = c.id
	if c.proxy != nil {
		p.Devices = c.proxy.Devices()
	}
	if p.Packets == nil {
		p.Packets = []protocol.Packet{}
	}
	return &p
}

// setWatch says whose packets are told as they come, and returns the number of this saying.
func (v *viewer) setWatch(w watching) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.watches++
	v.watch = w
	return v.watches
}

// goOn has packets told as they come, unless others were asked for since.
func (v *viewer) goOn(begun int, w watching) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.watches == begun {
		v.watch = w
	}
}

// dissect returns a packet field by field.
func (v *viewer) dissect(ask *protocol.Dissect) (any, error) {
	c, err := v.hub.connection(ask.Connection)
	if err != nil {
		return nil, err
	}
	return c.log.Dissect(ask.Number)
}
