package route

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"
)

// Table maps topic filters to values and finds all the values whose filter matches a
// topic. The zero value is an empty table. Filters must be well formed, as
// ValidateFilter says. A shared filter is an entry of its own beside the plain one:
// both "a" and "$share/g/a" match topic "a".
//
// Add and Remove need the caller's exclusive lock. Get, Len and Match only read.
type Table[T any] struct {
	root node[T]
	size int
	last uint64 // order of the newest entry
}

// node stands for a path of levels. Its tree has one node for each level of each filter.
type node[T any] struct {
	parent  *node[T]
	level   string // the key in the parent
	literal map[string]*node[T]
	plus    *node[T] // below "+"
	hash    *node[T] // "#", the last level
	entries []*entry[T]
}

type entry[T any] struct {
	filter string
	value  T
	order  uint64
}

// Len is the number of filters in the table.
func (t *Table[T]) Len() int { return t.size }

// Add sets the value of a filter. A filter that is there already keeps its place in the
// order and gets the new value.
func (t *Table[T]) Add(filter string, value T) {
	n := &t.root
	for level := range levels(filter) {
		n = n.grow(level)
	}
	if e := n.entry(filter); e != nil {
		e.value = value
		return
	}
	t.last++
	n.entries = append(n.entries, &entry[T]{filter, value, t.last})
	t.size++
}

// Remove takes a filter out and reports whether it was there.
func (t *Table[T]) Remove(filter string) bool {
	n := t.find(filter)
	if n == nil || n.entry(filter) == nil {
		return false
	}
	n.entries = slices.DeleteFunc(n.entries, func(e *entry[T]) bool { return e.filter == filter })
	n.prune()
	t.size--
	return true
}

// Get returns the value of exactly this filter.
func (t *Table[T]) Get(filter string) (value T, ok bool) {
	if n := t.find(filter); n != nil {
		if e := n.entry(filter); e != nil {
			return e.value, true
		}
	}
	return value, false
}

// All yields every filter and its value, in the order in which the filters were
// added. The table is not to be changed meanwhile.
func (t *Table[T]) All() iter.Seq2[string, T] {
	var all []*entry[T]
	for nodes := []*node[T]{&t.root}; len(nodes) > 0; {
		n := nodes[len(nodes)-1]
		nodes = nodes[:len(nodes)-1]
		all = append(all, n.entries...)
		nodes = slices.AppendSeq(nodes, maps.Values(n.literal))
		for _, child := range []*node[T]{n.plus, n.hash} {
			if child != nil {
				nodes = append(nodes, child)
			}
		}
	}
	slices.SortFunc(all, func(a, b *entry[T]) int { return cmp.Compare(a.order, b.order) })
	return func(yield func(string, T) bool) {
		for _, e := range all {
			if !yield(e.filter, e.value) {
				return
			}
		}
	}
}

// Match appends the values of all filters that match the topic to dst, in the order in
// which the filters were added. It visits a node of the tree at most once and stops
// with the deepest filter, however many levels the topic has. It allocates nothing when
// dst has room and no more than 16 filters are in play.
func (t *Table[T]) Match(topic string, dst []T) []T {
	var inPlay, following [16]*node[T]
	var found [16]*entry[T]
	now, next, hits := append(inPlay[:0], &t.root), following[:0], found[:0]
	wild := !hidden(topic)
	for rest, more := topic, true; more && len(now) > 0; wild = true {
		var level string
		level, rest, more = strings.Cut(rest, "/")
		next = next[:0]
		for _, n := range now {
			if n.hash != nil && wild {
				hits = append(hits, n.hash.entries...)
			}
			if n.plus != nil && wild {
				next = append(next, n.plus)
			}
			if child := n.literal[level]; child != nil {
				next = append(next, child)
			}
		}
		now, next = next, now
		if !more {
			hits = appendEnds(hits, now)
		}
	}
	return appendValues(dst, hits)
}

// appendEnds appends the entries of nodes at which the topic ends. "sport/#" matches
// "sport" as well (MQTT 5 section 4.7.1.2).
func appendEnds[T any](hits []*entry[T], ends []*node[T]) []*entry[T] {
	for _, n := range ends {
		hits = append(hits, n.entries...)
		if n.hash != nil {
			hits = append(hits, n.hash.entries...)
		}
	}
	return hits
}

func appendValues[T any](dst []T, hits []*entry[T]) []T {
	if len(hits) > 1 {
		slices.SortFunc(hits, func(a, b *entry[T]) int { return cmp.Compare(a.order, b.order) })
	}
	for _, e := range hits {
		dst = append(dst, e.value)
	}
	return dst
}

// levels yields the levels of a filter, a shared one without its prefix.
func levels(filter string) iter.Seq[string] {
	_, rest, _ := SplitShare(filter)
	return strings.SplitSeq(rest, "/")
}

// find returns the node at which a filter ends, nil when there is none.
func (t *Table[T]) find(filter string) *node[T] {
	n := &t.root
	for level := range levels(filter) {
		if n = n.child(level); n == nil {
			break
		}
	}
	return n
}

func (n *node[T]) child(level string) *node[T] {
	switch level {
	case "+":
		return n.plus
	case "#":
		return n.hash
	}
	return n.literal[level]
}

// grow returns the child of this level, a new one if need be.
func (n *node[T]) grow(level string) *node[T] {
	c := n.child(level)
	if c != nil {
		return c
	}
	c = &node[T]{parent: n, level: level}
	switch level {
	case "+":
		n.plus = c
	case "#":
		n.hash = c
	default:
		if n.literal == nil {
			n.literal = make(map[string]*node[T])
		}
		n.literal[level] = c
	}
	return c
}

// prune takes nodes off the tree that lead nowhere any more, from n up to the root.
func (n *node[T]) prune() {
	for n.parent != nil && len(n.entries)+len(n.literal) == 0 && n.plus == nil && n.hash == nil {
		up := n.parent
		switch n.level {
		case "+":
			up.plus = nil
		case "#":
			up.hash = nil
		default:
			delete(up.literal, n.level)
		}
		n = up
	}
}

func (n *node[T]) entry(filter string) *entry[T] {
	for _, e := range n.entries {
		if e.filter == filter {
			return e
		}
	}
	return nil
}
