package session

import "iter"

// minPlaces is for how many values a table has room when its first one comes.
const minPlaces = 8

// idlePlaces is the most room that an empty table or queue keeps when it is trimmed.
const idlePlaces = 256

// table finds a value by its packet identifier. The values with the same low bits of
// the identifier are in a chain, which seldom has more than one, because identifiers are
// mostly given out in sequence. Whatever they are, there is room for no more than twice
// what the table ever held at once. The zero value is empty.
type table[T any] struct {
	places []place[T] // as many as there are chains: a power of two, or none
	free   uint16     // the first of the places that are not taken, which are a chain, too
	n      uint16
}

// place has a value, and the beginning of the chain that belongs to its index.
type place[T any] struct {
	value T
	id    uint16 // 0: not taken
	next  uint16 // the one behind in the chain: its index and one; 0: none
	first uint16 // the first one of the chain
}

// size returns how many values there are.
func (t *table[T]) size() int { return int(t.n) }

// chain returns the beginning of the chain that id is in. There must be room.
func (t *table[T]) chain(id uint16) *uint16 {
	return &t.places[int(id)&(len(t.places)-1)].first
}

// find returns the value of id, or nil. It is valid until the next put or remove.
func (t *table[T]) find(id uint16) *T {
	if t.n == 0 {
		return nil
	}
	for at := *t.chain(id); at != 0; {
		p := &t.places[at-1]
		if p.id == id {
			return &p.value
		}
		at = p.next
	}
	return nil
}

// put makes a place for id, which must not be 0 and must not have one, and returns
// its value, which is zero.
func (t *table[T]) put(id uint16) *T {
	if t.free == 0 {
		t.grow()
	}
	at := t.free
	t.free = t.places[at-1].next
	t.n++
	return t.link(id, at)
}

// link puts the place at in front of the chain of id, and returns its value.
func (t *table[T]) link(id, at uint16) *T {
	p, first := &t.places[at-1], t.chain(id)
	p.id, p.next, *first = id, *first, at
	return &p.value
}

// remove frees the place of id, if it has one.
func (t *table[T]) remove(id uint16) {
	if t.n == 0 {
		return
	}
	from := t.chain(id)
	for *from != 0 && t.places[*from-1].id != id {
		from = &t.places[*from-1].next
	}
	at := *from
	if at == 0 {
		return
	}
	p := &t.places[at-1]
	*from = p.next
	var zero T
	p.value, p.id, p.next = zero, 0, t.free
	t.free = at
	t.n--
}

// trim lets go of what an empty table has kept for a burst that is over.
func (t *table[T]) trim() {
	if t.n == 0 && len(t.places) > idlePlaces {
		*t = table[T]{}
	}
}

// grow doubles the room of a table that is full.
func (t *table[T]) grow() {
	old := t.places
	t.places = make([]place[T], max(2*len(old), minPlaces))
	for i := range old {
		*t.link(old[i].id, uint16(i+1)) = old[i].value
	}
	for i := len(t.places); i > len(old); i-- { // so that the lowest is taken first
		if i <= maxIDs {
			t.places[i-1].next, t.free = t.free, uint16(i)
		}
	}
}

// all is every identifier and its value, in no order that means anything. The values may
// be changed on the way, but neither put nor removed.
func (t *table[T]) all() iter.Seq2[uint16, *T] {
	return func(yield func(uint16, *T) bool) {
		for i := range t.places {
			if p := &t.places[i]; p.id != 0 && !yield(p.id, &p.value) {
				return
			}
		}
	}
}
