package topics

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"dunlin/internal/ui/payload"
	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

// breathe is after how many nodes a reader lets others in.
const breathe = 4096

// maxEntries is how many entries History returns at most, and latestEntries how many Topic has.
const (
	maxEntries    = 500
	latestEntries = 50
)

var errNoNode = errors.New("there is no such topic in the tree: the connection was closed, or begun again; choose the topic anew")

// nodeLocked returns a node that the page names.
func (t *Tree) nodeLocked(id int) (*node, error) {
	if id <= 0 || id >= int(t.nodes.count) {
		return nil, errNoNode
	}
	return t.nodes.at(uint32(id)), nil
}

// topicLocked returns a topic that the page names.
func (t *Tree) topicLocked(id int) (*topic, error) {
	n, err := t.nodeLocked(id)
	if err != nil {
		return nil, err
	}
	if n.topic == nil {
		return nil, fmt.Errorf("no message came to %s itself: look at a topic below it", payload.Short(t.path(uint32(id))))
	}
	return n.topic, nil
}

// Topic returns what is known of a node. Its member Connection is the caller's.
func (t *Tree) Topic(id int, now time.Time) (protocol.Topic, error) {
	t.store.mu.RLock()
	n, err := t.nodeLocked(id)
	if err != nil {
		t.store.mu.RUnlock()
		return protocol.Topic{}, err
	}
	shown := protocol.Topic{Node: id, Topic: t.path(uint32(id)), Path: make([]protocol.Step, n.depth), Latest: []protocol.Entry{}}
	for up, at := n, id; up.depth > 0; up = t.nodes.at(up.parent) {
		shown.Path[up.depth-1] = protocol.Step{Node: at, Name: payload.Short(up.name)}
		at = int(up.parent)
	}
	var found gathered
	if one := n.topic; one != nil {
		shown.Messages, shown.Bytes, shown.Retained = one.messages, one.bytes, one.retained
		shown.Rate = t.clock.perSecond(one.rate, now)
		shown.First, shown.Last, shown.Forgotten = one.first, one.messages, one.first-1
		t.gatherLocked(&found, one, one.messages, latestEntries)
	}
	t.store.mu.RUnlock()
	shown.Latest = found.entries()
	return shown, nil
}

// Version changes when Topic has something else to say than a rate.
func (t *Tree) Version(id int) int64 {
	t.store.mu.RLock()
	defer t.store.mu.RUnlock()
	n, err := t.nodeLocked(id)
	if err != nil || n.topic == nil {
		return 0
	}
	version := 2 * (n.topic.messages + n.topic.first) // both only grow
	if n.topic.retained {
		version++
	}
	return version
}

// History returns up to count entries of a topic up to number last, the latest first.
func (t *Tree) History(id int, last int64, count int) ([]protocol.Entry, error) {
	t.store.mu.RLock()
	one, err := t.topicLocked(id)
	if err != nil {
		t.store.mu.RUnlock()
		return nil, err
	}
	var found gathered
	t.gatherLocked(&found, one, last, min(count, maxEntries))
	t.store.mu.RUnlock()
	return found.entries(), nil
}

// seek returns the place of a topic's message, or of the latest one before it; 0 if the history has none.
func (l *log) seek(t *topic, number int64) position {
	at := t.last
	if number < t.first {
		return 0
	}
	for at != 0 {
		r := l.record(at)
		if r.number() <= number {
			return at
		}
		at = l.toward(r, number)
	}
	return 0
}

// toward returns the place of a record before r that is as near to a number as one step leads, and not before it.
func (l *log) toward(r record, number int64) position {
	if far := r.far(); far != 0 && l.has(far) && l.record(far).number() >= number {
		return far
	}
	return l.before(r)
}

// before returns the place of the record before r of its topic; 0 if there is none any more.
func (l *log) before(r record) position {
	if at := r.before(); at != 0 && l.has(at) {
		return at
	}
	return 0
}

// gathered are messages of which a list shows one line each: copied under the lock, read without it.
type gathered struct {
	list  []protocol.Entry
	heads []payload.Message // what the lines are made of
}

// gatherLocked copies up to count messages up to number last.
func (t *Tree) gatherLocked(to *gathered, one *topic, last int64, count int) {
	l := &t.store.log
	for at := l.seek(one, last); at != 0 && len(to.list) < count; at = l.before(l.record(at)) {
		to.add(l, at, one.name)
	}
}

// add copies a message, of a long payload only the beginning.
func (g *gathered) add(l *log, at position, name string) {
	r := l.record(at)
	g.list = append(g.list, protocol.Entry{
		Number: r.number(), Time: r.millis(), QoS: int(r.qos()), Retained: r.flag(isRetain), Dup: r.flag(isDup), Size: r.payload(),
	})
	g.heads = append(g.heads, l.beginning(at, name))
}

// beginning copies what the line about a message is made of.
func (l *log) beginning(at position, name string) payload.Message {
	r := l.record(at)
	m := payload.Message{Topic: name, Size: r.payload()}
	if r.flag(isLeftOut) {
		return m
	}
	body := l.body(at)
	m.Payload = append([]byte(nil), body[:min(r.payload(), payload.Enough)]...)
	m.ContentType = contentTypeOf(body[r.payload():])
	return m
}

// entries returns the list with its lines.
func (g *gathered) entries() []protocol.Entry {
	if g.list == nil {
		return []protocol.Entry{}
	}
	for i := range g.list {
		g.list[i].Value, g.list[i].Form = g.heads[i].Preview()
	}
	return g.list
}

// Message is a message of the history, as it came.
type Message struct {
	Number          int64
	Time            time.Time
	Topic           string
	Payload         []byte
	Size            int // of the payload; one that was too long for the history is not in Payload
	QoS             mqtt.QoS
	Retain, Dup     bool
	Properties      *mqtt.Properties
	SubscriptionIDs []uint32
}

// Message returns a message, whose payload is not to be changed. Number 0 is the latest.
func (t *Tree) Message(id int, number int64) (Message, error) {
	t.store.mu.RLock()
	defer t.store.mu.RUnlock()
	one, err := t.topicLocked(id)
	if err != nil {
		return Message{}, err
	}
	if number == 0 {
		number = one.messages
	}
	l := &t.store.log
	at := l.seek(one, number)
	switch {
	case number < 0 || number > one.messages:
		return Message{}, fmt.Errorf("message %d of %s was never received: %d were", number, payload.Short(one.name), one.messages)
	case at == 0:
		return Message{}, fmt.Errorf("message %d of %s is no longer in the history, which has a bound: --history makes it larger", number, payload.Short(one.name))
	}
	return l.message(at, one.name), nil
}

// Size returns how many bytes the payload of a message has, 0 where there is none. Number 0 is the latest.
func (t *Tree) Size(id int, number int64) int {
	t.store.mu.RLock()
	defer t.store.mu.RUnlock()
	one, err := t.topicLocked(id)
	if err != nil {
		return 0
	}
	if number == 0 {
		number = one.messages
	}
	if at := t.store.log.seek(one, number); at != 0 {
		return t.store.log.record(at).payload()
	}
	return 0
}

// message copies a record, but not a long payload: those stand by themselves, and never change.
func (l *log) message(at position, name string) Message {
	r := l.record(at)
	m := Message{
		Number: r.number(), Time: r.at(), Topic: name, Size: r.payload(), QoS: r.qos(), Retain: r.flag(isRetain), Dup: r.flag(isDup),
	}
	if r.flag(isLeftOut) {
		return m
	}
	body := l.body(at)
	m.Payload = body[:r.payload():r.payload()]
	if !r.flag(isLarge) {
		m.Payload = append([]byte{}, m.Payload...)
	}
	m.Properties, m.SubscriptionIDs = readProperties(body[r.payload():])
	return m
}

// Read returns a message as the page asks for it.
func (t *Tree) Read(reader *payload.Reader, ask protocol.Read) (protocol.Message, error) {
	m, err := t.Message(ask.Node, ask.Number)
	if err != nil {
		return protocol.Message{}, err
	}
	shown := protocol.Message{
		Entry: protocol.Entry{
			Number: m.Number, Time: m.Time.UnixMilli(), QoS: int(m.QoS), Retained: m.Retain, Dup: m.Dup, Size: m.Size,
		},
		Topic: m.Topic, Properties: m.shownProperties(),
	}
	carried := m.carried()
	carried.Births = t.births(m.Topic, m.Time)
	shown.Value, shown.Form = carried.Preview()
	reader.Read(&shown, &carried, ask)
	return shown, nil
}

// carried returns what package payload wants to know.
func (m *Message) carried() payload.Message {
	c := payload.Message{Topic: m.Topic, Payload: m.Payload, Size: m.Size}
	if m.Properties != nil {
		c.ContentType = m.Properties.ContentType
	}
	return c
}

// births returns the birth certificates that a Sparkplug message of this topic is read with: the latest before it.
func (t *Tree) births(name string, until time.Time) (births []payload.Message) {
	levels := strings.Split(name, "/")
	if levels[0] != "spBv1.0" || len(levels) < 4 {
		return nil
	}
	names := []string{strings.Join([]string{levels[0], levels[1], "NBIRTH", levels[3]}, "/")}
	if len(levels) > 4 {
		names = append(names, strings.Join(append([]string{levels[0], levels[1], "DBIRTH"}, levels[3:]...), "/"))
	}
	t.store.mu.RLock()
	defer t.store.mu.RUnlock()
	for _, birth := range names {
		id := t.topics[birth]
		if id == 0 {
			continue
		}
		if at := t.store.log.until(t.nodes.at(id).topic, until.UnixMicro()); at != 0 {
			m := t.store.log.message(at, birth)
			births = append(births, m.carried())
		}
	}
	return births
}

// until returns the latest message of a topic that is not later than a time, or the oldest that there is.
func (l *log) until(t *topic, micros int64) (at position) {
	for next := t.last; next != 0; next = l.before(l.record(at)) {
		at = next
		if l.record(at).micros() <= micros {
			break
		}
	}
	return at
}

// Retained returns the topics at and below a node for which the server keeps a message, as far as is known.
func (t *Tree) Retained(id int) (names []string) {
	t.store.mu.RLock()
	defer t.store.mu.RUnlock()
	if _, err := t.nodeLocked(id); err != nil && id != 0 {
		return nil
	}
	visited := 0
	for next := []uint32{uint32(id)}; len(next) > 0; visited++ {
		if visited%breathe == breathe-1 {
			t.store.mu.RUnlock()
			t.store.mu.RLock()
		}
		id := next[len(next)-1]
		if id >= t.nodes.count { // closed meanwhile
			return nil
		}
		n := t.nodes.at(id)
		next = append(next[:len(next)-1], n.kids...)
		if n.topic != nil && n.topic.retained {
			names = append(names, n.topic.name)
		}
	}
	return names
}

// Cleared takes the retained mark from a topic: the server keeps nothing for it any more.
func (t *Tree) Cleared(name string) {
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	if id := t.topics[name]; id != 0 {
		t.nodes.at(id).topic.retained = false
	}
}
