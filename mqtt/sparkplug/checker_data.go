package sparkplug

import (
	"strings"

	"dunlin/internal/sparkplugb"
)

// inSession looks at a message that belongs between a node's birth and its death.
func (l *look) inSession(raw *sparkplugb.Payload, node *checkedNode) {
	if node == nil {
		if l.c.cfg.FromStart && l.c.size < l.c.cfg.MaxMetrics {
			l.before()
		}
		return
	}
	if !node.born {
		l.before()
		return
	}
	l.sequence(raw, node)
	part := &node.checkedPart
	if l.topic.Device != "" {
		part = node.devices[l.topic.Device]
	}
	switch l.topic.Type {
	case DBIRTH:
		l.deviceBirth(raw, node, part)
	case DDEATH:
		if part == nil || !part.born {
			l.must("operational-behavior-device-ddeath", "device %s dies and was not born", quoted(l.topic.Device))
			return
		}
		part.born, part.died = false, true
	default:
		if part == nil || !part.born {
			l.must("payloads-ddata-order", "device %s sends data and is not born", quoted(l.topic.Device))
			return
		}
		l.data(raw, node, part)
	}
}

// before says that a message comes without the birth of its node.
func (l *look) before() {
	switch l.topic.Type {
	case NDATA:
		l.must("payloads-ndata-order", "the node sends data and is not born")
	case DBIRTH:
		l.must("message-flow-device-birth-publish-nbirth-wait", "a device is born and its node is not")
	case DDEATH:
		l.must("principles-birth-certificates-order", "a device dies and its node is not born")
	default:
		l.must("payloads-ddata-order", "a device sends data and its node is not born")
	}
}

// sequence looks at the sequence number, and goes on from the one that came.
func (l *look) sequence(raw *sparkplugb.Payload, node *checkedNode) {
	if !raw.Seq.Has {
		return // that is said already
	}
	got := uint8(raw.Seq.V)
	if node.counted && got != node.seq+1 {
		rule := "topics-" + strings.ToLower(string(l.topic.Type)) + "-seq"
		if l.topic.Type != DBIRTH {
			rule += "-num"
		}
		l.must(rule, "the sequence number is %d, and %d is due", raw.Seq.V, node.seq+1)
		l.c.report.Late++
	}
	node.seq, node.counted = got, true
}

// deviceBirth looks at the birth of a device, and learns it.
func (l *look) deviceBirth(raw *sparkplugb.Payload, node *checkedNode, part *checkedPart) {
	l.c.size -= node.size()
	if part != nil { // born again, perhaps with other metrics
		for alias, key := range node.aliases {
			if strings.HasPrefix(key, l.topic.Device+"/") {
				delete(node.aliases, alias)
			}
		}
	}
	part = new(checkedPart)
	l.learn(node, part, raw)
	node.devices[l.topic.Device] = part
	if l.c.size += node.size(); l.c.size > l.c.cfg.MaxMetrics {
		l.c.size -= 1 + len(part.types)
		delete(node.devices, l.topic.Device)
	}
}

// data looks at values against the birth.
func (l *look) data(raw *sparkplugb.Payload, node *checkedNode, part *checkedPart) {
	latest := make(map[string]uint64)
	for i := range raw.Metrics {
		m := &raw.Metrics[i]
		name := l.named(m, node, part)
		t, ok := part.types[name]
		if !ok {
			l.must(l.ofBirth("topics-nbirth-metric-reqs", "topics-dbirth-metric-reqs"), "metric %s is not in the birth", called(m))
			continue
		}
		if !m.Type.Has {
			l.fits(m, t)
		} else if m.Type.V != t {
			l.must(l.ofBirth("topics-nbirth-metrics", "topics-dbirth-metrics"), "metric %s is of type %s, and %s in the birth", called(m), DataType(m.Type.V), DataType(t))
		}
		if m.Historical.V {
			continue
		}
		if before, ok := latest[name]; ok && m.Timestamp.V < before {
			l.must(l.ofBirth("operational-behavior-data-publish-nbirth-order", "operational-behavior-data-publish-dbirth-order"),
				"values of metric %s are not in the order of their times", called(m))
		}
		latest[name] = m.Timestamp.V
	}
	if len(raw.Metrics) == 0 {
		l.should(l.ofBirth("operational-behavior-data-publish-nbirth-change", "operational-behavior-data-publish-dbirth-change"), "it has no metrics")
	}
	l.instances(node, raw)
}

// named returns the name of a metric of data or a command, which is an alias where the birth gave one.
func (l *look) named(m *sparkplugb.Metric, node *checkedNode, part *checkedPart) string {
	if m.Name.V != "" {
		if part.aliased && m.Name.V != rebirth && m.Name.V != bdSeq {
			l.must("payloads-alias-data-cmd-requirement", "metric %s is named, and its birth has aliases", called(m))
		}
		return m.Name.V
	}
	device, name, ok := strings.Cut(node.aliases[m.Alias.V], "/")
	if !ok || device != part.device {
		return ""
	}
	return name
}

// command looks at a command of a host, against the birth of whom it is for.
func (l *look) command(raw *sparkplugb.Payload, node *checkedNode) {
	if len(raw.Metrics) == 0 {
		l.must(l.ofBirth("topics-ncmd-payload", "topics-dcmd-payload"), "it has no metrics")
	}
	var part *checkedPart
	if node != nil {
		part = &node.checkedPart
		if l.topic.Device != "" {
			part = node.devices[l.topic.Device]
		}
	}
	for i := range raw.Metrics {
		m := &raw.Metrics[i]
		if l.topic.Device == "" && m.Name.V == rebirth {
			if m.Value.Kind != sparkplugb.Bool || m.Value.Bits == 0 {
				l.must("operational-behavior-data-commands-ncmd-rebirth-value", "%s is not true", rebirth)
			} else if node != nil {
				node.asked = true
			}
			continue
		}
		if part != nil && part.born {
			l.written(m, node, part)
		}
	}
}

// written looks at a value that a host wants to be set.
func (l *look) written(m *sparkplugb.Metric, node *checkedNode, part *checkedPart) {
	t, ok := part.types[l.named(m, node, part)]
	if !ok {
		l.should(l.ofBirth("operational-behavior-data-commands-ncmd-metric-name", "operational-behavior-data-commands-dcmd-metric-name"),
			"metric %s is not in the birth", called(m))
		return
	}
	if !m.Type.Has {
		l.fits(m, t)
	}
}
