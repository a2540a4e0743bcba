package engine

import (
	"reflect"
	"unsafe"

	"github.com/dop251/goja"
)

// goja (v0.0.0-20260917113740) moves every element for each shift, one property at a time, so that
// emptying a queue of n elements takes n*n steps. Where an array is nothing but a list of values,
// shift here lets the list begin one place further on.

// arrayLayout says where goja's array objects keep what shift needs.
type arrayLayout struct {
	table                unsafe.Pointer
	values, length       uintptr
	objects, properties  uintptr // counts of elements that are there, and that are more than a value
	lengthProp, writable uintptr
}

func (vm *VM) arrayLayout() (l arrayLayout, err error) {
	self := reflect.ValueOf(vm.rt.NewArray()).Elem().FieldByName("self").Elem()
	if self.Kind() != reflect.Pointer {
		return l, errParts
	}
	t := self.Type().Elem()
	prop, ok := t.FieldByName("lengthProp")
	if !ok || prop.Type.Kind() != reflect.Struct {
		return l, errParts
	}
	l.lengthProp = prop.Offset
	ok = field(t, "values", reflect.TypeFor[[]goja.Value](), &l.values) && field(t, "length", reflect.TypeFor[uint32](), &l.length) &&
		field(t, "objCount", reflect.TypeFor[int](), &l.objects) && field(t, "propValueCount", reflect.TypeFor[int](), &l.properties) &&
		field(prop.Type, "writable", reflect.TypeFor[bool](), &l.writable)
	if !ok {
		return l, errParts
	}
	l.table = (*object)(unsafe.Pointer(vm.rt.NewArray())).self.kind
	return l, nil
}

// mendShift replaces Array.prototype.shift.
func (vm *VM) mendShift() error {
	layout, err := vm.arrayLayout()
	if err != nil {
		return err
	}
	proto := vm.rt.NewArray().Prototype()
	shift, _ := vm.ToFunc(proto.Get("shift"))
	vm.define(proto, "shift", vm.NewFunction("shift", func(c goja.FunctionCall) goja.Value {
		if this, ok := c.This.(*goja.Object); ok {
			if first := layout.shift((*object)(unsafe.Pointer(this))); first != nil {
				return first
			}
		}
		return shift.call(c)
	}), goja.FLAG_FALSE)
	vm.mendUnshift(layout)
	vm.mendSplice(layout)
	vm.mendSort(layout)
	return nil
}

// shift takes the first element of an array, nil if that is not for us to do.
func (l *arrayLayout) shift(o *object) goja.Value {
	if o.self.kind != l.table {
		return nil
	}
	a := o.self.data
	values := (*[]goja.Value)(unsafe.Add(a, l.values))
	length := (*uint32)(unsafe.Add(a, l.length))
	objects := (*int)(unsafe.Add(a, l.objects))
	n := len(*values)
	if n == 0 || int(*length) != n || *objects != n || *(*int)(unsafe.Add(a, l.properties)) != 0 || !*(*bool)(unsafe.Add(a, l.lengthProp+l.writable)) {
		return nil
	}
	first := (*values)[0]
	if first == nil {
		return nil
	}
	(*values)[0] = nil
	*values = (*values)[1:]
	*length--
	*objects--
	return first
}
