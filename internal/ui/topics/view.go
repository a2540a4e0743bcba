package topics

import (
	"slices"
	"sync"
	"time"

	"dunlin/internal/ui/payload"
	"dunlin/internal/ui/protocol"
)

// mostRows is how many rows may be in sight.
const mostRows = 500

// again is after what time an order by what changes, or a search, is made again.
const again = time.Second

// View is what one viewer sees of a tree. Its methods may be called from several goroutines.
type View struct {
	tree *Tree

	mu     sync.Mutex // taken before Store.mu
	see    protocol.See
	folds  folds
	search *search // nil: none
	orders map[uint32]*order

	flat      []uint32 // the nodes of all rows
	stale     bool     // flat is to be made again
	root      *node    // of the tree, when flat was made, as the next two
	structure uint64
	counted   int64 // messages
	made      time.Time

	shown protocol.Rows // what Rows returned the last time, whole
	lines map[uint32]line
}

// line is what a row shows of the latest message of a topic.
type line struct {
	number      int64
	value, form string
}

// NewView returns a View with all branches closed.
func (t *Tree) NewView() *View {
	return &View{tree: t, stale: true, orders: map[uint32]*order{}, lines: map[uint32]line{}}
}

// See says what is in sight.
func (v *View) See(see protocol.See) {
	v.mu.Lock()
	defer v.mu.Unlock()
	see.Count = min(max(see.Count, 0), mostRows)
	see.From = max(see.From, 0)
	if see.Sort != v.see.Sort || see.Search != v.see.Search {
		v.stale = true
	}
	if see.Search != v.see.Search {
		v.search = nil
		if see.Search != "" {
			v.search = newSearch(see.Search)
		}
	}
	v.see = see
	v.shown.Rows = nil // so that the next ones are whole
}

// foldsInSight are those of the search, if there is one.
func (v *View) foldsInSight() *folds {
	if v.search != nil {
		return &v.search.folds
	}
	return &v.folds
}

// Open opens and closes branches.
func (v *View) Open(open protocol.Open) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.stale = true
	folds := v.foldsInSight()
	if open.Node == 0 {
		folds.setAll(open.Open)
		return
	}
	t := v.tree
	t.store.mu.RLock()
	defer t.store.mu.RUnlock()
	if _, err := t.nodeLocked(open.Node); err != nil {
		return // it was there before the connection was closed
	}
	visited := 0
	for next := []uint32{uint32(open.Node)}; len(next) > 0; visited++ {
		if visited%breathe == breathe-1 {
			t.store.mu.RUnlock()
			t.store.mu.RLock()
		}
		id := next[len(next)-1]
		next = next[:len(next)-1]
		folds.setOpen(id, open.Open)
		if open.Below && id < t.nodes.count {
			next = append(next, t.nodes.at(id).kids...)
		}
	}
}

// Reveal opens the branches above a node and returns the row that it has, -1 where it has none.
func (v *View) Reveal(id int, now time.Time) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	t := v.tree
	t.store.mu.RLock()
	n, err := t.nodeLocked(id)
	if err != nil {
		t.store.mu.RUnlock()
		return -1
	}
	for n.parent != 0 {
		v.foldsInSight().setOpen(n.parent, true)
		n = t.nodes.at(n.parent)
	}
	t.store.mu.RUnlock()
	v.stale = true
	v.renew(now)
	return slices.Index(v.flat, uint32(id))
}

// Rows returns the rows in sight, and whether they differ from those that it returned before. Where only some do, it returns those
// from the first to the last of them.
func (v *View) Rows(now time.Time) (rows protocol.Rows, changed bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.renew(now)
	from := min(v.see.From, max(0, len(v.flat)-v.see.Count))
	rows = protocol.Rows{
		Connection: v.see.Connection, Total: len(v.flat), From: from,
		Rows: v.rows(v.flat[from:min(from+v.see.Count, len(v.flat))], now),
	}
	if v.search != nil {
		rows.Search, rows.Found = v.search.text, v.search.found
	}
	before := v.shown
	v.shown = rows
	if !sameRows(&before, &rows) {
		return rows, true
	}
	if slices.Equal(before.Rows, rows.Rows) {
		return rows, false
	}
	first, last := changedSpan(before.Rows, rows.Rows)
	rows.From, rows.Rows = from+first, rows.Rows[first:last]
	return rows, true
}

// sameRows tells whether the same nodes are in the same places.
func sameRows(a, b *protocol.Rows) bool {
	if a.Rows == nil {
		return false
	}
	sameNode := func(a, b protocol.Row) bool { return a.Node == b.Node }
	return a.Total == b.Total && a.From == b.From && a.Search == b.Search && a.Found == b.Found && slices.EqualFunc(a.Rows, b.Rows, sameNode)
}

// changedSpan returns where the rows begin and end that are not as before. Some are not.
func changedSpan(before, now []protocol.Row) (first, last int) {
	last = len(now)
	for now[first] == before[first] {
		first++
	}
	for now[last-1] == before[last-1] {
		last--
	}
	return first, last
}

// rows returns the rows of nodes.
func (v *View) rows(ids []uint32, now time.Time) []protocol.Row {
	rows := make([]protocol.Row, len(ids))
	lines := make(map[uint32]line, len(ids))
	for start := 0; start < len(ids); {
		start = v.someRows(rows, ids, start, rowsAt{now, lines})
	}
	for i, id := range ids {
		rows[i].Value, rows[i].Form = lines[id].value, lines[id].form
	}
	v.lines = lines
	return rows
}

// rowsAt are the time of rows, and the lines in them.
type rowsAt struct {
	now   time.Time
	lines map[uint32]line
}

// rowsBytes is how much of payloads is copied for rows while the lock is held.
const rowsBytes = 256 << 10

// someRows fills in rows from start on, and returns where it ended. What new lines are made of is copied under the lock.
func (v *View) someRows(rows []protocol.Row, ids []uint32, start int, to rowsAt) int {
	t := v.tree
	var fresh []uint32
	var heads []payload.Message
	end, copied := start, 0
	t.store.mu.RLock()
	for ; end < len(ids) && copied < rowsBytes; end++ {
		id := ids[end]
		if id >= t.nodes.count {
			continue // closed meanwhile
		}
		n := t.nodes.at(id)
		rows[end] = v.row(id, n, to.now)
		if n.topic == nil {
			continue
		}
		known, isKnown := v.lines[id]
		switch last := n.topic.last; {
		case isKnown && known.number == n.topic.messages:
			to.lines[id] = known
		case last == 0:
			to.lines[id] = line{n.topic.messages, "(no longer in the history)", payload.Text}
		default:
			head := t.store.log.beginning(last, n.topic.name)
			copied += len(head.Payload)
			fresh, heads = append(fresh, id), append(heads, head)
			to.lines[id] = line{number: n.topic.messages}
		}
	}
	t.store.mu.RUnlock()
	for i, id := range fresh {
		one := to.lines[id]
		one.value, one.form = heads[i].Preview()
		to.lines[id] = one
	}
	return end
}

// row returns the row of a node but for its line.
func (v *View) row(id uint32, n *node, now time.Time) protocol.Row {
	r := protocol.Row{
		Node: int(id), Depth: int(n.depth) - 1, Name: payload.Short(n.name), Below: int(n.below), Messages: n.messages,
		Rate: v.tree.clock.perSecond(n.rate, now), Time: n.time, Topic: n.topic != nil,
		Open: len(n.kids) > 0 && v.foldsInSight().isOpen(id), Retained: n.topic != nil && n.topic.retained,
	}
	return r
}
