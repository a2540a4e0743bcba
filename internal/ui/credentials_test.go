package ui_test

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"dunlin/internal/mosquitto"
	"dunlin/internal/testcert"
	"dunlin/internal/ui"
	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

// TestNoCredentialIsSent reads everything that a page is told and answered, and finds no password, user name or token in it.
func TestNoCredentialIsSent(t *testing.T) {
	users := map[string]string{"user-of-command": "password-of-command", "user-of-page": "password-of-page"}
	b := mosquitto.Start(t, mosquitto.Options{Users: users})
	good := all(strings.Replace(b.URL(), "mqtt://", "mqtt://user-of-command:password-of-command@", 1))
	good.Name = ""
	wrong := all(strings.Replace(b.URL(), "mqtt://", "mqtt://user-of-command:password-of-nobody@", 1))
	wrong.Name = ""
	query := all(strings.Replace(b.URL(), "mqtt://", "ws://", 1) + "/mqtt?key=secret-of-query") // where no WebSocket is
	query.Name = ""
	query.Connect.WebSocketHeader = http.Header{"Authorization": {"secret-of-header"}}
	s := start(t, ui.Options{Brokers: []ui.Broker{good, wrong, query}, Base: good})
	v := view(t, s)
	v.connected(1)
	v.connection(3, "that there is no WebSocket", func(c protocol.Connection) bool { return c.State == "waiting" && c.Detail != "" })
	v.connection(2, "the refusal", func(c protocol.Connection) bool { return c.State == "ended" && c.Detail != "" })
	var c protocol.Connection
	v.must("connect", protocol.Connect{URL: b.URL(), Username: "user-of-page", Password: "password-of-page"}, &c)
	v.connected(c.ID)
	// The same broker by its address alone is entered as the command says; with a wrong password the page is told.
	var same protocol.Connection
	v.must("connect", protocol.Connect{URL: b.URL()}, &same)
	v.connected(same.ID)
	var nobody protocol.Connection
	v.must("connect", protocol.Connect{URL: b.URL(), Username: "nobody"}, &nobody)
	v.connection(nobody.ID, "the refusal of another", func(c protocol.Connection) bool { return c.State == "ended" })
	_ = v.ask("connect", protocol.Connect{URL: "mqtt://user-of-page:password-of-page@[::"}, nil)
	for _, id := range []int{1, 2, 3, c.ID} {
		var p protocol.Packets
		v.must("watch", protocol.Watch{Connection: id, Count: 500}, &p)
		for _, packet := range p.Packets {
			_ = v.ask("dissect", protocol.Dissect{Connection: id, Number: packet.Number}, nil)
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	all := strings.Join(v.texts, "\n")
	if !strings.Contains(all, "CONNECT") {
		t.Error("no CONNECT was shown, so nothing could be found")
	}
	for _, secret := range []string{"password-of-command", "password-of-page", "password-of-nobody", "user-of-command", "user-of-page", "secret-of-query", "secret-of-header", token(s)} {
		if strings.Contains(all, secret) || inBase64(all, secret) {
			t.Errorf("%s was sent to the page", secret)
		}
	}
}

// inBase64 reports whether one of the JSON texts has bytes with the secret in them.
func inBase64(texts, secret string) bool {
	for word := range strings.FieldsFuncSeq(texts, func(r rune) bool { return r == '"' || r == '\n' }) {
		if b, err := base64.StdEncoding.DecodeString(word); err == nil && bytes.Contains(b, []byte(secret)) {
			return true
		}
	}
	return false
}

// TestCredentialsAreForTheirBrokerAlone connects to another broker than the command's as nobody: the page may name any address.
func TestCredentialsAreForTheirBrokerAlone(t *testing.T) {
	ours := mosquitto.Start(t, mosquitto.Options{Users: map[string]string{"ann": "secret-of-ann"}})
	seen := make(chan string, 1)
	other := listen(t)
	t.Cleanup(func() { _ = other.Close() })
	go func() {
		conn, err := other.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		b := make([]byte, 1000)
		n, _ := conn.Read(b)
		seen <- string(b[:n])
	}()
	base := all(ours.URL())
	base.Connect.Username, base.Connect.Password = "ann", mqtt.Secret("secret-of-ann")
	v := view(t, start(t, ui.Options{Brokers: []ui.Broker{base}, Base: base}))
	v.connected(1)
	v.must("connect", protocol.Connect{URL: "mqtt://" + other.Addr().String()}, nil)
	if got := <-seen; strings.Contains(got, "ann") {
		t.Errorf("another broker got %q", got)
	}
}

// TestUserInTheURLCounts where the page names the broker that the command is at, too.
func TestUserInTheURLCounts(t *testing.T) {
	users := map[string]string{"ann": "secret-of-ann", "bob": "secret-of-bob"}
	b := mosquitto.Start(t, mosquitto.Options{Users: users})
	base := all(b.URL())
	base.Connect.Username, base.Connect.Password = "ann", mqtt.Secret("secret-of-ann")
	v := view(t, start(t, ui.Options{Brokers: []ui.Broker{base}, Base: base}))
	v.connected(1)
	var bob, nobody protocol.Connection
	v.must("connect", protocol.Connect{URL: strings.Replace(b.URL(), "mqtt://", "mqtt://bob:secret-of-bob@", 1)}, &bob)
	v.connected(bob.ID)
	v.must("connect", protocol.Connect{URL: strings.Replace(b.URL(), "mqtt://", "mqtt://bob:wrong@", 1)}, &nobody)
	v.connection(nobody.ID, "the refusal", func(c protocol.Connection) bool { return c.State == "ended" })
}

// TestCertificateIsForItsBrokerAlone: a certificate of the command says who we are, and another broker is not told.
func TestCertificateIsForItsBrokerAlone(t *testing.T) {
	authority := testcert.NewAuthority(t)
	asked := make(chan int, 1)
	other, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{authority.Server(t, testcert.Options{}).Certificate(t)}, ClientAuth: tls.RequestClientCert,
		VerifyConnection: func(s tls.ConnectionState) error { asked <- len(s.PeerCertificates); return nil }, MinVersion: tls.VersionTLS13,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	go func() {
		if conn, err := other.Accept(); err == nil {
			_, _ = conn.Read(make([]byte, 1)) // shakes hands
			_ = conn.Close()
		}
	}()
	base := all("mqtts://127.0.0.1:1") // where nobody is
	base.Connect.TLS.CAFile = authority.File(t)
	base.Connect.TLS.CertFile, base.Connect.TLS.KeyFile = authority.Client(t, testcert.Options{}).Files(t)
	v := view(t, start(t, ui.Options{Base: base}))
	v.must("connect", protocol.Connect{URL: "mqtts://" + other.Addr().String()}, nil)
	if n := <-asked; n != 0 {
		t.Errorf("another broker got %d certificates of the command", n)
	}
}
