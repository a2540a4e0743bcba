package dial

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// DefaultPath is the HTTP path of WebSocket URLs that have none.
const DefaultPath = "/mqtt"

// Address is where a broker is and how to get there.
type Address struct {
	Network string        // "tcp", "unix", or "srv" for a domain whose SRV records name the servers
	Host    string        // host name or IP address without brackets; for unix the path, for srv the domain
	Port    string        // decimal; empty for unix and srv
	TLS     bool          // a TLS handshake follows
	User    *url.Userinfo // user name and password of the URL, or nil
	Scheme  string        // as canonical word: mqtt, mqtts, ws, wss, unix, mqtt+srv or mqtts+srv
	Path    string        // of ws and wss: the HTTP path, escaped, with its slash
	Query   string        // of ws and wss: what follows the question mark; may be a secret
	Domain  string        // whose SRV records named Host; or empty
}

// schemes maps every scheme to its canonical word.
var schemes = map[string]string{
	"mqtt": "mqtt", "tcp": "mqtt",
	"mqtts": "mqtts", "ssl": "mqtts", "tls": "mqtts", "tcps": "mqtts",
	"ws": "ws", "wss": "wss",
	"unix": "unix", "mqtt+unix": "unix",
	"mqtt+srv": "mqtt+srv", "mqtts+srv": "mqtts+srv",
}

// ports are the default ports of the canonical words.
var ports = map[string]string{"mqtt": "1883", "mqtts": "8883", "ws": "80", "wss": "443"}

// ParseAddress reads a broker's URL. The schemes are mqtt and tcp (default port
// 1883), mqtts, ssl, tls and tcps (8883), ws (80) and wss (443) with an HTTP path
// (DefaultPath), unix and mqtt+unix with the path of a socket, and mqtt+srv and mqtts+srv
// with a domain whose SRV records name the servers: see LookUp. A bare host or
// host:port means mqtt. The error shows no user name, password or query.
func ParseAddress(raw string) (Address, error) {
	u, err := parseURL(raw)
	if err != nil {
		return Address{}, err
	}
	scheme, ok := schemes[strings.ToLower(u.Scheme)]
	if !ok {
		return Address{}, fmt.Errorf("broker URL %q: scheme %q is not one of mqtt, tcp, mqtts, ssl, tls, tcps, ws, wss, unix, mqtt+srv, mqtts+srv", redact(u), u.Scheme)
	}
	a := Address{
		Network: "tcp", Host: u.Hostname(), Port: u.Port(),
		TLS: scheme == "mqtts" || scheme == "wss" || scheme == "mqtts+srv", User: u.User, Scheme: scheme,
	}
	if scheme == "unix" {
		return unixAddress(a, u)
	}
	if a.Host == "" {
		return Address{}, fmt.Errorf("broker URL %q has no host", redact(u))
	}
	if !isHost(a.Host) {
		return Address{}, fmt.Errorf("broker URL %q: host %q is neither a name nor an address; an IPv6 address goes into brackets, its zone in ASCII", redact(u), a.Host)
	}
	if services[scheme].name != "" {
		return domainAddress(a, u)
	}
	if a.isWebSocket() {
		a.Path, a.Query = cmp.Or(u.EscapedPath(), DefaultPath), u.RawQuery
	}
	return withPort(a, u)
}

// parseURL reads a URL, or what stands for one.
func parseURL(raw string) (*url.URL, error) {
	switch {
	case raw == "":
		return nil, errors.New("broker URL is empty; give one such as mqtt://localhost:1883")
	case strings.HasPrefix(raw, "unix:/") || strings.Contains(raw, "://"):
	default:
		raw = "mqtt://" + raw
	}
	u, err := url.Parse(raw)
	if err == nil {
		return u, nil
	}
	if strings.Contains(raw, "@") { // the cause quotes pieces, which may be of the password
		return nil, errors.New("broker URL cannot be read; write scheme://user:password@host:port, with %-escapes for :/?#[]@% in user and password")
	}
	return nil, fmt.Errorf("broker URL cannot be read: %w", bare(err))
}

// isHost reports whether host is an IP address, or may be a name.
func isHost(host string) bool {
	if strings.ContainsAny(host, `[]<>"`) || strings.Count(host, "%") > 1 || !utf8.ValidString(host) {
		return false
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return !strings.ContainsAny(host, ":%")
	}
	// A zone beyond ASCII has no way back: net/url writes it with escapes that it does not read.
	return !strings.ContainsFunc(addr.Zone(), func(r rune) bool { return r >= utf8.RuneSelf })
}

// withPort fills in the default port, or checks the given one.
func withPort(a Address, u *url.URL) (Address, error) {
	if a.Port == "" {
		a.Port = ports[a.Scheme]
		return a, nil
	}
	if n, err := strconv.Atoi(a.Port); err != nil || n < 1 || n > 65535 {
		return Address{}, fmt.Errorf("broker URL %q: port %s is not between 1 and 65535", redact(u), a.Port)
	}
	return a, nil
}

// domainAddress returns the address of a domain with SRV records.
func domainAddress(a Address, u *url.URL) (Address, error) {
	a.Network = "srv"
	if _, err := netip.ParseAddr(a.Host); err == nil {
		return Address{}, fmt.Errorf("broker URL %q: %s is an address, and SRV records are those of a domain; write %s", redact(u), a.Host, strings.TrimSuffix(a.Scheme, "+srv"))
	}
	if a.Port != "" {
		return Address{}, fmt.Errorf("broker URL %q has port %s, which is for SRV records to say; leave it out", redact(u), a.Port)
	}
	return a, nil
}

func unixAddress(a Address, u *url.URL) (Address, error) {
	a.Network, a.Port, a.Host = "unix", "", u.Host+u.Path
	if a.Host == "" {
		return Address{}, fmt.Errorf("broker URL %q has no socket path; write unix:///path/to/socket", redact(u))
	}
	if strings.ContainsRune(a.Host, 0) {
		return Address{}, errors.New("broker URL: the socket's path contains a zero byte")
	}
	return a, nil
}

// redact returns u for an error: without user name and password, for either may be a
// token, without the query, which signed URLs keep their secret in, and without the
// fragment, which is a piece of the password when a # in it is not escaped.
func redact(u *url.URL) string {
	shown := *u
	shown.User, shown.Fragment, shown.RawFragment = nil, "", ""
	if shown.RawQuery != "" {
		shown.RawQuery = "..."
	}
	return shown.String()
}

// bare takes the URL off a parse error.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func (a Address) isWebSocket() bool { return a.Scheme == "ws" || a.Scheme == "wss" }

// Endpoint returns what net.Dial takes: host:port, or the socket's path. Of a domain with SRV records,
// which net.Dial does not take, it is the domain.
func (a Address) Endpoint() string {
	if a.Network != "tcp" {
		return a.Host
	}
	return net.JoinHostPort(a.Host, a.Port)
}

// LogValue implements slog.LogValuer: a log gets what String returns, in every format.
func (a Address) LogValue() slog.Value { return slog.StringValue(a.String()) }

// String returns the canonical URL without user name, password and query. It is what
// a program shows of an address.
func (a Address) String() string {
	if a.Network == "unix" {
		return a.Scheme + "://" + (&url.URL{Path: a.Host}).EscapedPath()
	}
	u := url.URL{Scheme: a.Scheme, Host: a.Endpoint()}
	return u.String() + a.Path
}
