package engine

import (
	"unsafe"

	"github.com/dop251/goja"
)

// iterateInstruction is exec of the instruction that takes the place of goja's at the beginning of for of.
func iterateInstruction(self, machine unsafe.Pointer) {
	vm := (*VM)(self)
	vm.instructions.iterate.next(self, machine)
	vm.guardIterator(machine)
}

// iteratePInstruction is the same for destructuring.
func iteratePInstruction(self, machine unsafe.Pointer) {
	vm := (*VM)(self)
	vm.instructions.iterateP.next(self, machine)
	vm.guardIterator(machine)
}

// guardIterator gives the iterator that was just made a method next, where it has none: goja
// v0.0.0-20260917113740 calls it without a look, which is a fault of Go that no script can catch.
func (vm *VM) guardIterator(machine unsafe.Pointer) {
	m := &vm.instructions.vm
	type slice struct {
		first         unsafe.Pointer
		length, space int
	}
	stack := (*slice)(unsafe.Add(machine, m.iters))
	if stack.length == 0 {
		return
	}
	record := *(*unsafe.Pointer)(unsafe.Add(stack.first, uintptr(stack.length-1)*m.iterSize+m.iter))
	if record == nil {
		return
	}
	next := (*func(goja.FunctionCall) goja.Value)(unsafe.Add(record, m.iterNext))
	if *next == nil {
		*next = func(c goja.FunctionCall) goja.Value {
			vm.ThrowType("%s is not a function", vm.TypeName(c.This.ToObject(vm.rt).Get("next")))
			return nil
		}
	}
}
