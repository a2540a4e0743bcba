// Package socket is the module socket: socket addresses and the constants that belong to them.
package socket

import (
	"net/netip"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// Address families, as the scripts know them (the numbers are those of Linux on every system).
const (
	AFUnspec = 0
	AFInet   = 2
	AFInet6  = 10
)

// Module is require('socket'): sockaddr(addr, port), sockaddr6(addr, port) and constants.
func Module() engine.Module {
	return engine.Module{Name: "socket", Load: load}
}

func load(vm *engine.VM) goja.Value {
	o := vm.NewObject(
		"AF_UNSPEC", AFUnspec, "AF_INET", AFInet, "AF_INET6", AFInet6,
		"SOCK_STREAM", 1, "SOCK_DGRAM", 2, "SOCK_RAW", 3,
		"IPPROTO_TCP", 6, "IPPROTO_UDP", 17,
		"INADDR_ANY", "0.0.0.0", "INADDR_LOOPBACK", "127.0.0.1",
	)
	vm.Export(o, "sockaddr", func(c goja.FunctionCall) goja.Value {
		return sockaddr(vm, vm.Args("sockaddr", c.Arguments), AFUnspec)
	})
	vm.Export(o, "sockaddr6", func(c goja.FunctionCall) goja.Value {
		return sockaddr(vm, vm.Args("sockaddr6", c.Arguments), AFInet6)
	})
	return o
}

// sockaddr checks an address and a port and makes {domain, addr, port}. A host name is taken as it
// is; whoever opens the address looks it up.
func sockaddr(vm *engine.VM, a engine.Args, family int) goja.Value {
	addr := a.String(0, "addr")
	port := a.Int(1, "port", 0, 65535)
	if addr == "" || strings.ContainsAny(addr, " \t\r\n\x00/@") {
		vm.ThrowRange("%s: addr must be an IP address or a host name, got %q", name(family), addr)
	}
	addr = strings.TrimSuffix(strings.TrimPrefix(addr, "["), "]")
	domain := AFInet
	ip, err := netip.ParseAddr(addr)
	switch {
	case err == nil && ip.Is6():
		domain = AFInet6
	case err == nil && family == AFInet6:
		vm.ThrowRange("sockaddr6: addr must be an IPv6 address or a host name, got %q", addr)
	case err != nil && strings.Contains(addr, ":"):
		vm.ThrowRange("%s: addr must be an IP address or a host name without a port, got %q", name(family), addr)
	case family == AFInet6:
		domain = AFInet6
	}
	return vm.NewObject("domain", domain, "addr", addr, "port", port)
}

func name(family int) string {
	if family == AFInet6 {
		return "sockaddr6"
	}
	return "sockaddr"
}
