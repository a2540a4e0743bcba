package engine

import (
	"slices"

	"github.com/dop251/goja"
)

type listener struct {
	fn   *Func
	once bool
}

// listenerList is the listeners of one event. An emission walks the items as they were when it began:
// while one is under way, what it walks is not changed in place but copied first, once, however many listeners
// are then taken off. Appending and putting in front write beside what is walked.
type listenerList struct {
	items  []listener
	room   []listener // free places in front of items
	walks  int        // emissions under way over the array of items, or that a listener ended by throwing
	copied int        // how many times items were copied
}

// walk begins an emission; walked gets what it gives.
func (l *listenerList) walk() (at int) {
	l.walks++
	return l.copied
}

// walked ends an emission. One that ends in an exception does not come here, which costs one copy later.
func (l *listenerList) walked(at int) {
	if at == l.copied {
		l.walks--
	}
}

// unshare makes items safe to change in place.
func (l *listenerList) unshare() {
	if l.walks > 0 {
		l.items, l.room = slices.Clone(l.items), nil
		l.walks, l.copied = 0, l.copied+1
	}
}

func (l *listenerList) append(x listener) {
	if len(l.items) == cap(l.items) {
		l.room = nil // it stays behind with the array that is full
	}
	l.items = append(l.items, x)
}

func (l *listenerList) prepend(x listener) {
	if len(l.room) == 0 {
		n := len(l.items)
		all := make([]listener, 2*n+1)
		copy(all[n+1:], l.items)
		l.room, l.items = all[:n+1], all[n+1:]
		l.walks, l.copied = 0, l.copied+1
	}
	n := len(l.room) - 1
	l.room[n] = x
	l.items = l.room[n : n+1+len(l.items)]
	l.room = l.room[:n]
}

func (l *listenerList) removeAt(at int) {
	l.unshare()
	if at == 0 { // the one that is taken off most often: it leaves room in front
		l.items[0] = listener{}
		l.items = l.items[1:]
		l.room = nil
		return
	}
	l.items = slices.Delete(l.items, at, at+1)
}

// find is the place of the listener that was added last with a function, or of the first one for once; -1: none.
func (l *listenerList) find(fn goja.Value, once bool) int {
	if once {
		return slices.IndexFunc(l.items, func(x listener) bool { return x.once && x.fn.value == fn })
	}
	for i := len(l.items) - 1; i >= 0; i-- {
		if l.items[i].fn.value == fn {
			return i
		}
	}
	return -1
}
