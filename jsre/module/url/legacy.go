package url

import (
	"regexp"
	"strings"
	"sync"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/nodeerr"
)

// members are those of what url.parse gives, in the order of Node.js.
const members = "protocol slashes auth host port hostname hash search query pathname path href"

// legacy adds what the module has besides the classes.
func (h *host) legacy() {
	export := func(name string, f func(goja.FunctionCall) goja.Value) { h.vm.Method(h.class, name, f) }
	old, oldProto := h.vm.NewClass("Url", func(c goja.ConstructorCall) *goja.Object {
		for name := range strings.FieldsSeq(members) {
			_ = c.This.Set(name, goja.Null())
		}
		return nil
	})
	for name, class := range map[string]*goja.Object{"URL": h.class, "URLSearchParams": h.paramsClass, "Url": old} {
		_ = h.class.DefineDataProperty(name, class, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	}
	export("parse", func(c goja.FunctionCall) goja.Value {
		if obj, ok := c.Argument(0).(*goja.Object); ok && obj.Prototype() == oldProto {
			return obj
		}
		text := nodeerr.String(h.vm, "url", c.Argument(0))
		o, _ := h.rt.New(old)
		h.fill(o, h.parseOld(text, c.Argument(2).ToBoolean()), c.Argument(1).ToBoolean())
		return o
	})
	export("format", h.formatAny)
	h.vm.Export(oldProto, "format", func(c goja.FunctionCall) goja.Value { return h.rt.ToValue(h.formatObject(c.This.ToObject(h.rt))) })
	export("resolve", func(c goja.FunctionCall) goja.Value {
		return h.rt.ToValue(h.resolve(nodeerr.String(h.vm, "url", c.Argument(0)), nodeerr.String(h.vm, "url", c.Argument(1))))
	})
	export("fileURLToPath", func(c goja.FunctionCall) goja.Value { return h.rt.ToValue(h.toPath(c.Argument(0))) })
	export("pathToFileURL", func(c goja.FunctionCall) goja.Value { return h.fromPath(nodeerr.String(h.vm, "path", c.Argument(0))) })
	export("domainToASCII", func(c goja.FunctionCall) goja.Value {
		name, ok := parseHost(h.text(c.Argument(0)), true)
		if !ok {
			name = ""
		}
		return h.rt.ToValue(name)
	})
	export("domainToUnicode", func(c goja.FunctionCall) goja.Value {
		name, ok := parseHost(h.text(c.Argument(0)), true)
		if !ok {
			name = ""
		}
		return h.rt.ToValue(toUnicode(name))
	})
	export("urlToHttpOptions", func(c goja.FunctionCall) goja.Value { return h.httpOptions(h.this(c.Argument(0))) })
}

// setAuth are the characters that are escaped in the user of an old URL.
const setAuth = setQuery + "?`{}/;=@[\\]^|,$&+"

// parts are those of a URL as url.parse reads it; a missing one is nil.
type parts map[string]any

// slashed are the schemes that are followed by slashes.
func slashed(scheme string) bool {
	switch strings.TrimSuffix(scheme, ":") {
	case "http", "https", "ftp", "gopher", "file", "ws", "wss":
		return true
	}
	return false
}

var patterns = sync.OnceValue(func() (p struct{ simple, scheme, user, port *regexp.Regexp }) {
	p.simple = regexp.MustCompile(`^(//?(?:[^/?\s][^?\s]*)?)(\?\S*)?$`)
	p.scheme = regexp.MustCompile(`^[a-zA-Z0-9.+-]+:`)
	p.user = regexp.MustCompile(`^//[^@/]+@[^@/]+`)
	p.port = regexp.MustCompile(`:[0-9]*$`)
	return p
})

// forward turns the slashes in front of a query.
func forward(s string) string {
	front, query, hasQuery := strings.Cut(s, "?")
	front = strings.ReplaceAll(front, `\`, "/")
	if hasQuery {
		front += "?" + query
	}
	return front
}

// simple reads what is a path, perhaps with a query, and nothing else.
func (p parts) simple(s string) bool {
	m := patterns().simple.FindStringSubmatch(s)
	if m == nil || strings.ContainsAny(s, "#@") {
		return false
	}
	p["path"], p["pathname"] = s, m[1]
	if m[2] != "" {
		p["search"], p["query"] = m[2], m[2][1:]
	}
	return true
}

// parseOld is url.parse: it takes nearly everything for a URL.
func (h *host) parseOld(text string, slashesHost bool) parts {
	out := parts{}
	rest := forward(strings.TrimFunc(text, func(r rune) bool { return r <= ' ' || r == '\u00a0' || r == '\ufeff' }))
	if !slashesHost && out.simple(rest) {
		return out
	}
	scheme := patterns().scheme.FindString(rest)
	rest = rest[len(scheme):]
	scheme = strings.ToLower(scheme)
	if scheme != "" {
		out["protocol"] = scheme
	}
	slashes := false
	if slashesHost || scheme != "" || patterns().user.MatchString(rest) {
		if slashes = strings.HasPrefix(rest, "//"); slashes && scheme != "javascript:" {
			rest = rest[2:]
			out["slashes"] = true
		}
	}
	if scheme != "javascript:" && (slashes || scheme != "" && !slashed(scheme)) {
		rest = h.oldHost(out, rest, text)
	}
	h.oldPath(out, scheme, rest)
	return out
}

// hostEnds is where the user in front of a host ends, -1 without one, and where the host does.
func hostEnds(s string) (at, end int) {
	if i := strings.IndexAny(s, "#/?"); i >= 0 {
		s = s[:i]
	}
	at = strings.LastIndexByte(s, '@')
	if i := strings.IndexAny(s[at+1:], "\t\n\r \"%';<>\\^`{|}"); i >= 0 {
		return at, at + 1 + i
	}
	return at, len(s)
}

// oldHost reads user and host off the front.
func (h *host) oldHost(out parts, rest, text string) string {
	at, end := hostEnds(rest)
	if at >= 0 {
		out["auth"] = unescape(rest[:at])
	}
	name := rest[at+1 : end]
	rest = rest[end:]
	if port := patterns().port.FindString(name); port != "" {
		name = name[:len(name)-len(port)]
		if port != ":" {
			out["port"] = port[1:]
		}
	}
	six := strings.HasPrefix(name, "[") && strings.HasSuffix(name, "]")
	if !six {
		name, rest = h.oldName(name, rest, text)
	}
	name = strings.ToLower(name)
	where := name
	if p, ok := out["port"].(string); ok {
		where += ":" + p
	}
	out["host"], out["hostname"] = where, name
	if six {
		out["hostname"] = name[1 : len(name)-1]
		if !strings.HasPrefix(rest, "/") {
			rest = "/" + rest
		}
	}
	return rest
}

// oldName is the part of a name that can be one; the rest of it goes to the path.
func (h *host) oldName(name, rest, text string) (string, string) {
	for i, r := range name {
		if r > 127 || isAlpha(byte(r)) || isDigit(byte(r)) || strings.ContainsRune(".-+_", r) {
			continue
		}
		if strings.ContainsRune("\x00\t\n\r #%/:<>?@[\\]^|", r) {
			h.invalid(text, nil)
		}
		name, rest = name[:i], "/"+name[i:]+rest
		break
	}
	if len(name) > 255 {
		name = ""
	}
	ascii, ok := toASCII(name)
	if !ok || ascii == "" && name != "" {
		h.invalid(text, nil)
	}
	return ascii, rest
}

// oldPath reads path, query and fragment.
func (h *host) oldPath(out parts, scheme, rest string) {
	if scheme != "javascript:" {
		rest = escapeOnly(rest, "\t\n\r \"'<>\\^`{|}")
	}
	rest, hash, hasHash := strings.Cut(rest, "#")
	if hasHash {
		out["hash"] = "#" + hash
	}
	path, query, hasQuery := strings.Cut(rest, "?")
	if hasQuery {
		out["search"], out["query"] = "?"+query, query
	}
	if name, _ := out["hostname"].(string); path == "" && name != "" && slashed(scheme) {
		path = "/"
	}
	if path != "" {
		out["pathname"] = path
	}
	search, _ := out["search"].(string)
	if path != "" || search != "" {
		out["path"] = path + search
	}
}

// escapeOnly writes the characters of a set as %XX, and no others.
func escapeOnly(s, set string) string {
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(set, s[i]) < 0 {
			b.WriteByte(s[i])
			continue
		}
		const digits = "0123456789ABCDEF"
		b.WriteString(string([]byte{'%', digits[s[i]>>4], digits[s[i]&15]}))
	}
	return b.String()
}

// fill puts parts into an object; with queries the query is read.
func (h *host) fill(o *goja.Object, p parts, queries bool) {
	for name := range strings.FieldsSeq(members) {
		var v any = goja.Null()
		if part, ok := p[name]; ok {
			v = part
		}
		_ = o.Set(name, v)
	}
	if queries {
		text, _ := p["query"].(string)
		_ = o.Set("query", h.querystring("parse").Call(goja.Undefined(), h.rt.ToValue(text)))
		if text == "" && p["search"] == nil {
			_ = o.Set("search", goja.Null())
		}
	}
	_ = o.Set("href", h.formatObject(o))
}

func (h *host) querystring(name string) *engine.Func {
	qs, _ := h.vm.Require("querystring")
	f, _ := h.vm.ToFunc(qs.ToObject(h.rt).Get(name))
	return f
}

// queryText is the query of an object, which may be one, too.
func (h *host) queryText(o *goja.Object, get func(string) string) string {
	if query, ok := o.Get("query").(*goja.Object); ok {
		return h.querystring("stringify").Call(goja.Undefined(), query).String()
	}
	return get("query")
}

// prefixed is a part with its mark, which it may have already; empty stays empty.
func prefixed(mark, s string) string {
	if s == "" || strings.HasPrefix(s, mark) {
		return s
	}
	return mark + s
}

// place is user, host and port of an object with these members.
func place(get func(string) string) string {
	where := get("host")
	if where == "" {
		if where = get("hostname"); strings.Contains(where, ":") && !strings.HasPrefix(where, "[") {
			where = "[" + where + "]"
		}
		if port := get("port"); port != "" && where != "" {
			where += ":" + port
		}
	}
	if auth := get("auth"); auth != "" && where != "" {
		return escape(auth, setAuth) + "@" + where
	}
	return where
}

// formatObject is the URL of an object with the members of what parse gives.
func (h *host) formatObject(o *goja.Object) string {
	get := func(name string) string {
		if v := o.Get(name); engine.Given(v) && v.ToBoolean() {
			return v.String()
		}
		return ""
	}
	scheme, path, hash, search, where := get("protocol"), get("pathname"), get("hash"), get("search"), place(get)
	if scheme != "" && !strings.HasSuffix(scheme, ":") {
		scheme += ":"
	}
	if search == "" {
		search = h.queryText(o, get)
	}
	slashes := get("slashes") != ""
	switch {
	case slashes || slashed(scheme) && where != "":
		if path != "" && path[0] != '/' {
			path = "/" + path
		}
		where = "//" + where
	case scheme == "file:":
		where = "//"
	}
	path = strings.NewReplacer("#", "%23", "?", "%3F").Replace(path)
	search = strings.ReplaceAll(search, "#", "%23")
	return scheme + where + path + prefixed("?", search) + prefixed("#", hash)
}
