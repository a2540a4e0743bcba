package broker_test

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"

	"dunlin/broker"
)

func TestSelfSigned(t *testing.T) {
	config, authority, err := broker.SelfSigned("broker.example", "192.0.2.7")
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		t.Fatalf("not a certificate: %s", authority)
	}
	machine, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	b := start(t, broker.Config{Listeners: []broker.Listener{{URL: "tls://127.0.0.1:0"}}, TLS: config})
	for _, name := range []string{"localhost", "127.0.0.1", "::1", machine, "broker.example", "192.0.2.7"} {
		conn, err := tls.Dial("tcp", b.Addr(), &tls.Config{RootCAs: pool, ServerName: name})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		conn.Close()
	}
	if conn, err := tls.Dial("tcp", b.Addr(), &tls.Config{RootCAs: pool, ServerName: "other.example"}); err == nil {
		conn.Close()
		t.Error("the certificate is for any name")
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, authority, 0o600); err != nil {
		t.Fatal(err)
	}
	roundTrip(t, b.Addr(), "--cafile", file)
}
