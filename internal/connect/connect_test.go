package connect_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"dunlin/internal/connect"
	"dunlin/mqtt"
)

// nameServer answers every question with the SRV records that it holds for the name, and returns who
// asks it.
func nameServer(t *testing.T, records map[string][][3]any) *net.Resolver {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		question := make([]byte, 512)
		for {
			n, from, err := socket.ReadFrom(question)
			if err != nil {
				return
			}
			_, _ = socket.WriteTo(answer(question[:n], records), from)
		}
	}()
	t.Cleanup(func() { _ = socket.Close(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", socket.LocalAddr().String())
	}}
}

// answer makes a DNS answer (RFC 1035 section 4, RFC 2782).
func answer(question []byte, records map[string][][3]any) []byte {
	name, end := "", 12
	for question[end] != 0 {
		name += string(question[end+1:end+1+int(question[end])]) + "."
		end += 1 + int(question[end])
	}
	end += 5 // the zero, type and class
	found := records[name]
	out := append([]byte{}, question[:2]...)
	code := byte(0)
	if found == nil {
		code = 3 // no such name
	}
	out = append(out, 0x81, 0x80|code, 0, 1, 0, byte(len(found)), 0, 0, 0, 0)
	out = append(out, question[12:end]...)
	for _, r := range found {
		data := binary.BigEndian.AppendUint16(nil, uint16(r[0].(int))) // priority
		data = append(data, 0, 0)                                      // weight
		data = binary.BigEndian.AppendUint16(data, uint16(r[1].(int))) // port
		for label := range strings.SplitSeq(strings.TrimSuffix(r[2].(string), "."), ".") {
			if label != "" {
				data = append(append(data, byte(len(label))), label...)
			}
		}
		data = append(data, 0)
		out = append(out, 0xC0, 12, 0, 33, 0, 1, 0, 0, 0, 60)
		out = append(binary.BigEndian.AppendUint16(out, uint16(len(data))), data...)
	}
	return out
}

func TestSRVNamesServers(t *testing.T) {
	resolver := nameServer(t, map[string][][3]any{
		"_mqtt._tcp.example.com.":        {{20, 1884, "b.example.com."}, {10, 1883, "a.example.com."}},
		"_secure-mqtt._tcp.example.com.": {{10, 8884, "s.example.com."}},
		"_mqtt._tcp.none.example.":       {{0, 0, "."}},
	})
	o := connect.Options{SRV: true, Host: "example.com", Resolver: resolver, Reconnect: &mqtt.Reconnect{}}
	url, cfg, err := o.Prepare(t.Context())
	if err != nil || url != "mqtt://a.example.com:1883" || !slices.Equal(cfg.Reconnect.Servers, []string{"mqtt://b.example.com:1884"}) {
		t.Errorf("%s, then %v, error %v", url, cfg.Reconnect, err)
	}
	if o.Reconnect.Servers != nil {
		t.Error("the options are changed")
	}
	o.TLS.On = true
	if url, _, err := o.Prepare(t.Context()); err != nil || url != "mqtts://s.example.com:8884" {
		t.Errorf("with TLS %s, error %v", url, err)
	}
	for _, domain := range []string{"none.example", "other.example"} {
		var wrong *connect.LookUpError
		o := connect.Options{SRV: true, Host: domain, Resolver: resolver}
		if _, _, err := o.Prepare(t.Context()); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "_mqtt._tcp."+domain) {
			t.Errorf("%s: %v", domain, err)
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
