package engine

import (
	"unsafe"

	"github.com/dop251/goja"
)

// goja (v0.0.0-20260917113740) sorts by insertion and rotation, which asks the function that compares far more often
// than there is need where the order is reversed. A list of values with such a function is sorted by merging here.

// mendSort replaces Array.prototype.sort.
func (vm *VM) mendSort(layout arrayLayout) {
	proto := vm.rt.NewArray().Prototype()
	sort, _ := vm.ToFunc(proto.Get("sort"))
	vm.define(proto, "sort", vm.NewNative("sort", 1, func(c goja.FunctionCall) goja.Value {
		this, ok := c.This.(*goja.Object)
		if !ok || len(c.Arguments) == 0 {
			return sort.call(c)
		}
		compare, ok := vm.ToFunc(c.Arguments[0])
		o := (*object)(unsafe.Pointer(this))
		if !ok || !layout.isList(o) {
			return sort.call(c)
		}
		s := &merging{compare: func(a, b goja.Value) bool { return compare.Call(goja.Undefined(), b, a).ToFloat() < 0 }}
		sorted := s.sort(*layout.list(o))
		if list := layout.list(o); layout.isList(o) && len(*list) == len(sorted) {
			copy(*list, sorted)
			return this
		}
		for i, v := range sorted { // the function has changed the array
			if err := this.Set(vm.rt.ToValue(i).String(), v); err != nil {
				panic(err)
			}
		}
		return this
	}), goja.FLAG_FALSE)
}

// merging sorts by merging, stable.
type merging struct {
	compare func(a, b goja.Value) bool // a belongs behind b
	spare   []goja.Value
}

// sort gives the values in order, those that are undefined behind the others.
func (s *merging) sort(list []goja.Value) []goja.Value {
	values := make([]goja.Value, 0, len(list))
	for _, v := range list {
		if !goja.IsUndefined(v) {
			values = append(values, v)
		}
	}
	s.spare = make([]goja.Value, len(values))
	s.part(values)
	for len(values) < len(list) {
		values = append(values, goja.Undefined())
	}
	return values
}

// shortRun is how many values are sorted by insertion.
const shortRun = 8

func (s *merging) part(values []goja.Value) {
	if len(values) <= shortRun {
		s.insert(values)
		return
	}
	half := len(values) / 2
	s.part(values[:half])
	s.part(values[half:])
	if !s.compare(values[half-1], values[half]) {
		return
	}
	left := s.spare[:copy(s.spare, values[:half])]
	right := values[half:]
	for to := 0; len(left) > 0; to++ {
		if len(right) > 0 && s.compare(left[0], right[0]) {
			values[to], right = right[0], right[1:]
		} else {
			values[to], left = left[0], left[1:]
		}
	}
}

func (s *merging) insert(values []goja.Value) {
	for i := 1; i < len(values); i++ {
		v, at := values[i], i
		for at > 0 && s.compare(values[at-1], v) {
			values[at] = values[at-1]
			at--
		}
		values[at] = v
	}
}
