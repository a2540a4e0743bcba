package dial_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"dunlin/internal/testcert"
	"dunlin/mqtt/dial"
)

// wire keeps what came in over a connection.
type wire struct {
	net.Conn
	mu  sync.Mutex
	got bytes.Buffer
}

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got.Write(p[:n])
	return n, err
}

// visit is one connection as the server saw it.
type visit struct {
	state tls.ConnectionState
	err   error  // of the handshake
	raw   []byte // all that the client sent
	plain []byte // what was in it
}

// serve shakes hands with each client by conf and reads on to its end.
func serve(t *testing.T, conf *tls.Config) (port string, visits chan visit) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	visits = make(chan visit, 100)
	var done sync.WaitGroup
	done.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			done.Go(func() { visits <- receive(conn, conf) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); done.Wait() })
	_, port, err = net.SplitHostPort(l.Addr().String())
	must(t, err)
	return port, visits
}

func receive(conn net.Conn, conf *tls.Config) visit {
	defer conn.Close()
	w := &wire{Conn: conn}
	secure := tls.Server(w, conf)
	v := visit{err: secure.Handshake()}
	v.state = secure.ConnectionState()
	if v.err == nil {
		v.plain, _ = io.ReadAll(secure)
	}
	v.raw = w.got.Bytes()
	return v
}

// try connects with a TLS and says "CONNECT".
func try(t *testing.T, url string, conf *tls.Config) error {
	t.Helper()
	conn, err := open(t, url, dial.Options{TLS: conf})
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte("CONNECT"))
	return err
}

func configure(t *testing.T, c dial.TLS) *tls.Config {
	t.Helper()
	conf, err := c.Config()
	must(t, err)
	return conf
}

// TestTrust shows TL-01: trusted certificate; TL-02: alternative names of a certificate; TL-03:
// certificate for another host; TL-04: certificate of an unknown authority; TL-06: expired
// certificate.
func TestTrust(t *testing.T) {
	ours, other := testcert.NewAuthority(t), testcert.NewAuthority(t) // the other has the same subject
	for _, test := range []struct {
		name, host string
		cert       testcert.Pair
		c          dial.TLS
		want       string // of the error; empty: none
	}{
		{"own authority as a file", "localhost", ours.Server(t, testcert.Options{}), dial.TLS{CAFile: ours.File(t)}, ""},
		{"own authority as PEM", "localhost", ours.Server(t, testcert.Options{}), dial.TLS{CA: ours.PEM()}, ""},
		{"both", "localhost", ours.Server(t, testcert.Options{}), dial.TLS{CAFile: other.File(t), CA: ours.PEM()}, ""},
		{"address in the certificate", "127.0.0.1", ours.Server(t, testcert.Options{}), dial.TLS{CA: ours.PEM()}, ""},
		{"address not in the certificate", "127.0.0.1", ours.Server(t, testcert.Options{Names: []string{"localhost"}}), dial.TLS{CA: ours.PEM()}, "127.0.0.1"},
		{"another name", "localhost", ours.Server(t, testcert.Options{Names: []string{"elsewhere.test"}}), dial.TLS{CA: ours.PEM()}, "elsewhere.test"},
		{"another name, asked for", "localhost", ours.Server(t, testcert.Options{Names: []string{"elsewhere.test"}}), dial.TLS{CA: ours.PEM(), ServerName: "elsewhere.test"}, ""},
		{"fake authority of the same subject", "localhost", other.Server(t, testcert.Options{}), dial.TLS{CA: ours.PEM()}, "unknown authority"},
		{"the system's authorities", "localhost", ours.Server(t, testcert.Options{}), dial.TLS{}, "unknown authority"},
		{"expired", "localhost", ours.Server(t, testcert.Options{Expired: true}), dial.TLS{CA: ours.PEM()}, "expired"},
		{"not yet valid", "localhost", ours.Server(t, testcert.Options{NotYetValid: true}), dial.TLS{CA: ours.PEM()}, "not yet valid"},
		{"a client's certificate", "localhost", ours.Client(t, testcert.Options{}), dial.TLS{CA: ours.PEM()}, "usage"},
		{"anything, insecure", "localhost", other.Server(t, testcert.Options{Expired: true, Names: []string{"x.test"}}), dial.TLS{CA: ours.PEM(), Insecure: true}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			port, visits := serve(t, &tls.Config{Certificates: []tls.Certificate{test.cert.Certificate(t)}})
			conf := configure(t, test.c)
			for range 3 { // a refusal stays one at every attempt
				err := try(t, "mqtts://"+test.host+":"+port, conf)
				v := <-visits
				if bytes.Contains(v.raw, []byte("CONNECT")) {
					t.Error("went out in the clear")
				}
				if test.want == "" {
					if err != nil || string(v.plain) != "CONNECT" {
						t.Errorf("got %v, the server %q", err, v.plain)
					}
					continue
				}
				var failed *dial.Error
				if !errors.As(err, &failed) || failed.Stage != dial.StageTLS || !strings.Contains(err.Error(), test.want) || len(v.plain) > 0 {
					t.Errorf("got %v, the server %q", err, v.plain)
				}
			}
		})
	}
}

// TestResumptionKeepsTheName: a session ticket of one server is not used for another.
func TestResumptionKeepsTheName(t *testing.T) {
	authority := testcert.NewAuthority(t)
	port, visits := serve(t, &tls.Config{Certificates: []tls.Certificate{authority.Server(t, testcert.Options{}).Certificate(t)}})
	conf := configure(t, dial.TLS{CA: authority.PEM()})
	conf.MaxVersion = tls.VersionTLS12 // its ticket is there with the handshake
	conf.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	for range 2 {
		must(t, try(t, "mqtts://localhost:"+port, conf))
	}
	if first, second := <-visits, <-visits; !first.state.DidResume && !second.state.DidResume {
		t.Error("the second connection did not resume")
	}
	conf.ServerName = "elsewhere.test"
	if err := try(t, "mqtts://localhost:"+port, conf); err == nil || !strings.Contains(err.Error(), "elsewhere.test") {
		t.Errorf("got %v", err)
	}
}

// TestSystemCA: configured authorities replace those of the system unless both are asked for.
func TestSystemCA(t *testing.T) {
	authority := testcert.NewAuthority(t)
	if only := configure(t, dial.TLS{CA: authority.PEM()}); !only.RootCAs.Equal(authority.Pool()) {
		t.Error("own authorities are not alone")
	}
	want, err := x509.SystemCertPool()
	must(t, err)
	want.AppendCertsFromPEM(authority.PEM())
	if both := configure(t, dial.TLS{CA: authority.PEM(), SystemCA: true}); !both.RootCAs.Equal(want) {
		t.Error("the system's authorities are missing, or ours")
	}
	if configure(t, dial.TLS{SystemCA: true}).RootCAs != nil {
		t.Error("the system's authorities alone are crypto/tls' own")
	}
}

// cut takes the end off the one PEM block in b.
func cut(b []byte) []byte { return bytes.Replace(b, []byte("-----END CERTIFICATE-----"), nil, 1) }

// TestBadFiles: they are reported before anything is dialed. It shows TL-05: bad certificate files;
// TL-09: encrypted key file.
func TestBadFiles(t *testing.T) {
	authority := testcert.NewAuthority(t)
	certFile, keyFile := authority.Client(t, testcert.Options{}).Files(t)
	_, otherKey := authority.Client(t, testcert.Options{}).Files(t)
	missing := filepath.Join(t.TempDir(), "missing.pem")
	file := func(content []byte) string {
		path := filepath.Join(t.TempDir(), "file.pem")
		must(t, os.WriteFile(path, content, 0o600))
		return path
	}
	encrypted := file(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte{1}}))
	damaged := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{1}})
	for want, c := range map[string]dial.TLS{
		"TLS: CAFile: open " + missing:     {CAFile: missing},
		"there is no certificate in it":    {CAFile: file([]byte("not PEM"))},
		"TLS: CA: there is no":             {CA: []byte{}},
		"certificate 2 cannot be read: x":  {CA: append(authority.PEM(), damaged...)},
		"certificate 2 cannot be read: it": {CA: append(authority.PEM(), cut(authority.PEM())...)},
		"certificate 1 cannot be read: it": {CA: append(cut(authority.PEM()), authority.PEM()...)},
		"TLS: CertFile: open " + missing:   {CertFile: missing, KeyFile: keyFile},
		"TLS: KeyFile: open " + missing:    {CertFile: certFile, KeyFile: missing},
		"TLS: CertFile " + certFile:        {CertFile: certFile, KeyFile: otherKey},
		"with KeyFile " + certFile:         {CertFile: certFile},
		"TLS: KeyFile needs CertFile":      {KeyFile: keyFile},
		"the key is encrypted; decrypt":    {CertFile: certFile, KeyFile: encrypted},
		"TLS 1.1 is older than TLS 1.2":    {MinVersion: tls.VersionTLS11},
		"TLS: CAFile: read " + t.TempDir(): {CAFile: t.TempDir()},
	} {
		_, err := c.Config()
		if strings.HasPrefix(want, "TLS: CAFile: read") {
			want = "TLS: CAFile: read "
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(want, "open") != errors.Is(err, os.ErrNotExist) {
			t.Errorf("want %s, got %v", want, err)
		}
	}
}

// TestClientCertificateIsReadAnew shows TL-07: client certificate.
func TestClientCertificateIsReadAnew(t *testing.T) {
	authority := testcert.NewAuthority(t)
	port, visits := serve(t, &tls.Config{
		Certificates: []tls.Certificate{authority.Server(t, testcert.Options{}).Certificate(t)},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: authority.Pool(),
	})
	first, second := authority.Client(t, testcert.Options{CommonName: "first"}), authority.Client(t, testcert.Options{CommonName: "second"})
	both := filepath.Join(t.TempDir(), "client.pem") // certificate and key in one file
	must(t, os.WriteFile(both, append(first.CertPEM, first.KeyPEM...), 0o600))
	conf := configure(t, dial.TLS{CA: authority.PEM(), CertFile: both})
	for _, want := range []testcert.Pair{first, second} {
		must(t, os.WriteFile(both, append(want.CertPEM, want.KeyPEM...), 0o600))
		must(t, try(t, "mqtts://localhost:"+port, conf))
		v := <-visits
		if len(v.state.PeerCertificates) == 0 || !bytes.Equal(v.state.PeerCertificates[0].Raw, want.Certificate(t).Certificate[0]) {
			t.Errorf("the server saw %v, %v", v.state.PeerCertificates, v.err)
		}
	}
	must(t, os.Remove(both))
	err := try(t, "mqtts://localhost:"+port, conf)
	var failed *dial.Error
	if !errors.As(err, &failed) || failed.Stage != dial.StageTLS || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without the file: %v", err)
	}
}

// TestHandshakeOptions shows TL-11: server name in the handshake; TL-12: oldest TLS version; TL-17:
// ALPN.
func TestHandshakeOptions(t *testing.T) {
	authority := testcert.NewAuthority(t)
	hellos := make(chan *tls.ClientHelloInfo, 1)
	port, visits := serve(t, &tls.Config{
		Certificates: []tls.Certificate{authority.Server(t, testcert.Options{}).Certificate(t)},
		NextProtos:   []string{"x-amzn-mqtt-ca", "mqtt"},
		GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			hellos <- h
			return nil, nil
		},
	})
	var keys bytes.Buffer
	for _, test := range []struct {
		c      dial.TLS
		chosen string
		oldest uint16
		fails  bool
	}{
		{dial.TLS{}, "", tls.VersionTLS12, false},
		{dial.TLS{ALPN: []string{"mqtt"}, KeyLog: &keys, MinVersion: tls.VersionTLS13}, "mqtt", tls.VersionTLS13, false},
		{dial.TLS{ALPN: []string{"h2"}}, "", tls.VersionTLS12, true},
	} {
		test.c.CA = authority.PEM()
		err := try(t, "mqtts://localhost:"+port, configure(t, test.c))
		hello, v := <-hellos, <-visits
		if test.fails && (err == nil || !strings.Contains(err.Error(), "the server knows none of the protocols that ALPN offered")) {
			t.Errorf("%+v: %v", test.c.ALPN, err)
		}
		if test.fails != (err != nil) || v.state.NegotiatedProtocol != test.chosen {
			t.Errorf("%+v: %v, the server chose %q", test.c.ALPN, err, v.state.NegotiatedProtocol)
		}
		if hello.ServerName != "localhost" || slices.Min(hello.SupportedVersions) != test.oldest || !slices.Equal(hello.SupportedProtos, test.c.ALPN) {
			t.Errorf("sent the name %q, versions %x, protocols %q", hello.ServerName, hello.SupportedVersions, hello.SupportedProtos)
		}
	}
	if !strings.Contains(keys.String(), "CLIENT_TRAFFIC_SECRET_0 ") {
		t.Errorf("key log %q", keys.String())
	}
}

// TestNoTLSThere shows TL-13: TLS on one side only.
func TestNoTLSThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	done := make(chan struct{})
	defer func() { <-done }()
	go func() {
		defer close(done)
		for _, answer := range []string{"\x20\x02\x00\x00\x20\x02\x00\x00", "HTTP/1.1 400 Bad Request\r\n\r\n", ""} {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 16<<10))
			_, _ = io.WriteString(conn, answer)
			_ = conn.Close()
		}
	}()
	for _, want := range []string{"the server does not speak TLS at this port: use mqtt in the place of mqtts", "the server speaks HTTP at this port", "does it speak TLS at this port? If not, use mqtt"} {
		if err := try(t, "mqtts://"+l.Addr().String(), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v", err)
		}
	}
}
