package sparkplug

import (
	"strconv"
	"strings"

	"dunlin/internal/sparkplugb"
)

// quoted returns a name in quotes, shortened where somebody chose a very long one.
func quoted(name string) string { return strconv.Quote(name[:min(len(name), 200)]) }

// nodeBirth looks at the birth of a node, and learns it.
func (l *look) nodeBirth(raw *sparkplugb.Payload) {
	if raw.Seq.Has && raw.Seq.V != 0 {
		l.must("payloads-sequence-num-zero-nbirth", "the sequence number is %d", raw.Seq.V)
	}
	number := l.birthMetrics(raw)
	c, id := l.c, l.topic.node()
	old := c.nodes[id]
	node := &checkedNode{devices: make(map[string]*checkedPart), aliases: make(map[uint64]string), shapes: make(map[string]*sparkplugb.Template)}
	node.bdSeq, node.seq, node.counted = number, uint8(raw.Seq.V), raw.Seq.Has
	c.report.Births++
	if old != nil {
		if old.asked {
			c.report.Rebirths++
		}
		l.sameOrNext(old, number)
		c.size -= old.size()
	}
	l.learn(node, &node.checkedPart, raw)
	if c.size += node.size(); c.size > c.cfg.MaxMetrics {
		c.size -= node.size()
		delete(c.nodes, id)
		return
	}
	c.nodes[id] = node
}

// sameOrNext compares the bdSeq of a birth with that of the birth before it. A number that is 0 again is that of a node that was
// started anew.
func (l *look) sameOrNext(old *checkedNode, number uint64) {
	switch {
	case old.born && old.asked && old.bdSeq != number && old.counted:
		l.must("operational-behavior-data-commands-rebirth-action-3", "bdSeq was %d and is %d after a request for births", old.bdSeq, number)
	case old.died && old.bdSeq == number && number != 0:
		l.must("topics-nbirth-bdseq-increment", "bdSeq is %d again, which was that of a connection that has ended", number)
	}
}

// size is what a node counts in CheckerConfig.MaxMetrics.
func (n *checkedNode) size() int {
	size := 1 + len(n.types)
	for _, d := range n.devices {
		size += 1 + len(d.types)
	}
	return size
}

// birthMetrics looks for the metrics that each birth of a node has, and returns the bdSeq.
func (l *look) birthMetrics(raw *sparkplugb.Payload) (number uint64) {
	hasNumber, hasControl := false, false
	for i := range raw.Metrics {
		m := &raw.Metrics[i]
		switch m.Name.V {
		case bdSeq:
			hasNumber, number = true, m.Value.Bits
			l.birthNumber(m)
		case rebirth:
			hasControl = true
			if m.Type.V != sparkplugb.Boolean {
				l.must("operational-behavior-data-commands-rebirth-datatype", "%s is of type %s", rebirth, DataType(m.Type.V))
			}
			if m.Value.Kind != sparkplugb.Bool || m.Value.Bits != 0 {
				l.must("operational-behavior-data-commands-rebirth-value", "%s is not false", rebirth)
			}
			if m.Alias.Has {
				l.must("operational-behavior-data-commands-rebirth-name-aliases", "%s has an alias", rebirth)
			}
		}
	}
	if !hasNumber {
		l.must("topics-nbirth-bdseq-included", "bdSeq is missing")
	}
	if !hasControl {
		l.must("topics-nbirth-rebirth-metric", "%s is missing", rebirth)
	}
	return number
}

// birthNumber looks at the metric bdSeq.
func (l *look) birthNumber(m *sparkplugb.Metric) {
	if m.Type.V != sparkplugb.Int64 || m.Value.Kind != sparkplugb.Long || m.Value.Bits > 255 {
		rule := "message-flow-edge-node-birth-publish-nbirth-payload-bdSeq"
		if l.topic.Type == NDEATH {
			rule = "message-flow-edge-node-birth-publish-will-message-payload-bdSeq"
		}
		l.must(rule, "bdSeq is %d, of type %s; it is an Int64 from 0 to 255", m.Value.Bits, DataType(m.Type.V))
	}
}

// learn looks at the metrics of a birth against one another, and keeps what data is compared with.
func (l *look) learn(node *checkedNode, part *checkedPart, raw *sparkplugb.Payload) {
	part.device, part.born, part.died = l.topic.Device, true, false
	part.types = make(map[string]uint32, len(raw.Metrics))
	small := make(map[string]string, len(raw.Metrics))
	bare := ""
	for i := range raw.Metrics {
		m := &raw.Metrics[i]
		name := m.Name.V
		if name == "" {
			l.must("payloads-alias-birth-requirement", "metric %d of the birth has no name", i+1)
			continue
		}
		if other, ok := small[strings.ToLower(name)]; ok && other != name {
			l.should("case-sensitivity-metric-names", "%s and %s differ in the size of letters alone", quoted(name), quoted(other))
		}
		small[strings.ToLower(name)] = name
		part.types[name] = m.Type.V
		l.shape(node, m)
		if !m.Alias.Has {
			if name != rebirth && name != bdSeq {
				bare = name
			}
			continue
		}
		part.aliased = true
		key := part.device + "/" + name
		if other, ok := node.aliases[m.Alias.V]; ok && other != key {
			l.must("payloads-alias-uniqueness", "alias %d is that of %s and of %s", m.Alias.V, quoted(other), quoted(key))
		}
		node.aliases[m.Alias.V] = key
	}
	if part.aliased && bare != "" {
		l.must("payloads-alias-birth-requirement", "metric %s has no alias, but others have", quoted(bare))
	}
	l.instances(node, raw)
}

// shape keeps the definition of a template.
func (l *look) shape(node *checkedNode, m *sparkplugb.Metric) {
	if t, ok := m.Value.Ref.(*sparkplugb.Template); ok && t.Definition.V {
		node.shapes[m.Name.V] = t
	}
}

// instances looks at instances of templates against their definitions.
func (l *look) instances(node *checkedNode, raw *sparkplugb.Payload) {
	for i := range raw.Metrics {
		t, ok := raw.Metrics[i].Value.Ref.(*sparkplugb.Template)
		if !ok || t.Definition.V || t.Ref.V == "" {
			continue
		}
		shape := node.shapes[t.Ref.V]
		if shape == nil {
			l.must("payloads-template-definition-nbirth", "there is no definition of template %s in the node's birth", quoted(t.Ref.V))
			continue
		}
		members := make(map[string]bool, len(shape.Metrics))
		for j := range shape.Metrics {
			members[shape.Metrics[j].Name.V] = true
		}
		for j := range t.Metrics {
			name := t.Metrics[j].Name.V
			if !members[name] && name != "" {
				l.must("payloads-template-instance-members", "%s is not in the definition of template %s", quoted(name), quoted(t.Ref.V))
			}
			delete(members, name)
		}
		if l.inBirth() && len(members) > 0 {
			l.must("payloads-template-instance-members-birth", "an instance of template %s lacks %d of its members", quoted(t.Ref.V), len(members))
		}
	}
}

// nodeDeath looks at the death of a node. One with another bdSeq is that of an earlier connection, which comes late.
func (l *look) nodeDeath(raw *sparkplugb.Payload) {
	if len(raw.Metrics) != 1 || raw.Metrics[0].Name.V != bdSeq {
		l.must("topics-ndeath-payload", "it has %d metrics; it has bdSeq and nothing else", len(raw.Metrics))
	}
	for i := range raw.Metrics {
		m := &raw.Metrics[i]
		if m.Name.V != bdSeq {
			continue
		}
		l.birthNumber(m)
		if node := l.c.nodes[l.topic.ID]; node != nil && node.born && node.bdSeq == m.Value.Bits {
			node.born, node.died, node.asked, node.counted = false, true, false, false
			for _, d := range node.devices {
				d.born = false
			}
		}
	}
}
