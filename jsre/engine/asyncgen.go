package engine

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"

	"dunlin/jsre/engine/lower"
)

// What lowered async generators and `for await` call is esbuild's own, in every file. That of esbuild 0.28.2 cuts a
// finally short that has an await, when the generator is left by break or return(), and answers return() with the
// wrong value. So its functions are replaced by those of asyncgen.js.

//go:embed asyncgen.js
var asyncGeneratorText string

// helperFile is the name of that file, whose frames no stack shows.
const helperFile = "<async generators>"

var asyncGeneratorProgram = sync.OnceValue(func() *goja.Program {
	return goja.MustCompile(helperFile, asyncGeneratorText, false)
})

// asyncHelper is the name of the function that gives lowered code its helpers by name.
const asyncHelper = "__asyncHelper__"

// initAsyncHelpers defines it.
func (vm *VM) initAsyncHelpers() error {
	vm.places[helperFile] = func(int, int) (int, int, bool) { return 0, 0, false }
	var helpers *goja.Object
	f := vm.NewFunction(asyncHelper, func(c goja.FunctionCall) goja.Value {
		if helpers == nil {
			helpers = vm.makeAsyncHelpers()
		}
		return helpers.Get(c.Argument(0).String())
	})
	return vm.rt.GlobalObject().DefineDataProperty(asyncHelper, f, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
}

func (vm *VM) makeAsyncHelpers() *goja.Object {
	v, err := vm.rt.RunProgram(asyncGeneratorProgram())
	if err != nil {
		panic(err)
	}
	f, _ := vm.ToFunc(v)
	return f.Call(goja.Undefined()).ToObject(vm.rt)
}

// useAsyncHelpers has lowered code call them.
func useAsyncHelpers(tree *ast.Program) {
	text := tree.File.Source()
	if strings.Contains(text, "var __asyncGenerator = (") || strings.Contains(text, "var __forAwait = (") {
		lower.AsyncHelpers(tree, asyncHelper)
	}
}
