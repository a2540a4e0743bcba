package engine

import (
	"fmt"
	"strings"

	"github.com/dop251/goja"
)

// Shown is how values look in the errors of the engine that have the texts of Node.js. A module gives it: the engine
// itself does not show values.
type Shown struct {
	Received func(*VM, goja.Value) string // after "Received "
	Inspect  func(*VM, goja.Value) string // as console.log shows it
}

// SetShown sets how values look. It is for a module's Setup.
func (vm *VM) SetShown(s Shown) { vm.shown = s }

// wrongType throws the error of Node.js for an argument, or a property when its name has a dot, that is of the wrong
// type; expected is such as "of type number".
func (vm *VM) wrongType(name, expected string, v goja.Value) {
	kind, got := "argument", vm.TypeName(v)
	if strings.Contains(name, ".") {
		kind = "property"
	}
	if vm.shown.Received != nil {
		got = vm.shown.Received(vm, v)
	}
	vm.ThrowType(`The "%s" %s must be %s. Received %s`, name, kind, expected, got)
}

// inspected is a value as console.log shows it.
func (vm *VM) inspected(v goja.Value) string {
	if vm.shown.Inspect == nil {
		return vm.text(v)
	}
	return vm.shown.Inspect(vm, v)
}

// NeedsNew has a class of [VM.NewClass] throw, as other classes do, when it is called without new.
func (vm *VM) NeedsNew(class *goja.Object, name string) {
	vm.SetCall(class, func(goja.FunctionCall) goja.Value {
		panic(vm.NewError("TypeError", "", fmt.Sprintf("Class constructor %s cannot be invoked without 'new'", name)))
	})
}
