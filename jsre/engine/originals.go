package engine

import (
	"strings"

	"github.com/dop251/goja"
)

// originalPaths are what native code uses of the language after a script may have replaced it.
var originalPaths = []string{
	"Date", "Error", "JSON.parse", "JSON.stringify", "Map", "Symbol", "Symbol.for", "Object",
	"Object.defineProperties", "Object.defineProperty", "Object.getOwnPropertyDescriptor", "Object.getOwnPropertyDescriptors",
}

// keepOriginals remembers what scripts may replace from now on.
func (vm *VM) keepOriginals() {
	kept := make(map[string]*goja.Object, len(originalPaths))
	for _, path := range originalPaths {
		kept[path] = vm.lookUp(path)
	}
	vm.originals = kept
}

// Original is a class or function of the language as it was before the script ran, whatever that has put in
// its place. The path is one of originalPaths. Loop goroutine only.
func (vm *VM) Original(path string) *goja.Object {
	if vm.originals == nil {
		return vm.lookUp(path) // the runtime is being made
	}
	return vm.originals[path]
}

// OriginalFunc is Original for a function that is called.
func (vm *VM) OriginalFunc(path string) *Func {
	f, _ := vm.ToFunc(vm.Original(path))
	return f
}

func (vm *VM) lookUp(path string) *goja.Object {
	o := vm.rt.GlobalObject()
	for _, name := range strings.Split(path, ".") {
		o = o.Get(name).ToObject(vm.rt)
	}
	return o
}
