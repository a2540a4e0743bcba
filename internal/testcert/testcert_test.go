package testcert_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"strings"
	"testing"

	"dunlin/internal/testcert"
)

// handshake runs a TLS handshake over loopback and returns what the client met,
// and the certificate that the server saw.
func handshake(t *testing.T, client, server *tls.Config) (seen *x509.Certificate, err error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	clientEnd, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan *x509.Certificate, 1)
	go func() {
		defer close(served)
		serverEnd, err := listener.Accept()
		if err != nil {
			return
		}
		defer serverEnd.Close()
		conn := tls.Server(serverEnd, server)
		if conn.Handshake() != nil {
			return
		}
		if certs := conn.ConnectionState().PeerCertificates; len(certs) > 0 {
			served <- certs[0]
		}
	}()
	err = tls.Client(clientEnd, client).Handshake()
	clientEnd.Close()
	return <-served, err
}

func TestServerCertificates(t *testing.T) {
	ca, stranger := testcert.NewAuthority(t), testcert.NewAuthority(t)
	cases := []struct {
		name    string
		options testcert.Options
		verify  string
		trust   *testcert.Authority
		want    string // part of the client's error, empty: none
	}{
		{"default by name", testcert.Options{}, "localhost", ca, ""},
		{"default by address", testcert.Options{}, "127.0.0.1", ca, ""},
		{"own name", testcert.Options{Names: []string{"broker.test"}}, "broker.test", ca, ""},
		{"own address", testcert.Options{IPs: []net.IP{net.IPv4(10, 0, 0, 9)}}, "10.0.0.9", ca, ""},
		{"wrong name", testcert.Options{Names: []string{"broker.test"}}, "localhost", ca, "broker.test, not localhost"},
		{"expired", testcert.Options{Expired: true}, "localhost", ca, "expired"},
		{"not yet valid", testcert.Options{NotYetValid: true}, "localhost", ca, "not yet valid"},
		{"unknown authority", testcert.Options{}, "localhost", stranger, "unknown authority"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			server := &tls.Config{Certificates: []tls.Certificate{ca.Server(t, c.options).Certificate(t)}}
			_, err := handshake(t, &tls.Config{RootCAs: c.trust.Pool(), ServerName: c.verify}, server)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("handshake: %v, want none", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("handshake: %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestClientCertificate(t *testing.T) {
	ca := testcert.NewAuthority(t)
	server := &tls.Config{
		Certificates: []tls.Certificate{ca.Server(t, testcert.Options{}).Certificate(t)},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    ca.Pool(),
		MaxVersion:   tls.VersionTLS12, // the client learns of a refusal within the handshake
	}
	client := &tls.Config{RootCAs: ca.Pool(), ServerName: "localhost"}
	if _, err := handshake(t, client, server); err == nil {
		t.Error("handshake without a client certificate succeeded")
	}
	client.Certificates = []tls.Certificate{ca.Client(t, testcert.Options{CommonName: "sensor-7"}).Certificate(t)}
	seen, err := handshake(t, client, server)
	if err != nil || seen == nil || seen.Subject.CommonName != "sensor-7" {
		t.Errorf("handshake: %v, the server saw %v", err, seen)
	}
}

func TestFiles(t *testing.T) {
	ca := testcert.NewAuthority(t)
	pool := x509.NewCertPool()
	pem, err := os.ReadFile(ca.File(t))
	if err != nil || !pool.AppendCertsFromPEM(pem) || string(pem) != string(ca.PEM()) {
		t.Errorf("authority's file: %v, %q", err, pem)
	}
	if _, err := tls.LoadX509KeyPair(ca.Server(t, testcert.Options{}).Files(t)); err != nil {
		t.Errorf("load the pair's files: %v", err)
	}
}
