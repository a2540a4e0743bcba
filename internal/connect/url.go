package connect

import (
	"errors"
	"net"
	"net/url"
	"path/filepath"
	"strings"

	"dunlin/mqtt"
	"dunlin/mqtt/dial"
)

// SplitTopic takes the topic off a URL of mqtt, mqtts, their synonyms, mqtt+srv or mqtts+srv, where it is the path; of any
// other it returns the URL as it is, and no topic. The error shows no password.
func SplitTopic(raw string) (rest, topic string, err error) {
	a, err := dial.ParseAddress(raw)
	if err != nil {
		return "", "", err
	}
	if scheme := strings.TrimSuffix(a.Scheme, "+srv"); scheme != "mqtt" && scheme != "mqtts" { // of the others the path is a part of the way
		return raw, "", nil
	}
	u, err := parse(raw)
	if err != nil {
		return "", "", err
	}
	topic = strings.TrimPrefix(u.Path, "/")
	u.Path, u.RawPath = "", ""
	return u.String(), topic, nil
}

// parse reads a URL that dial.ParseAddress takes.
func parse(raw string) (*url.URL, error) {
	if !strings.Contains(raw, "://") && !strings.HasPrefix(raw, "unix:/") {
		raw = "mqtt://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil { // which would show the password
		return nil, errors.New("the URL cannot be read")
	}
	return u, nil
}

// userInfo returns user name and password of a URL.
func userInfo(raw string) (name string, password mqtt.Secret, err error) {
	u, err := parse(raw)
	if err != nil || u.User == nil {
		return "", nil, err
	}
	if word, ok := u.User.Password(); ok {
		password = mqtt.Secret(word)
	}
	return u.User.Username(), password, nil
}

// withoutUser returns a URL without user name and password.
func withoutUser(raw string) string {
	u, err := parse(raw)
	if err != nil {
		return raw // Check has read it
	}
	u.User = nil
	return u.String()
}

// Loopback reports whether a URL leads to this machine itself.
func Loopback(raw string) bool {
	a, err := dial.ParseAddress(raw)
	if err != nil {
		return false
	}
	ip := net.ParseIP(a.Host)
	name := strings.ToLower(strings.TrimSuffix(a.Host, "."))
	return a.Network == "unix" || name == "localhost" || strings.HasSuffix(name, ".localhost") || ip != nil && ip.IsLoopback()
}

// Schemes are those of a server's URL.
const Schemes = "mqtt, tcp, mqtts, ssl, tls, tcps, ws, wss, unix, mqtt+srv, mqtts+srv"

// WithTLS returns the scheme with TLS for one without.
func WithTLS(scheme string) string {
	word, srv := strings.CutSuffix(scheme, "+srv")
	if srv {
		return word + "s+srv"
	}
	return word + "s"
}

// withoutTLS returns the scheme without TLS for one with it.
func withoutTLS(scheme string) string {
	word, srv := strings.CutSuffix(scheme, "+srv")
	word = strings.TrimSuffix(word, "s")
	if srv {
		return word + "+srv"
	}
	return word
}

// IsURL reports whether a word is a server's URL, by its scheme.
func IsURL(word string) bool {
	scheme, _, found := strings.Cut(word, "://")
	if !found {
		return false
	}
	switch strings.ToLower(scheme) {
	case "mqtt", "tcp", "mqtts", "ssl", "tls", "tcps", "ws", "wss", "unix", "mqtt+unix", "mqtt+srv", "mqtts+srv":
		return true
	}
	return false
}

// absolute returns the path of a socket from the root on: a URL has no other.
func absolute(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}
