// Package url is the module url and the globals URL and URLSearchParams. The module itself is the class
// URL, as JSRE has it, with what Node.js 20 exports as its members.
package url

import (
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/inspect"
	"dunlin/jsre/nodeerr"
)

// Module is require('url').
func Module() engine.Module {
	return engine.Module{Name: "url", Setup: func(vm *engine.VM) error {
		vm.LazyGlobal("URL", func() goja.Value { return of(vm).class })
		vm.LazyGlobal("URLSearchParams", func() goja.Value { return of(vm).paramsClass })
		return nil
	}, Load: func(vm *engine.VM) goja.Value { return of(vm).class }}
}

// host is the module of one runtime.
type host struct {
	vm                       *engine.VM
	rt                       *goja.Runtime
	class, proto             *goja.Object
	paramsClass, paramsProto *goja.Object
	walkProto                *goja.Object // of what entries, keys and values of a URLSearchParams give
}

type hostKey struct{}

func of(vm *engine.VM) *host {
	h, _ := vm.Shared(hostKey{}, func() any {
		h := &host{vm: vm, rt: vm.Runtime()}
		h.makeParams()
		h.makeURL()
		h.legacy()
		return h
	}).(*host)
	return h
}

// address is the Go side of a URL.
type address struct {
	record
	params *goja.Object // its searchParams, once they were asked for
}

func (h *host) makeURL() {
	h.class, h.proto = h.vm.NewClass("URL", func(c goja.ConstructorCall) *goja.Object {
		h.vm.SetSlot(c.This, &address{record: *h.parseArgs(c.Arguments, true)})
		return nil
	})
	h.vm.NeedsNew(h.class, "URL")
	h.vm.Method(h.class, "canParse", func(c goja.FunctionCall) goja.Value { return h.rt.ToValue(h.parseArgs(c.Arguments, false) != nil) })
	part := func(name string, get func(*address) string, set func(*address, string)) {
		getter := h.vm.NewFunction("get "+name, func(c goja.FunctionCall) goja.Value { return h.rt.ToValue(get(h.this(c.This))) })
		var setter goja.Value
		if set != nil {
			setter = h.vm.NewFunction("set "+name, func(c goja.FunctionCall) goja.Value {
				set(h.this(c.This), c.Argument(0).String())
				return goja.Undefined()
			})
		}
		_ = h.proto.DefineAccessorProperty(name, getter, setter, goja.FLAG_TRUE, goja.FLAG_TRUE)
	}
	part("href", func(a *address) string { return a.href() }, func(a *address, s string) {
		u := parse(s, nil)
		if u == nil {
			h.invalid(s, nil)
		}
		a.record = *u
		h.refresh(a)
	})
	part("origin", func(a *address) string { return a.origin() }, nil)
	part("protocol", func(a *address) string { return a.scheme + ":" }, (*address).setProtocol)
	part("username", func(a *address) string { return a.user }, func(a *address, s string) {
		if a.mayHavePort() {
			a.user = escape(s, setUserInfo)
		}
	})
	part("password", func(a *address) string { return a.password }, func(a *address, s string) {
		if a.mayHavePort() {
			a.password = escape(s, setUserInfo)
		}
	})
	part("host", func(a *address) string { return a.hostPort() }, func(a *address, s string) { a.setHost(s, true) })
	part("hostname", func(a *address) string { return a.host }, func(a *address, s string) { a.setHost(s, false) })
	part("port", func(a *address) string { return strings.TrimPrefix(a.hostPort()[len(a.host):], ":") }, (*address).setPortText)
	part("pathname", func(a *address) string { return a.pathname() }, (*address).setPathname)
	part("search", func(a *address) string { return marked("?", a.query) }, func(a *address, s string) {
		a.setSearch(s)
		h.refresh(a)
	})
	part("hash", func(a *address) string { return marked("#", a.fragment) }, func(a *address, s string) {
		a.hasFragment = s != ""
		a.fragment = escape(clean(strings.TrimPrefix(s, "#")), setFragment)
	})
	h.makeMethods()
}

func (h *host) makeMethods() {
	get := h.vm.NewFunction("get searchParams", func(c goja.FunctionCall) goja.Value { return h.paramsOf(h.this(c.This)) })
	_ = h.proto.DefineAccessorProperty("searchParams", get, nil, goja.FLAG_TRUE, goja.FLAG_TRUE)
	for _, name := range []string{"toString", "toJSON"} {
		h.vm.Export(h.proto, name, func(c goja.FunctionCall) goja.Value { return h.rt.ToValue(h.this(c.This).href()) })
	}
	_ = h.proto.DefineDataPropertySymbol(goja.SymToStringTag, h.rt.ToValue("URL"), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	inspect.Show(h.vm, h.proto, inspect.Look{Own: true, Parts: func(this goja.Value) (string, *goja.Object) {
		a := h.this(this)
		return inspect.Of(h.vm).ClassName(this, "URL"), h.vm.NewObject("href", a.href(), "origin", a.origin(), "protocol", a.scheme+":",
			"username", a.user, "password", a.password, "host", a.hostPort(), "hostname", a.host, "port", strings.TrimPrefix(a.hostPort()[len(a.host):], ":"),
			"pathname", a.pathname(), "search", marked("?", a.query), "searchParams", h.paramsOf(a), "hash", marked("#", a.fragment))
	}})
}

func (h *host) this(v goja.Value) *address {
	a, ok := h.vm.Slot(v).(*address)
	if !ok {
		nodeerr.Throw(h.vm, "TypeError", "", "Receiver must be an instance of class URL")
	}
	return a
}

// parseArgs reads (url[, base]); with must a wrong one throws, else it is nil.
func (h *host) parseArgs(args []goja.Value, must bool) *record {
	if len(args) == 0 {
		nodeerr.Throw(h.vm, "TypeError", "ERR_MISSING_ARGS", `The "url" argument must be specified`)
	}
	input := h.text(args[0])
	var base *record
	var baseText any
	if len(args) > 1 && !goja.IsUndefined(args[1]) {
		text := h.text(args[1])
		baseText = text
		if base = parse(text, nil); base == nil {
			if must {
				h.invalid(input, baseText)
			}
			return nil
		}
	}
	u := parse(input, base)
	if u == nil && must {
		h.invalid(input, baseText)
	}
	return u
}

// text is String(v), with U+FFFD for halves of surrogate pairs.
func (h *host) text(v goja.Value) string {
	if _, symbol := v.(*goja.Symbol); symbol {
		nodeerr.Throw(h.vm, "TypeError", "", "Cannot convert a Symbol value to a string")
	}
	return v.String()
}

func (h *host) invalid(input string, base any) {
	extra := []any{"input", input}
	if base != nil {
		extra = append(extra, "base", base)
	}
	panic(h.vm.NewError("TypeError", "ERR_INVALID_URL", "Invalid URL", extra...))
}

// marked is a part with its mark in front, empty without one.
func marked(mark, s string) string {
	if s == "" {
		return ""
	}
	return mark + s
}

// clean takes out what the parser passes over.
func clean(s string) string { return strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(s) }

// mayHavePort reports whether a URL can have a user and a port.
func (a *address) mayHavePort() bool { return a.host != "" && a.scheme != "file" }

func (a *address) setProtocol(s string) {
	scheme, _, ok := cutScheme(clean(s) + ":")
	if !ok {
		return
	}
	port, special := defaultPort(scheme)
	if special != a.special() || scheme == "file" && (a.credentials() != "" || a.port >= 0) || a.scheme == "file" && a.host == "" {
		return
	}
	a.scheme = scheme
	if a.port == port && special {
		a.port = -1
	}
}

func (a *address) setHost(s string, withPort bool) {
	if a.isOpaque {
		return
	}
	s = clean(s)
	stop := "/?#"
	if a.special() {
		stop += `\`
	}
	if i := strings.IndexAny(s, stop); i >= 0 {
		s = s[:i]
	}
	name, port, hasPort := cutPort(s)
	file := a.scheme == "file"
	if hasPort && (!withPort || name == "" || file) || name == "" && !a.mayLoseHost() {
		return
	}
	host, ok := "", true
	if name != "" {
		host, ok = parseHost(name, a.special())
	}
	if !ok {
		return
	}
	if file && host == "localhost" {
		host = ""
	}
	a.host, a.hasHost = host, true
	if hasPort {
		a.setPortDigits(port)
	}
}

// mayLoseHost reports whether the host may become empty.
func (a *address) mayLoseHost() bool {
	return (!a.special() || a.scheme == "file") && a.credentials() == "" && a.port < 0
}

func (a *address) setPortText(s string) {
	if !a.mayHavePort() {
		return
	}
	if s == "" {
		a.port = -1
		return
	}
	a.setPortDigits(clean(s))
}

// setPortDigits takes the digits at the beginning of a text.
func (a *address) setPortDigits(s string) {
	end := 0
	for end < len(s) && isDigit(s[end]) {
		end++
	}
	if n, ok := parsePort(s[:end]); ok && end > 0 {
		a.setPort(n)
	}
}

func (a *address) setPathname(s string) {
	if a.isOpaque {
		return
	}
	s = clean(s)
	a.path = nil
	if s == "" && !a.special() {
		return
	}
	if s != "" && (s[0] == '/' || s[0] == '\\' && a.special()) {
		s = s[1:]
	}
	s = strings.NewReplacer("?", "%3F", "#", "%23").Replace(s)
	a.addPath(s, false)
}

func (a *address) setSearch(s string) {
	if s == "" {
		a.query, a.hasQuery = "", false
		return
	}
	a.setQuery(clean(strings.TrimPrefix(s, "?")))
}
