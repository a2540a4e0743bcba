package decode

import (
	"slices"

	"dunlin/internal/sparkplugb"
)

// maxBirths bounds the memory of birth certificates: whoever may publish can make up edge nodes without end.
// When it is used up, the edge node that was born first is forgotten.
const maxBirths = 32 << 20

// birthEntry is how much an entry takes beside its name, roughly.
const birthEntry = 160

// births is what birth certificates said of metrics.
type births struct {
	nodes map[string]*birth
	order []string // the nodes, the one that was born first in front
	size  int
}

// birth is what is known of an edge node and its devices. An alias is one metric's in all of them; names are a device's.
type birth struct {
	byAlias map[uint64]knownMetric
	types   map[deviceMetric]sparkplugType
	size    int
}

type knownMetric struct {
	name     string
	datatype sparkplugType
}

type deviceMetric struct {
	device, name string
}

// forget forgets a node.
func (b *births) forget(node string) {
	known := b.nodes[node]
	if known == nil {
		return
	}
	b.size -= known.size
	delete(b.nodes, node)
	b.order = slices.DeleteFunc(b.order, func(other string) bool { return other == node })
}

// learn remembers a metric of a birth certificate.
func (b *births) learn(topic sparkplugTopic, metric *sparkplugb.Metric) {
	name, datatype := metric.Name.V, sparkplugType(metric.Type.V)
	known := b.nodes[topic.node]
	if known == nil {
		known = &birth{byAlias: map[uint64]knownMetric{}, types: map[deviceMetric]sparkplugType{}}
		if !b.grow(topic.node, known, birthEntry+len(topic.node)) {
			return
		}
		b.nodes[topic.node] = known
		b.order = append(b.order, topic.node)
	}
	key := deviceMetric{topic.device, name}
	if _, again := known.types[key]; again || b.grow(topic.node, known, birthEntry+len(name)+len(topic.device)) {
		known.types[key] = datatype
	}
	if !metric.Alias.Has {
		return
	}
	alias := metric.Alias.V
	if _, again := known.byAlias[alias]; again || b.grow(topic.node, known, birthEntry+len(name)) {
		known.byAlias[alias] = knownMetric{name, datatype}
	}
}

// grow makes room for so many bytes more of a node. It returns false where one node would take all of it.
func (b *births) grow(node string, known *birth, bytes int) bool {
	for b.size+bytes > maxBirths {
		if len(b.order) == 0 || b.order[0] == node {
			return false
		}
		b.forget(b.order[0])
	}
	known.size += bytes
	b.size += bytes
	return true
}

// lookUp returns name and data type of a metric: what it says itself, and else what its birth certificate said.
func (b *births) lookUp(topic sparkplugTopic, metric *sparkplugb.Metric) (string, sparkplugType) {
	name, datatype := metric.Name.V, sparkplugType(metric.Type.V)
	known := b.nodes[topic.node]
	if known == nil {
		return name, datatype
	}
	if name == "" && metric.Alias.Has {
		born := known.byAlias[metric.Alias.V]
		if datatype == 0 {
			datatype = born.datatype
		}
		return born.name, datatype
	}
	if datatype == 0 {
		datatype = known.types[deviceMetric{topic.device, name}]
	}
	return name, datatype
}
