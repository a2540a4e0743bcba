package connect_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"dunlin/internal/connect"
	"dunlin/internal/testdns"
	"dunlin/mqtt"
)

// TestSRVNamesServers reaches the server that a name server on the loopback interface names, by its address.
func TestSRVNamesServers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	names := testdns.New()
	names.SetAddresses("a.example.test", "127.0.0.1")
	names.SetSRV("_mqtt._tcp.example.test", testdns.Record(0, 0, uint16(l.Addr().(*net.TCPAddr).Port), "a.example.test"))
	o := connect.Options{SRV: true, Host: "example.test", Port: 1883, Resolver: names.Resolver(t)}
	raw, cfg, err := o.Prepare(t.Context())
	if err != nil || raw != "mqtt+srv://example.test" {
		t.Fatalf("%s, %v", raw, err)
	}
	c, err := mqtt.Open(t.Context(), raw, mqtt.Config{Transport: cfg.Transport})
	if err != nil {
		t.Fatal(err)
	}
	if at := c.Remote(); !strings.HasPrefix(at, "mqtt://a.example.test:") {
		t.Errorf("connected to %s", at)
	}
	_ = c.Close(t.Context()) // nobody answers
	o.TLS.On = true
	if raw, _, err := o.Prepare(t.Context()); err != nil || raw != "mqtts+srv://example.test" {
		t.Errorf("with TLS %s, error %v", raw, err)
	}
}

// TestBindAddressOfBothKinds: of a name that has an address of IPv6, too, the one is taken from which the server can be reached.
func TestBindAddressOfBothKinds(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	names := testdns.New()
	names.SetAddresses("this.test", "::1", "127.0.0.1")
	o := connect.Options{BindAddress: "this.test", Resolver: names.Resolver(t)}
	_, cfg, err := o.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := cfg.Transport.Dial(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}

func TestFurtherServers(t *testing.T) {
	for _, c := range []struct {
		o     connect.Options
		more  []string
		wants []string // nil: refused
	}{
		{connect.Options{Host: "a"}, []string{"b", "c:77", "mqtt://d:1", "::1", "[::1]:5"}, []string{"mqtt://b", "mqtt://c:77", "mqtt://d:1", "mqtt://[::1]", "mqtt://[::1]:5"}},
		{connect.Options{URL: "mqtts://u:p@a:7"}, []string{"b", "ssl://c"}, []string{"mqtts://b", "ssl://c"}},
		{connect.Options{URL: "wss://a/x%20y?k=1"}, []string{"b:8"}, []string{"wss://b:8/x%20y?k=1"}},
		{connect.Options{SRV: true, Host: "a"}, []string{"b", "mqtt+srv://c"}, []string{"mqtt://b", "mqtt+srv://c"}},
		{connect.Options{Host: "a"}, []string{"mqtts://b"}, nil},
		{connect.Options{URL: "mqtts://a"}, []string{"mqtt://b"}, nil},
		{connect.Options{Host: "a"}, []string{"mqtt://joe:secret@b"}, nil},
		{connect.Options{Host: "a"}, []string{"http://b"}, nil},
		{connect.Options{Host: "a"}, []string{""}, nil},
		{connect.Options{Unix: "/s"}, []string{"b"}, nil},
		{connect.Options{Unix: "/s"}, []string{"mqtt://b"}, nil},
	} {
		c.o.Servers, c.o.Reconnect = c.more, &mqtt.Reconnect{Servers: []string{"mqtt://z"}}
		_, cfg, err := c.o.Prepare(t.Context())
		var wrong *connect.Error
		if c.wants == nil {
			if !errors.As(err, &wrong) || wrong.Field != "Servers" || strings.Contains(err.Error(), "secret") {
				t.Errorf("%q: %v", c.more, err)
			}
			continue
		}
		if err != nil || !slices.Equal(cfg.Reconnect.Servers[1:], c.wants) || len(c.o.Reconnect.Servers) != 1 {
			t.Errorf("%q: %v, %+v", c.more, err, cfg.Reconnect)
		}
	}
}

func TestOptionsThatDoNotGoTogether(t *testing.T) {
	for _, c := range []struct {
		field string
		o     connect.Options
	}{
		{"SRV", connect.Options{SRV: true}},
		{"SRV", connect.Options{SRV: true, Host: "h", WebSocket: true}},
		{"SRV", connect.Options{SRV: true, Host: "h", URL: "mqtt://h"}},
		{"SRV", connect.Options{SRV: true, Host: "127.0.0.1"}},
		{"URL", connect.Options{URL: "mqtt+srv://h", TLS: connect.TLS{On: true}}},
		{"Unix", connect.Options{Unix: "/s", Host: "h"}},
		{"Unix", connect.Options{Unix: "/s", Port: 1}},
		{"Unix", connect.Options{Unix: "/s", URL: "mqtt://h"}},
		{"Unix", connect.Options{Unix: "/s", WebSocket: true}},
		{"Unix", connect.Options{Unix: "/s", TLS: connect.TLS{On: true}}},
		{"URL", connect.Options{URL: "unix:///s", TLS: connect.TLS{On: true}}},
		{"URL", connect.Options{URL: "gopher://h"}},
		{"URL", connect.Options{URL: "ws://h", TLS: connect.TLS{On: true}}},
		{"TLS.Off", connect.Options{URL: "wss://h", TLS: connect.TLS{Off: true}}},
		{"WebSocket", connect.Options{URL: "mqtt://h", WebSocket: true}},
		{"IDPrefix", connect.Options{ClientID: "a", IDPrefix: "b"}},
		{"Properties.Connect.Data", connect.Options{Properties: connect.Properties{Connect: connect.ConnectProperties{Data: []byte("x")}}}},
		{"Proxy", connect.Options{Proxy: "socks4://h"}},
		{"TLS.KeyFile", connect.Options{TLS: connect.TLS{KeyFile: "k"}}},
		{"TLS.Ciphers", connect.Options{TLS: connect.TLS{Ciphers: "TLS_AES_128_GCM_SHA256"}}},
	} {
		var wrong *connect.Error
		if err := c.o.Check(); !errors.As(err, &wrong) || wrong.Field != c.field {
			t.Errorf("%s: %v", c.field, err)
		}
	}
}

func TestAddressOfOptions(t *testing.T) {
	for _, c := range []struct {
		o    connect.Options
		want string
	}{
		{connect.Options{}, "mqtt://localhost"},
		{connect.Options{Port: 8883}, "mqtts://localhost:8883"},
		{connect.Options{Port: 8883, TLS: connect.TLS{Off: true}}, "mqtt://localhost:8883"},
		{connect.Options{Host: "::1", TLS: connect.TLS{On: true}}, "mqtts://[::1]"},
		{connect.Options{Host: "[::1]", Port: 7}, "mqtt://[::1]:7"},
		{connect.Options{WebSocket: true, Host: "h"}, "ws://h/mqtt"},
		{connect.Options{WebSocket: true, WebSocketPath: "a b", TLS: connect.TLS{CAFile: "x"}}, "wss://localhost/a%20b"},
		{connect.Options{Unix: "/a b"}, "unix:///a%20b"},
		{connect.Options{URL: "mqtt://u:p@h:9"}, "mqtt://h:9"},
		{connect.Options{SRV: true, Host: "h", Port: 8883}, "mqtts+srv://h"},
	} {
		if got := c.o.Address(); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

// Every cipher of Go's has the name by which OpenSSL knows it.
func TestNamesOfCiphers(t *testing.T) {
	for _, name := range []string{
		"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384",
		"ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA",
		"ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA", "ECDHE-RSA-AES128-SHA256", "ECDHE-ECDSA-AES128-SHA256", "AES128-SHA", "AES256-SHA",
		"AES128-SHA256", "AES128-GCM-SHA256", "AES256-GCM-SHA384", "DES-CBC3-SHA", "ECDHE-RSA-DES-CBC3-SHA", "RC4-SHA", "ECDHE-RSA-RC4-SHA",
		"ECDHE-ECDSA-RC4-SHA", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ecdhe-rsa-aes128-sha:TLS_AES_128_GCM_SHA256",
	} {
		o := connect.Options{TLS: connect.TLS{Ciphers: name}}
		if err := o.Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestPasswordFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	for _, c := range []struct{ text, want, fault string }{
		{"s3cret", "s3cret", ""},
		{"s3cret\n", "s3cret", ""},
		{"s3cret\r\nmore", "s3cret", ""},
		{" s3cret \n", " s3cret ", ""},
		{"", "", "is empty"},
		{"\ns3cret", "", "is empty"},
		{strings.Repeat("x", 65535) + "\n", strings.Repeat("x", 65535), ""},
		{strings.Repeat("x", 65536), "", "longer than 65535"},
	} {
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, others, err := connect.PasswordFile(path)
		if string(got) != c.want || others || (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%.20q: %.20q, others %v, error %v", c.text, string(got), others, err)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Error("the error shows the password:", err)
		}
	}
	if runtime.GOOS == "windows" {
		return
	}
	for mode, want := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o640: true, 0o604: true} {
		if err := os.WriteFile(path, []byte("s3cret"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, others, err := connect.PasswordFile(path); others != want || err != nil {
			t.Errorf("mode %o: others %v, error %v", mode, others, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func TestKindsOfURL(t *testing.T) {
	for raw, want := range map[string]bool{
		"mqtt://localhost": true, "mqtt://LOCALHOST.:1": true, "ws://a.localhost": true, "mqtt://127.8.0.1": true, "mqtt://[::1]:7": true,
		"unix:///s": true, "localhost": true, "mqtt://localhost.example": false, "mqtt://10.0.0.1": false, "mqtt://[fe80::1]": false, "%": false,
	} {
		if connect.Loopback(raw) != want {
			t.Errorf("%s: loopback is not %v", raw, want)
		}
	}
	for word, want := range map[string]bool{"mqtt://h": true, "WSS://h": true, "unix:///s": true, "mqtt:/h": false, "http://h": false, "a/b": false, "": false} {
		if connect.IsURL(word) != want {
			t.Errorf("%s: a URL is not %v", word, want)
		}
	}
	for raw, want := range map[string][2]string{
		"mqtt://u:p@h:1/a%20b/c": {"mqtt://u:p@h:1", "a b/c"}, "mqtts://h": {"mqtts://h", ""}, "ws://h/path": {"ws://h/path", ""}, "unix:///s": {"unix:///s", ""},
	} {
		if rest, topic, err := connect.SplitTopic(raw); rest != want[0] || topic != want[1] || err != nil {
			t.Errorf("%s: %s and %q, error %v", raw, rest, topic, err)
		}
	}
	if _, _, err := connect.SplitTopic("mqtt://u:s3cret@/t"); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Error(err)
	}
}

func TestPropertiesThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		words string
		fault connect.PropertyFault
	}{
		{"nothing content-type x", connect.UnknownCommand},
		{"connect nothing x", connect.UnknownProperty},
		{"publish receive-maximum 5", connect.NotAllowed},
		{"connect reason-code 5", connect.NotAllowed},
		{"auth authentication-method x", connect.NotSupported},
		{"puback user-property a b", connect.NotSupported},
		{"connect receive-maximum x", connect.OutOfRange},
		{"connect receive-maximum -1", connect.OutOfRange},
		{"connect receive-maximum 65536", connect.OutOfRange},
		{"publish payload-format-indicator 2", connect.OutOfRange},
		{"publish message-expiry-interval 4294967296", connect.OutOfRange},
		{"subscribe subscription-identifier 268435456", connect.OutOfRange},
		{"publish content-type \xff", connect.NotText},
		{"publish content-type " + strings.Repeat("x", 65536), connect.NotText},
		{"publish content-type a b", connect.WrongValueNumber},
		{"publish user-property a", connect.WrongValueNumber},
	} {
		words := strings.Fields(c.words)
		var p connect.Properties
		var wrong *connect.PropertyError
		if err := p.Set(words[0], words[1], words[2:]...); !errors.As(err, &wrong) || wrong.Fault != c.fault || p.Any() {
			t.Errorf("%s: %v", c.words, err)
		}
	}
}

// Each property that a command can have gets where it belongs.
func TestPropertiesArePut(t *testing.T) {
	var p connect.Properties
	for _, words := range []string{
		"publish payload-format-indicator 1", "publish message-expiry-interval 7", "publish content-type c", "publish response-topic r",
		"publish correlation-data d", "publish topic-alias 3", "publish user-property a b", "Subscribe Subscription-Identifier 4", "subscribe user-property c d",
		"unsubscribe user-property e f", "disconnect reason-string why", "disconnect session-expiry-interval 5", "disconnect user-property g h",
	} {
		w := strings.Fields(words)
		if err := p.Set(w[0], w[1], w[2:]...); err != nil || !p.Given(strings.ToLower(w[0])) {
			t.Fatalf("%s: %v", words, err)
		}
	}
	m := p.Publish.Message()
	right := m != nil && m.PayloadIsText && m.MessageExpiry.Seconds() == 7 && m.ContentType == "c" && m.ResponseTopic == "r" && string(m.CorrelationData) == "d" &&
		slices.Equal(m.UserProperties, []mqtt.UserProperty{{Name: "a", Value: "b"}}) && *p.Publish.TopicAlias == 3 &&
		p.Subscribe.ID == 4 && slices.Equal(p.Subscribe.User, []mqtt.UserProperty{{Name: "c", Value: "d"}}) &&
		slices.Equal(p.Unsubscribe, []mqtt.UserProperty{{Name: "e", Value: "f"}}) &&
		p.Disconnect.ReasonString == "why" && p.Disconnect.SessionExpiry.Seconds() == 5 && len(p.Disconnect.UserProperties) == 1
	if !right || p.Given("connect") || p.Given("will") {
		t.Errorf("%+v", p)
	}
}
