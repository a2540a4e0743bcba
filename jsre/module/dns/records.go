package dns

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// resolver asks the servers that the script has set, or those of the machine.
func (h *host) resolver() *net.Resolver {
	if len(h.servers) == 0 {
		return net.DefaultResolver
	}
	servers := h.servers
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		var err error
		for _, s := range servers {
			var c net.Conn
			if c, err = d.DialContext(ctx, network, s); err == nil {
				return c, nil
			}
		}
		return nil, err
	}}
}

// record asks for one kind of record and gives what the script is given.
type record func(ctx context.Context, h *host, r *net.Resolver, name string) (func() any, error)

// kinds are the records that can be asked for, by the name behind resolve.
var kinds = map[string]record{
	"4":     addresses("ip4"),
	"6":     addresses("ip6"),
	"Mx":    mx,
	"Txt":   txt,
	"Srv":   srv,
	"Ns":    ns,
	"Cname": cname,
	"Ptr":   ptr,
}

// recordTypes are the kinds by the names of DNS.
var recordTypes = map[string]string{"A": "4", "AAAA": "6", "MX": "Mx", "TXT": "Txt", "SRV": "Srv", "NS": "Ns", "CNAME": "Cname", "PTR": "Ptr"}

// texts makes a list of strings, once there is a runtime to make it in.
func (h *host) texts(list []string) func() any {
	return func() any {
		out := make([]any, len(list))
		for i, s := range list {
			out[i] = strings.TrimSuffix(s, ".")
		}
		return h.vm.Runtime().NewArray(out...)
	}
}

func addresses(network string) record {
	return func(ctx context.Context, h *host, r *net.Resolver, name string) (func() any, error) {
		list, err := r.LookupNetIP(ctx, network, name)
		out := make([]string, len(list))
		for i, ip := range list {
			out[i] = ip.Unmap().String()
		}
		return h.texts(out), err
	}
}

func mx(ctx context.Context, h *host, r *net.Resolver, name string) (func() any, error) {
	list, err := r.LookupMX(ctx, name)
	return h.objects(len(list), func(i int) *goja.Object {
		return h.vm.NewObject("exchange", strings.TrimSuffix(list[i].Host, "."), "priority", list[i].Pref)
	}), err
}

func srv(ctx context.Context, h *host, r *net.Resolver, name string) (func() any, error) {
	_, list, err := r.LookupSRV(ctx, "", "", name)
	return h.objects(len(list), func(i int) *goja.Object {
		s := list[i]
		return h.vm.NewObject("name", strings.TrimSuffix(s.Target, "."), "port", s.Port, "priority", s.Priority, "weight", s.Weight)
	}), err
}

// objects makes a list of objects, once there is a runtime to make it in.
func (h *host) objects(n int, one func(i int) *goja.Object) func() any {
	return func() any {
		out := make([]any, n)
		for i := range out {
			out[i] = one(i)
		}
		return h.vm.Runtime().NewArray(out...)
	}
}

func txt(ctx context.Context, h *host, r *net.Resolver, name string) (func() any, error) {
	list, err := r.LookupTXT(ctx, name)
	return h.objects(len(list), func(i int) *goja.Object { return h.vm.Runtime().NewArray(list[i]) }), err
}

func ns(ctx context.Context, h *host, r *net.Resolver, name string) (func() any, error) {
	list, err := r.LookupNS(ctx, name)
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = n.Host
	}
	return h.texts(out), err
}

func cname(ctx context.Context, h *host, r *net.Resolver, name string) (func() any, error) {
	c, err := r.LookupCNAME(ctx, name)
	if err == nil && strings.TrimSuffix(c, ".") == strings.TrimSuffix(name, ".") {
		err = &net.DNSError{Err: "no such record", Name: name, IsNotFound: true}
	}
	return h.texts([]string{c}), err
}

func ptr(ctx context.Context, h *host, r *net.Resolver, name string) (func() any, error) {
	list, err := r.LookupAddr(ctx, name)
	return h.texts(list), err
}

// records defines resolve and its relatives, with callbacks and with promises.
func (h *host) records() {
	for suffix := range kinds {
		h.ask("resolve"+suffix, func(engine.Args) (string, int) { return suffix, 1 })
	}
	h.ask("reverse", func(engine.Args) (string, int) { return "Ptr", 1 })
	h.ask("resolve", func(a engine.Args) (string, int) {
		if !goja.IsString(a.Value(1)) {
			return "4", 1
		}
		kind, ok := recordTypes[a.Value(1).String()]
		if !ok {
			h.vm.ThrowType("resolve: rrtype must be one of A, AAAA, CNAME, MX, NS, PTR, SRV and TXT, got %s", a.Value(1).String())
		}
		return kind, 2
	})
	h.vm.Export(h.obj, "setServers", func(c goja.FunctionCall) goja.Value {
		h.setServers(h.vm.Args("setServers", c.Arguments).Object(0, "servers"))
		return goja.Undefined()
	})
	h.vm.Export(h.obj, "getServers", func(goja.FunctionCall) goja.Value {
		out := make([]any, len(h.servers))
		for i, s := range h.servers {
			out[i] = strings.TrimSuffix(s, ":53")
		}
		return h.vm.Runtime().NewArray(out...)
	})
	_ = h.promises.Set("setServers", h.obj.Get("setServers"))
	_ = h.promises.Set("getServers", h.obj.Get("getServers"))
}

// ask defines one function; which tells the kind of record and where the callback stands.
func (h *host) ask(name string, which func(engine.Args) (string, int)) {
	start := func(a engine.Args, kind string) func(ctx context.Context) (func() any, error) {
		host := a.String(0, "hostname")
		if _, err := netip.ParseAddr(host); name == "reverse" && err != nil {
			h.vm.Throw("EINVAL", "getHostByAddr EINVAL "+host)
		}
		h.vm.CheckNet(net.JoinHostPort(host, ""))
		resolver := h.resolver()
		return func(ctx context.Context) (func() any, error) {
			ctx, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			value, err := kinds[kind](ctx, h, resolver, host)
			return value, h.failure(query{call: "query" + kind, host: host}, err)
		}
	}
	h.vm.Export(h.promises, name, func(c goja.FunctionCall) goja.Value {
		a := h.vm.Args(name, c.Arguments)
		kind, _ := which(a)
		return h.promise(start(a, kind))
	})
	h.vm.Export(h.obj, name, func(c goja.FunctionCall) goja.Value {
		a := h.vm.Args(name, c.Arguments)
		kind, at := which(a)
		if _, ok := a.Value(at).(*goja.Object); ok && a.Len() > at+1 { // options
			at++
		}
		callback := a.Func(at, "callback")
		run := start(a, kind)
		complete := h.vm.Loop().Reserve()
		h.vm.Go(func(ctx context.Context) {
			value, err := run(ctx)
			complete(func() {
				if err != nil {
					callback.Call(goja.Undefined(), h.errorOf(err))
					return
				}
				callback.Call(goja.Undefined(), goja.Null(), h.vm.Runtime().ToValue(value()))
			})
		})
		return goja.Undefined()
	})
}

// setServers reads addresses with or without a port.
func (h *host) setServers(list *goja.Object) {
	var servers []string
	for _, k := range list.Keys() {
		s := h.vm.CheckString("setServers: a server", list.Get(k))
		at, err := netip.ParseAddrPort(s)
		if err != nil {
			ip, err := netip.ParseAddr(strings.Trim(s, "[]"))
			if err != nil {
				h.vm.ThrowType("setServers: a server must be an IP address with or without a port, got %q", s)
			}
			at = netip.AddrPortFrom(ip, 53)
		}
		h.vm.CheckNet(at.String())
		servers = append(servers, at.String())
	}
	h.servers = slices.Clip(servers)
}
