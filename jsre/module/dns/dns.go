// Package dns is the module dns: looking up addresses of host names, and records.
package dns

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/socket"
)

// timeout is the longest one lookup may take, unless the script says otherwise.
const timeout = 10 * time.Second

// Module is require('dns').
func Module() engine.Module {
	return engine.Module{Name: "dns", Load: func(vm *engine.VM) goja.Value { return of(vm).obj }}
}

// Promises is require('dns/promises').
func Promises() engine.Module {
	return engine.Module{Name: "dns/promises", Load: func(vm *engine.VM) goja.Value { return of(vm).promises }}
}

type key struct{}

// host is the module.
type host struct {
	vm            *engine.VM
	obj, promises *goja.Object
	cache         *cache
	servers       []string // host:port; none: those of the machine
}

func of(vm *engine.VM) *host {
	h, _ := vm.Shared(key{}, func() any {
		h := &host{vm: vm, obj: vm.NewObject(), promises: vm.NewObject(), cache: newCache()}
		for name, code := range codes {
			_ = h.obj.Set(name, code)
			_ = h.promises.Set(name, code)
		}
		for name, flag := range map[string]int{"ADDRCONFIG": 32, "ALL": 16, "V4MAPPED": 8} {
			_ = h.obj.Set(name, flag)
		}
		h.lookups()
		h.records()
		h.cacheFunctions()
		_ = h.obj.Set("promises", h.promises)
		return h
	}).(*host)
	return h
}

// codes are the constants of errors.
var codes = map[string]string{
	"NODATA": "ENODATA", "FORMERR": "EFORMERR", "SERVFAIL": "ESERVFAIL", "NOTFOUND": "ENOTFOUND", "NOTIMP": "ENOTIMP", "REFUSED": "EREFUSED",
	"BADQUERY": "EBADQUERY", "BADNAME": "EBADNAME", "BADFAMILY": "EBADFAMILY", "BADRESP": "EBADRESP", "CONNREFUSED": "ECONNREFUSED",
	"TIMEOUT": "ETIMEOUT", "EOF": "EOF", "CANCELLED": "ECANCELLED",
}

// query is a lookup as the script asks for it.
type query struct {
	call    string
	host    string
	family  int // of socket
	all     bool
	limit   time.Duration
	at      int // index of the callback
	options bool
}

func (h *host) lookups() {
	export := func(o *goja.Object, name string, f func(engine.Args) goja.Value) {
		h.vm.Export(o, name, func(c goja.FunctionCall) goja.Value { return f(h.vm.Args(name, c.Arguments)) })
	}
	export(h.obj, "lookup", func(a engine.Args) goja.Value { return h.lookup(a, h.read("lookup", a, 1)) })
	export(h.obj, "gethostbyname", func(a engine.Args) goja.Value {
		q := h.read("gethostbyname", a, 1)
		if a.Given(q.at) {
			return h.lookup(a, q)
		}
		list, err := h.addresses(q)
		if err != nil {
			return goja.Undefined()
		}
		return h.vm.NewObject("hostname", q.host, "domain", domainOf(list[0]), "addr", list[0].String())
	})
	export(h.obj, "getaddrinfo", func(a engine.Args) goja.Value {
		q := h.read("getaddrinfo", a, 1)
		if goja.IsNumber(a.Value(q.at)) { // flags
			q.at++
		}
		return h.lookup(a, q)
	})
	export(h.promises, "lookup", func(a engine.Args) goja.Value {
		q := h.read("lookup", a, 1)
		h.check(q.host)
		return h.promise(func(ctx context.Context) (func() any, error) {
			list, err := h.find(ctx, q)
			return func() any { return h.result(q, list) }, h.failure(q, err)
		})
	})
}

// read reads the arguments: host, then domain or options, then perhaps a callback and a time.
func (h *host) read(call string, a engine.Args, at int) query {
	given := a.String(0, "host")
	q := query{call: call, host: HostOf(given), limit: timeout, at: at}
	if q.host == "" {
		shown, _, _ := strings.Cut(given[strings.LastIndexByte(given, '@')+1:], "?") // the rest of a URL may be secret
		h.vm.ThrowRange("%s: host must name a host, got %q", call, shown)
	}
	opts, isObj := a.Value(at).(*goja.Object)
	_, isFunc := h.vm.ToFunc(a.Value(at))
	switch {
	case isFunc:
	case isObj:
		q.options = true
		q.all = h.vm.Field(opts, "all").ToBoolean()
		h.family(&q, h.vm.Field(opts, "family"))
		q.at++
	case a.Given(at):
		q.family = int(a.Int(at, "domain", 0, 1<<31-1))
		if q.family != socket.AFUnspec && q.family != socket.AFInet && q.family != socket.AFInet6 {
			h.vm.ThrowRange("%s: domain must be AF_UNSPEC, AF_INET or AF_INET6, got %d", call, q.family)
		}
		q.at++
	case a.Len() > at+1:
		q.at++
	}
	if goja.IsNumber(a.Value(q.at + 1)) {
		q.limit = time.Duration(a.Int(q.at+1, "timeout", 0, 1<<31-1)) * time.Millisecond
	}
	return q
}

// family reads Node.js' option: 0, 4, 6, 'IPv4' or 'IPv6'.
func (h *host) family(q *query, v goja.Value) {
	switch {
	case !engine.Given(v) || v.String() == "0":
	case v.String() == "4" || v.String() == "IPv4":
		q.family = socket.AFInet
	case v.String() == "6" || v.String() == "IPv6":
		q.family = socket.AFInet6
	default:
		h.vm.ThrowRange("%s: options.family must be 0, 4 or 6, got %s", q.call, v.String())
	}
}

// check asks whether the script may look a name up.
func (h *host) check(name string) {
	if _, err := netip.ParseAddr(name); err != nil {
		h.vm.CheckNet(net.JoinHostPort(name, ""))
	}
}

// lookup gives the address at once, blocking the script (undefined when there is none), or calls
// callback(error, address, family) later.
func (h *host) lookup(a engine.Args, q query) goja.Value {
	h.check(q.host)
	if !a.Given(q.at) {
		list, err := h.addresses(q)
		if err != nil {
			return goja.Undefined()
		}
		return h.vm.Runtime().ToValue(list[0].String())
	}
	callback := a.Func(q.at, "callback")
	complete := h.vm.Loop().Reserve()
	h.vm.Go(func(ctx context.Context) {
		list, err := h.find(ctx, q)
		complete(func() {
			if err != nil {
				callback.Call(goja.Undefined(), h.errorOf(h.failure(q, err)))
				return
			}
			if q.all {
				callback.Call(goja.Undefined(), goja.Null(), h.vm.Runtime().ToValue(h.result(q, list)))
				return
			}
			callback.Call(goja.Undefined(), goja.Null(), h.vm.Runtime().ToValue(list[0].String()), h.vm.Runtime().ToValue(familyOf(list[0])))
		})
	})
	return goja.Undefined()
}

// addresses looks a host up while the script waits.
func (h *host) addresses(q query) ([]netip.Addr, error) {
	h.check(q.host)
	list, err := h.find(h.vm.Context(), q)
	h.vm.CheckStop()
	return list, err
}

// result is what a promise of a lookup holds.
func (h *host) result(q query, list []netip.Addr) any {
	one := func(ip netip.Addr) any { return h.vm.NewObject("address", ip.String(), "family", familyOf(ip)) }
	if !q.all {
		return one(list[0])
	}
	out := make([]any, len(list))
	for i, ip := range list {
		out[i] = one(ip)
	}
	return h.vm.Runtime().NewArray(out...)
}

func familyOf(ip netip.Addr) int {
	if ip.Is6() {
		return 6
	}
	return 4
}

func domainOf(ip netip.Addr) int {
	if ip.Is6() {
		return socket.AFInet6
	}
	return socket.AFInet
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

// find gives the addresses of the family, from the cache when they were found before; with AF_UNSPEC
// those of IPv4 come first.
func (h *host) find(ctx context.Context, q query) ([]netip.Addr, error) {
	if list, ok := h.cache.get(q.host, q.family); ok {
		return list, nil
	}
	network := map[int]string{socket.AFUnspec: "ip", socket.AFInet: "ip4", socket.AFInet6: "ip6"}[q.family]
	ctx, cancel := context.WithTimeout(ctx, q.limit)
	defer cancel()
	found, err := h.resolver().LookupNetIP(ctx, network, q.host)
	if err != nil {
		return nil, err
	}
	var first, second []netip.Addr
	for _, ip := range found {
		if ip = ip.Unmap(); ip.Is4() {
			first = append(first, ip)
		} else {
			second = append(second, ip)
		}
	}
	list := append(first, second...)
	if len(list) == 0 {
		return nil, &net.DNSError{Err: "no address", Name: q.host, IsNotFound: true}
	}
	h.cache.put(q.host, q.family, list)
	return list, nil
}

// lookupError is a failure as scripts are told of it.
type lookupError struct{ code, call, host, why string }

// Error implements error.
func (e *lookupError) Error() string { return e.call + " " + e.code + " " + e.host + ": " + e.why }

// failure names what went wrong, nil for nothing.
func (h *host) failure(q query, err error) error {
	if err == nil {
		return nil
	}
	call := "getaddrinfo"
	if strings.HasPrefix(q.call, "query") {
		call = q.call
	}
	e := &lookupError{"ENOTFOUND", call, q.host, err.Error()}
	var d *net.DNSError
	if errors.As(err, &d) {
		e.why = d.Err
		switch {
		case d.IsTimeout:
			e.code = "ETIMEOUT"
		case !d.IsNotFound && strings.HasPrefix(q.call, "query"):
			e.code = "ESERVFAIL"
		}
	}
	return e
}

// errorOf makes the error of a script.
func (h *host) errorOf(err error) *goja.Object {
	var e *lookupError
	if !errors.As(err, &e) {
		return h.vm.NewError("Error", "ENOTFOUND", err.Error())
	}
	return h.vm.NewError("Error", e.code, e.Error(), "syscall", e.call, "hostname", e.host)
}

// promise runs a lookup on a goroutine of its own. What it gives is made on the loop.
func (h *host) promise(run func(ctx context.Context) (func() any, error)) goja.Value {
	promise, resolve, reject := h.vm.Runtime().NewPromise()
	complete := h.vm.Loop().Reserve()
	h.vm.Go(func(ctx context.Context) {
		value, err := run(ctx)
		complete(func() {
			if err != nil {
				_ = reject(h.errorOf(err))
				return
			}
			_ = resolve(value())
		})
	})
	return h.vm.Runtime().ToValue(promise)
}
