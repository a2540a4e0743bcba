// Package os is the module os: the machine that the script runs on.
package os

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"os"
	"os/user"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/process"
)

// Module is require('os').
func Module() engine.Module {
	return engine.Module{Name: "os", Load: load}
}

// Constants is require('constants'): those of os and fs together.
func Constants() engine.Module {
	return engine.Module{Name: "constants", Load: func(vm *engine.VM) goja.Value {
		out := vm.NewObject()
		for _, path := range [][]string{{"os", "constants", "signals"}, {"fs", "constants"}} {
			v, _ := vm.Require(path[0])
			for _, name := range path[1:] {
				v = v.ToObject(vm.Runtime()).Get(name)
			}
			from := v.ToObject(vm.Runtime())
			for _, name := range from.Keys() {
				_ = out.Set(name, from.Get(name))
			}
		}
		return out
	}}
}

type host struct {
	vm *engine.VM
	o  *goja.Object
}

// began stands for the start of the machine where the system does not tell it.
var began = time.Now()

func load(vm *engine.VM) goja.Value {
	h := &host{vm, vm.NewObject("EOL", "\n", "devNull", os.DevNull, "constants", vm.NewObject("signals", signals(vm)))}
	h.export("arch", func() any { return process.Arch() })
	h.export("platform", func() any { return process.Platform() })
	h.export("type", func() any { return kernel("ostype", strings.ToUpper(runtime.GOOS[:1])+runtime.GOOS[1:]) })
	h.export("release", func() any { return kernel("osrelease", "") })
	h.export("version", func() any { return kernel("version", "") })
	h.export("machine", func() any { return machine() })
	h.export("hostname", func() any {
		name, _ := os.Hostname()
		return name
	})
	h.export("endianness", func() any {
		if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
			return "LE"
		}
		return "BE"
	})
	h.export("homedir", func() any { return h.env("HOME", "/") })
	h.export("tmpdir", func() any { return h.temporary() })
	h.export("totalmem", func() any { return memory("MemTotal:") })
	h.export("freemem", func() any { return memory("MemAvailable:") })
	h.export("uptime", func() any { return uptime() })
	h.export("loadavg", func() any { return h.load() })
	h.export("availableParallelism", func() any { return runtime.GOMAXPROCS(0) })
	h.export("cpus", func() any { return h.cpus() })
	h.export("userInfo", func() any { return h.user() })
	h.export("networkInterfaces", func() any { return h.interfaces() })
	return h.o
}

func (h *host) export(name string, f func() any) {
	h.vm.Export(h.o, name, func(goja.FunctionCall) goja.Value { return h.vm.Runtime().ToValue(f()) })
}

// env is a variable of the script's environment.
func (h *host) env(name, missing string) string {
	if granted := h.vm.Options().Access.Env; granted != nil && !granted(name) {
		return missing
	}
	for _, pair := range h.vm.Options().Env {
		if v, ok := strings.CutPrefix(pair, name+"="); ok && v != "" {
			return v
		}
	}
	return missing
}

// temporary is the folder for temporary files, without a slash at its end.
func (h *host) temporary() string {
	dir := "/tmp"
	for _, name := range []string{"TEMP", "TMP", "TMPDIR"} {
		dir = h.env(name, dir)
	}
	if len(dir) > 1 {
		dir = strings.TrimSuffix(dir, "/")
	}
	return dir
}

// kernel is what Linux tells of itself in one file; missing elsewhere.
func kernel(name, missing string) string {
	b, err := os.ReadFile("/proc/sys/kernel/" + name)
	if err != nil {
		return missing
	}
	return strings.TrimSpace(string(b))
}

// machine is the name that uname has for the processor.
func machine() string {
	names := map[string]string{"amd64": "x86_64", "arm64": "aarch64", "386": "i686", "arm": "armv7l", "mipsle": "mips"}
	if name, ok := names[runtime.GOARCH]; ok {
		return name
	}
	return runtime.GOARCH
}

// memory is a line of /proc/meminfo in bytes, 0 where there is none.
func memory(line string) int64 {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var name string
		var kib int64
		if n, _ := fmt.Sscan(lines.Text(), &name, &kib); n == 2 && name == line {
			return kib << 10
		}
	}
	return 0
}

// numbers are the numbers at the beginning of a file.
func numbers(path string, n int) []float64 {
	out := make([]float64, n)
	b, err := os.ReadFile(path)
	if err != nil {
		return out
	}
	for i, field := range strings.Fields(string(b)) {
		if i < n {
			out[i], _ = strconv.ParseFloat(field, 64)
		}
	}
	return out
}

func uptime() float64 {
	if t := numbers("/proc/uptime", 1)[0]; t > 0 {
		return t
	}
	return math.Round(time.Since(began).Seconds()*100) / 100
}

func (h *host) load() goja.Value {
	n := numbers("/proc/loadavg", 3)
	return h.vm.Runtime().NewArray(n[0], n[1], n[2])
}

// cpus has an entry a processor, without the times that it spent.
func (h *host) cpus() goja.Value {
	model := ""
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		_, after, _ := strings.Cut(string(b), "model name\t: ")
		model, _, _ = strings.Cut(after, "\n")
	}
	list := make([]any, runtime.NumCPU())
	for i := range list {
		times := h.vm.NewObject("user", 0, "nice", 0, "sys", 0, "idle", 0, "irq", 0)
		list[i] = h.vm.NewObject("model", model, "speed", 0, "times", times)
	}
	return h.vm.Runtime().NewArray(list...)
}

func (h *host) user() goja.Value {
	o := h.vm.NewObject("uid", os.Getuid(), "gid", os.Getgid(), "username", h.env("USER", ""), "homedir", h.env("HOME", "/"), "shell", goja.Null())
	if u, err := user.Current(); err == nil && h.vm.Options().Access.Env == nil {
		_ = o.Set("username", u.Username)
		_ = o.Set("homedir", u.HomeDir)
	}
	return o
}

// interfaces are the addresses of the machine, none to a script that may not use the network.
func (h *host) interfaces() goja.Value {
	out := h.vm.NewObject()
	list, err := net.Interfaces()
	if err != nil || h.vm.Options().Access.Net != nil {
		return out
	}
	for _, i := range list {
		addresses, err := i.Addrs()
		if err != nil || i.Flags&net.FlagUp == 0 || len(addresses) == 0 {
			continue
		}
		var entries []any
		for _, a := range addresses {
			if n, ok := a.(*net.IPNet); ok {
				entries = append(entries, h.address(i, n))
			}
		}
		_ = out.Set(i.Name, h.vm.Runtime().NewArray(entries...))
	}
	return out
}

func (h *host) address(i net.Interface, n *net.IPNet) *goja.Object {
	family, mac := "IPv6", i.HardwareAddr.String()
	if n.IP.To4() != nil {
		family = "IPv4"
	}
	if mac == "" {
		mac = "00:00:00:00:00:00"
	}
	return h.vm.NewObject("address", n.IP.String(), "netmask", net.IP(n.Mask).String(), "family", family,
		"mac", mac, "internal", i.Flags&net.FlagLoopback != 0, "cidr", n.String())
}

// signals are the numbers of signals on Linux.
func signals(vm *engine.VM) *goja.Object {
	return vm.NewObject("SIGHUP", 1, "SIGINT", 2, "SIGQUIT", 3, "SIGABRT", 6, "SIGKILL", 9, "SIGUSR1", 10, "SIGUSR2", 12,
		"SIGPIPE", 13, "SIGALRM", 14, "SIGTERM", 15)
}
