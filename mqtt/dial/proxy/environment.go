package proxy

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
)

// FromEnvironment returns a Dialer that goes through the proxy that ALL_PROXY
// names, unless NO_PROXY has the host; the names in small letters count where the
// capital ones are not set. Without ALL_PROXY it dials directly.
//
// NO_PROXY is a list with commas between: a host name stands for itself and all
// below it, with a dot before it for those below only; an IP address or a block
// such as 10.0.0.0/8 for what it covers; a port may follow with a colon; * stands
// for everything. The machine itself (localhost, 127.0.0.0/8, ::1) is always
// reached directly.
func FromEnvironment() (*Dialer, error) { return FromVariables(os.Getenv) }

// FromVariables is FromEnvironment with the variables that getenv knows.
func FromVariables(getenv func(name string) string) (*Dialer, error) {
	raw := cmp.Or(getenv("ALL_PROXY"), getenv("all_proxy"))
	if raw == "" {
		return new(Dialer), nil
	}
	u, err := parse(raw)
	if err != nil {
		return nil, fmt.Errorf("ALL_PROXY: %w", err)
	}
	direct := parseExceptions(cmp.Or(getenv("NO_PROXY"), getenv("no_proxy")))
	return &Dialer{Proxy: func(address string) (*url.URL, error) {
		if direct.cover(address) {
			return nil, nil // none, as Dialer.Proxy says
		}
		return u, nil
	}}, nil
}

// exception is one word of NO_PROXY.
type exception struct {
	all     bool
	block   netip.Prefix // valid: addresses
	host    string       // else a name, in small letters and without dots around
	subOnly bool         // only names below host
	port    string       // or empty
}

type exceptions []exception

// parseExceptions reads NO_PROXY. Words that mean nothing are left out, as others
// who read the variable do.
func parseExceptions(list string) exceptions {
	var es exceptions
	for word := range strings.SplitSeq(list, ",") {
		word = strings.ToLower(strings.TrimSpace(word))
		if word == "" {
			continue
		}
		es = append(es, parseException(word))
	}
	return es
}

func parseException(word string) exception {
	if word == "*" {
		return exception{all: true}
	}
	if block, err := netip.ParsePrefix(word); err == nil {
		return exception{block: block.Masked()}
	}
	e := exception{host: word}
	if host, port, err := net.SplitHostPort(word); err == nil {
		e.host, e.port = host, port
	}
	if ip, err := netip.ParseAddr(strings.Trim(e.host, "[]")); err == nil {
		e.block = netip.PrefixFrom(ip, ip.BitLen())
		return e
	}
	e.host = strings.TrimPrefix(e.host, "*")
	e.subOnly = strings.HasPrefix(e.host, ".")
	e.host = strings.Trim(e.host, ".")
	return e
}

// cover tells whether the address is to be dialed directly.
func (es exceptions) cover(address string) bool {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	ip, err := netip.ParseAddr(host)
	ip = ip.Unmap().WithZone("")
	if host == "localhost" || err == nil && ip.IsLoopback() {
		return true
	}
	for _, e := range es {
		if e.port != "" && e.port != port {
			continue
		}
		if e.matches(host, ip) {
			return true
		}
	}
	return false
}

func (e *exception) matches(host string, ip netip.Addr) bool {
	switch {
	case e.all:
		return true
	case e.block.IsValid():
		return ip.IsValid() && e.block.Contains(ip)
	case ip.IsValid() || e.host == "":
		return false
	}
	return !e.subOnly && host == e.host || strings.HasSuffix(host, "."+e.host)
}
