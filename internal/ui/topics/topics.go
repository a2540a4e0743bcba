// Package topics keeps what connections received: a tree of topics for each, and the history of all of them within one bound
// of memory. Viewers look at it through Views.
//
// One lock, Store.mu, guards it all. Adding a message holds it for about a microsecond, or, when a segment of the history is
// given up, for as long as copying that takes. Readers hold it for reading, for a few hundred microseconds at most: what
// takes longer is done in pieces, on copies.
package topics

import (
	"sync"
	"time"
)

// DefaultHistory is how many bytes of history are kept.
const DefaultHistory = 128 << 20

// Store holds the history of all trees within one bound.
type Store struct {
	mu    sync.RWMutex
	log   log
	trees map[uint32]*Tree // those that are not closed
	last  uint32           // the number of the latest tree
}

// NewStore returns a Store of at most so many bytes of history, at least 64 KiB.
func NewStore(limit int64) *Store {
	return &Store{log: newLog(limit), trees: map[uint32]*Tree{}}
}

// Tree is what one connection received. One goroutine adds to it; any number read it.
//
// A tree has at most a million levels of topics and 64 MiB of names: whoever may publish could fill the memory otherwise.
// Messages of topics that come then are counted, and not kept. From level 128 on the rest of a topic is one level.
type Tree struct {
	store *Store
	id    uint32

	// Guarded by store.mu:
	nodes     nodes
	children  map[edge]uint32   // by their parents and names
	topics    map[string]uint32 // nodes of topics, by whole names
	list      []uint32          // the same nodes in the order in which they came; only appended to
	branches  bits              // nodes that have children: a look at them costs less than one at each node
	names     int64             // bytes of all topics' names
	bytes     int64             // of all payloads
	forgotten int64
	unplaced  int64
	structure uint64 // counts new nodes and topics
	clock     clock

	scratch []byte // of Add, for properties
}

// Bounds of a tree.
const (
	maxNodes = 1_000_000
	maxNames = 64 << 20
	maxDepth = 128
)

// edge leads from a node to a child.
type edge struct {
	parent uint32
	name   string
}

// NewTree returns an empty tree.
func (s *Store) NewTree() *Tree {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	t := &Tree{store: s, id: s.last}
	t.clear()
	s.trees[t.id] = t
	return t
}

// clear makes the tree empty: it has a root, which is no level of any topic.
func (t *Tree) clear() {
	t.nodes = nodes{}
	t.nodes.add(node{})
	t.children, t.topics, t.list, t.branches = map[edge]uint32{}, map[string]uint32{}, nil, nil
	t.names, t.bytes, t.forgotten, t.unplaced = 0, 0, 0, 0
	t.structure++
}

// Close gives back what the tree holds. It is empty from then on, and takes no more messages.
func (t *Tree) Close() {
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	delete(t.store.trees, t.id) // its records go when their segments do
	t.clear()
}

// Reset makes the tree empty, for what is begun again.
func (t *Tree) Reset() {
	s := t.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trees[t.id] != t {
		return // it is closed
	}
	delete(s.trees, t.id) // its records go when their segments do, and belong to no tree until then
	s.last++
	t.id = s.last
	t.clear()
	s.trees[t.id] = t
}

// Figures are what protocol.Connection says of a tree.
type Figures struct {
	Messages, Bytes int64
	Topics          int
	Rate            float64 // messages a second, lately
	Forgotten       int64   // messages that are no longer in the history
	// Unplaced are those of the forgotten whose topics are not in the tree, because it has as many levels as it may.
	Unplaced int64
}

// Figures returns them.
func (t *Tree) Figures(now time.Time) Figures {
	t.store.mu.RLock()
	defer t.store.mu.RUnlock()
	root := t.nodes.at(0)
	return Figures{
		Messages: root.messages, Bytes: t.bytes, Topics: len(t.list), Rate: t.clock.perSecond(root.rate, now),
		Forgotten: t.forgotten, Unplaced: t.unplaced,
	}
}
