package sparkplug

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// tracker is what a host application knows of edge nodes and devices, from their messages: a machine without clock, lock or
// network. What it has to say it gives to emit, and which nodes to ask for births to ask.
type tracker struct {
	limit   int // of metrics, nodes and devices in all
	reorder time.Duration
	emit    func(e Event)
	ask     func(node ID)
	nodes   map[ID]*trackedNode
	size    int
}

// trackedNode is what is known of an edge node.
type trackedNode struct {
	tracked
	devices map[string]*tracked
	aliases map[uint64]aliased
	bdSeq   uint64
	next    uint8 // the sequence number of the message that is due
	waiting map[uint8]waitingMessage
	bytes   int       // of what waits
	due     time.Time // when what waits has waited for long enough; zero: nothing does
	asked   time.Time // when its births were asked for last; zero: not since they came
}

// tracked is what is known of a node or device.
type tracked struct {
	online bool
	since  time.Time
	points points
}

// waitingMessage came before one that should have come earlier.
type waitingMessage struct {
	topic Topic
	p     *Payload
	size  int
}

// maxWaiting is how many bytes of payloads of one node may wait for others.
const maxWaiting = 1 << 20

// errFull says that the host knows as much as it may.
var errFull = errors.New("the host has no room for more metrics: see HostConfig.MaxMetrics")

// handle takes a message of a node or device.
func (t *tracker) handle(topic Topic, payload []byte, now time.Time) {
	p, err := Unmarshal(payload)
	if err != nil {
		t.emit(Event{Kind: Malformed, ID: topic.ID, Err: fmt.Errorf("%s: %w", topic, err)})
		return
	}
	node := t.nodes[topic.node()]
	switch topic.Type {
	case NBIRTH:
		t.nodeBirth(topic, p, now)
		return
	case NDEATH:
		t.nodeDeath(topic, node, p, now)
		return
	case NCMD, DCMD:
		return
	}
	switch {
	case node == nil: // it was born before the host listened
		t.request(topic.node(), now, errors.New("its birth was not seen"))
	case !node.online:
		t.request(topic.node(), now, errors.New("it sends data though it is offline"))
	case !p.HasSeq:
		t.emit(Event{Kind: Malformed, ID: topic.ID, Err: fmt.Errorf("%s: there is no sequence number", topic)})
	case p.Seq == node.next:
		node.next++
		t.apply(topic, node, p, now)
		t.release(node, now)
	case t.reorder < 0:
		t.request(topic.node(), now, fmt.Errorf("message %d came, and %d was due", p.Seq, node.next))
		node.next = p.Seq + 1
		t.apply(topic, node, p, now)
	default:
		t.hold(node, waitingMessage{topic, p, len(payload)}, now)
	}
}

// nodeBirth takes a node's birth, with which all begins anew.
func (t *tracker) nodeBirth(topic Topic, p *Payload, now time.Time) {
	id := topic.node()
	number, err := birthSequence(p)
	var known points
	if err == nil {
		known, err = bornPoints(p.Metrics)
	}
	if err == nil && !p.HasSeq { // one that does not begin with 0 is against the rules, but clear
		err = errors.New("there is no sequence number")
	}
	if err != nil {
		t.emit(Event{Kind: Malformed, ID: id, Err: fmt.Errorf("%s: %w", topic, err)})
		return
	}
	t.forget(id)
	if t.size+len(known.list)+1 > t.limit {
		t.emit(Event{Kind: Malformed, ID: id, Err: fmt.Errorf("%s: %w", topic, errFull)})
		return
	}
	node := &trackedNode{
		tracked: tracked{online: true, since: timeOf(p, now), points: known}, bdSeq: number, next: p.Seq + 1,
		devices: make(map[string]*tracked), aliases: make(map[uint64]aliased),
	}
	node.learnAliases("", &known)
	t.nodes[id] = node
	t.size += len(known.list) + 1
	t.emit(Event{Kind: NodeBorn, ID: id, Metrics: slices.Clone(known.list), Time: timeOf(p, now)})
}

// forget forgets a node and its devices.
func (t *tracker) forget(id ID) {
	node := t.nodes[id]
	if node == nil {
		return
	}
	t.size -= len(node.points.list) + 1
	for _, d := range node.devices {
		t.size -= len(d.points.list) + 1
	}
	delete(t.nodes, id)
}

// bornPoints returns the metrics of a birth.
func bornPoints(metrics []Metric) (points, error) {
	p := points{list: metrics, index: make(map[string]int, len(metrics))}
	for i := range metrics {
		m := &metrics[i]
		if m.Name == "" || m.Type == 0 {
			return p, fmt.Errorf("metric %d, %.200q, lacks name or type", i+1, m.Name)
		}
		p.index[m.Name] = i
	}
	return p, nil
}

func (n *trackedNode) learnAliases(device string, p *points) {
	for i := range p.list {
		if m := &p.list[i]; m.HasAlias {
			n.aliases[m.Alias] = aliased{device, m.Name}
		}
	}
}

// birthSequence returns the bdSeq of a birth or death.
func birthSequence(p *Payload) (uint64, error) {
	for _, m := range p.Metrics {
		if m.Name != bdSeq {
			continue
		}
		switch n := m.Value.(type) {
		case int64:
			return uint64(n), nil
		case uint64: // as some nodes have it
			return n, nil
		}
		return 0, fmt.Errorf("bdSeq is a %T", m.Value)
	}
	return 0, errors.New("bdSeq is missing")
}

func timeOf(p *Payload, now time.Time) time.Time {
	if p.Timestamp.IsZero() {
		return now
	}
	return p.Timestamp
}

// nodeDeath takes a node's death, unless it is that of an earlier connection [tck-id-payloads-ndeath-bdseq]. Node, devices and
// metrics are offline and stale by the host's own clock, for a will's time is that of the connection's begin
// [tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-offline].
func (t *tracker) nodeDeath(topic Topic, node *trackedNode, p *Payload, now time.Time) {
	number, err := birthSequence(p)
	if err != nil {
		t.emit(Event{Kind: Malformed, ID: topic.ID, Err: fmt.Errorf("%s: %w", topic, err)})
		return
	}
	if node == nil || !node.online || node.bdSeq != number {
		return
	}
	t.kill(topic.ID, node, now, nil)
}

// kill marks a node and its devices as offline.
func (t *tracker) kill(id ID, node *trackedNode, now time.Time, err error) {
	t.release(node, now)
	node.clearWaiting()
	for _, name := range sortedKeys(node.devices) {
		if d := node.devices[name]; d.online {
			d.online, d.since = false, now
			t.emit(Event{Kind: DeviceDied, ID: ID{id.Group, id.Node, name}, Time: now, Err: err})
		}
	}
	node.online, node.since = false, now
	t.emit(Event{Kind: NodeDied, ID: id, Time: now, Err: err})
}

// lost marks all as offline: the host itself is.
func (t *tracker) lost(now time.Time, err error) {
	for _, id := range t.ids() {
		if node := t.nodes[id]; node.online {
			t.kill(id, node, now, err)
		}
		t.nodes[id].asked = time.Time{}
	}
}

// ids returns the nodes in order.
func (t *tracker) ids() []ID {
	all := make([]ID, 0, len(t.nodes))
	for id := range t.nodes {
		all = append(all, id)
	}
	slices.SortFunc(all, func(a, b ID) int { return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Node, b.Node)) })
	return all
}

func sortedKeys(m map[string]*tracked) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
