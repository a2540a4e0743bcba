package session

import (
	"iter"
	"math/bits"
)

// minPlaces is for how many values a table has room when its first one comes.
const minPlaces = 8

// surePlaces is up to where a table grows step by step even if there was a burst before.
const surePlaces = 64

// idlePlaces is the most room that an empty table or queue keeps when it is trimmed.
const idlePlaces = 256

// table finds a value by its packet identifier. The low bits of that name the value's home.
// Identifiers are mostly given out in sequence, so nearly every value is at home. One whose
// home is taken is at any other place; those with the same home are in a chain. Whatever the
// identifiers are, there is room for no more than three times what the table ever held at
// once. The zero value is empty.
type table[T any] struct {
	places []place[T] // a power of two of them, or none
	n      uint16
	looked uint16 // where a free place was looked for last
	most   uint16 // values at once since it was trimmed
	burst  uint16 // as many there were before: so many may come again
}

// place has a value, and the beginning of the chain of those that have their home here.
// Chains name a place by its index and one; 0 is none.
type place[T any] struct {
	value T
	id    uint16 // 0: free
	next  uint16 // the one behind in the chain that the value is in
	first uint16 // the first one of the chain that begins here
}

// home returns where id belongs. There must be places.
func (t *table[T]) home(id uint16) int { return int(id-1) & (len(t.places) - 1) }

// find returns the value of id, or nil. It is valid until the next put, remove or trim.
func (t *table[T]) find(id uint16) *T {
	if t.n == 0 {
		return nil
	}
	for at := t.places[t.home(id)].first; at != 0; {
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
	if len(t.places) == 0 {
		t.places = make([]place[T], minPlaces)
	}
	at := t.home(id)
	home := &t.places[at]
	p := home
	if home.id != 0 {
		if int(t.n) >= len(t.places)*3/4 {
			t.grow()
			return t.put(id)
		}
		at = t.vacant()
		p = &t.places[at]
	}
	t.n++
	t.most = max(t.most, t.n)
	p.id, p.next, home.first = id, home.first, uint16(at+1)
	return &p.value
}

// vacant returns a free place. It looks on from where it looked last, so that few are
// passed for each that is found.
func (t *table[T]) vacant() int {
	for {
		t.looked = (t.looked + 1) & uint16(len(t.places)-1)
		if t.places[t.looked].id == 0 {
			return int(t.looked)
		}
	}
}

// remove frees the place of id, if it has one.
func (t *table[T]) remove(id uint16) {
	if t.n == 0 {
		return
	}
	from := &t.places[t.home(id)].first
	for *from != 0 && t.places[*from-1].id != id {
		from = &t.places[*from-1].next
	}
	if *from == 0 {
		return
	}
	p := &t.places[*from-1]
	*from = p.next
	var zero T
	p.value, p.id, p.next = zero, 0, 0
	t.n--
}

// trim lets go of what an empty table has kept for a burst that is over.
func (t *table[T]) trim() {
	if t.n == 0 && len(t.places) > idlePlaces {
		*t = table[T]{burst: t.most}
	}
}

// grow makes the room twice as large, or as large as for the burst before. With one place
// for each identifier all are at home.
func (t *table[T]) grow() {
	old := *t
	room := 2 * len(old.places)
	if room > surePlaces {
		room = max(room, 1<<bits.Len16(old.burst-min(old.burst, 1)))
	}
	*t = table[T]{places: make([]place[T], room), most: old.most, burst: old.burst}
	for id, value := range old.all() {
		*t.put(id) = *value
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
