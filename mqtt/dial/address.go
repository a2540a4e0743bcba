package dial

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Address is where a broker is and how to get there.
type Address struct {
	Network string        // "tcp" or "unix"
	Host    string        // host name or IP address without brackets; for unix the path
	Port    string        // decimal; empty for unix
	TLS     bool          // a TLS handshake follows
	User    *url.Userinfo // user name and password of the URL, or nil
	Scheme  string        // as canonical word: mqtt, mqtts or unix
}

// schemes maps every scheme to its canonical word.
var schemes = map[string]string{
	"mqtt": "mqtt", "tcp": "mqtt",
	"mqtts": "mqtts", "ssl": "mqtts", "tls": "mqtts", "tcps": "mqtts",
	"unix": "unix",
}

// ParseAddress reads a broker's URL. The schemes are mqtt and tcp (default port
// 1883), mqtts, ssl, tls and tcps (default port 8883), and unix with a path.
// A bare host or host:port means mqtt. The error never shows a password.
func ParseAddress(raw string) (Address, error) {
	if raw == "" {
		return Address{}, errors.New("broker URL is empty; give one such as mqtt://localhost:1883")
	}
	if !strings.Contains(raw, "://") {
		raw = "mqtt://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil {
		return Address{}, fmt.Errorf("broker URL cannot be read: %w", bare(err))
	}
	scheme, ok := schemes[strings.ToLower(u.Scheme)]
	if !ok {
		return Address{}, fmt.Errorf("broker URL %q: scheme %q is not one of mqtt, tcp, mqtts, ssl, tls, tcps, unix", u.Redacted(), u.Scheme)
	}
	a := Address{Network: "tcp", Host: u.Hostname(), Port: u.Port(), TLS: scheme == "mqtts", User: u.User, Scheme: scheme}
	if scheme == "unix" {
		return unixAddress(a, u)
	}
	if a.Host == "" {
		return Address{}, fmt.Errorf("broker URL %q has no host", u.Redacted())
	}
	return withPort(a, u)
}

// withPort fills in the default port, or checks the given one.
func withPort(a Address, u *url.URL) (Address, error) {
	if a.Port == "" {
		a.Port = "1883"
		if a.TLS {
			a.Port = "8883"
		}
		return a, nil
	}
	if n, err := strconv.Atoi(a.Port); err != nil || n < 1 || n > 65535 {
		return Address{}, fmt.Errorf("broker URL %q: port %s is not between 1 and 65535", u.Redacted(), a.Port)
	}
	return a, nil
}

func unixAddress(a Address, u *url.URL) (Address, error) {
	a.Network, a.Port, a.Host = "unix", "", u.Host+u.Path
	if a.Host == "" {
		return Address{}, fmt.Errorf("broker URL %q has no socket path; write unix:///path/to/socket", u.Redacted())
	}
	return a, nil
}

// bare takes the URL, which may hold a password, off a parse error.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// Endpoint returns what net.Dial takes: host:port, or the socket's path.
func (a Address) Endpoint() string {
	if a.Network == "unix" {
		return a.Host
	}
	return net.JoinHostPort(a.Host, a.Port)
}

// String returns the canonical URL without user name and password.
func (a Address) String() string { return a.Scheme + "://" + a.Endpoint() }
