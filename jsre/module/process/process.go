// Package process is the global process and the module process.
package process

import (
	"math/big"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/task"
)

// Module is the global process and require('process'). Its events are those of Task.
func Module() engine.Module {
	return engine.Module{Name: "process", Setup: setup, Load: func(vm *engine.VM) goja.Value { return hostOf(vm).object() }}
}

// host is the state of the module; most of it is made when the script first asks for process.
type host struct {
	vm    *engine.VM
	obj   *goja.Object
	main  string // path of the main script
	env   *environment
	start time.Time

	signals *signals
}

type key struct{}

func hostOf(vm *engine.VM) *host {
	h, _ := vm.Shared(key{}, func() any { return &host{vm: vm, env: newEnvironment(vm), start: time.Now()} }).(*host)
	return h
}

func setup(vm *engine.VM) error {
	h := hostOf(vm)
	vm.OnMain(func(path string) { h.main = path })
	vm.LazyGlobal("process", func() goja.Value { return h.object() })
	return nil
}

// object is process, made at the first call.
func (h *host) object() *goja.Object {
	if h.obj != nil {
		return h.obj
	}
	vm, opts := h.vm, h.vm.Options()
	argv := []any{executable(), h.main}
	for _, a := range opts.Args {
		argv = append(argv, a)
	}
	h.obj = vm.NewObject(
		"title", "dunlin", "version", Version(vm), "versions", vm.NewObject("dunlin", Version(vm), "go", runtime.Version()),
		"arch", Arch(), "platform", Platform(), "release", vm.NewObject("name", "dunlin"),
		"argv", vm.Runtime().NewArray(argv...), "argv0", "dunlin", "execArgv", vm.Runtime().NewArray(), "execPath", executable(),
		"env", h.env.object(), "pid", os.Getpid(), "ppid", os.Getppid(),
		"stdout", stream(vm, opts.Stdout, opts.Color, 1), "stderr", stream(vm, opts.Stderr, opts.Color, 2),
	)
	vm.Export(h.obj, "exit", task.Exit(vm))
	vm.Export(h.obj, "nextTick", task.NextTick(vm))
	vm.LazyMember(h.obj, "stdin", func() goja.Value { tty, _ := vm.Host("stdinTerminal").(bool); return newStdin(vm, tty) })
	h.queries()
	h.clocks()
	h.events()
	h.exitCode()
	h.variables()
	vm.Export(h.obj, "emitWarning", func(c goja.FunctionCall) goja.Value {
		emitWarning(vm, vm.Args("emitWarning", c.Arguments))
		return goja.Undefined()
	})
	return h.obj
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

// PID is the number of the process as text.
func PID() string { return strconv.Itoa(os.Getpid()) }

func executable() string {
	path, err := os.Executable()
	if err != nil {
		return "dunlin"
	}
	return path
}

// queries are functions that tell something.
func (h *host) queries() {
	vm, rt := h.vm, h.vm.Runtime()
	give := func(name string, f func() any) {
		vm.Export(h.obj, name, func(goja.FunctionCall) goja.Value { return rt.ToValue(f()) })
	}
	give("cwd", func() any { return vm.Options().Dir })
	give("me", func() any { return os.Getpid() })
	give("parent", func() any { return os.Getppid() })
	give("uptime", func() any { return time.Since(h.start).Seconds() })
	give("monoTime", func() any { return (user() + system()).Milliseconds() })
	if runtime.GOOS != "windows" {
		give("getuid", func() any { return os.Getuid() })
		give("geteuid", func() any { return os.Geteuid() })
		give("getgid", func() any { return os.Getgid() })
		give("getegid", func() any { return os.Getegid() })
	}
	vm.Export(h.obj, "cpuUsage", func(c goja.FunctionCall) goja.Value {
		u, s := user().Microseconds(), system().Microseconds()
		if a := vm.Args("cpuUsage", c.Arguments); a.Given(0) {
			before := a.Object(0, "previousValue")
			u -= vm.CheckInt("cpuUsage: user", before.Get("user"), 0, 1<<53)
			s -= vm.CheckInt("cpuUsage: system", before.Get("system"), 0, 1<<53)
		}
		return vm.NewObject("user", u, "system", s)
	})
	usage := vm.NewFunction("memoryUsage", func(goja.FunctionCall) goja.Value {
		m := memory()
		return vm.NewObject("rss", m.Sys, "heapTotal", m.HeapSys, "heapUsed", m.HeapAlloc, "external", 0, "arrayBuffers", 0)
	})
	vm.Export(usage, "rss", func(goja.FunctionCall) goja.Value { return rt.ToValue(memory().Sys) })
	_ = h.obj.Set("memoryUsage", usage)
	vm.Export(h.obj, "getBuiltinModule", func(c goja.FunctionCall) goja.Value {
		v, _ := vm.Require(vm.Args("getBuiltinModule", c.Arguments).String(0, "id"))
		return v
	})
}

func memory() (m runtime.MemStats) {
	runtime.ReadMemStats(&m)
	return m
}

func (h *host) clocks() {
	vm, rt := h.vm, h.vm.Runtime()
	// The clock starts an hour before the script, so that differences to 0 look like those of Node.js.
	now := func() time.Duration { return time.Since(h.start) + time.Hour }
	hrtime := vm.NewFunction("hrtime", func(c goja.FunctionCall) goja.Value {
		t := now()
		if engine.Given(c.Argument(0)) {
			prev := vm.Args("hrtime", c.Arguments).Object(0, "time")
			t -= time.Duration(index(prev, "0"))*time.Second + time.Duration(index(prev, "1"))
		}
		return rt.NewArray(int64(t/time.Second), int64(t%time.Second))
	})
	vm.Export(hrtime, "bigint", func(goja.FunctionCall) goja.Value { return rt.ToValue(big.NewInt(int64(now()))) })
	_ = h.obj.Set("hrtime", hrtime)
}

func index(list *goja.Object, i string) int64 {
	if v := list.Get(i); v != nil {
		return v.ToInteger()
	}
	return 0
}

// events lends process the listeners of Task.
func (h *host) events() {
	given, _ := h.vm.Host("signals").(Signals)
	h.signals = &signals{vm: h.vm, host: given}
	for _, name := range h.vm.EmitterPrototype().Keys() {
		if f, ok := h.vm.ToFunc(h.vm.EmitterPrototype().Get(name)); ok {
			h.lend(name, f)
		}
	}
}

func (h *host) exitCode() {
	vm := h.vm
	get := vm.NewFunction("get exitCode", func(goja.FunctionCall) goja.Value { return vm.Runtime().ToValue(vm.ExitCode()) })
	set := vm.NewFunction("set exitCode", func(c goja.FunctionCall) goja.Value {
		code := 0
		if engine.Given(c.Argument(0)) {
			code = int(vm.CheckInt("process.exitCode", c.Argument(0), -1<<31, 1<<31-1)) & 0xff
		}
		vm.SetExitCode(code)
		return goja.Undefined()
	})
	if err := h.obj.DefineAccessorProperty("exitCode", get, set, goja.FLAG_TRUE, goja.FLAG_TRUE); err != nil {
		panic(err)
	}
}
