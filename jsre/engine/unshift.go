package engine

import (
	"slices"
	"unsafe"
	"weak"

	"github.com/dop251/goja"
)

// goja (v0.0.0-20260917113740) moves all elements for each unshift, and for splice at the beginning. Where an array is
// nothing but a list of values, unshift here leaves spare room in front of it, and splice lets it begin further on.

// frontRoom is memory that a list may grow into at its front. It is kept by the list alone.
type frontRoom struct {
	first weak.Pointer[goja.Value]
	size  uintptr // in bytes
}

const valueSize = unsafe.Sizeof(*new(goja.Value))

// before is how many values there is room for in front of a list.
func (r *frontRoom) before(list []goja.Value) int {
	first := r.first.Value()
	if first == nil {
		return 0
	}
	from, at := uintptr(unsafe.Pointer(first)), uintptr(unsafe.Pointer(unsafe.SliceData(list)))
	if at <= from || at >= from+r.size {
		return 0
	}
	return int((at - from) / valueSize)
}

// shortList is the length from which on lists get spare room.
const shortList = 64

// mendUnshift replaces Array.prototype.unshift.
func (vm *VM) mendUnshift(layout arrayLayout) {
	proto := vm.rt.NewArray().Prototype()
	unshift, _ := vm.ToFunc(proto.Get("unshift"))
	rooms := &frontRooms{}
	vm.define(proto, "unshift", vm.NewNative("unshift", 1, func(c goja.FunctionCall) goja.Value {
		this, ok := c.This.(*goja.Object)
		o := (*object)(unsafe.Pointer(this))
		if !ok || len(c.Arguments) == 0 || !layout.isList(o) || len(*layout.list(o)) < shortList || !(*baseObject)(o.self.data).extensible {
			return unshift.call(c)
		}
		layout.setList(o, rooms.prepend(*layout.list(o), c.Arguments))
		return vm.rt.ToValue(len(*layout.list(o)))
	}), goja.FLAG_FALSE)
}

// frontRooms are those of the lists that were last made.
type frontRooms struct {
	rooms [keptTexts]frontRoom
	next  int
}

// prepend gives a list with values in front of it.
func (r *frontRooms) prepend(list, values []goja.Value) []goja.Value {
	more := len(values)
	for i := range r.rooms {
		if r.rooms[i].before(list) >= more {
			begin := (*goja.Value)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(list)), -more*int(valueSize)))
			grown := unsafe.Slice(begin, cap(list)+more)[:len(list)+more]
			copy(grown, values)
			return grown
		}
	}
	room := len(list) + more
	memory := make([]goja.Value, room+len(list), room+cap(list))
	copy(memory[room:], list)
	copy(memory[room-more:], values)
	r.rooms[r.next] = frontRoom{weak.Make(&memory[0]), uintptr(cap(memory)) * valueSize}
	r.next = (r.next + 1) % len(r.rooms)
	return memory[room-more:]
}

// mendSplice replaces Array.prototype.splice.
func (vm *VM) mendSplice(layout arrayLayout) {
	proto := vm.rt.NewArray().Prototype()
	splice, _ := vm.ToFunc(proto.Get("splice"))
	vm.define(proto, "splice", vm.NewNative("splice", 2, func(c goja.FunctionCall) goja.Value {
		this, ok := c.This.(*goja.Object)
		o := (*object)(unsafe.Pointer(this))
		if !ok || !takesFront(c.Arguments) || !layout.isList(o) {
			return splice.call(c)
		}
		list := *layout.list(o)
		taken := int(c.Arguments[1].ToInteger())
		if taken <= 0 || len(list) < shortList || taken > len(list)/2 {
			return splice.call(c)
		}
		// goja takes all of an array that ends behind what is taken.
		rest := list[taken:]
		layout.setList(o, list[:taken:taken])
		defer func() {
			if left := *layout.list(o); len(left) > 0 { // it threw, or the script's own class has added something
				rest = append(slices.Clone(left), rest...)
			}
			layout.setList(o, rest)
		}()
		return splice.call(c)
	}), goja.FLAG_FALSE)
}

// takesFront reports whether arguments of splice take values from the beginning and put nothing there.
func takesFront(args []goja.Value) bool {
	return len(args) == 2 && goja.IsNumber(args[0]) && args[0].ToFloat() == 0 && goja.IsNumber(args[1])
}

// list are the values of an array for which isList holds.
func (l *arrayLayout) list(o *object) *[]goja.Value {
	return (*[]goja.Value)(unsafe.Add(o.self.data, l.values))
}

// isList reports whether an array is nothing but a list of values, each of them there.
func (l *arrayLayout) isList(o *object) bool {
	if o.self.kind != l.table {
		return false
	}
	a := o.self.data
	n := len(*l.list(o))
	return int(*(*uint32)(unsafe.Add(a, l.length))) == n && *(*int)(unsafe.Add(a, l.objects)) == n &&
		*(*int)(unsafe.Add(a, l.properties)) == 0 && *(*bool)(unsafe.Add(a, l.lengthProp+l.writable))
}

// setList gives an array other values.
func (l *arrayLayout) setList(o *object, list []goja.Value) {
	*l.list(o) = list
	*(*uint32)(unsafe.Add(o.self.data, l.length)) = uint32(len(list)) //nolint:gosec // memory holds no longer list
	*(*int)(unsafe.Add(o.self.data, l.objects)) = len(list)
}
