package dial_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/internal/testcert"
	"dunlin/internal/testdns"
	"dunlin/mqtt/dial"
)

// lookUp returns the servers of a URL as host:port.
func lookUp(t *testing.T, url string, r *net.Resolver) []string {
	t.Helper()
	a, err := dial.ParseAddress(url)
	must(t, err)
	servers, err := dial.LookUp(t.Context(), a, r)
	must(t, err)
	names := make([]string, len(servers))
	for i, s := range servers {
		names[i] = s.Endpoint()
	}
	return names
}

func TestServersOfADomain(t *testing.T) {
	server := testdns.New()
	server.SetSRV("_mqtt._tcp.example.test", testdns.Record(20, 0, 1884, "b.example.test"), testdns.Record(10, 0, 1883, "a.example.test"))
	server.SetSRV("_secure-mqtt._tcp.example.test", testdns.Record(10, 0, 8884, "s.example.test"))
	server.SetSRV("_mqtt._tcp.none.test", testdns.Record(0, 0, 0, "."))
	r := server.Resolver(t)
	a, err := dial.ParseAddress("mqtts+srv://joe:secret@example.test")
	must(t, err)
	servers, err := dial.LookUp(t.Context(), a, r)
	must(t, err)
	if s := servers[0]; len(servers) != 1 || s.String() != "mqtts://s.example.test:8884" || !s.TLS || s.User.String() != "joe:secret" || s.Domain != "example.test" || s.IsSRV() {
		t.Errorf("got %+v", servers)
	}
	if got := lookUp(t, "mqtt+srv://example.test", r); !slices.Equal(got, []string{"a.example.test:1883", "b.example.test:1884"}) {
		t.Errorf("servers %q", got)
	}
	if got := lookUp(t, "ws://h", nil); !slices.Equal(got, []string{"h:80"}) {
		t.Errorf("another address stands for %q", got)
	}
	for domain, want := range map[string]string{
		"none.test":  "resolve mqtt+srv://none.test: SRV records of _mqtt._tcp: the domain says that it has no such server",
		"other.test": "resolve mqtt+srv://other.test: SRV records of _mqtt._tcp: lookup _mqtt._tcp.other.test",
	} {
		a, err := dial.ParseAddress("mqtt+srv://" + domain)
		must(t, err)
		_, err = dial.LookUp(t.Context(), a, r)
		var failed *dial.Error
		if !errors.As(err, &failed) || failed.Stage != dial.StageResolve || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", domain, err)
		}
	}
}

// TestLookUpEndsWithItsContext, though the name server is silent.
func TestLookUpEndsWithItsContext(t *testing.T) {
	server := testdns.New()
	r := server.Piped()
	server.SetSilent(true)
	a, err := dial.ParseAddress("mqtt+srv://example.test")
	must(t, err)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		begin := time.Now()
		_, err := dial.LookUp(ctx, a, r)
		if took := time.Since(begin); took != time.Second || !errors.Is(err, context.Canceled) {
			t.Errorf("after %v: %v", took, err)
		}
		<-time.After(time.Minute) // package net has given up
	})
}

// TestWeightsOfRecords: of 400 look-ups each server comes first as often as its weight says, and the one of
// the other priority never does; where no weight is given all are alike. Give or take six standard deviations.
func TestWeightsOfRecords(t *testing.T) {
	server := testdns.New()
	r := server.Piped()
	for _, c := range []struct {
		weights [3]uint16
		shares  [3]int
	}{
		{[3]uint16{60, 30, 10}, [3]int{240, 120, 40}},
		{[3]uint16{0, 0, 0}, [3]int{133, 133, 133}},
		{[3]uint16{0, 10, 0}, [3]int{0, 400, 0}},
	} {
		spare := testdns.Record(2, 1000, 1, "spare.test")
		server.SetSRV("_mqtt._tcp.d.test", spare, testdns.Record(1, c.weights[0], 1, "a.test"), testdns.Record(1, c.weights[1], 1, "b.test"), testdns.Record(1, c.weights[2], 1, "c.test"))
		got := map[string]int{}
		second := map[string]bool{}
		for range 400 {
			names := lookUp(t, "mqtt+srv://d.test", r)
			got[names[0]]++
			second[names[1]] = true
			if len(names) != 4 || names[3] != "spare.test:1" {
				t.Fatalf("order %q", names)
			}
		}
		for i, name := range []string{"a.test:1", "b.test:1", "c.test:1"} {
			if n := got[name]; n < c.shares[i]-60 || n > c.shares[i]+60 {
				t.Errorf("weights %v: %s is first %d times, want %d", c.weights, name, n, c.shares[i])
			}
		}
		if len(second) < 2 {
			t.Errorf("weights %v: after the first always comes %v", c.weights, second)
		}
	}
}

// TestDeadServersOfADomain: one that refuses costs nothing, a silent one a second.
func TestDeadServersOfADomain(t *testing.T) {
	server := testdns.New()
	server.SetSRV("_mqtt._tcp.d.test", testdns.Record(1, 0, 1, "one.test"), testdns.Record(2, 0, 1, "two.test"), testdns.Record(3, 0, 1, "three.test"))
	r := server.Piped()
	a, err := dial.ParseAddress("mqtt+srv://d.test")
	must(t, err)
	synctest.Test(t, func(t *testing.T) {
		f := far{refuses: []string{"one.test"}, silent: []string{"two.test"}}
		begin := time.Now()
		conn, err := dial.Open(t.Context(), a, dial.Options{Dial: f.dial, Resolver: r})
		must(t, err)
		if took := time.Since(begin); took != time.Second || host(conn) != "three.test" {
			t.Errorf("%s after %v", host(conn), took)
		}
		must(t, conn.Close())
		f.refuses = []string{"one.test", "two.test", "three.test"}
		_, err = dial.Open(t.Context(), a, dial.Options{Dial: f.dial, Resolver: r})
		if want := "dial mqtt://one.test:1: connection refused"; fmt.Sprint(err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})
}

// serveTLS returns the port of a server that shows a certificate for the name, and closes what it has shaken
// hands with.
func serveTLS(t *testing.T, authority *testcert.Authority, name string) uint16 {
	t.Helper()
	pair := authority.Server(t, testcert.Options{Names: []string{name}}).Certificate(t)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	must(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.(*tls.Conn).HandshakeContext(t.Context()) // the client tells
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return uint16(l.Addr().(*net.TCPAddr).Port)
}

// TestCertificatesOfADomain: records of DNS may be forged, so a server outside of the domain has to
// show a certificate for the domain, and one within it, one for itself.
func TestCertificatesOfADomain(t *testing.T) {
	authority := testcert.NewAuthority(t)
	server := testdns.New()
	r := server.Resolver(t)
	for _, c := range []struct {
		what, certificate, target, wrong string
	}{
		{"within the domain", "a.example.test", "a.example.test", ""},
		{"in capitals", "a.example.test", "A.EXAMPLE.test", ""},
		{"the domain itself", "example.test", "example.test", ""},
		{"outside, for the domain", "example.test", "a.hosting.test", ""},
		{"outside, for itself", "a.hosting.test", "a.hosting.test", "needs a certificate for the domain"},
		{"like the domain", "bad-example.test", "bad-example.test", "needs a certificate for the domain"},
	} {
		port := serveTLS(t, authority, c.certificate)
		server.SetAddresses(c.target, "127.0.0.1")
		server.SetSRV("_secure-mqtt._tcp.example.test", testdns.Record(0, 0, port, c.target))
		conn, err := open(t, "mqtts+srv://example.test", dial.Options{Resolver: r, TLS: &tls.Config{RootCAs: authority.Pool(), MinVersion: tls.VersionTLS12}})
		if err == nil {
			_ = conn.Close()
		}
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

// TestNextServerAfterAFailedHandshake: what cannot prove who it is is passed over.
func TestNextServerAfterAFailedHandshake(t *testing.T) {
	authority := testcert.NewAuthority(t)
	server := testdns.New()
	server.SetAddresses("a.example.test", "127.0.0.1")
	server.SetAddresses("b.example.test", "127.0.0.1")
	server.SetSRV("_secure-mqtt._tcp.example.test",
		testdns.Record(1, 0, serveTLS(t, authority, "else.test"), "a.example.test"),
		testdns.Record(2, 0, serveTLS(t, authority, "b.example.test"), "b.example.test"))
	a, err := dial.ParseAddress("mqtts+srv://example.test")
	must(t, err)
	o := dial.Options{Resolver: server.Resolver(t), TLS: &tls.Config{RootCAs: authority.Pool(), MinVersion: tls.VersionTLS12}}
	servers, err := dial.LookUp(t.Context(), a, o.Resolver)
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, at, err := dial.OpenFirst(ctx, servers, o)
	must(t, err)
	_ = conn.Close()
	if at != servers[1] {
		t.Errorf("opened %s", at)
	}
	_, _, err = dial.OpenFirst(ctx, nil, o)
	if err == nil {
		t.Error("no server was opened")
	}
}

// TestNextServerBesideASilentHandshake: a process that stands still takes connections and shakes no hands.
func TestNextServerBesideASilentHandshake(t *testing.T) {
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = mute.Close() })
	authority := testcert.NewAuthority(t)
	server := testdns.New()
	server.SetAddresses("a.example.test", "127.0.0.1")
	server.SetAddresses("b.example.test", "127.0.0.1")
	server.SetSRV("_secure-mqtt._tcp.example.test",
		testdns.Record(1, 0, uint16(mute.Addr().(*net.TCPAddr).Port), "a.example.test"),
		testdns.Record(2, 0, serveTLS(t, authority, "b.example.test"), "b.example.test"))
	begun := time.Now()
	conn, err := open(t, "mqtts+srv://example.test", dial.Options{
		Resolver: server.Resolver(t), TLS: &tls.Config{RootCAs: authority.Pool(), MinVersion: tls.VersionTLS12},
	})
	must(t, err)
	must(t, conn.Close())
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}
