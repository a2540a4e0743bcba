package mqtt_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/internal/testcert"
	"dunlin/mqtt"
	"dunlin/mqtt/dial"
	"dunlin/mqtt/mqtttest"
)

// TestTLSServerNames shows TL-02: alternative names of a certificate; TL-03: certificate for
// another host; TL-10: TLS configuration of the application; TL-11: server name in the handshake.
func TestTLSServerNames(t *testing.T) {
	authority := testcert.NewAuthority(t)
	both := authority.Server(t, testcert.Options{}).Certificate(t)
	for _, test := range []struct {
		host, name string // name: of the configuration
		sni        string
		fails      bool
	}{
		{"localhost", "", "localhost", false},
		{"127.0.0.1", "", "", false}, // no server name for an address
		{"127.0.0.1", "localhost", "localhost", false},
		{"127.0.0.1", "elsewhere.test", "elsewhere.test", true},
	} {
		server := newTLSServer(t, &tls.Config{Certificates: []tls.Certificate{both}})
		conf := &tls.Config{RootCAs: authority.Pool(), ServerName: test.name}
		s := newScripted(t)
		err := s.dialTLS(server, test.host, conf)
		if hello := <-server.hello; hello.ServerName != test.sni {
			t.Errorf("%s: the server name %q was sent", test.host, hello.ServerName)
		}
		var failed *dial.Error
		if test.fails != (err != nil) || err != nil && (!errors.As(err, &failed) || failed.Stage != dial.StageTLS) {
			t.Errorf("%s as %q: %v", test.host, test.name, err)
		}
		if conf.ServerName != test.name || conf.MinVersion != 0 {
			t.Error("the configuration was changed")
		}
		if err == nil {
			s.expectEvent("connect")
			s.closeWell()
		}
	}
}

// TestOldTLSIsRefused shows TL-12: oldest TLS version.
func TestOldTLSIsRefused(t *testing.T) {
	authority := testcert.NewAuthority(t)
	server := newTLSServer(t, &tls.Config{ //nolint:gosec // an old server is the point
		Certificates: []tls.Certificate{authority.Server(t, testcert.Options{}).Certificate(t)},
		MinVersion:   tls.VersionTLS10, MaxVersion: tls.VersionTLS11,
	})
	err := newScripted(t).dialTLS(server, "localhost", &tls.Config{RootCAs: authority.Pool()})
	if err == nil || !strings.Contains(err.Error(), "TLS handshake mqtts://localhost:") || !strings.Contains(err.Error(), "version") {
		t.Errorf("got %v", err)
	}
	if hello := <-server.hello; slices.Min(hello.SupportedVersions) < tls.VersionTLS12 {
		t.Errorf("offered %x", hello.SupportedVersions)
	}
}

// TestALPNIsOffered shows TL-17: ALPN.
func TestALPNIsOffered(t *testing.T) {
	authority := testcert.NewAuthority(t)
	server := newTLSServer(t, &tls.Config{
		Certificates: []tls.Certificate{authority.Server(t, testcert.Options{}).Certificate(t)}, NextProtos: []string{"mqtt"},
	})
	s := newScripted(t)
	must(t, s.dialTLS(server, "localhost", &tls.Config{RootCAs: authority.Pool(), NextProtos: []string{"mqtt"}}))
	if hello := <-server.hello; !slices.Equal(hello.SupportedProtos, []string{"mqtt"}) {
		t.Errorf("offered %q", hello.SupportedProtos)
	}
	s.expectEvent("connect")
	s.closeWell()
}

// TestClientCertificateIsMissing: with TLS 1.3 the client learns of it at its first read. It shows
// TL-08: client certificate missing. It keeps out T-A41: a missing client certificate is noticed
// after success was told.
func TestClientCertificateIsMissing(t *testing.T) {
	authority := testcert.NewAuthority(t)
	server := newTLSServer(t, &tls.Config{
		Certificates: []tls.Certificate{authority.Server(t, testcert.Options{}).Certificate(t)},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: authority.Pool(),
	})
	err := newScripted(t).dialTLS(server, "localhost", &tls.Config{RootCAs: authority.Pool()})
	if err == nil || !strings.Contains(err.Error(), "certificate required") {
		t.Errorf("got %v", err)
	}
}

// TestEndsOfTLSConnections shows TL-15: end of TLS; DC-14: server ends the stream; DC-15:
// connection reset; DC-16: connection half closed; DC-17: end of the stream within a packet.
func TestEndsOfTLSConnections(t *testing.T) {
	authority := testcert.NewAuthority(t)
	cert := authority.Server(t, testcert.Options{}).Certificate(t)
	for _, test := range []struct {
		name string
		end  func(raw net.Conn, secure *tls.Conn) error
		want []string
	}{
		{"close_notify", func(_ net.Conn, s *tls.Conn) error { return s.Close() }, []string{"close: ", "disconnect: the server closed the connection"}},
		{"half close", func(_ net.Conn, s *tls.Conn) error { return s.CloseWrite() }, []string{"close: ", "disconnect: the server closed the connection"}},
		{"FIN alone", func(c net.Conn, _ *tls.Conn) error { return c.Close() }, []string{"close: ", "disconnect: the server closed the connection"}},
		{"FIN within a record", func(c net.Conn, _ *tls.Conn) error {
			_, err := c.Write([]byte{23, 3, 3, 0, 100, 1, 2, 3})
			return errors.Join(err, c.Close())
		}, []string{"disconnect: "}},
		{"bad record", func(c net.Conn, _ *tls.Conn) error {
			_, err := c.Write([]byte{23, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
			return err
		}, []string{"disconnect: read: local error: tls: bad record MAC"}},
		{"within a packet", func(_ net.Conn, s *tls.Conn) error {
			_, err := s.Write([]byte{0x30, 14, 0})
			return errors.Join(err, s.Close())
		}, []string{"disconnect: the server closed the connection in the middle of a packet"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			must(t, err)
			defer l.Close()
			s := newScripted(t)
			_, port, _ := net.SplitHostPort(l.Addr().String())
			dialed := async(func() (err error) {
				conf := &tls.Config{RootCAs: authority.Pool()}
				s.Client, err = mqtt.Dial(s.ctx, "mqtts://localhost:"+port, s.watch(mqtt.Config{ClientID: "c", Transport: mqtt.Transport{TLS: conf}}))
				return err
			})
			raw, err := l.Accept()
			must(t, err)
			secure := tls.Server(raw, &tls.Config{Certificates: []tls.Certificate{cert}})
			s.server = mqtttest.NewConn(t, secure)
			s.server.Accept()
			s.mustWait(dialed)
			s.expectEvent("connect")
			must(t, test.end(raw, secure))
			for _, want := range test.want {
				s.expectEvent(want)
			}
			s.finish()
		})
	}
}

// TestPlainAndTLSDoNotMatch: the error comes at once, and says what is wrong. It shows TL-13: TLS
// on one side only; TL-16: never in the clear where TLS was asked for; MF-25: something that is not
// MQTT.
func TestPlainAndTLSDoNotMatch(t *testing.T) {
	authority := testcert.NewAuthority(t)
	secure := newTLSServer(t, &tls.Config{Certificates: []tls.Certificate{authority.Server(t, testcert.Options{}).Certificate(t)}})
	dialed := async(func() error {
		_, err := mqtt.Dial(ctxFor(t), strings.Replace(secure.url("localhost"), "mqtts", "mqtt", 1), mqtt.Config{ClientID: "c"})
		return err
	})
	_, conn := secure.accept()
	_ = conn.Close()
	if err := <-dialed; err == nil || !strings.HasPrefix(err.Error(), "connect mqtt://localhost:") {
		t.Errorf("plain client, TLS server: %v", err)
	}

	plain := mqtttest.NewServer(t)
	dialed = async(func() error {
		_, err := mqtt.Dial(ctxFor(t), "mqtts://"+plain.Addr(), mqtt.Config{ClientID: "c"})
		return err
	})
	server := plain.Accept()
	if p, err := server.TryPacket(); err != nil || p[0] == 0x10 {
		t.Errorf("the client sent % X in the clear (%v)", p, err)
	}
	server.Send("20 02 0000 20 02 0000") // what an MQTT server may say
	if err := <-dialed; err == nil || !strings.Contains(err.Error(), "TLS handshake mqtts://127.0.0.1:") || !strings.Contains(err.Error(), "does not look like a TLS handshake") {
		t.Errorf("TLS client, plain server: %v", err)
	}
}

// TestDialWhereNobodyListens shows TR-01: nobody listens at the address.
func TestDialWhereNobodyListens(t *testing.T) {
	server := mqtttest.NewServer(t)
	url := server.URL()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	closed := "mqtt://" + l.Addr().String()
	_ = l.Close()
	_ = url
	var failed *dial.Error
	if _, err := mqtt.Dial(ctxFor(t), closed, mqtt.Config{}); !errors.As(err, &failed) || failed.Stage != dial.StageDial || err.Error() != "dial "+closed+": connect: connection refused" {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	slow := mqtt.Config{Transport: mqtt.Transport{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}}
	if _, err := mqtt.Open(ctx, closed, slow); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// TestCloseOverTLSKeepsItsDeadline shows TL-15: end of TLS.
func TestCloseOverTLSKeepsItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := dialPipeTLS(t, func(*mqtt.Config) {})
		ctx, cancel := context.WithTimeout(s.ctx, time.Second)
		defer cancel()
		since := elapsed()
		err := s.Close(ctx)
		if since() != time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %v: %v", since(), err)
		}
	})
}

// TestDeadTLSServerIsNotWaitedFor shows KA-11: no answer to a ping.
func TestDeadTLSServerIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := dialPipeTLS(t, keepAlive(10*time.Second))
		s.expectPing(9 * time.Second)
		since := elapsed()
		<-s.Done()
		if since() != 5*time.Second || !errors.Is(s.Err(), mqtt.ErrKeepAlive) {
			t.Errorf("after %v: %v", since(), s.Err())
		}
	})
}

// TestSlowTLSServerIsNotDead: a TLS write cannot go on after a deadline that has passed. It shows
// KA-13: server that does not read.
func TestSlowTLSServerIsNotDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := dialPipeTLS(t, keepAlive(10*time.Second))
		const size = 300_000
		published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", Payload: make([]byte, size)}) })
		packet := bigPublish(size)
		for len(packet) > 0 {
			n := min(len(packet), 50_000)
			s.server.Expect(hexOf(packet[:n]))
			packet = packet[n:]
			<-time.After(9 * time.Second)
		}
		s.mustWait(published)
		if !s.IsConnected() {
			t.Error("the client gave up")
		}
		go func() { _, _ = s.server.TryPacket(); s.server.Close() }()
	})
}

// TestStalledHandshakeTimesOut shows TL-14: TLS handshake stalls.
func TestStalledHandshakeTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		since := elapsed()
		_, err := mqtt.Open(context.Background(), "mqtts://pipe", mqtt.Config{Transport: mqtt.Transport{
			Dial: func(context.Context, string, string) (net.Conn, error) { return ours, nil },
		}})
		if since() != mqtt.DefaultConnectTimeout || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "TLS handshake mqtts://pipe:8883: no connection within 30s") {
			t.Errorf("after %v: %v", since(), err)
		}
	})
}

// TestRotatedClientCertificate: each handshake has the certificate of its time, and a refused one
// is reported.
func TestRotatedClientCertificate(t *testing.T) {
	authority, stranger := testcert.NewAuthority(t), testcert.NewAuthority(t)
	server := newRotating(t, &tls.Config{
		Certificates: []tls.Certificate{authority.Server(t, testcert.Options{}).Certificate(t)},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: authority.Pool(),
	})
	certs := []tls.Certificate{
		authority.Client(t, testcert.Options{}).Certificate(t),
		stranger.Client(t, testcert.Options{}).Certificate(t), // as one that has expired
		authority.Client(t, testcert.Options{}).Certificate(t),
	}
	told := make(chan mqtt.Retry, 10)
	s := newScripted(t)
	cfg := mqtt.Config{ClientID: "c", KeepSession: true, Reconnect: &mqtt.Reconnect{MinDelay: time.Millisecond}}
	cfg.OnRetry = func(r mqtt.Retry) { told <- r }
	prepare(func(a *mqtt.Attempt) error {
		a.Config.Transport.TLS = &tls.Config{RootCAs: authority.Pool(), Certificates: certs[a.Number : a.Number+1]}
		return nil
	})(&cfg)
	dialed := async(func() (err error) {
		s.Client, err = mqtt.Dial(s.ctx, server.url, cfg)
		return err
	})
	accept := func(want int) *mqtttest.Conn {
		t.Helper()
		conn, whose, err := server.accept(t)
		must(t, err)
		if leaf, err := x509.ParseCertificate(certs[want].Certificate[0]); err != nil || whose != leaf.SerialNumber.String() {
			t.Errorf("not the certificate %d (%v)", want, err)
		}
		conn.Packet()
		conn.Send("20 02 0000")
		return conn
	}
	conn := accept(0)
	s.mustWait(dialed)
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	conn.Close()
	<-told
	if _, _, err := server.accept(t); err == nil {
		t.Fatal("the stranger's certificate was taken")
	}
	if err := (<-told).Err; !strings.Contains(err.Error(), "certificate") {
		t.Errorf("the refusal is told as %v", err)
	}
	defer accept(2).Close()
}

// TestUntrustedServerAtEachRetry: it is refused each time, and gets no byte of CONNECT.
func TestUntrustedServerAtEachRetry(t *testing.T) {
	authority, stranger := testcert.NewAuthority(t), testcert.NewAuthority(t)
	server := newRotating(t, &tls.Config{Certificates: []tls.Certificate{stranger.Server(t, testcert.Options{}).Certificate(t)}})
	told := make(chan mqtt.Retry, 10)
	s := newScripted(t)
	cfg := mqtt.Config{ClientID: "c", Reconnect: &mqtt.Reconnect{MinDelay: time.Millisecond, Background: true}}
	cfg.Transport.TLS = &tls.Config{RootCAs: authority.Pool()}
	cfg.OnRetry = func(r mqtt.Retry) { told <- r }
	c, err := mqtt.Dial(s.ctx, server.url, cfg)
	must(t, err)
	for range 4 {
		if _, _, err := server.accept(t); err == nil {
			t.Fatal("the handshake succeeded")
		}
		if r := <-told; !strings.Contains(r.Err.Error(), "authority") {
			t.Errorf("told %v", r.Err)
		}
	}
	must(t, c.Close(s.ctx))
}
