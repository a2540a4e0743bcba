package topics

import (
	"slices"
	"time"

	"dunlin/mqtt"
)

// Add takes a message. It keeps nothing of m.
//
// A message with RETAIN says that the server keeps it, or, if it is empty, that it keeps none any more (MQTT 5 section
// 3.3.1.3). One without says nothing: also of a message that a server keeps, subscribers have it without RETAIN, unless they
// subscribed with Retain As Published.
func (t *Tree) Add(m *mqtt.Received, at time.Time) {
	props := appendProperties(t.scratch[:0], m)
	if cap(props) <= 64<<10 {
		t.scratch = props
	}
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	if t.store.trees[t.id] == nil {
		return // closed
	}
	t.clock.begin(at)
	tick := t.clock.tick(at)
	t.bytes += int64(len(m.Payload))
	id := t.place(m.Topic)
	if id == 0 {
		t.nodes.at(0).count(tick, at)
		t.unplaced++
		t.forgotten++
		return
	}
	topic := t.nodes.at(id).topic
	topic.messages++
	topic.bytes += int64(len(m.Payload))
	topic.rate.add(tick)
	if m.Retain {
		topic.retained = len(m.Payload) > 0
	}
	for up := id; ; up = t.nodes.at(up).parent {
		t.nodes.at(up).count(tick, at)
		if up == 0 {
			break
		}
	}
	h := &head{
		number: topic.messages, time: at.UnixMicro(), tree: t.id, node: id, flags: byte(m.QoS) & 3,
		payload: uint32(len(m.Payload)), props: uint32(len(props)),
	}
	h.set(isRetain, m.Retain)
	h.set(isDup, m.Dup)
	t.store.keep(topic, h, m.Payload, props)
}

// count counts a message to the node or below it.
func (n *node) count(tick int32, at time.Time) {
	n.messages++
	n.time = at.UnixMilli()
	n.rate.add(tick)
}

// keep appends a message to the log.
func (s *Store) keep(t *topic, h *head, payload, props []byte) {
	if len(payload)+len(props) > s.log.longest() {
		h.set(isLeftOut, true)
		payload, props = nil, nil
	}
	cost := recordSize(h)
	if body := len(payload) + len(props); body > s.log.largest() {
		cost = headSize + indexSize
		s.makeRoom(cost, allocated(body))
	} else {
		s.makeRoom(cost, 0)
	}
	// What makes room may have forgotten the topic's latest record, or copied it.
	if t.last != 0 {
		last := s.log.record(t.last)
		h.before, h.far = t.last, s.log.far(t.last)
		if last.flag(isCopied) {
			s.log.kept -= last.cost()
			last.setCopied(false)
		}
	}
	t.last = s.log.append(h, payload, props)
}

// far returns which place a record that follows the one at p has for one far before it. Distances are such that from a
// record to any earlier one of its topic there is a way of logarithmic length (Myers, "An applicative random-access stack",
// 1983): the new one leaps over two equal leaps, or else to the one before.
func (l *log) far(p position) position {
	first := l.record(p)
	middle := first.far()
	if middle == 0 || !l.has(middle) {
		return p
	}
	end := l.record(middle).far()
	if end == 0 || !l.has(end) {
		return p
	}
	between := l.record(middle).number()
	if first.number()-between == between-l.record(end).number() {
		return end
	}
	return p
}

// makeRoom gives up segments until a record of this size, and a body beside it, can be appended within the limit.
func (s *Store) makeRoom(size int, beside int64) {
	l := &s.log
	for passes := len(l.segments); len(l.segments) > 0 && l.held+l.growth(size)+beside > l.limit; passes-- {
		s.giveUp(passes > 0)
	}
}

// giveUp gives the oldest segment up.
func (s *Store) giveUp(keepLatest bool) {
	l := &s.log
	number, old := position(l.first)<<32, l.segments[0]
	for at := 0; at < len(old.data); {
		r := record(old.data[at:])
		s.forget(old, r, number|position(at), keepLatest)
		at += r.size()
	}
	l.dropOldest()
}

// forget takes a record out of the history, or, if it is the latest of its topic, copies it to the end.
func (s *Store) forget(from *segment, r record, at position, keepLatest bool) {
	l := &s.log
	wasCopied := r.flag(isCopied)
	if wasCopied {
		l.kept -= r.cost()
	}
	tree := s.trees[r.tree()]
	if tree == nil {
		return
	}
	t := tree.nodes.at(r.node()).topic
	switch {
	case r.number() < t.first: // done before, see forgetCopied
	case t.last != at || !keepLatest:
		tree.forget(t, r.number(), t.last == at)
	default:
		if !wasCopied {
			s.forgetCopied(r.cost())
			l.copied = append(l.copied, copied{r.tree(), r.node(), r.number()})
		}
		l.kept += r.cost()
		r.setCopied(true)
		t.last = l.move(from, r)
	}
}

// forget takes note that a topic's oldest message is no longer in the log.
func (t *Tree) forget(one *topic, number int64, isLatest bool) {
	t.forgotten++
	one.first = number + 1
	if isLatest {
		one.last = 0
	}
}

// forgetCopied forgets records that were copied, those that came first, until there is room for another one of this cost.
func (s *Store) forgetCopied(cost int64) {
	l := &s.log
	for l.kept+cost > l.limit/2 && len(l.copied) > 0 {
		if tree, r := s.stillCopied(l.copied[0]); r != nil {
			l.kept -= r.cost()
			r.setCopied(false)
			tree.forget(tree.nodes.at(r.node()).topic, r.number(), true)
		}
		l.copied = l.copied[1:]
	}
	if len(l.copied) >= l.looked {
		l.copied = slices.DeleteFunc(l.copied, func(c copied) bool {
			_, r := s.stillCopied(c)
			return r == nil
		})
		l.looked = max(2*len(l.copied), leastLooked)
	}
}

// stillCopied returns the record that c names, nil if it is not the latest of its topic any more.
func (s *Store) stillCopied(c copied) (*Tree, record) {
	tree := s.trees[c.tree]
	if tree == nil {
		return nil, nil
	}
	t := tree.nodes.at(c.node).topic
	if t.last == 0 {
		return nil, nil
	}
	if r := s.log.record(t.last); r.number() == c.number {
		return tree, r
	}
	return nil, nil
}
