package mqttjs

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/mqtt"
)

// connect is mqtt.connect([url][, options]).
func (m *module) connect(args goja.FunctionCall) goja.Value {
	options := m.connectOptions(args.Arguments)
	return m.newStarted(m.vm.Runtime().CreateObject(m.need().clientProto), options).obj
}

// newStarted makes a client and has it connect, unless the script is to do that.
func (m *module) newStarted(obj, options *goja.Object) *client {
	if m.options.Mode() == mqtt.ModeOff {
		m.vm.Throw("EPERM", "connect: MQTT is switched off (mode off)")
	}
	m.need()
	c := m.newClient(obj, options)
	if !c.optBool("manualConnect") {
		c.attempt()
	}
	return c
}

// connectOptions are the options of a new client: the URL's parts below those that the script gives.
func (m *module) connectOptions(list []goja.Value) *goja.Object {
	rt := m.vm.Runtime()
	var broker, given goja.Value = goja.Undefined(), goja.Undefined()
	if len(list) > 0 {
		broker = list[0]
	}
	if len(list) > 1 {
		given = list[1]
	}
	if o, ok := broker.(*goja.Object); ok && !engine.Given(given) {
		broker, given = goja.Undefined(), o
	}
	options, ok := given.(*goja.Object)
	if !ok {
		options = rt.NewObject()
	}
	if s, ok := broker.(goja.String); ok && s.String() != "" {
		options = m.withURL(s.String(), options)
	}
	m.completeOptions(options)
	return options
}

// withURL is a new object with the parts of a URL and, above them, the options.
func (m *module) withURL(raw string, given *goja.Object) *goja.Object {
	o := m.urlParts(raw)
	for _, name := range given.Keys() {
		_ = o.Set(name, given.Get(name))
	}
	if !m.vm.Field(o, "protocol").ToBoolean() {
		panic(m.plainError("Missing protocol"))
	}
	protocol := strings.TrimSuffix(m.vm.Field(o, "protocol").String(), ":")
	unix := m.vm.Field(o, "unixSocket").ToBoolean()
	if base, is := strings.CutSuffix(protocol, "+unix"); is {
		protocol, unix = base, true
	}
	_ = o.Set("protocol", protocol)
	_ = o.Set("unixSocket", unix)
	switch path := o.Get("path"); {
	case !unix && !strings.HasPrefix(protocol, "ws"):
		_ = o.Delete("path")
	case path == nil:
		_ = o.Set("path", goja.Null())
	}
	return o
}

// urlParts are the parts of a URL as scripts find them in client.options.
func (m *module) urlParts(raw string) *goja.Object {
	rt := m.vm.Runtime()
	o := rt.NewObject()
	scheme, rest, ok := strings.Cut(raw, ":")
	if !ok {
		return o
	}
	rest = strings.TrimPrefix(rest, "//")
	rest, _, _ = strings.Cut(rest, "#")
	at := strings.IndexAny(rest, "/?")
	authority, tail := rest, ""
	if at >= 0 {
		authority, tail = rest[:at], rest[at:]
	}
	user, address := "", authority
	if i := strings.LastIndex(authority, "@"); i >= 0 {
		user, address = authority[:i], authority[i+1:]
	}
	host, port := splitPort(address)
	if port > 0 {
		_ = o.Set("port", port)
	}
	_ = o.Set("host", strings.ToLower(host))
	query := rt.CreateObject(nil)
	path, rawQuery, _ := strings.Cut(tail, "?")
	for _, pair := range strings.Split(rawQuery, "&") {
		if name, value, _ := strings.Cut(pair, "="); name != "" {
			addTo(rt, query, unescape(name), rt.ToValue(unescape(value)))
		}
	}
	_ = o.Set("query", query)
	if user == "" {
		_ = o.Set("auth", goja.Null())
	} else {
		_ = o.Set("auth", unescape(user))
	}
	_ = o.Set("protocol", strings.ToLower(scheme))
	if tail != "" {
		if path == "" {
			tail = "/" + tail
		}
		_ = o.Set("path", tail)
	} else if strings.HasPrefix(strings.ToLower(scheme), "ws") {
		_ = o.Set("path", "/")
	}
	return o
}

func unescape(s string) string {
	if u, err := url.QueryUnescape(strings.ReplaceAll(s, "+", "%2B")); err == nil {
		return u
	}
	return s
}

// splitPort splits host and port; an IPv6 address stands in brackets.
func splitPort(address string) (host string, port int) {
	host = address
	if i := strings.LastIndexByte(address, ':'); i >= 0 && !strings.HasSuffix(address, "]") {
		host = address[:i]
		port, _ = strconv.Atoi(address[i+1:])
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), port
}

// completeOptions derives what follows from other options.
func (m *module) completeOptions(o *goja.Object) {
	get := func(name string) goja.Value { return m.vm.Field(o, name) }
	if auth := get("auth"); engine.Given(auth) {
		text := auth.String()
		if i := strings.LastIndexByte(text, ':'); i >= 0 {
			_ = o.Set("username", text[:i])
			_ = o.Set("password", text[i+1:])
		} else {
			_ = o.Set("username", text)
		}
	}
	if query, ok := get("query").(*goja.Object); ok {
		if id := query.Get("clientId"); id != nil && goja.IsString(id) {
			_ = o.Set("clientId", id)
		}
	}
	protocol := ""
	if v := get("protocol"); engine.Given(v) {
		protocol = v.String()
	}
	if isDomain(protocol) {
		panic(m.plainError(noDomains(protocol)))
	}
	if get("cert").ToBoolean() && get("key").ToBoolean() {
		protocol = m.secured(protocol)
	}
	if !isProtocol(protocol) {
		protocol = "mqtt"
	}
	_ = o.Set("protocol", protocol)
	if clean := get("clean"); m.vm.TypeName(clean) == "boolean" && !clean.ToBoolean() && !get("clientId").ToBoolean() {
		panic(m.plainError("Missing clientId for unclean clients"))
	}
	_ = o.Set("defaultProtocol", protocol)
}

// secured is the protocol with TLS, for options with certificate and key.
func (m *module) secured(protocol string) string {
	switch protocol {
	case "mqtts", "wss":
		return protocol
	case "mqtt":
		return "mqtts"
	case "ws":
		return "wss"
	case "":
		panic(m.plainError("Missing secure protocol key"))
	}
	panic(m.plainError(`Unknown protocol for secure connection: "` + protocol + `"!`))
}

func isProtocol(name string) bool {
	switch name {
	case "mqtt", "tcp", "mqtts", "ssl", "tls", "ws", "wss":
		return true
	}
	return false
}

// isDomain reports whether the protocol is one for a domain, whose SRV records name the servers.
func isDomain(protocol string) bool { return protocol == "mqtt+srv" || protocol == "mqtts+srv" }

// noDomains says what serves in the place of a domain: what a script may reach is granted by host and port, which each server
// of a list has. To take the protocol for mqtt, as any other that is not known, would leave out TLS.
func noDomains(protocol string) string {
	service := "_mqtt._tcp"
	if protocol == "mqtts+srv" {
		service = "_secure-mqtt._tcp"
	}
	return protocol + " is not served to scripts; ask dns.resolveSrv for " + service + " of the domain, and give the servers as options.servers"
}

// connectAsync is mqtt.connectAsync(url[, options][, allowRetries]).
func (m *module) connectAsync(args goja.FunctionCall) goja.Value {
	list := append([]goja.Value{}, args.Arguments...)
	retries := len(list) < 3 || goja.IsUndefined(list[2]) || list[2].ToBoolean()
	return m.promise(func(settle func(err, v goja.Value)) {
		c := m.newStarted(m.vm.Runtime().CreateObject(m.need().clientProto), m.connectOptions(list))
		c.settleConnect = func(name string, err goja.Value) {
			switch {
			case name == "close" && retries:
				return
			case name == "close":
				err = m.plainError("Couldn't connect to server")
			}
			c.settleConnect = nil
			if engineGiven(err) {
				c.beginLeave(&leave{})
				settle(err, nil)
				return
			}
			settle(nil, c.obj)
		}
	})
}
