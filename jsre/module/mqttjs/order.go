package mqttjs

import (
	"cmp"
	"slices"
)

// ordered keeps values by packet identifier, in the order in which they were first put.
type ordered[T any] struct {
	places map[uint16]place[T]
	next   uint64
}

type place[T any] struct {
	number uint64
	value  T
}

// put keeps a value. One that takes the place of another stands where that stood.
func (o *ordered[T]) put(id uint16, v T) {
	p, has := o.places[id]
	if !has {
		if o.places == nil {
			o.places = map[uint16]place[T]{}
		}
		o.next++
		p.number = o.next
	}
	p.value = v
	o.places[id] = p
}

func (o *ordered[T]) get(id uint16) (v T, has bool) {
	p, has := o.places[id]
	return p.value, has
}

// take returns a value and keeps it no longer.
func (o *ordered[T]) take(id uint16) (v T, has bool) {
	p, has := o.places[id]
	delete(o.places, id)
	return p.value, has
}

func (o *ordered[T]) len() int { return len(o.places) }

// ids are the identifiers, in order.
func (o *ordered[T]) ids() []uint16 {
	list := make([]uint16, 0, len(o.places))
	for id := range o.places {
		list = append(list, id)
	}
	slices.SortFunc(list, func(a, b uint16) int { return cmp.Compare(o.places[a].number, o.places[b].number) })
	return list
}
