package mosquittocli

import (
	"strconv"
	"strings"
)

// schemes are what -L may begin with.
var schemes = [...]struct {
	name           string
	port           int
	tls, webSocket bool
}{
	{"mqtt://", 1883, false, false},
	{"mqtts://", 8883, true, false},
	{"ws://", 1883, false, true},
	{"wss://", 8883, true, true},
}

// setURL reads -L. Nothing in the URL is escaped, and a later -h, -p, -t, -u or -P counts instead.
func (p *parser) setURL(v []string) error {
	rest, found := "", false
	for _, s := range schemes {
		if len(v[0]) >= len(s.name) && strings.EqualFold(v[0][:len(s.name)], s.name) {
			rest, found = v[0][len(s.name):], true
			p.port, p.urlTLS, p.webSocket = s.port, s.tls, p.webSocket || s.webSocket
		}
	}
	if !found {
		return misuse("Error: Unsupported URL scheme.\n\n")
	}
	place, topic, found := strings.Cut(rest, "/")
	if !found {
		return misuse("Error: Invalid URL for -L argument specified - topic missing.\n")
	}
	if !wellFormed(topic) {
		return misuse("Error: Malformed UTF-8 in -L topic argument.\n\n")
	}
	if err := p.setTopic([]string{topic}); err != nil {
		return err
	}
	if user, host, found := strings.Cut(place, "@"); found {
		place = host
		p.setUser(user)
	}
	p.setPlace(place)
	return nil
}

// setUser reads user name and password of a URL.
func (p *parser) setUser(user string) {
	username, password, found := strings.Cut(user, ":")
	p.username, p.hasUsername = username, true
	if found {
		p.password, p.hasPassword = password, true
	}
}

// setPlace reads host and port of a URL.
func (p *parser) setPlace(place string) {
	host, port, found := cutPort(place)
	p.host, p.hasHost = host, true
	if found {
		p.port = small(port)
	}
}

// cutPort cuts a port off a host, which may be an IPv6 address in brackets.
func cutPort(place string) (host, port string, found bool) {
	if inside, ok := strings.CutPrefix(place, "["); ok {
		if host, rest, closed := strings.Cut(inside, "]"); closed {
			port, found = strings.CutPrefix(rest, ":")
			return host, port, found
		}
	}
	return strings.Cut(place, ":")
}

// setProxy reads --proxy.
func (p *parser) setProxy(v []string) error {
	rest, found := strings.CutPrefix(v[0], "socks5h://")
	if !found {
		return misuse("Error: Unsupported proxy protocol: " + v[0] + "\n")
	}
	to := &proxy{}
	if user, host, found := strings.Cut(rest, "@"); found {
		rest = host
		if err := to.setUser(user); err != nil {
			return err
		}
	}
	if rest == "" {
		return misuse("Error: Invalid proxy.\n")
	}
	host, port, found := cutPort(rest)
	to.host = host
	if strings.Contains(port, ":") {
		return misuse("")
	}
	if found && port != "" {
		to.port = small(port)
		if to.port < 1 || to.port > 65535 {
			return misuse("Error: Invalid proxy port " + strconv.Itoa(to.port) + "\n")
		}
	}
	p.proxy = to
	return nil
}

// setUser reads user name and password of a proxy.
func (p *proxy) setUser(user string) error {
	username, password, found := strings.Cut(user, ":")
	if strings.Contains(password, ":") {
		return misuse("Error: Username cannot contain ':'.\n")
	}
	if found && username == "" {
		return misuse("")
	}
	var whole bool
	if p.username, whole = unescape(username); !whole {
		return misuse("")
	}
	if p.password, whole = unescape(password); !whole {
		return misuse("")
	}
	return nil
}

// unescape undoes the escapes that Mosquitto knows in a proxy's user name: of the reserved characters of URLs.
func unescape(s string) (text string, whole bool) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "%")
		b.WriteString(before)
		if !found {
			return b.String(), true
		}
		if len(after) < 2 {
			return "", false
		}
		n, err := strconv.ParseUint(after[:2], 16, 8)
		if err != nil || !strings.ContainsRune("%:@", rune(n)) {
			return "", false
		}
		b.WriteByte(byte(n))
		s = after[2:]
	}
}
