package session

// minSlots is the size of a table when its first entry comes.
const minSlots = 16

// idleSlots is the largest size that an empty table or queue keeps.
const idleSlots = 256

// table finds an entry by its packet identifier. Identifiers are given out in
// sequence, so a ring indexed by the low bits of the identifier seldom
// collides; it doubles when it does, up to one slot an identifier.
type table struct {
	slots []*Entry
	n     int
}

// get returns the entry that holds id, or nil.
func (t *table) get(id uint16) *Entry {
	if t.n == 0 {
		return nil
	}
	e := t.slots[int(id)&(len(t.slots)-1)]
	if e == nil || e.id != id {
		return nil
	}
	return e
}

// put adds e under e.id, which must be free.
func (t *table) put(e *Entry) {
	if t.slots == nil {
		t.slots = make([]*Entry, minSlots)
	}
	for t.slots[int(e.id)&(len(t.slots)-1)] != nil {
		t.grow()
	}
	t.slots[int(e.id)&(len(t.slots)-1)] = e
	t.n++
}

// remove frees e's identifier.
func (t *table) remove(e *Entry) {
	t.slots[int(e.id)&(len(t.slots)-1)] = nil
	if t.n--; t.n == 0 && len(t.slots) > idleSlots { // a burst is over
		t.slots = nil
	}
}

// grow doubles the ring. Entries that differ in the low bits before still
// differ afterwards, so nothing collides while they move.
func (t *table) grow() {
	old := t.slots
	t.slots = make([]*Entry, 2*len(old))
	for _, e := range old {
		if e != nil {
			t.slots[int(e.id)&(len(t.slots)-1)] = e
		}
	}
}
