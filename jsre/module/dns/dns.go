// Package dns is the module dns: looking up addresses of host names.
package dns

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/socket"
)

// timeout is the longest one lookup may take.
const timeout = 10 * time.Second

// Module is require('dns'): lookup(host[, domain][, callback]).
func Module() engine.Module {
	return engine.Module{Name: "dns", Load: load}
}

func load(vm *engine.VM) goja.Value {
	o := vm.NewObject()
	vm.Export(o, "lookup", func(c goja.FunctionCall) goja.Value {
		return lookup(vm, vm.Args("lookup", c.Arguments))
	})
	return o
}

// lookup gives the address at once, blocking the script (undefined when there is none), or calls
// callback(error, address) later.
func lookup(vm *engine.VM, a engine.Args) goja.Value {
	given := a.String(0, "host")
	host := HostOf(given)
	if host == "" {
		shown, _, _ := strings.Cut(given[strings.LastIndexByte(given, '@')+1:], "?") // the rest of a URL may be secret
		vm.ThrowRange("lookup: host must name a host, got %q", shown)
	}
	at, family := 1, int64(socket.AFUnspec)
	if a.Given(1) && vm.TypeName(a.Value(1)) != "function" {
		family = a.Int(1, "domain", 0, 1<<31-1)
		at = 2
	} else if a.Len() > 2 {
		at = 2
	}
	if family != socket.AFUnspec && family != socket.AFInet && family != socket.AFInet6 {
		vm.ThrowRange("lookup: domain must be AF_UNSPEC, AF_INET or AF_INET6, got %d", family)
	}
	if !a.Given(at) {
		addr, err := resolve(vm.Context(), host, int(family))
		vm.CheckStop()
		if err != nil {
			return goja.Undefined()
		}
		return vm.Runtime().ToValue(addr)
	}
	callback := a.Func(at, "callback")
	complete := vm.Loop().Reserve()
	vm.Go(func(ctx context.Context) {
		addr, err := resolve(ctx, host, int(family))
		complete(func() {
			if err != nil {
				callback.Call(goja.Undefined(), vm.NewError("Error", "ENOTFOUND", "lookup "+host+": "+err.Error(), "hostname", host))
				return
			}
			callback.Call(goja.Undefined(), goja.Undefined(), vm.Runtime().ToValue(addr))
		})
	})
	return goja.Undefined()
}

// HostOf is the host name or address in what a script calls a host: a scheme in front, a port and a
// path behind it, and the brackets of an IPv6 address are taken off.
func HostOf(s string) string {
	if _, rest, ok := strings.Cut(s, "://"); ok {
		s = rest
	}
	if i := strings.IndexAny(s, "/?#"); i >= 0 {
		s = s[:i]
	}
	s = s[strings.LastIndexByte(s, '@')+1:]
	if strings.HasPrefix(s, "[") {
		s, _, _ = strings.Cut(s[1:], "]")
		return s
	}
	if strings.Count(s, ":") == 1 {
		s, _, _ = strings.Cut(s, ":")
	}
	return s
}

// resolve gives the first address of the family; with AF_UNSPEC an IPv4 one when there is any.
func resolve(ctx context.Context, host string, family int) (string, error) {
	network := map[int]string{socket.AFUnspec: "ip", socket.AFInet: "ip4", socket.AFInet6: "ip6"}[family]
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	list, err := net.DefaultResolver.LookupNetIP(ctx, network, host)
	if err != nil {
		return "", reason(err)
	}
	best := netip.Addr{}
	for _, ip := range list {
		ip = ip.Unmap()
		if !best.IsValid() || best.Is6() && ip.Is4() {
			best = ip
		}
	}
	if !best.IsValid() {
		return "", &net.DNSError{Err: "no address", Name: host}
	}
	return best.String(), nil
}

// reason takes the host's name off an error that the caller puts it in front of.
func reason(err error) error {
	if e, ok := err.(*net.DNSError); ok { //nolint:errorlint // LookupNetIP returns it unwrapped; others are shown whole
		return lookupError(e.Err)
	}
	return err
}

type lookupError string

func (e lookupError) Error() string { return string(e) }
