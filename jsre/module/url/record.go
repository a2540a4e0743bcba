package url

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// record is a URL in its parts, as the URL Standard has them.
type record struct {
	scheme         string
	user, password string
	host           string
	hasHost        bool // a host that is empty is one, too
	port           int  // -1: none, or that of the scheme
	path           []string
	opaque         string // the path of a URL such as mailto:, which has no segments
	isOpaque       bool
	query          string
	hasQuery       bool
	fragment       string
	hasFragment    bool
}

// defaultPort is the port of a special scheme, 0 for file; false for schemes that are not special.
func defaultPort(scheme string) (port int, special bool) {
	switch scheme {
	case "http", "ws":
		return 80, true
	case "https", "wss":
		return 443, true
	case "ftp":
		return 21, true
	case "file":
		return 0, true
	}
	return 0, false
}

func (u *record) special() bool {
	_, ok := defaultPort(u.scheme)
	return ok
}

// href is the URL as text.
func (u *record) href() string {
	out := u.withoutFragment()
	if u.hasFragment {
		out += "#" + u.fragment
	}
	return out
}

func (u *record) withoutFragment() string {
	out := u.scheme + ":"
	switch {
	case u.hasHost:
		out += "//" + u.credentials() + u.hostPort()
	case !u.isOpaque && len(u.path) > 1 && u.path[0] == "":
		out += "/."
	}
	out += u.pathname()
	if u.hasQuery {
		out += "?" + u.query
	}
	return out
}

func (u *record) credentials() string {
	out := u.user
	if u.password != "" {
		out += ":" + u.password
	}
	if out != "" {
		out += "@"
	}
	return out
}

func (u *record) hostPort() string {
	if u.port < 0 {
		return u.host
	}
	return u.host + ":" + strconv.Itoa(u.port)
}

func (u *record) pathname() string {
	if u.isOpaque {
		return u.opaque
	}
	var b strings.Builder
	for _, s := range u.path {
		b.WriteString("/" + s)
	}
	return b.String()
}

func (u *record) origin() string {
	switch u.scheme {
	case "http", "https", "ws", "wss", "ftp":
		return u.scheme + "://" + u.hostPort()
	case "blob":
		if inner := parse(u.pathname(), nil); inner != nil && (inner.scheme == "http" || inner.scheme == "https") {
			return inner.origin()
		}
	}
	return "null"
}

// setPort takes a port over unless it is that of the scheme.
func (u *record) setPort(n int) {
	u.port = n
	if p, ok := defaultPort(u.scheme); ok && p == n && n != 0 {
		u.port = -1
	}
}

// shorten takes the last segment of the path away, but not a drive of a file.
func (u *record) shorten() {
	if u.scheme == "file" && len(u.path) == 1 && isNormalDrive(u.path[0]) {
		return
	}
	if len(u.path) > 0 {
		u.path = u.path[: len(u.path)-1 : len(u.path)-1]
	}
}

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isDrive(s string) bool       { return len(s) == 2 && isAlpha(s[0]) && (s[1] == ':' || s[1] == '|') }
func isNormalDrive(s string) bool { return isDrive(s) && s[1] == ':' }

// startsWithDrive reports whether a path begins with a drive.
func startsWithDrive(s string) bool {
	return len(s) >= 2 && isDrive(s[:2]) && (len(s) == 2 || strings.IndexByte(`/\?#`, s[2]) >= 0)
}

// The characters that are escaped in a part of a URL, besides controls and what is not ASCII.
const (
	setControl      = ""
	setFragment     = " \"<>`"
	setQuery        = " \"#<>"
	setSpecialQuery = setQuery + "'"
	setPath         = setQuery + "?`{}"
	setUserInfo     = setPath + "/:;=@[\\]^|"
)

// escape writes the characters of a set as %XX.
func escape(s, set string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c > 0x1f && c < 0x7f && strings.IndexByte(set, c) < 0 {
			b.WriteByte(c)
			continue
		}
		const digits = "0123456789ABCDEF"
		b.WriteString(string([]byte{'%', digits[c>>4], digits[c&15]}))
	}
	return b.String()
}

// unescape gives the bytes behind %XX.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// validUTF8 puts U+FFFD in the place of what is no UTF-8.
func validUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\ufffd")
}
