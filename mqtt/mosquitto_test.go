package mqtt_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"dunlin/internal/mosquitto"
	"dunlin/internal/testcert"
	"dunlin/mqtt"
)

// dialReal connects to a real broker; events go to s.events.
func dialReal(t *testing.T, url string, cfg mqtt.Config) *scripted {
	t.Helper()
	s := &scripted{t: t, ctx: ctxFor(t), events: make(chan string, 1000)}
	cfg = s.watch(cfg)
	c, err := mqtt.Dial(s.ctx, url, cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.Client = c
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	s.expectEvent("connect")
	return s
}

// must fails the test when err is not nil.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestMosquittoEveryVersionAndQoS shows EE-01: every QoS at a real server [MQTT-7.0.0-2]; TR-15:
// MQTT 3.1; RX-36: message with a large payload.
func TestMosquittoEveryVersionAndQoS(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	for _, v := range []mqtt.Version{mqtt.V31, mqtt.V311, mqtt.V5} {
		s := dialReal(t, b.URL(), mqtt.Config{ClientID: "c", Version: v})
		must(t, errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "a/+", QoS: 2}, mqtt.Subscription{Filter: "b", QoS: 0})))
		for qos := range mqtt.QoS(3) {
			must(t, s.Publish(s.ctx, mqtt.Message{Topic: "a/b", Payload: []byte("x"), QoS: qos}))
			s.expectEvent(fmt.Sprintf("message a/b=x q%d", qos))
		}
		must(t, s.Unsubscribe(s.ctx, "a/+"))
		must(t, s.Publish(s.ctx, mqtt.Message{Topic: "a/b", QoS: 2}))
		must(t, s.Publish(s.ctx, mqtt.Message{Topic: "b"}))
		s.expectEvent("message b= q0")
		s.finish()
	}
}

// With 20 unfinished publishes of QoS 2, Mosquitto takes none of QoS 1 either.
func TestMosquittoManyMessagesOfBothQoS(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	for _, v := range []mqtt.Version{mqtt.V31, mqtt.V311, mqtt.V5} {
		s := dialReal(t, b.URL(), mqtt.Config{ClientID: "c", Version: v})
		outcome := make(chan error, 2000)
		for i := range cap(outcome) {
			_, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "t", QoS: mqtt.QoS(1 + i%2)}, func(err error) { outcome <- err })
			must(t, err)
		}
		for range cap(outcome) {
			must(t, <-outcome)
		}
		s.finish()
	}
}

// TestMosquittoLargeAndManyMessages shows RX-36: message with a large payload; FR-03: many packets
// at once.
func TestMosquittoLargeAndManyMessages(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{Config: []string{"max_queued_messages 0"}})
	got := make(chan []byte, 10_000)
	s := dialReal(t, b.URL(), mqtt.Config{ClientID: "c", Transport: mqtt.Transport{ReadBuffer: 512}})
	must(t, errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "t", QoS: 1, Handler: func(_ context.Context, m *mqtt.Received) { got <- m.Payload }})))
	large := bytes.Repeat([]byte("0123456789"), 300_000)
	must(t, s.Publish(s.ctx, mqtt.Message{Topic: "t", Payload: large, QoS: 1}))
	if !bytes.Equal(<-got, large) {
		t.Error("the large message was changed")
	}
	for i := range 5000 {
		_, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "t", Payload: fmt.Appendf(nil, "%05d", i), QoS: 1}, nil)
		must(t, err)
	}
	for i := range 5000 {
		select {
		case p := <-got:
			if string(p) != fmt.Sprintf("%05d", i) {
				t.Fatalf("message %s, want %d", p, i)
			}
		case <-s.ctx.Done():
			t.Fatalf("message %d does not come", i)
		}
	}
	s.finish()
}

// TestMosquittoUserAndPassword shows CN-04: CONNECT with user name and password [MQTT-3.1.2-17] of
// 5; CA-05: CONNECT refused for user name or password.
func TestMosquittoUserAndPassword(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{Users: map[string]string{"u": "p\xff"}})
	for _, v := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		dialReal(t, b.URL(), mqtt.Config{ClientID: "c", Version: v, Username: "u", Password: []byte("p\xff")}).finish()
		for _, password := range []string{"", "wrong"} {
			_, err := mqtt.Dial(ctxFor(t), b.URL(), mqtt.Config{ClientID: "c", Version: v, Username: "u", Password: []byte(password)})
			var refused *mqtt.ConnectError
			if !errors.As(err, &refused) || v == mqtt.V311 && refused.Code != 5 || v == mqtt.V5 && refused.Code != 0x87 {
				t.Errorf("password %q: %v", password, err)
			}
		}
	}
}

// TestMosquittoWill shows WL-01: DISCONNECT discards the will; WL-03: failures let the will be
// published [MQTT-4.8.0-2].
func TestMosquittoWill(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	watcher := dialReal(t, b.URL(), mqtt.Config{ClientID: "watcher"})
	must(t, errorOf(watcher.Subscribe(watcher.ctx, mqtt.Subscription{Filter: "will/#", QoS: 1})))
	for _, v := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		var conn net.Conn
		cfg := mqtt.Config{ClientID: "c", Version: v, Will: &mqtt.Will{Message: mqtt.Message{Topic: "will/c", Payload: []byte("gone"), QoS: 1}}}
		cfg.Transport.Dial = func(ctx context.Context, network, address string) (_ net.Conn, err error) {
			conn, err = new(net.Dialer).DialContext(ctx, network, address)
			return conn, err
		}
		s := dialReal(t, b.URL(), cfg)
		s.finish() // no will
		must(t, watcher.Publish(watcher.ctx, mqtt.Message{Topic: "will/none", QoS: 1}))
		watcher.expectEvent("message will/none= q1")
		s = dialReal(t, b.URL(), cfg)
		_ = conn.Close() // the link breaks
		watcher.expectEvent("message will/c=gone q1")
		s.expectEvent("disconnect: ")
		s.finish()
	}
	watcher.finish()
}

// TestMosquittoRetainedMessages shows RT-01: retained at each QoS; RT-02: retained message deleted;
// RT-03: retain flag of a received message is told; RT-04: retain handling; EE-02: retained
// messages at a real server.
func TestMosquittoRetainedMessages(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	for _, v := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		s := dialReal(t, b.URL(), mqtt.Config{ClientID: "c", Version: v})
		must(t, s.Publish(s.ctx, mqtt.Message{Topic: "r", Payload: []byte("x"), QoS: 1, Retain: true}))
		must(t, errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "r", QoS: 1})))
		s.expectEvent("message r=x q1 id1 retain")
		must(t, errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "+", QoS: 1, RetainHandling: mqtt.RetainedNever, Handler: func(_ context.Context, m *mqtt.Received) {
			s.events <- "never " + describe(m)
		}})))
		must(t, s.Unsubscribe(s.ctx, "r"))
		must(t, s.Publish(s.ctx, mqtt.Message{Topic: "r", QoS: 1, Retain: true}))
		for e := range s.events { // before MQTT 5 the first subscription may get it once more
			if e[:5] == "never" {
				if e[:11] != "never r= q1" {
					t.Errorf("got %q", e)
				}
				break
			}
		}
		s.finish()
	}
}

// TestMosquittoKilledAndRestarted shows DC-14: server ends the stream.
func TestMosquittoKilledAndRestarted(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	s := dialReal(t, b.URL(), mqtt.Config{ClientID: "c"})
	b.Kill()
	for e := ""; len(e) < 4 || e[:4] != "disc"; { // a reset, or the end of the stream
		select {
		case e = <-s.events:
		case <-s.ctx.Done():
			t.Fatal("nothing tells of the end")
		}
	}
	s.finish()
	if _, err := mqtt.Dial(s.ctx, b.URL(), mqtt.Config{}); err == nil {
		t.Error("connected to a dead broker")
	}
	b.Restart()
	dialReal(t, b.URL(), mqtt.Config{ClientID: "c"}).finish()
}

// TestMosquittoFrozen shows KA-11: no answer to a ping.
func TestMosquittoFrozen(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	s := dialReal(t, b.URL(), mqtt.Config{ClientID: "c", KeepAlive: time.Second, Limits: mqtt.Limits{PingTimeout: 200 * time.Millisecond}})
	b.Freeze()
	s.expectEvent("disconnect: the server is silent")
	s.finish()
}

// TestMosquittoKeptSession shows CN-03: CONNECT that keeps the session [MQTT-3.1.2-4] of 3.1.1;
// CA-13: session present that the client does not know [MQTT-3.2.2-4] of 5; EE-05: messages while
// away, at a real server.
func TestMosquittoKeptSession(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{Persistence: true})
	for _, cfg := range []mqtt.Config{
		{ClientID: "four", KeepSession: true},
		{ClientID: "five", KeepSession: true, Version: mqtt.V5, Properties: mqtt.ConnectProperties{SessionExpiry: time.Hour}},
	} {
		s := dialReal(t, b.URL(), cfg)
		if s.ConnAck().SessionPresent {
			t.Error("a session is present at first")
		}
		must(t, errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "s", QoS: 1})))
		s.finish()
		other := dialReal(t, b.URL(), mqtt.Config{ClientID: "other"})
		must(t, other.Publish(other.ctx, mqtt.Message{Topic: "s", Payload: []byte("x"), QoS: 1}))
		other.finish()
		b.Stop()
		b.Restart()
		s = dialReal(t, b.URL(), cfg)
		if !s.ConnAck().SessionPresent {
			t.Error("the session is gone")
		}
		s.expectEvent("message s=x q1")
		s.finish()
	}
}

// TestMosquittoOverTLS shows TL-01: trusted certificate; TL-02: alternative names of a certificate;
// TL-03: certificate for another host; TL-04: certificate of an unknown authority; TL-06: expired
// certificate; TL-07: client certificate; TL-08: client certificate missing.
func TestMosquittoOverTLS(t *testing.T) {
	authority, other := testcert.NewAuthority(t), testcert.NewAuthority(t)
	expired := authority.Server(t, testcert.Options{Expired: true})
	elsewhere := authority.Server(t, testcert.Options{Names: []string{"elsewhere.test"}})
	ours := authority.Client(t, testcert.Options{CommonName: "c"}).Certificate(t)
	for _, test := range []struct {
		name   string
		broker mosquitto.Options
		conf   *tls.Config
		want   string // of the error; empty: none
	}{
		{"private authority", mosquitto.Options{}, &tls.Config{RootCAs: authority.Pool()}, ""},
		{"unknown authority", mosquitto.Options{}, &tls.Config{RootCAs: other.Pool()}, "unknown authority"},
		{"system's authorities", mosquitto.Options{}, &tls.Config{}, "unknown authority"},
		{"wrong name", mosquitto.Options{Certificate: &elsewhere}, &tls.Config{RootCAs: authority.Pool()}, "127.0.0.1"},
		{"wrong name, asked for", mosquitto.Options{Certificate: &elsewhere}, &tls.Config{RootCAs: authority.Pool(), ServerName: "elsewhere.test"}, ""},
		{"expired", mosquitto.Options{Certificate: &expired}, &tls.Config{RootCAs: authority.Pool()}, "expired"},
		{"client certificate", mosquitto.Options{ClientCerts: true}, &tls.Config{RootCAs: authority.Pool(), Certificates: []tls.Certificate{ours}}, ""},
		{"no client certificate", mosquitto.Options{ClientCerts: true}, &tls.Config{RootCAs: authority.Pool()}, "certificate required"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.broker.TLS = authority
			b := mosquitto.Start(t, test.broker)
			cfg := mqtt.Config{ClientID: "c", Transport: mqtt.Transport{TLS: test.conf}}
			if test.want == "" {
				s := dialReal(t, b.URL(), cfg)
				must(t, errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "t", QoS: 2})))
				must(t, s.Publish(s.ctx, mqtt.Message{Topic: "t", Payload: []byte("x"), QoS: 2}))
				s.expectEvent("message t=x q2")
				s.finish()
				return
			}
			_, err := mqtt.Dial(ctxFor(t), b.URL(), cfg)
			if err == nil || !bytes.Contains([]byte(err.Error()), []byte(test.want)) || bytes.ContainsRune([]byte(err.Error()), '\n') {
				t.Errorf("got %v", err)
			}
		})
	}
}

// cuttable makes connections that the test can cut.
type cuttable struct {
	mu   sync.Mutex
	last net.Conn
}

func (c *cuttable) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = conn
	return conn, err
}

func (c *cuttable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.last.Close() // that is the fault
}

// dialLastingly connects to a real broker with a session that is kept.
func dialLastingly(t *testing.T, url string, cfg mqtt.Config) *scripted {
	t.Helper()
	s := &scripted{t: t, ctx: ctxFor(t), events: make(chan string, 1000)}
	cfg.ClientID, cfg.KeepSession = "c", true
	if cfg.Version == mqtt.V5 {
		cfg.Properties.SessionExpiry = time.Hour
	}
	cfg.Reconnect = &mqtt.Reconnect{MinDelay: time.Millisecond, MaxDelay: 100 * time.Millisecond, Republish: mqtt.RepublishAll}
	c, err := mqtt.Dial(s.ctx, url, cfg)
	must(t, err)
	s.Client = c
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return s
}

// TestMosquittoSendsAgain: it repeats what was not acknowledged, and only that. It shows EE-08:
// redelivery by a real server; RX-13: acknowledgement of a lost connection; RX-27: delivered once
// across connections.
func TestMosquittoSendsAgain(t *testing.T) {
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		b := mosquitto.Start(t, mosquitto.Options{})
		var link cuttable
		got, lost := make(chan *mqtt.Received, 100), make(chan error, 10)
		s := dialLastingly(t, b.URL(), mqtt.Config{Version: version, Transport: mqtt.Transport{Dial: link.dial}, ManualAck: true, OnMessage: func(_ context.Context, m *mqtt.Received) { got <- m }, OnDisconnect: func(err error) { lost <- err }})
		must(t, errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "t", QoS: 2})))
		receive := func(want string) *mqtt.Received {
			t.Helper()
			select {
			case m := <-got:
				if string(m.Payload) != want {
					t.Fatalf("got %s, want %s", describe(m), want)
				}
				return m
			case <-s.ctx.Done():
				t.Fatalf("%s does not come", want)
				return nil
			}
		}
		for i, payload := range []string{"a", "b", "c"} {
			must(t, s.Publish(s.ctx, mqtt.Message{Topic: "t", Payload: []byte(payload), QoS: mqtt.QoS(1 + i%2)}))
		}
		first := receive("a")
		second, third := receive("b"), receive("c")
		must(t, first.Ack())
		_, err := s.Ping(s.ctx) // the broker has it
		must(t, err)
		link.cut()
		<-lost
		if err := third.Ack(); !errors.Is(err, mqtt.ErrNotConnected) { // of QoS 1
			t.Errorf("acknowledged what has no connection any more: %v", err)
		}
		must(t, second.Ack())
		must(t, receive("c").Ack())
		must(t, s.Publish(s.ctx, mqtt.Message{Topic: "t", Payload: []byte("d"), QoS: 2}))
		must(t, receive("d").Ack()) // nothing of QoS 2 came twice
		must(t, s.Close(s.ctx))
	}
}

// TestMosquittoForgetsEverything: it is killed amid publishing and starts again without its
// sessions. It shows SR-17: subscriptions are renewed when the session is lost.
func TestMosquittoForgetsEverything(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	var mu sync.Mutex
	seen := make(map[string]bool)
	all := make(chan struct{})
	const total = 3000
	s := dialLastingly(t, b.URL(), mqtt.Config{OnMessage: func(_ context.Context, m *mqtt.Received) {
		mu.Lock()
		defer mu.Unlock()
		if seen[string(m.Payload)] = true; string(m.Payload) == "last" {
			close(all)
		}
	}})
	must(t, errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "t", QoS: 1})))
	deliveries := make([]*mqtt.Delivery, 0, total)
	for i := range total {
		deliveries = append(deliveries, s.publishes(1, fmt.Sprint(i))...)
		if i == total/2 {
			must(t, deliveries[total/4].Wait(s.ctx))
			b.Kill()
			b.Restart()
		}
	}
	for i, d := range deliveries {
		if err := d.Wait(s.ctx); err != nil {
			t.Fatalf("publish %d: %v", i, err)
		}
	}
	must(t, s.Publish(s.ctx, mqtt.Message{Topic: "t", Payload: []byte("last"), QoS: 1})) // its subscription is there again
	select {
	case <-all:
	case <-s.ctx.Done():
		t.Fatal("the subscription is gone")
	}
	if st := s.Stats(); st.Connections != 2 {
		t.Errorf("%+v", st)
	}
}
