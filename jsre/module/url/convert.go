package url

import (
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/nodeerr"
)

// formatAny is url.format: of a URL with options, of an object, or of a text.
func (h *host) formatAny(c goja.FunctionCall) goja.Value {
	v := c.Argument(0)
	if a, ok := h.vm.Slot(v).(*address); ok {
		return h.rt.ToValue(h.formatURL(a.record, c.Argument(1)))
	}
	if goja.IsString(v) {
		if u := parse(v.String(), nil); u != nil && engine.Given(c.Argument(1)) {
			return h.rt.ToValue(h.formatURL(*u, c.Argument(1)))
		}
		o := h.vm.NewObject()
		h.fill(o, h.parseOld(v.String(), false), false)
		return o.Get("href")
	}
	o, ok := v.(*goja.Object)
	if !ok {
		nodeerr.ArgType(h.vm, "urlObject", "one of type object or string", v)
	}
	return h.rt.ToValue(h.formatObject(o))
}

// formatURL leaves out what the options have as false: auth, fragment, search; unicode shows the host as
// it is read.
func (h *host) formatURL(u record, options goja.Value) string {
	o, ok := options.(*goja.Object)
	if !ok {
		if engine.Given(options) {
			nodeerr.ArgType(h.vm, "options", "of type object", options)
		}
		return u.href()
	}
	is := func(name string, missing bool) bool {
		if v := h.vm.Field(o, name); engine.Given(v) {
			return v.ToBoolean()
		}
		return missing
	}
	if !is("auth", true) {
		u.user, u.password = "", ""
	}
	if !is("fragment", true) {
		u.hasFragment = false
	}
	if !is("search", true) {
		u.hasQuery = false
	}
	if is("unicode", false) {
		u.host = toUnicode(u.host)
	}
	return u.href()
}

// resolve is where a link leads from a place.
func (h *host) resolve(from, to string) string {
	const nowhere = "resolve://"
	base := parse(from, parse(nowhere, nil))
	if base == nil {
		return to
	}
	u := parse(to, base)
	switch {
	case u == nil:
		return to
	case u.scheme == "resolve":
		return strings.TrimPrefix(u.href(), nowhere)
	}
	return u.href()
}

// toPath is fileURLToPath.
func (h *host) toPath(v goja.Value) string {
	a, ok := h.vm.Slot(v).(*address)
	var u *record
	switch {
	case ok:
		u = &a.record
	case goja.IsString(v):
		if u = parse(v.String(), nil); u == nil {
			h.invalid(v.String(), nil)
		}
	default:
		nodeerr.ArgType(h.vm, "path", "of type string or an instance of URL", v)
	}
	switch path := u.pathname(); {
	case u.scheme != "file":
		nodeerr.Throw(h.vm, "TypeError", "ERR_INVALID_URL_SCHEME", "The URL must be of scheme file")
	case u.host != "":
		nodeerr.Throw(h.vm, "TypeError", "ERR_INVALID_FILE_URL_HOST", `File URL host must be "localhost" or empty on linux`)
	case strings.Contains(strings.ToLower(path), "%2f"):
		nodeerr.Throw(h.vm, "TypeError", "ERR_INVALID_FILE_URL_PATH", "File URL path must not include encoded / characters")
	}
	return unescape(u.pathname())
}

// fromPath is pathToFileURL.
func (h *host) fromPath(path string) goja.Value {
	pathModule, _ := h.vm.Require("path")
	resolve, _ := h.vm.ToFunc(pathModule.ToObject(h.rt).Get("resolve"))
	abs := resolve.Call(goja.Undefined(), h.rt.ToValue(path)).String()
	if strings.HasSuffix(path, "/") && !strings.HasSuffix(abs, "/") {
		abs += "/"
	}
	abs = escapeOnly(abs, "%\\\n\r\t?#")
	o, err := h.rt.New(h.class, h.rt.ToValue("file://"+abs))
	if err != nil {
		panic(err)
	}
	return o
}

// httpOptions are a URL as the options of a request.
func (h *host) httpOptions(a *address) goja.Value {
	search := marked("?", a.query)
	o := h.rt.CreateObject(nil)
	for _, m := range [][2]string{
		{"protocol", a.scheme + ":"},
		{"hostname", strings.Trim(a.host, "[]")},
		{"hash", marked("#", a.fragment)},
		{"search", search},
		{"pathname", a.pathname()},
		{"path", a.pathname() + search},
		{"href", a.href()},
	} {
		_ = o.Set(m[0], m[1])
	}
	if a.port >= 0 {
		_ = o.Set("port", a.port)
	}
	if a.user != "" || a.password != "" {
		_ = o.Set("auth", unescape(a.user)+":"+unescape(a.password))
	}
	return o
}
