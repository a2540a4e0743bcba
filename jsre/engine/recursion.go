package engine

import (
	"strconv"

	"github.com/dop251/goja"
)

// maxNativeDepth is how deep those natives may call themselves that do not count their calls. They
// do it on Go's stack, and a Go stack that outgrows its limit ends the process.
const maxNativeDepth = 10000

// guardGenerators has the methods of generators count how deep they are: of generators that
// delegate to each other by yield*, only the innermost is on goja's stack of calls.
func (vm *VM) guardGenerators() {
	v, err := vm.rt.RunScript(hostFile, "Object.getPrototypeOf((function* () {}).prototype)")
	if err != nil {
		panic(err)
	}
	proto := v.ToObject(vm.rt)
	depth := 0
	for _, name := range []string{"next", "return", "throw"} {
		method, _ := vm.ToFunc(proto.Get(name))
		guarded := vm.NewNative(name, 1, func(c goja.FunctionCall) goja.Value {
			if depth == maxNativeDepth {
				panic(vm.overflow.error())
			}
			depth++
			defer func() { depth-- }()
			return method.call(c)
		})
		vm.define(proto, name, guarded, goja.FLAG_FALSE)
	}
}

// guardFlat has Array.prototype.flat refuse arrays that are nested without an end.
func (vm *VM) guardFlat() {
	proto := vm.rt.NewArray().Prototype()
	flat, _ := vm.ToFunc(proto.Get("flat"))
	vm.define(proto, "flat", vm.NewFunction("flat", func(c goja.FunctionCall) goja.Value {
		array, ok := c.This.(*goja.Object)
		if ok && array.ClassName() == "Array" && c.Argument(0).ToInteger() > maxNativeDepth {
			vm.checkDepth(array, maxNativeDepth)
		}
		return flat.call(c)
	}), goja.FLAG_FALSE)
}

// checkDepth throws when arrays are nested deeper than depth.
func (vm *VM) checkDepth(array *goja.Object, depth int) {
	if depth == 0 {
		panic(vm.overflow.error())
	}
	for i := range array.Get("length").ToInteger() {
		inner, ok := array.Get(strconv.FormatInt(i, 10)).(*goja.Object)
		if ok && inner.ClassName() == "Array" {
			vm.checkDepth(inner, depth-1)
		}
	}
}
