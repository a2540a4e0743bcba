package jsre_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/dop251/goja"

	"dunlin/jsre"
	"dunlin/jsre/engine"
)

func Example() {
	rt, err := jsre.New(jsre.Options{Stdout: os.Stdout, Stderr: os.Stderr, Args: []string{"world"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = rt.RunString(context.Background(), "hello.js", `
		setTimeout(() => console.log('hello', process.argv[2]), 10);
	`)
	fmt.Println(err)
	// Output:
	// hello world
	// <nil>
}

func ExampleScriptError() {
	rt, err := jsre.New(jsre.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = rt.RunString(context.Background(), "broken.js", `const client = undefined; client.connect();`)
	var script *jsre.ScriptError
	if errors.As(err, &script) {
		fmt.Print(script.Report())
	}
	// Output:
	// broken.js:1
	// const client = undefined; client.connect();
	//                           ^
	// Uncaught TypeError: Cannot read properties of undefined (reading 'connect')
	//     at broken.js:1:27
}

// A native module: a function with checked arguments that completes later.
func ExampleOptions_modules() {
	greeter := engine.Module{Name: "greeter", Load: func(vm *engine.VM) goja.Value {
		o := vm.NewObject("language", vm.Host("language"))
		vm.Export(o, "greet", func(c goja.FunctionCall) goja.Value {
			a := vm.Args("greet", c.Arguments)
			name, callback := a.String(0, "name"), a.Func(1, "callback")
			complete := vm.Loop().Reserve()
			vm.Go(func(context.Context) {
				text := "hello " + name // on a goroutine of its own
				complete(func() { callback.Call(goja.Undefined(), vm.Runtime().ToValue(text)) })
			})
			return goja.Undefined()
		})
		return o
	}}
	rt, err := jsre.New(jsre.Options{Stdout: os.Stdout, Host: map[string]any{"language": "en"}, Modules: []engine.Module{greeter}})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = rt.RunString(context.Background(), "g.js", `
		const greeter = require('greeter');
		greeter.greet('script', text => console.log(text, greeter.language));
		try { greeter.greet(5); } catch (e) { console.log(e.message); }
	`)
	fmt.Println(err)
	// Output:
	// greet: name must be a string, got number
	// hello script en
	// <nil>
}
