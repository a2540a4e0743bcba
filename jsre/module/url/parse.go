package url

import (
	"strconv"
	"strings"
)

// parse is the parser of the URL Standard, with a function for each of its states; nil for what is no
// URL. The base may be nil.
func parse(input string, base *record) *record {
	input = strings.TrimFunc(input, func(r rune) bool { return r <= ' ' })
	input = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(input)
	u := &record{port: -1}
	p := parser{u, base}
	scheme, rest, ok := cutScheme(input)
	if ok {
		u.scheme = scheme
		ok = p.afterScheme(rest)
	} else {
		ok = p.withoutScheme(input)
	}
	if !ok {
		return nil
	}
	return u
}

type parser struct {
	u    *record
	base *record
}

// cutScheme takes a scheme off the front.
func cutScheme(s string) (scheme, rest string, ok bool) {
	for i := range len(s) {
		c := s[i]
		switch {
		case isAlpha(c):
		case i > 0 && (isDigit(c) || c == '+' || c == '-' || c == '.'):
		case i > 0 && c == ':':
			return strings.ToLower(s[:i]), s[i+1:], true
		default:
			return "", s, false
		}
	}
	return "", s, false
}

// isSlash reports whether a text begins with a slash, as this URL has them.
func (p parser) isSlash(s string) bool {
	return s != "" && (s[0] == '/' || s[0] == '\\' && p.u.special())
}

func (p parser) afterScheme(rest string) bool {
	switch {
	case p.u.scheme == "file":
		return p.file(rest)
	case p.u.special() && p.base != nil && p.base.scheme == p.u.scheme && !strings.HasPrefix(rest, "//"):
		return p.relative(rest)
	case p.u.special():
		return p.authority(strings.TrimLeft(rest, `/\`))
	case strings.HasPrefix(rest, "//"):
		return p.authority(rest[2:])
	case strings.HasPrefix(rest, "/"):
		return p.path(rest[1:])
	}
	p.u.isOpaque = true
	path, tail := cutTail(rest)
	p.u.opaque = escape(path, setControl)
	return p.tail(tail)
}

// cutTail parts what is in front of a query or fragment from these.
func cutTail(s string) (path, tail string) {
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// tail reads a query, which begins with '?', and a fragment, which begins with '#'.
func (p parser) tail(s string) bool {
	query, fragment, hasFragment := strings.Cut(s, "#")
	if strings.HasPrefix(query, "?") {
		p.u.setQuery(query[1:])
	}
	if hasFragment {
		p.u.fragment, p.u.hasFragment = escape(fragment, setFragment), true
	}
	return true
}

func (u *record) setQuery(s string) {
	set := setQuery
	if u.special() {
		set = setSpecialQuery
	}
	u.query, u.hasQuery = escape(s, set), true
}

func (p parser) withoutScheme(s string) bool {
	b := p.base
	switch {
	case b == nil || b.isOpaque && !strings.HasPrefix(s, "#"):
		return false
	case b.isOpaque:
		*p.u = *b
		p.u.hasFragment = false
		return p.tail(s)
	}
	p.u.scheme = b.scheme
	if b.scheme == "file" {
		return p.file(s)
	}
	return p.relative(s)
}

// takeHost takes over where the base is.
func (p parser) takeHost() {
	b := p.base
	p.u.user, p.u.password, p.u.host, p.u.hasHost, p.u.port = b.user, b.password, b.host, b.hasHost, b.port
}

// takePath takes over the path of the base, and its query.
func (p parser) takePath() {
	b := p.base
	p.u.path = b.path[:len(b.path):len(b.path)]
	p.u.query, p.u.hasQuery = b.query, b.hasQuery
}

func (p parser) relative(s string) bool {
	if p.isSlash(s) {
		switch rest := s[1:]; {
		case p.u.special() && p.isSlash(rest):
			return p.authority(strings.TrimLeft(rest, `/\`))
		case strings.HasPrefix(rest, "/"):
			return p.authority(rest[1:])
		default:
			p.takeHost()
			return p.path(rest)
		}
	}
	p.takeHost()
	return p.relativePath(s)
}

// relativePath goes on from the path of the base.
func (p parser) relativePath(s string) bool {
	p.takePath()
	switch {
	case s == "" || s[0] == '#' || s[0] == '?':
		return p.tail(s)
	}
	p.u.query, p.u.hasQuery = "", false
	p.u.shorten()
	return p.path(s)
}

func (p parser) authority(s string) bool {
	stop := "/?#"
	if p.u.special() {
		stop += `\`
	}
	end := strings.IndexAny(s, stop)
	if end < 0 {
		end = len(s)
	}
	where := s[:end]
	if at := strings.LastIndexByte(where, '@'); at >= 0 {
		user, password, _ := strings.Cut(where[:at], ":")
		p.u.user, p.u.password = escape(user, setUserInfo), escape(password, setUserInfo)
		if where = where[at+1:]; where == "" {
			return false
		}
	}
	return p.u.setHostPort(where) && p.pathStart(s[end:])
}

// cutPort parts host and port.
func cutPort(s string) (host, port string, found bool) {
	bracket := false
	for i := range len(s) {
		switch {
		case s[i] == '[':
			bracket = true
		case s[i] == ']':
			bracket = false
		case s[i] == ':' && !bracket:
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

func (u *record) setHostPort(s string) bool {
	name, port, hasPort := cutPort(s)
	if name == "" && (u.special() || hasPort) {
		return false
	}
	host, ok := parseHost(name, u.special())
	if !ok {
		return false
	}
	u.host, u.hasHost = host, true
	if port == "" {
		return true
	}
	n, ok := parsePort(port)
	if ok {
		u.setPort(n)
	}
	return ok
}

func parsePort(s string) (int, bool) {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return int(n), err == nil && n <= 65535
}

func (p parser) pathStart(s string) bool {
	switch {
	case p.isSlash(s):
		return p.path(s[1:])
	case p.u.special():
		return p.path(s)
	case s == "" || s[0] == '?' || s[0] == '#':
		return p.tail(s)
	}
	return p.path(s)
}

// path reads segments up to a query or fragment.
func (p parser) path(s string) bool {
	p.u.addPath(s, true)
	_, tail := cutTail(s)
	return p.tail(tail)
}

// addPath adds the segments of a path; with cut it ends at a query or fragment, else these characters
// belong to it.
func (u *record) addPath(s string, cut bool) {
	if cut {
		s, _ = cutTail(s)
	}
	stop := "/"
	if u.special() {
		stop += `\`
	}
	for last := false; !last; {
		segment := s
		if i := strings.IndexAny(s, stop); i >= 0 {
			segment, s = s[:i], s[i+1:]
		} else {
			last = true
		}
		u.addSegment(escape(segment, setPath), last)
	}
}

func (u *record) addSegment(segment string, last bool) {
	switch strings.ToLower(strings.NewReplacer("%2e", ".", "%2E", ".").Replace(segment)) {
	case "..":
		u.shorten()
	case ".":
	default:
		if u.scheme == "file" && len(u.path) == 0 && isDrive(segment) {
			segment = segment[:1] + ":"
		}
		u.path = append(u.path, segment)
		return
	}
	if last {
		u.path = append(u.path, "")
	}
}

func (p parser) file(s string) bool {
	p.u.hasHost = true
	fromBase := p.base != nil && p.base.scheme == "file"
	switch {
	case p.isSlash(s) && p.isSlash(s[1:]):
		return p.fileHost(s[2:])
	case p.isSlash(s):
		rest := s[1:]
		if fromBase {
			p.u.host = p.base.host
			if !startsWithDrive(rest) && len(p.base.path) > 0 && isNormalDrive(p.base.path[0]) {
				p.u.path = []string{p.base.path[0]}
			}
		}
		return p.path(rest)
	case !fromBase:
		return p.path(s)
	}
	p.u.host = p.base.host
	if startsWithDrive(s) {
		return p.path(s)
	}
	return p.relativePath(s)
}

func (p parser) fileHost(s string) bool {
	end := strings.IndexAny(s, `/\?#`)
	if end < 0 {
		end = len(s)
	}
	name := s[:end]
	if isDrive(name) {
		return p.path(s)
	}
	if name != "" {
		host, ok := parseHost(name, true)
		if !ok {
			return false
		}
		if host != "localhost" {
			p.u.host = host
		}
	}
	return p.pathStart(s[end:])
}
