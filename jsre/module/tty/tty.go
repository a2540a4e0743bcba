// Package tty is the module tty as far as scripts ask with it whether their output is a terminal.
package tty

import (
	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// Module is require('tty').
func Module() engine.Module {
	return engine.Module{Name: "tty", Load: load}
}

// streams are the names in process of the descriptors that a script has.
var streams = [...]string{"stdin", "stdout", "stderr"}

func load(vm *engine.VM) goja.Value {
	o := vm.NewObject()
	vm.Export(o, "isatty", func(c goja.FunctionCall) goja.Value {
		fd, ok := c.Argument(0).Export().(int64)
		if !ok || fd < 0 || fd >= int64(len(streams)) {
			return vm.Runtime().ToValue(false)
		}
		process, _ := vm.Require("process")
		stream := process.ToObject(vm.Runtime()).Get(streams[fd])
		if !engine.Given(stream) {
			return vm.Runtime().ToValue(false)
		}
		terminal := stream.ToObject(vm.Runtime()).Get("isTTY")
		return vm.Runtime().ToValue(terminal != nil && terminal.ToBoolean())
	})
	for _, name := range []string{"ReadStream", "WriteStream"} {
		class, _ := vm.NewClass(name, func(goja.ConstructorCall) *goja.Object {
			panic(vm.NewError("TypeError", "ERR_ILLEGAL_CONSTRUCTOR", "tty."+name+" is not served: a script has process.stdin, process.stdout and process.stderr"))
		})
		_ = o.Set(name, class)
	}
	return o
}
