// Package sys is the module and global sys: the machine the script runs on, and sleeping.
package sys

import (
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/process"
)

// Module is require('sys') and the global sys.
func Module() engine.Module {
	return engine.Module{Name: "sys", Setup: setup, Load: load}
}

func setup(vm *engine.VM) error {
	vm.LazyGlobal("sys", func() goja.Value {
		v, _ := vm.Require("sys")
		return v
	})
	return nil
}

// host is the state of the module: the number of the last error that the script has set.
type host struct {
	vm    *engine.VM
	start time.Time
	seed  int64
}

func load(vm *engine.VM) goja.Value {
	h := &host{vm: vm, start: time.Now()}
	o := vm.NewObject("platform", process.Platform(), "arch", process.Arch(), "cpus", runtime.NumCPU())
	h.facts(o)
	h.machine(o)
	h.actions(o)
	h.errors(o)
	return o
}

// give defines functions without arguments.
func (h *host) give(o *goja.Object, name string, f func() any) {
	h.vm.Export(o, name, func(goja.FunctionCall) goja.Value { return h.vm.Runtime().ToValue(f()) })
}

// facts are what the build of the program knows.
func (h *host) facts(o *goja.Object) {
	h.give(o, "version", func() any { return h.list(process.Version(h.vm)) })
	h.vm.Export(o, "verCompare", func(c goja.FunctionCall) goja.Value {
		return h.vm.Runtime().ToValue(h.compare(h.vm.Args("verCompare", c.Arguments)))
	})
	h.give(o, "engineName", func() any { return "goja" })
	h.give(o, "cpuArch", func() any { return process.Arch() })
	h.give(o, "cpuBits", func() any { return strconv.IntSize })
	h.give(o, "cpuEndian", func() any {
		one := uint16(1)
		return int(1 - *(*byte)(unsafe.Pointer(&one)))
	})
	h.give(o, "hz", func() any { return 1000 })
	h.give(o, "cacheLine", func() any { return 64 })
	h.give(o, "pageSize", func() any { return os.Getpagesize() })
	h.give(o, "maxTasks", func() any { return 1 })
}

// list makes numbers of a version such as 1.2.3-rc1; what is missing is 0.
func (h *host) list(version string) any {
	out := make([]any, 3)
	parts := strings.FieldsFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	for i := range out {
		out[i] = 0
		if i < len(parts) {
			out[i], _ = strconv.Atoi(parts[i])
		}
	}
	return h.vm.Runtime().NewArray(out...)
}

// compare is 1, -1 or 0: how the first list of numbers stands to the second.
func (h *host) compare(a engine.Args) int {
	one, two := a.Object(0, "ver1"), a.Object(1, "ver2")
	for i := range 3 {
		key := strconv.Itoa(i)
		x, y := number(one.Get(key)), number(two.Get(key))
		switch {
		case x > y:
			return 1
		case x < y:
			return -1
		}
	}
	return 0
}

func number(v goja.Value) int64 {
	if v == nil || !goja.IsNumber(v) {
		return 0
	}
	return v.ToInteger()
}

// actions are what does something: sleeping, collecting garbage.
func (h *host) actions(o *goja.Object) {
	vm := h.vm
	vm.Export(o, "sleep", func(c goja.FunctionCall) goja.Value {
		a := vm.Args("sleep", c.Arguments)
		d := time.Duration(a.Int(0, "ms", 0, 1<<31-1)) * time.Millisecond
		return vm.Runtime().ToValue(h.sleep(d, a.Value(1).ToBoolean()).Milliseconds())
	})
	vm.Export(o, "gc", func(c goja.FunctionCall) goja.Value {
		if c.Argument(0).ToBoolean() {
			debug.FreeOSMemory()
		} else {
			runtime.GC()
		}
		return goja.Undefined()
	})
	vm.Export(o, "srand", func(c goja.FunctionCall) goja.Value {
		if a := vm.Args("srand", c.Arguments); a.Given(0) {
			h.seed = a.Int(0, "seed", -1<<53, 1<<53)
			vm.Runtime().SetRandSource(rand.New(rand.NewSource(h.seed)).Float64)
		}
		return vm.Runtime().ToValue(h.seed)
	})
	vm.Export(o, "assert", func(c goja.FunctionCall) goja.Value {
		if !c.Argument(0).ToBoolean() {
			_, _ = fmt.Fprintln(vm.Options().Stderr, "sys.assert: the condition is false, the script ends")
			vm.Exit(engine.ExitScript)
		}
		return vm.Runtime().ToValue(true)
	})
}

// sleep blocks the script; no event is served meanwhile, unless the first one may wake it: then it
// is served, and what is left of the time is the result. Stopping the script ends it.
func (h *host) sleep(d time.Duration, wake bool) time.Duration {
	if wake {
		end := time.Now().Add(d)
		h.vm.Loop().Poll(d)
		return max(time.Until(end), 0)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-h.vm.Context().Done():
		h.vm.CheckStop()
	}
	return 0
}

// errors are the number of the last error, which what failed and scripts set, and what numbers mean.
func (h *host) errors(o *goja.Object) {
	vm := h.vm
	vm.Export(o, "error", func(c goja.FunctionCall) goja.Value {
		n := int64(vm.Errno())
		if a := vm.Args("error", c.Arguments); a.Given(0) {
			n = a.Int(0, "errno", 0, 4095)
		}
		return vm.Runtime().ToValue(syscall.Errno(n).Error())
	})
	h.give(o, "errno", func() any { return vm.Errno() })
	vm.Export(o, "setErrno", func(c goja.FunctionCall) goja.Value {
		vm.SetErrno(int(vm.Args("setErrno", c.Arguments).Int(0, "errno", 0, 4095)))
		return goja.Undefined()
	})
	vm.Export(o, "clearErrno", func(goja.FunctionCall) goja.Value {
		vm.SetErrno(0)
		return goja.Undefined()
	})
}
