package mqtt_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/internal/testcert"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// prepare sets the client's Prepare.
func prepare(f func(a *mqtt.Attempt) error) func(*mqtt.Config) {
	return func(cfg *mqtt.Config) {
		cfg.Reconnect.Prepare = func(_ context.Context, a *mqtt.Attempt) error { return f(a) }
	}
}

func TestPrepareEachAttempt(t *testing.T) { // CN-28, peer 4.16, fault 26: credentials are those of the attempt
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		change := prepare(func(a *mqtt.Attempt) error {
			seen = append(seen, fmt.Sprint(a.Number, a.URL, a.Config.ClientID, a.Config.Username, a.Last != nil))
			a.Config.Username, a.Config.Password = "u", []byte{byte('0' + a.Number)}
			a.Config.ClientID, a.Config.KeepSession, a.Config.Version = "other", false, mqtt.V5 // are not of an attempt
			a.Config.Limits.InFlight = 1
			if a.Number == 2 {
				a.URL = "mqtt://changed:7"
			}
			return nil
		})
		s := newLasting(t, mqtt.V311, change)
		s.connectAs("10 13 00044D51545404C0003C 000163 000175 000130")
		s.drop()
		s.server = s.net.accept()
		s.server.Expect("10 13 00044D51545404C0003C 000163 000175 000131")
		s.server.Close() // an attempt that fails
		s.server = s.net.accept()
		s.server.Expect("10 13 00044D51545404C0003C 000163 000175 000132")
		s.server.Send("20 02 0100")
		s.publishes(1, "a", "b") // the window is not of an attempt either
		s.play(`> pub 32 1 a
			> pub 32 2 b`)
		want := []string{"0 mqtt://one c  false", "1 mqtt://one c  true", "2 mqtt://one c  true"}
		if !slices.EqualFunc(seen, want, func(a, b string) bool { return strings.ReplaceAll(a, " ", "") == strings.ReplaceAll(b, " ", "") }) {
			t.Errorf("asked with %q", seen)
		}
		if reached := s.net.all(); !slices.Equal(reached, []string{"one:1883", "one:1883", "changed:7"}) {
			t.Errorf("reached %q", reached)
		}
	})
}

// connectAs dials, expects that CONNECT and accepts it.
func (s *lasting) connectAs(connect string) {
	s.t.Helper()
	dialed := s.start()
	s.server = s.net.accept()
	s.t.Cleanup(s.server.Close)
	s.server.Expect(connect)
	s.server.Send(s.connAck("absent"))
	s.mustWait(dialed)
}

func TestPrepareMayFail(t *testing.T) { // CN-28, fault 26: that is an attempt that failed
	own := errors.New("no token")
	synctest.Test(t, func(t *testing.T) {
		told := make(chan mqtt.Retry, 10)
		s := newLasting(t, mqtt.V311, both(retries(told), prepare(func(a *mqtt.Attempt) error {
			if a.Number == 1 || a.Number == 2 {
				return own
			}
			if a.Number == 3 && !errors.Is(a.Last, own) {
				t.Errorf("last: %v", a.Last)
			}
			return nil
		})))
		s.connect("absent")
		s.lose("present")
		for _, want := range []error{mqtt.ErrServerClosed, own, own} {
			checkError(t, (<-told).Err, want)
		}
		if n := len(s.net.all()); n != 2 {
			t.Errorf("%d connections", n)
		}
	})
	synctest.Test(t, func(t *testing.T) { // Dial returns it
		s := newLasting(t, mqtt.V311, prepare(func(*mqtt.Attempt) error { return own }))
		checkError(t, <-s.start(), own)
	})
	synctest.Test(t, func(t *testing.T) { // and it may end the client
		s := newLasting(t, mqtt.V311, both(prepare(func(a *mqtt.Attempt) error {
			if a.Number > 0 {
				return own
			}
			return nil
		}), func(cfg *mqtt.Config) { cfg.Reconnect.GiveUp = func(err error) bool { return errors.Is(err, own) } }))
		s.connect("absent")
		s.drop()
		<-s.Done()
		checkError(t, s.Err(), own)
		s.expectEvent("error: no further attempt: prepare: no token")
	})
}

func TestWillOfEachConnection(t *testing.T) { // WL-05: the same, or what Prepare makes of it
	will := func(cfg *mqtt.Config) {
		cfg.Will = &mqtt.Will{Message: mqtt.Message{Topic: "w", Payload: []byte("m"), QoS: 1, Retain: true}}
	}
	eachLasting(t, will, func(s *lasting) {
		first := s.lose("present")
		second := s.lose("present")
		tail := hexOf([]byte("\x00\x01w\x00\x01m"))
		if s.five {
			tail = hexOf([]byte("\x00\x00\x01w\x00\x01m"))
		}
		if !slices.Equal(first, second) || !strings.HasSuffix(hexOf(first), tail) || first[9] != 0x2C {
			s.t.Errorf("% X, then % X", first, second)
		}
	})
}

func TestAuthenticationOfEachConnection(t *testing.T) { // AU-13: from the beginning
	a := &echoAuth{}
	lastingAuth := func(cfg *mqtt.Config) { cfg.Auth = a }
	synctest.Test(t, func(t *testing.T) {
		s := newLasting(t, mqtt.V5, lastingAuth)
		dialed := s.start()
		for n := range 3 {
			s.server = s.net.accept()
			if p := s.server.Packet(); !strings.Contains(string(p), "\x15\x00\x01M\x16\x00\x01s") {
				t.Fatalf("CONNECT % X", p)
			}
			s.server.Send("F0 0A 18 08 1500014D 16000163")
			s.server.Expect("F0 0A 18 08 1500014D 16000143")
			s.server.Send(fmt.Sprintf("20 0B %02X00 08 1500014D 16000166", min(n, 1)))
			if n == 0 {
				s.mustWait(dialed)
			}
			synctest.Wait()
			if a.started != n+1 || a.finished != "f" {
				t.Errorf("started %d times, finished %q", a.started, a.finished)
			}
			a.finished = ""
			s.publishes(1, "x")
			if n == 0 {
				s.play("> pub 32 1 x")
			}
			s.drop()
		}
	})
}

func TestResolverThatFails(t *testing.T) { // fault 24: names are asked for at each attempt, whatever the answer was
	synctest.Test(t, func(t *testing.T) {
		answers := []error{
			nil,
			&net.DNSError{Err: "server misbehaving", Name: "one", IsTemporary: true},
			&net.DNSError{Err: "no such host", Name: "one", IsNotFound: true},
			&net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH},
			nil,
		}
		s := newLasting(t, mqtt.V311, nil)
		s.net.refuses(func(address string) error {
			if address != "one:1883" {
				t.Errorf("asked for %q", address)
			}
			next := answers[0]
			answers = answers[1:]
			return next
		})
		s.connect("absent")
		s.lose("present")
		if len(answers) > 0 {
			t.Errorf("%d answers are left", len(answers))
		}
	})
}

// rotating is a TLS server over sockets that asks clients for a certificate.
type rotating struct {
	net.Listener
	url string
}

func newRotating(t *testing.T, conf *tls.Config) *rotating {
	l, err := tls.Listen("tcp", "127.0.0.1:0", conf)
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return &rotating{l, "mqtts://" + l.Addr().String()}
}

// accept returns the next connection, and whose certificate came.
func (r *rotating) accept(t *testing.T) (*mqtttest.Conn, string, error) {
	t.Helper()
	conn, err := r.Accept()
	must(t, err)
	secure := conn.(*tls.Conn)
	if err := secure.Handshake(); err != nil {
		_ = conn.Close()
		return nil, "", err
	}
	whose := ""
	if peers := secure.ConnectionState().PeerCertificates; len(peers) > 0 {
		whose = peers[0].SerialNumber.String()
	}
	return mqtttest.NewConn(t, conn), whose, nil
}

func TestRotatedClientCertificate(t *testing.T) { // fault 26: each handshake has the one of its time; a refused one is told
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

func TestUntrustedServerAtEachRetry(t *testing.T) { // fault 25: refused each time, and it gets no byte of CONNECT
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
