// Package process is the global process and the module process, as far as scripts commonly use it.
package process

import (
	"io"
	"math/big"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/task"
)

// Module is the global process and require('process'). Its events are those of Task.
func Module() engine.Module {
	return engine.Module{Name: "process", Setup: setup, Load: func(vm *engine.VM) goja.Value {
		return vm.Runtime().GlobalObject().Get("process")
	}}
}

func setup(vm *engine.VM) error {
	rt := vm.Runtime()
	o := rt.NewObject()
	opts := vm.Options()
	for _, kv := range []struct {
		name  string
		value any
	}{
		{"title", "dunlin"},
		{"platform", Platform()},
		{"arch", Arch()},
		{"pid", os.Getpid()},
		{"ppid", os.Getppid()},
		{"version", Version(vm)},
		{"versions", vm.NewObject("dunlin", Version(vm), "go", runtime.Version())},
		{"env", environment(vm, opts.Env)},
		{"execPath", executable()},
		{"stdout", stream(vm, opts.Stdout, opts.Color)},
		{"stderr", stream(vm, opts.Stderr, opts.Color)},
	} {
		if err := o.Set(kv.name, kv.value); err != nil {
			return err
		}
	}
	argv(vm, o)
	vm.Export(o, "exit", task.Exit(vm))
	vm.Export(o, "nextTick", task.NextTick(vm))
	vm.Export(o, "cwd", func(goja.FunctionCall) goja.Value { return rt.ToValue(opts.Dir) })
	vm.Export(o, "memoryUsage", func(goja.FunctionCall) goja.Value { return memory(vm) })
	clocks(vm, o)
	events(vm, o)
	exitCode(vm, o)
	vm.SetGlobal("process", o)
	return nil
}

// Platform is the operating system in the words of Node.js.
func Platform() string {
	if runtime.GOOS == "windows" {
		return "win32"
	}
	return runtime.GOOS
}

// Arch is the processor in the words of Node.js.
func Arch() string {
	switch runtime.GOARCH {
	case "amd64":
		return "x64"
	case "386":
		return "ia32"
	}
	return runtime.GOARCH
}

// Version is the host's version, as it was given with the options.
func Version(vm *engine.VM) string {
	if v, ok := vm.Host("version").(string); ok && v != "" {
		return v
	}
	return "0.0.0"
}

func executable() string {
	path, err := os.Executable()
	if err != nil {
		return "dunlin"
	}
	return path
}

func environment(vm *engine.VM, list []string) *goja.Object {
	env := vm.Runtime().NewObject()
	for _, kv := range list {
		if k, v, ok := strings.Cut(kv, "="); ok && k != "" {
			_ = env.DefineDataProperty(k, vm.Runtime().ToValue(v), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
		}
	}
	return env
}

// argv is [host, script, ...arguments]; the script's path is known when it starts.
func argv(vm *engine.VM, o *goja.Object) {
	fill := func(path string) {
		list := []any{executable(), path}
		for _, a := range vm.Options().Args {
			list = append(list, a)
		}
		_ = o.Set("argv", vm.Runtime().NewArray(list...))
	}
	fill("")
	vm.OnMain(fill)
}

// stream is an object with write, as process.stdout has it.
func stream(vm *engine.VM, w io.Writer, tty bool) *goja.Object {
	s := vm.NewObject("isTTY", tty)
	vm.Export(s, "write", func(c goja.FunctionCall) goja.Value {
		a := vm.Args("write", c.Arguments)
		_, err := w.Write(a.Bytes(0, "data"))
		for i := 1; i < min(a.Len(), 3); i++ {
			if f, ok := vm.ToFunc(a.Value(i)); ok {
				vm.Loop().NextTick(func() { f.Call(goja.Undefined()) })
			}
		}
		return vm.Runtime().ToValue(err == nil)
	})
	return s
}

func memory(vm *engine.VM) goja.Value {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return vm.NewObject("rss", m.Sys, "heapTotal", m.HeapSys, "heapUsed", m.HeapAlloc, "external", 0, "arrayBuffers", 0)
}

func clocks(vm *engine.VM, o *goja.Object) {
	rt := vm.Runtime()
	start := time.Now()
	// The host's clock starts an hour before the script, so that differences to 0 look like those
	// of Node.js.
	now := func() time.Duration { return time.Since(start) + time.Hour }
	vm.Export(o, "uptime", func(goja.FunctionCall) goja.Value { return rt.ToValue(time.Since(start).Seconds()) })
	hrtime := vm.NewFunction("hrtime", func(c goja.FunctionCall) goja.Value {
		t := now()
		if engine.Given(c.Argument(0)) {
			prev := vm.Args("hrtime", c.Arguments).Object(0, "time")
			t -= time.Duration(index(prev, "0"))*time.Second + time.Duration(index(prev, "1"))
		}
		return rt.NewArray(int64(t/time.Second), int64(t%time.Second))
	})
	vm.Export(hrtime, "bigint", func(goja.FunctionCall) goja.Value { return rt.ToValue(big.NewInt(int64(now()))) })
	_ = o.Set("hrtime", hrtime)
}

func index(list *goja.Object, i string) int64 {
	if v := list.Get(i); v != nil {
		return v.ToInteger()
	}
	return 0
}

// events lends process the listeners of Task.
func events(vm *engine.VM, o *goja.Object) {
	owner := vm.Tasks().Object()
	for _, name := range []string{
		"on", "once", "off", "addListener", "removeListener", "removeAllListeners", "prependListener",
		"emit", "listeners", "listenerCount", "eventNames",
	} {
		f, ok := vm.ToFunc(vm.EmitterPrototype().Get(name))
		if !ok {
			continue
		}
		vm.Export(o, name, func(c goja.FunctionCall) goja.Value {
			if v := f.Call(owner, c.Arguments...); v != owner {
				return v
			}
			return o
		})
	}
}

func exitCode(vm *engine.VM, o *goja.Object) {
	get := vm.NewFunction("get exitCode", func(goja.FunctionCall) goja.Value { return vm.Runtime().ToValue(vm.ExitCode()) })
	set := vm.NewFunction("set exitCode", func(c goja.FunctionCall) goja.Value {
		code := 0
		if engine.Given(c.Argument(0)) {
			code = int(vm.CheckInt("process.exitCode", c.Argument(0), -1<<31, 1<<31-1)) & 0xff
		}
		vm.SetExitCode(code)
		return goja.Undefined()
	})
	if err := o.DefineAccessorProperty("exitCode", get, set, goja.FLAG_TRUE, goja.FLAG_TRUE); err != nil {
		panic(err)
	}
}
