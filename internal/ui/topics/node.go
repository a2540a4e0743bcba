package topics

import (
	"math"
	"strings"
	"time"
)

// node is a level of topics.
type node struct {
	name   string   // never changed, as parent and depth
	kids   []uint32 // in the order in which they came; only appended to
	parent uint32
	below  int32 // topics below it
	depth  int32 // that of the first level is 1
	rate   rate  // of messages to it and below it, as the next two

	messages int64
	time     int64  // of the last one, in milliseconds since 1970
	topic    *topic // nil as long as no message came to it
}

// topic is a level that messages came to.
type topic struct {
	name     string // whole
	messages int64
	bytes    int64
	last     position // of the latest message, 0 if it is not in the log
	first    int64    // the number of the oldest that is in the log; one more than messages, if none is
	rate     rate
	retained bool
}

// nodes are the nodes of a tree by their numbers, in pieces, so that a node stays where it is.
type nodes struct {
	pieces [][]node
	count  uint32
}

const pieceBits = 10

func (n *nodes) at(id uint32) *node {
	return &n.pieces[id>>pieceBits][id&(1<<pieceBits-1)]
}

// root is the node that is no level of any topic. A tree that was closed or begun again has another one.
func (n *nodes) root() *node { return n.at(0) }

func (n *nodes) add(one node) uint32 {
	id := n.count
	if int(id>>pieceBits) == len(n.pieces) {
		n.pieces = append(n.pieces, make([]node, 1<<pieceBits))
	}
	*n.at(id) = one
	n.count++
	return id
}

// rate counts what came lately: each message counts for less the longer ago it came.
type rate struct {
	weight float32
	tick   int32 // of the clock of the tree, when weight was brought up to date
}

const (
	tickLength = 250 * time.Millisecond
	fading     = 0.05 // of the weight is lost with a tick, so that a message counts for five seconds on average
)

// faded has what is left of a weight of 1 after so many ticks.
var faded = func() (f [256]float32) {
	for i := range f {
		f[i] = float32(math.Exp(-fading * float64(i)))
	}
	return f
}()

// add counts a message.
func (r *rate) add(tick int32) {
	if tick > r.tick {
		r.weight = r.at(tick)
		r.tick = tick
	}
	r.weight++
}

// at returns the weight that is left.
func (r rate) at(tick int32) float32 {
	passed := tick - r.tick
	switch {
	case passed <= 0:
		return r.weight
	case int(passed) >= len(faded):
		return 0
	}
	return r.weight * faded[passed]
}

// clock counts ticks since the first message of a tree.
type clock struct{ start time.Time }

// begin starts the clock, if it does not run yet.
func (c *clock) begin(now time.Time) {
	if c.start.IsZero() {
		c.start = now
	}
}

func (c clock) tick(now time.Time) int32 {
	return int32(min(max(now.Sub(c.start)/tickLength, 0), math.MaxInt32))
}

// perSecond returns a rate in messages a second, rounded so that a reader sees no noise. In the first seconds of a tree
// what came counts for the time that there was.
func (c clock) perSecond(r rate, now time.Time) float64 {
	if c.start.IsZero() {
		return 0
	}
	age := max(now.Sub(c.start), time.Second)
	share := 1 - math.Exp(-fading*float64(age)/float64(tickLength))
	return rounded(float64(r.at(c.tick(now))) * (1 - math.Exp(-fading)) / tickLength.Seconds() / share)
}

// rounded keeps three digits from 10 on, two below, and nothing below 0.1.
func rounded(x float64) float64 {
	if x < 0.1 {
		return 0
	}
	digits := 1.0
	if x >= 10 {
		digits = 2
	}
	unit := math.Pow(10, math.Floor(math.Log10(x))-digits)
	if unit < 1 {
		return math.Round(x/unit) / math.Round(1/unit)
	}
	return math.Round(x/unit) * unit
}

// cutLevel returns the first level of a topic that is at this depth, and the rest.
func cutLevel(topic string, depth int) (level, rest string, more bool) {
	if depth >= maxDepth {
		return topic, "", false
	}
	return strings.Cut(topic, "/")
}

// Node returns the node of a topic, or of a branch, 0 where nothing came to it or below it.
func (t *Tree) Node(topic string) int {
	t.store.mu.RLock()
	defer t.store.mu.RUnlock()
	return int(t.find(topic))
}

func (t *Tree) find(topic string) uint32 {
	id, rest, more := uint32(0), topic, true
	for depth := 1; more; depth++ {
		var level string
		level, rest, more = cutLevel(rest, depth)
		if id = t.children[edge{id, level}]; id == 0 {
			return 0
		}
	}
	return id
}

// place returns the node of a topic, a new one if need be; 0 if the tree is full.
func (t *Tree) place(name string) uint32 {
	if id := t.topics[name]; id != 0 {
		return id
	}
	levels := min(strings.Count(name, "/")+1, maxDepth)
	if int(t.nodes.count)+levels > maxNodes || t.names+int64(len(name)) > maxNames {
		return 0
	}
	name = strings.Clone(name) // the levels are parts of it
	id, rest, more := uint32(0), name, true
	for depth := 1; more; depth++ {
		var level string
		level, rest, more = cutLevel(rest, depth)
		child := t.children[edge{id, level}]
		if child == 0 {
			child = t.nodes.add(node{name: level, parent: id, depth: int32(depth)})
			t.children[edge{id, level}] = child
			parent := t.nodes.at(id)
			parent.kids = append(parent.kids, child)
			t.branches.set(id, true)
		}
		id = child
	}
	t.nodes.at(id).topic = &topic{name: name, first: 1}
	for up := t.nodes.at(id); up.depth > 0; {
		up = t.nodes.at(up.parent)
		up.below++
	}
	t.topics[name] = id
	t.list = append(t.list, id)
	t.names += int64(len(name))
	t.structure++
	return id
}

// path returns the whole name of a node.
func (t *Tree) path(id uint32) string {
	n := t.nodes.at(id)
	if n.topic != nil {
		return n.topic.name
	}
	names := make([]string, n.depth)
	for ; n.depth > 0; n = t.nodes.at(n.parent) {
		names[n.depth-1] = n.name
	}
	return strings.Join(names, "/")
}
