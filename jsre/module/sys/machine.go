package sys

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/dop251/goja"
)

// machine are the functions that ask the operating system. Those that read a file for it need the
// right to read it.
func (h *host) machine(o *goja.Object) {
	name := func() any {
		name, err := os.Hostname()
		if err != nil {
			return goja.Undefined()
		}
		return name
	}
	h.give(o, "hostname", name)
	h.give(o, "hostName", name)
	h.give(o, "uptime", func() any { return time.Since(h.start).Seconds() })
	h.give(o, "monoTime", func() any { return (time.Since(h.start) + time.Hour).Milliseconds() })
	h.give(o, "memory", func() any {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		total, free := h.memory()
		return h.vm.NewObject("total", total, "free", free, "used", m.HeapAlloc, "process", m.Sys)
	})
	h.give(o, "memTotal", func() any { total, _ := h.memory(); return total })
	h.give(o, "memFree", func() any { _, free := h.memory(); return free })
	h.give(o, "cpuTotal", func() any { return runtime.NumCPU() })
	h.give(o, "cpuOnline", func() any { return runtime.NumCPU() })
	h.give(o, "cpuInfo", func() any { return h.fact("/proc/cpuinfo", "model name", runtime.GOARCH) })
	h.give(o, "kernName", func() any { return h.firstLine("/proc/sys/kernel/ostype", runtime.GOOS) })
	h.give(o, "kernVersion", func() any { return h.list(h.firstLine("/proc/sys/kernel/osrelease", "0.0.0")) })
	h.give(o, "tmpdir", func() any { return os.TempDir() })
	h.give(o, "maxFds", func() any { return maxFiles() })
	h.give(o, "diskTotal", func() any { total, _ := h.disk(); return total })
	h.give(o, "diskFree", func() any { _, free := h.disk(); return free })
}

// disk is the size of the disk of the script's folder and what is free of it, in MB.
func (h *host) disk() (total, free int64) {
	h.vm.CheckRead(h.vm.Options().Dir)
	return diskSpace(h.vm.Options().Dir)
}

// fact is the value of a "name : value" line of a file, or missing.
func (h *host) fact(path, name, missing string) string {
	h.vm.CheckRead(path)
	f, err := os.Open(path)
	if err != nil {
		return missing
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if k, v, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return missing
}

func (h *host) firstLine(path, missing string) string {
	h.vm.CheckRead(path)
	text, err := os.ReadFile(path)
	if err != nil {
		return missing
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

// memory is the machine's memory in bytes where the system tells it, 0 and 0 elsewhere.
func (h *host) memory() (total, free int64) {
	kib := func(name string) int64 {
		var n int64
		_, _ = fmt.Sscan(h.fact("/proc/meminfo", name, ""), &n)
		return n << 10
	}
	return kib("MemTotal"), kib("MemAvailable")
}
