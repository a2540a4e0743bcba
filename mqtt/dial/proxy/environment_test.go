package proxy_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"dunlin/mqtt/dial/proxy"
)

// target returns what a Dialer of the environment dials first for an address.
func target(t *testing.T, network, address string) string {
	t.Helper()
	d, err := proxy.FromEnvironment()
	must(t, err)
	dialed := ""
	d.Dial = func(_ context.Context, _, address string) (net.Conn, error) {
		dialed = address
		return nil, errors.New("enough")
	}
	if _, err := d.DialContext(t.Context(), network, address); err == nil {
		t.Error("dialed for real")
	}
	return dialed
}

func clearEnvironment(t *testing.T) {
	t.Helper()
	for _, name := range []string{"ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"} {
		t.Setenv(name, "")
	}
}

func TestEnvironment(t *testing.T) {
	clearEnvironment(t)
	if got := target(t, "tcp", "h:1"); got != "h:1" {
		t.Errorf("without a proxy: %s", got)
	}
	for raw, want := range map[string]string{
		"socks5://p": "p:1080", "socks5h://p:9": "p:9", "p:3128": "p:3128", "http://p": "p:80", "https://[::1]": "[::1]:443",
	} {
		t.Setenv("all_proxy", raw)
		if got := target(t, "tcp", "h:1"); got != want {
			t.Errorf("%s: dialed %s", raw, got)
		}
		if got := target(t, "unix", "/a"); got != "/a" {
			t.Errorf("%s: dialed %s for a socket", raw, got)
		}
	}
	t.Setenv("ALL_PROXY", "socks5://capital")
	if got := target(t, "tcp", "h:1"); got != "capital:1080" {
		t.Errorf("dialed %s", got)
	}
	t.Setenv("ALL_PROXY", "ftp://joe:s3cret@p")
	if _, err := proxy.FromEnvironment(); err == nil || !strings.HasPrefix(err.Error(), "ALL_PROXY: ") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}

func TestNoProxy(t *testing.T) {
	clearEnvironment(t)
	t.Setenv("ALL_PROXY", "socks5://p")
	for list, addresses := range map[string]struct{ direct, proxied string }{
		"":                                     {"localhost:1 127.0.0.1:1 127.9.9.9:1 [::1]:1 LOCALHOST:1", "h:1 localhost.test:1 [::2]:1"},
		"*":                                    {"h:1 10.0.0.1:1", ""},
		"a.test, .b.test ,":                    {"a.test:1 x.a.test:1 A.Test.:1 x.b.test:1", "b.test:1 xa.test:1 a.test.com:1"},
		"*.c.test":                             {"x.c.test:1", "c.test:1"},
		"10.0.0.0/8,fd00::/8":                  {"10.1.2.3:1 [fd00::1]:1 [::ffff:10.0.0.1]:1", "11.0.0.1:1 [fe80::1]:1 10.test:1"},
		"192.0.2.1,2001:db8::1":                {"192.0.2.1:5 [2001:db8::1]:5", "192.0.2.10:5"},
		"a.test:1,192.0.2.1:1,[2001:db8::1]:1": {"a.test:1 192.0.2.1:1 [2001:db8::1]:1", "a.test:2 192.0.2.1:2 [2001:db8::1]:2"},
		".,10.0.0.0/99":                        {"", "h:1 10.0.0.1:1"},
	} {
		t.Setenv("no_proxy", list)
		for address := range strings.FieldsSeq(addresses.direct) {
			if got := target(t, "tcp", address); got != address {
				t.Errorf("%q: %s went to %s", list, address, got)
			}
		}
		for address := range strings.FieldsSeq(addresses.proxied) {
			if got := target(t, "tcp", address); got != "p:1080" {
				t.Errorf("%q: %s went to %s", list, address, got)
			}
		}
	}
}
