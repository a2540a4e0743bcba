package topics

import (
	"cmp"
	"slices"
	"time"
)

// order are the children of a node in the order of their names.
type order struct {
	ids []uint32
}

// renew makes the list of all rows again, if what it is made of has changed.
func (v *View) renew(now time.Time) {
	t := v.tree
	t.store.mu.RLock()
	root, structure, counted := t.nodes.root(), t.structure, t.nodes.root().messages
	t.store.mu.RUnlock()
	if root != v.root {
		v.beginAgain(root)
	}
	due := counted != v.counted && now.Sub(v.made) >= again
	switch {
	case v.stale:
	case v.search != nil:
		v.stale = due
	case v.byValue():
		v.stale = due || structure != v.structure && now.Sub(v.made) >= again
	default:
		v.stale = structure != v.structure
	}
	if !v.stale {
		return
	}
	if v.search != nil && (v.search.counted != counted || v.search.done.IsZero()) {
		v.search.run(t, now)
	}
	v.stale, v.structure, v.counted, v.made = false, structure, counted, now
	v.flatten()
}

// beginAgain forgets what is known of a tree that was closed or begun again since, but for which branches are open.
func (v *View) beginAgain(root *node) {
	v.root, v.stale = root, true
	clear(v.orders)
	clear(v.lines)
	if v.search != nil {
		v.search.done = time.Time{}
	}
}

// byValue tells whether rows are sorted by what changes with messages.
func (v *View) byValue() bool {
	return v.see.Sort == "messages" || v.see.Sort == "rate" || v.see.Sort == "time"
}

// frame is a branch whose children are being listed.
type frame struct {
	ids  []uint32
	next int
}

// flatten lists the nodes of all rows. Others are let in between.
func (v *View) flatten() {
	t, folds := v.tree, v.foldsInSight()
	v.flat = v.flat[:0]
	t.store.mu.RLock()
	defer t.store.mu.RUnlock()
	frames := []frame{{ids: v.orderedLocked(0)}}
	for visited := 1; len(frames) > 0; visited++ {
		if visited%breathe == 0 {
			t.store.mu.RUnlock()
			t.store.mu.RLock()
		}
		top := &frames[len(frames)-1]
		if top.next == len(top.ids) {
			frames = frames[:len(frames)-1]
			continue
		}
		id := top.ids[top.next]
		top.next++
		if id >= t.nodes.count { // closed meanwhile
			v.flat = v.flat[:0]
			return
		}
		if v.search != nil && !v.search.shown.has(id) {
			continue
		}
		v.flat = append(v.flat, id)
		if t.branches.has(id) && folds.isOpen(id) {
			frames = append(frames, frame{ids: v.orderedLocked(id)})
		}
	}
}

// orderedLocked returns the children of a node in order. It lets the lock go while it sorts.
func (v *View) orderedLocked(id uint32) []uint32 {
	t := v.tree
	kids, all := t.nodes.at(id).kids, t.nodes
	if len(kids) < 2 || t.nodes.root() != v.root { // begun again meanwhile: what is known is of another tree
		return kids
	}
	known := v.orders[id]
	if known != nil && len(known.ids) == len(kids) && !v.byValue() {
		return known.ids
	}
	t.store.mu.RUnlock()
	defer t.store.mu.RLock()
	switch {
	case known == nil:
		known = &order{ids: sortByName(&all, kids)}
	case len(known.ids) < len(kids):
		// The first of kids are those that are ordered.
		known = &order{ids: mergeByName(&all, known.ids, kids[len(known.ids):])}
	}
	v.orders[id] = known
	if v.byValue() {
		return v.sortByValue(&all, known.ids)
	}
	return known.ids
}

// sortByValue returns nodes with the greatest values first, those with equal ones in the order that they have.
func (v *View) sortByValue(all *nodes, ids []uint32) []uint32 {
	keys := make([]sortKey, len(ids))
	store := v.tree.store
	for i := 0; i < len(ids); {
		store.mu.RLock()
		now := v.tree.clock.tick(v.made)
		for end := min(i+breathe, len(ids)); i < end; i++ {
			keys[i] = sortKey{high: ^v.value(all.at(ids[i]), now), low: uint64(i), id: ids[i]}
		}
		store.mu.RUnlock()
	}
	slices.SortFunc(keys, func(a, b sortKey) int {
		if a.high != b.high {
			return cmp.Compare(a.high, b.high)
		}
		return cmp.Compare(a.low, b.low)
	})
	return idsOf(keys)
}

// value returns what rows are sorted by.
func (v *View) value(n *node, tick int32) uint64 {
	switch v.see.Sort {
	case "messages":
		return uint64(n.messages)
	case "rate":
		return uint64(n.rate.at(tick) * rateUnit)
	}
	return uint64(max(n.time, 0))
}

// rateUnit makes whole numbers of rates, fine enough to sort by.
const rateUnit = 1000
