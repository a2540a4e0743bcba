// Package proxy reaches brokers through SOCKS5 and HTTP CONNECT proxies. A
// [Dialer] is a way to dial, for Transport.Dial; TLS and WebSocket go on top:
//
//	d, err := proxy.New("socks5://proxy.example:1080")
//	...
//	mqtt.Transport{Dial: d.DialContext}
package proxy

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"dunlin/mqtt/dial"
)

// Dialer connects through a proxy. It may be used by many goroutines, and is not
// changed after its first use.
type Dialer struct {
	// Proxy returns the proxy for an address host:port; nil: none, dial it
	// directly. The URL's scheme is socks5 or socks5h (default port 1080), http
	// (80) or https (443); its user name and password log in at the proxy. The
	// host goes to the proxy as a name: the proxy resolves it.
	Proxy func(address string) (*url.URL, error)
	// TLS is for https proxies; nil: the system's authorities and TLS 1.2 or
	// later. Its ServerName defaults to the proxy's host.
	TLS *tls.Config
	// Dial makes the connection to the proxy, and to what needs none; nil: net.Dialer.
	Dial dial.Func
}

// Error is a refusal by the proxy.
type Error struct {
	Code int    // HTTP: the status code; SOCKS5: the reply code, 1 to 8; 0: of another kind
	What string // one line in our words
}

// Error returns What.
func (e *Error) Error() string { return e.What }

// ports are the schemes and their default ports.
var ports = map[string]string{"socks5": "1080", "socks5h": "1080", "http": "80", "https": "443"}

// New returns a Dialer that reaches everything but sockets of this machine
// (network unix) through the proxy at rawURL. The error shows no password.
func New(rawURL string) (*Dialer, error) {
	u, err := parse(rawURL)
	if err != nil {
		return nil, err
	}
	return &Dialer{Proxy: func(string) (*url.URL, error) { return u, nil }}, nil
}

// parse reads the URL of a proxy; without a scheme it is http.
func parse(raw string) (*url.URL, error) {
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil { // the cause quotes pieces, which may be of the password
		return nil, errors.New("proxy URL cannot be read; write socks5://user:password@host:port, with %-escapes for :/?#[]@% in user and password")
	}
	return u, check(u)
}

// check tells whether u is a proxy's.
func check(u *url.URL) error {
	if ports[u.Scheme] == "" {
		return fmt.Errorf("proxy URL %q: scheme %q is not one of socks5, socks5h, http, https", redact(u), u.Scheme)
	}
	if u.Hostname() == "" {
		return fmt.Errorf("proxy URL %q has no host", redact(u))
	}
	return nil
}

// redact returns u for an error: its way and its host, and nothing that may be secret.
func redact(u *url.URL) string {
	shown := url.URL{Scheme: u.Scheme, Host: u.Host}
	return shown.String()
}

// DialContext connects to address. It is a [dial.Func]. An error on the way is a
// *dial.Error of the stage [dial.StageProxy], and wraps an *Error when the proxy
// refused.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	via := d.Dial
	if via == nil {
		via = (&net.Dialer{}).DialContext
	}
	if d.Proxy == nil || strings.HasPrefix(network, "unix") {
		return via(ctx, network, address)
	}
	u, err := d.Proxy(address)
	if err != nil {
		return nil, &dial.Error{Stage: dial.StageProxy, Address: "Dialer.Proxy", Err: err}
	}
	if u == nil {
		return via(ctx, network, address)
	}
	conn, err := d.through(ctx, u, via, address)
	if err != nil {
		return nil, &dial.Error{Stage: dial.StageProxy, Address: redact(u), Err: err}
	}
	return conn, nil
}

// through connects to the proxy and has it connect to address.
func (d *Dialer) through(ctx context.Context, u *url.URL, via dial.Func, address string) (net.Conn, error) {
	if err := check(u); err != nil {
		return nil, err
	}
	to, err := split(address)
	if err != nil {
		return nil, err
	}
	conn, err := via(ctx, "tcp", net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), ports[u.Scheme])))
	if err != nil {
		return nil, err
	}
	raw := conn
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() }) // frees the negotiation
	defer stop()
	if u.Scheme == "https" {
		conn = tls.Client(conn, d.config(u.Hostname()))
	}
	if strings.HasPrefix(u.Scheme, "socks5") {
		err = socks5(conn, u.User, to)
	} else {
		err = httpConnect(conn, u.User, to)
	}
	if !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = raw.Close() // the first error is the one that matters
		return nil, err
	}
	return conn, nil
}

// config returns the configuration of TLS to the proxy.
func (d *Dialer) config(host string) *tls.Config {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if d.TLS != nil {
		conf = d.TLS.Clone()
		conf.MinVersion = max(conf.MinVersion, tls.VersionTLS12)
	}
	conf.ServerName = cmp.Or(conf.ServerName, host)
	return conf
}

// destination is where the proxy connects to.
type destination struct {
	host string // without brackets
	port uint16
}

// split reads an address and refuses what could change the meaning of a request.
func split(address string) (destination, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return destination{}, err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return destination{}, fmt.Errorf("address %q: the port is not between 1 and 65535", address)
	}
	if host == "" || len(host) > 255 || strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return destination{}, fmt.Errorf("address %q: not a host name that a proxy takes", address)
	}
	return destination{host, uint16(n)}, nil
}

// String returns host:port.
func (d destination) String() string {
	return net.JoinHostPort(d.host, strconv.Itoa(int(d.port)))
}
