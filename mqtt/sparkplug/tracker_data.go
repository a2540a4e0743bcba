package sparkplug

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// apply takes a message that is in its place.
func (t *tracker) apply(topic Topic, node *trackedNode, p *Payload, now time.Time) {
	switch topic.Type {
	case DBIRTH:
		t.deviceBirth(topic, node, p, now)
	case DDEATH:
		t.deviceDeath(topic, node, p, now)
	case NDATA:
		t.data(topic, node, &node.tracked, p, now)
	case DDATA:
		d := node.devices[topic.Device]
		if d == nil || !d.online {
			t.request(topic.node(), now, fmt.Errorf("device %q sends data and is not born", topic.Device))
			return
		}
		t.data(topic, node, d, p, now)
	}
}

func (t *tracker) deviceBirth(topic Topic, node *trackedNode, p *Payload, now time.Time) {
	known, err := bornPoints(p.Metrics)
	before := 0
	if old := node.devices[topic.Device]; old != nil {
		before = len(old.points.list) + 1
	}
	if err == nil && t.size-before+len(known.list)+1 > t.limit {
		err = errFull
	}
	if err != nil {
		t.emit(Event{Kind: Malformed, ID: topic.ID, Err: fmt.Errorf("%s: %w", topic, err)})
		return
	}
	t.size += len(known.list) + 1 - before
	if before > 0 {
		maps.DeleteFunc(node.aliases, func(_ uint64, a aliased) bool { return a.device == topic.Device })
	}
	node.devices[topic.Device] = &tracked{online: true, since: timeOf(p, now), points: known}
	node.learnAliases(topic.Device, &known)
	t.emit(Event{Kind: DeviceBorn, ID: topic.ID, Metrics: slices.Clone(known.list), Time: timeOf(p, now)})
}

// deviceDeath marks a device as offline, by the time of the payload
// [tck-id-operational-behavior-edge-node-termination-host-action-ddeath-devices-offline].
func (t *tracker) deviceDeath(topic Topic, node *trackedNode, p *Payload, now time.Time) {
	d := node.devices[topic.Device]
	if d == nil || !d.online {
		return
	}
	d.online, d.since = false, timeOf(p, now)
	t.emit(Event{Kind: DeviceDied, ID: topic.ID, Time: d.since})
}

// data takes values. One that the birth does not explain is a reason to ask for another birth, section 5.15.
func (t *tracker) data(topic Topic, node *trackedNode, of *tracked, p *Payload, now time.Time) {
	good, fault := of.points.resolve(p.Metrics, func(alias uint64) (string, bool) {
		a, ok := node.aliases[alias]
		return a.name, ok && a.device == topic.Device
	})
	if fault != nil {
		t.request(topic.node(), now, fault)
	}
	for i := range good {
		of.points.keep(&good[i])
	}
	kind := NodeData
	if topic.Type == DDATA {
		kind = DeviceData
	}
	if len(good) > 0 {
		t.emit(Event{Kind: kind, ID: topic.ID, Metrics: good, Time: timeOf(p, now)})
	}
}

// hold keeps a message until those before it have come [tck-id-operational-behavior-host-reordering-start].
func (t *tracker) hold(node *trackedNode, m waitingMessage, now time.Time) {
	if node.waiting == nil {
		node.waiting = make(map[uint8]waitingMessage)
	}
	if node.due.IsZero() {
		node.due = now.Add(t.reorder)
	}
	node.bytes += m.size - node.waiting[m.p.Seq].size
	node.waiting[m.p.Seq] = m
	if node.bytes > maxWaiting {
		t.expire(m.topic.node(), node, now)
	}
}

// release takes what waits and is due now [tck-id-operational-behavior-host-reordering-success].
func (t *tracker) release(node *trackedNode, now time.Time) {
	for len(node.waiting) > 0 {
		m, ok := node.waiting[node.next]
		if !ok {
			return
		}
		delete(node.waiting, node.next)
		node.bytes -= m.size
		node.next++
		t.apply(m.topic, node, m.p, now)
	}
	node.clearWaiting()
}

func (n *trackedNode) clearWaiting() {
	n.waiting, n.bytes, n.due = nil, 0, time.Time{}
}

// expire gives up what was missing and takes what waits, in order, so that no value that came is lost. The births are
// asked for [tck-id-operational-behavior-host-reordering-rebirth].
func (t *tracker) expire(id ID, node *trackedNode, now time.Time) {
	t.request(id, now, fmt.Errorf("message %d has not come, but later ones", node.next))
	for n := 0; n < 256 && len(node.waiting) > 0; n++ {
		if m, ok := node.waiting[node.next]; ok {
			delete(node.waiting, node.next)
			t.apply(m.topic, node, m.p, now)
		}
		node.next++
	}
	node.clearWaiting()
}

// expireAll is expire for all nodes whose time it is. It returns when to come back; zero: when something waits again.
func (t *tracker) expireAll(now time.Time) (next time.Time) {
	for _, id := range t.ids() {
		node := t.nodes[id]
		if !node.due.IsZero() && !node.due.After(now) {
			t.expire(id, node, now)
		}
		if !node.due.IsZero() && (next.IsZero() || node.due.Before(next)) {
			next = node.due
		}
	}
	return next
}

// askAgain is how long an answer to a request for births may take before it is asked for again.
const askAgain = 10 * time.Second

// request asks a node for its births, once in a while.
func (t *tracker) request(id ID, now time.Time, why error) {
	node := t.nodes[id]
	if node == nil {
		if t.size >= t.limit {
			t.emit(Event{Kind: Malformed, ID: id, Err: errFull})
			return
		}
		node = &trackedNode{devices: make(map[string]*tracked), aliases: make(map[uint64]aliased)}
		t.nodes[id] = node
		t.size++
	}
	if !node.asked.IsZero() && now.Sub(node.asked) < askAgain {
		return
	}
	node.asked = now
	t.ask(id)
	t.emit(Event{Kind: RebirthRequested, ID: id, Time: now, Err: why})
}

// state returns what is known of a node or device.
func (t *tracker) state(id ID) (State, bool) {
	node := t.nodes[id.node()]
	if node == nil {
		return State{}, false
	}
	of := &node.tracked
	if id.Device != "" {
		if of = node.devices[id.Device]; of == nil {
			return State{}, false
		}
	}
	return State{ID: id, Online: of.online, Since: of.since, Metrics: slices.Clone(of.points.list)}, true
}

// states returns all that is known.
func (t *tracker) states() (all []State) {
	for _, id := range t.ids() {
		s, _ := t.state(id)
		all = append(all, s)
		for _, device := range sortedKeys(t.nodes[id].devices) {
			s, _ := t.state(ID{id.Group, id.Node, device})
			all = append(all, s)
		}
	}
	return all
}

// command returns the payload of a command: with aliases where the birth has them, and values of the types that it says.
func (t *tracker) command(id ID, metrics []Metric, now time.Time) ([]byte, error) {
	node := t.nodes[id.node()]
	if node == nil || !node.online {
		return nil, errors.New("the edge node is not online, as far as the host knows")
	}
	of := &node.tracked
	if id.Device != "" {
		if of = node.devices[id.Device]; of == nil || !of.online {
			return nil, errors.New("the device is not online, as far as the host knows")
		}
	}
	list := make([]Metric, len(metrics))
	for i, m := range metrics {
		j, ok := of.points.index[m.Name]
		if !ok { // [tck-id-operational-behavior-data-commands-ncmd-metric-name]
			return nil, fmt.Errorf("metric %q is not in the birth", m.Name)
		}
		known := &of.points.list[j]
		if m.Type != 0 && m.Type != known.Type { // [tck-id-operational-behavior-data-commands-ncmd-metric-value]
			return nil, fmt.Errorf("metric %q is of type %s, not %s", m.Name, known.Type, m.Type)
		}
		m.Type, m.Alias, m.HasAlias = known.Type, known.Alias, known.HasAlias
		if m.Timestamp.IsZero() {
			m.Timestamp = now
		}
		list[i] = m
	}
	return commandPayload(list, now)
}
