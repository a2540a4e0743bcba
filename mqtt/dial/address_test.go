package dial_test

import (
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"

	"dunlin/mqtt/dial"
)

// TestParseAddress shows TR-08: addresses of every transport [MQTT-4.2.0-1].
func TestParseAddress(t *testing.T) {
	for raw, want := range map[string]struct{ canonical, network, endpoint string }{
		"mqtt://h/a/topic?x=1":        {"mqtt://h:1883", "tcp", "h:1883"},
		"mqtt://h":                    {"mqtt://h:1883", "tcp", "h:1883"},
		"tcp://h":                     {"mqtt://h:1883", "tcp", "h:1883"},
		"MQTT://h:1":                  {"mqtt://h:1", "tcp", "h:1"},
		"h":                           {"mqtt://h:1883", "tcp", "h:1883"},
		"h:77":                        {"mqtt://h:77", "tcp", "h:77"},
		"[::1]:77":                    {"mqtt://[::1]:77", "tcp", "[::1]:77"},
		"mqtts://h":                   {"mqtts://h:8883", "tcp", "h:8883"},
		"ssl://h":                     {"mqtts://h:8883", "tcp", "h:8883"},
		"tls://h":                     {"mqtts://h:8883", "tcp", "h:8883"},
		"tcps://[2001:db8::1]":        {"mqtts://[2001:db8::1]:8883", "tcp", "[2001:db8::1]:8883"},
		"mqtt://[fe80::1%25eth0]":     {"mqtt://[fe80::1%25eth0]:1883", "tcp", "[fe80::1%eth0]:1883"},
		"ws://h":                      {"ws://h:80/mqtt", "tcp", "h:80"},
		"ws://h/":                     {"ws://h:80/", "tcp", "h:80"},
		"wss://h":                     {"wss://h:443/mqtt", "tcp", "h:443"},
		"wss://h:8084/a%20b?t=secret": {"wss://h:8084/a%20b", "tcp", "h:8084"},
		"unix:///run/a b.sock":        {"unix:///run/a%20b.sock", "unix", "/run/a b.sock"},
		"unix:/run/a.sock":            {"unix:///run/a.sock", "unix", "/run/a.sock"},
		"mqtt+unix:///run/a.sock":     {"unix:///run/a.sock", "unix", "/run/a.sock"},
		"unix://tmp/a.sock":           {"unix://tmp/a.sock", "unix", "tmp/a.sock"},
		"mqtt+srv://h/topic":          {"mqtt+srv://h", "srv", "h"},
		"MQTTS+SRV://joe@h":           {"mqtts+srv://h", "srv", "h"},
	} {
		a, err := dial.ParseAddress(raw)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		if a.String() != want.canonical || a.Network != want.network || a.Endpoint() != want.endpoint {
			t.Errorf("%s: got %s, %s, %s", raw, a, a.Network, a.Endpoint())
		}
	}
}

// TestAddressDetails shows TR-08: addresses of every transport [MQTT-4.2.0-1].
func TestAddressDetails(t *testing.T) {
	a, err := dial.ParseAddress("wss://joe:p%40ss@h/x?token=1")
	if err != nil {
		t.Fatal(err)
	}
	password, _ := a.User.Password()
	if !a.TLS || a.Scheme != "wss" || a.Path != "/x" || a.Query != "token=1" || a.User.Username() != "joe" || password != "p@ss" {
		t.Errorf("got %+v, password %q", a, password)
	}
}

func TestAddressIsShownWithoutSecrets(t *testing.T) {
	a, err := dial.ParseAddress("wss://s3cret:s3cret@h/x?token=s3cret")
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("dialing", "address", a)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("dialing", "address", a)
	fmt.Fprintf(&log, "%s %v %+v", a, a, &a)
	if got := log.String(); strings.Contains(got, "s3cret") || strings.Count(got, "wss://h:443/x") != 5 {
		t.Errorf("shown as %s", got)
	}
}

// TestBadAddresses: no secret in the error. It shows TR-08: addresses of every transport
// [MQTT-4.2.0-1].
func TestBadAddresses(t *testing.T) {
	const secret = "s3cret"
	for raw, want := range map[string]string{
		"":                                      "is empty",
		"http://joe:s3cret@h":                   `scheme "http" is not one of`,
		"ws://joe:s3cret@":                      "has no host",
		"mqtt://joe:s3cret@h:0":                 "port 0 is not between",
		"mqtt://joe:s3cret@h:65536":             "port 65536 is not between",
		"mqtt://joe:s3cret/@h":                  "cannot be read",
		"mqtt://joe:%zzs3cret@h":                "cannot be read",
		"foo://h?token=s3cret":                  "token=...",
		"foo://s3cret@h":                        `"foo://h": scheme`, // some brokers take a token for a user name
		"foo://joe:12#s3cret@h":                 "scheme",
		"wss://h:0?token=s3cret":                "port 0 is not between",
		"wss://h:x?token=s3cret":                "cannot be read",
		"wss://h%zz/?token=s3cret":              "cannot be read",
		"unix://":                               "has no socket path",
		"unix:///a%00b":                         "zero byte",
		"mqtt://joe:s3cret@h:1883:1884":         "neither a name nor an address",
		"fe80::1:1883:x":                        "cannot be read",
		"::1":                                   "neither a name nor an address",
		"mqtt://]":                              "neither a name nor an address",
		"[::1%25é]":                             "neither a name nor an address",
		"mqtt://a b":                            "cannot be read",
		"mqtt://h:port":                         "cannot be read",
		"mqtt+srv://joe:s3cret@h:1883":          "has port 1883, which is for SRV records to say",
		"mqtts+srv://joe:s3cret@127.0.0.1":      "127.0.0.1 is an address, and SRV records are those of a domain; write mqtts",
		"mqtt+srv://joe:s3cret@":                "has no host",
		"mqtt://h\r\nProxy-Authorization: none": "cannot be read",
	} {
		_, err := dial.ParseAddress(raw)
		if err == nil || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "\n") ||
			!strings.Contains(strings.ReplaceAll(err.Error(), "?...", "?token=..."), want) {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

// FuzzAddress shows TR-08: addresses of every transport [MQTT-4.2.0-1].
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{
		"mqtt://h", "h:1", "[::1]", "wss://u:p@h:1/p?q#f", "unix:///a%20b", "unix:x", "tcp://[fe80::1%25a]:9", "ws://h%41/%2f", "://", "mqtt+unix://a",
		"mqtt://]", "mqtt://[::0%250]]:1", "::%25\xff:", "mqtt://h:1:2", "[::1%25é]", "mqtts+srv://u:p@h", // once read as hosts
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		const secret = "Zq7secret"
		if _, err := dial.ParseAddress("mqtt://joe:" + secret + "@" + raw); err != nil && strings.Contains(err.Error(), secret) {
			t.Fatalf("the password is in %v", err)
		}
		a, err := dial.ParseAddress(raw)
		if err != nil {
			return
		}
		if a.Network == "unix" {
			if a.Host == "" || a.Port != "" || a.TLS {
				t.Fatalf("got %+v", a)
			}
			return
		}
		if a.IsSRV() && (a.Port != "" || a.Endpoint() != a.Host) {
			t.Fatalf("got %+v", a)
		}
		if host, port, err := net.SplitHostPort(a.Endpoint()); !a.IsSRV() && (err != nil || host != a.Host || port != a.Port) {
			t.Fatalf("endpoint %q of %+v: %v", a.Endpoint(), a, err)
		}
		again, err := dial.ParseAddress(a.String())
		a.User, a.Query = nil, ""
		if err != nil || again != a {
			t.Fatalf("%q became %+v, and %+v (%v) from %s", raw, a, again, err, a)
		}
	})
}
