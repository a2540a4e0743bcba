package cli

import (
	"cmp"
	"net"
	"strings"
)

// redirectFunc says where a connection to address (host:port, as the script
// gave it) really goes. plain: there is no TLS at the target, even if the script
// asks for it.
type redirectFunc = func(address string) (target string, plain bool)

// everythingTo leads every connection to a broker that has no TLS.
func everythingTo(target string) redirectFunc {
	return func(string) (string, bool) { return target, true }
}

// redirect is one --connect-to.
type redirect struct {
	fromHost, fromPort string // empty: all
	toHost, toPort     string // empty: as it was
}

// parseRedirects reads all --connect-to; the first that matches counts. Without
// any it returns nil.
func parseRedirects(list []string) (redirectFunc, error) {
	if len(list) == 0 {
		return nil, nil
	}
	redirects := make([]redirect, len(list))
	for i, s := range list {
		r, err := parseRedirect(s)
		if err != nil {
			return nil, err
		}
		redirects[i] = r
	}
	return func(address string) (string, bool) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return address, false
		}
		for _, r := range redirects {
			if r.matches(host, port) {
				return net.JoinHostPort(cmp.Or(r.toHost, host), cmp.Or(r.toPort, port)), false
			}
		}
		return address, false
	}, nil
}

func parseRedirect(s string) (redirect, error) {
	from, to, ok := strings.Cut(s, "=")
	if !ok {
		return redirect{}, usagef("run: --connect-to %q is not FROM:PORT=TO:PORT", s)
	}
	var r redirect
	var errFrom, errTo error
	r.fromHost, r.fromPort, errFrom = net.SplitHostPort(from)
	r.toHost, r.toPort, errTo = net.SplitHostPort(to)
	if errFrom != nil || errTo != nil {
		return redirect{}, usagef("run: --connect-to %q is not FROM:PORT=TO:PORT; an IPv6 address stands in brackets", s)
	}
	for _, port := range []string{r.fromPort, r.toPort} {
		if !validPort(port) {
			return redirect{}, usagef("run: --connect-to %q: port %q is not between 1 and 65535", s, port)
		}
	}
	return r, nil
}

// validPort accepts a decimal port, or none.
func validPort(s string) bool {
	if s == "" {
		return true
	}
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' || n > 65535 {
			return false
		}
		n = n*10 + int(c-'0')
	}
	return n >= 1 && n <= 65535
}

func (r redirect) matches(host, port string) bool {
	return (r.fromHost == "" || strings.EqualFold(r.fromHost, host)) && (r.fromPort == "" || r.fromPort == port)
}
