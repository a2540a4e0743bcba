// Package sys is the module sys: the machine the script runs on, and sleeping.
package sys

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/process"
)

// Module is require('sys'): sleep(ms), platform, arch, version, hostname(), uptime(), memory(),
// error(number).
func Module() engine.Module {
	return engine.Module{Name: "sys", Load: load}
}

func load(vm *engine.VM) goja.Value {
	rt := vm.Runtime()
	o := vm.NewObject("platform", process.Platform(), "arch", process.Arch(), "version", process.Version(vm), "cpus", runtime.NumCPU())
	start := time.Now()
	vm.Export(o, "sleep", func(c goja.FunctionCall) goja.Value {
		sleep(vm, time.Duration(vm.Args("sleep", c.Arguments).Int(0, "ms", 0, 1<<31-1))*time.Millisecond)
		return goja.Undefined()
	})
	vm.Export(o, "hostname", func(goja.FunctionCall) goja.Value {
		name, err := os.Hostname()
		if err != nil {
			return goja.Undefined()
		}
		return rt.ToValue(name)
	})
	vm.Export(o, "uptime", func(goja.FunctionCall) goja.Value { return rt.ToValue(time.Since(start).Seconds()) })
	vm.Export(o, "memory", func(goja.FunctionCall) goja.Value { return memory(vm) })
	vm.Export(o, "error", func(c goja.FunctionCall) goja.Value {
		n := vm.Args("error", c.Arguments).Int(0, "errno", 0, 4095)
		return rt.ToValue(syscall.Errno(n).Error())
	})
	return o
}

// sleep blocks the script; no event is served meanwhile. Stopping the script ends it.
func sleep(vm *engine.VM, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-vm.Context().Done():
		vm.CheckStop()
	}
}

// memory is the machine's memory where the system tells it, and the process's own, in bytes.
func memory(vm *engine.VM) goja.Value {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	total, free := machineMemory()
	return vm.NewObject("total", total, "free", free, "used", m.HeapAlloc, "process", m.Sys)
}

// machineMemory reads /proc/meminfo; it is 0, 0 elsewhere.
func machineMemory() (total, free int64) {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0, 0
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var name string
		var kib int64
		if n, _ := fmt.Sscan(lines.Text(), &name, &kib); n < 2 {
			continue
		}
		switch name {
		case "MemTotal:":
			total = kib << 10
		case "MemAvailable:":
			free = kib << 10
		}
	}
	return total, free
}
