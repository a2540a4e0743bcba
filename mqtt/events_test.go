package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

func TestEndsOfTheConnectionAreReported(t *testing.T) { // DC-08, DC-09, DC-14..DC-18, MF-12, T-A36, peer 4.3, peer 4.36
	send := func(hex string) func(*mqtttest.Conn) {
		return func(c *mqtttest.Conn) { c.Send(hex) }
	}
	for _, test := range []struct {
		name   string
		change func(*mqtt.Config)
		end    func(*mqtttest.Conn)
		want   []string
	}{
		{"FIN", nil, (*mqtttest.Conn).Close, []string{"close: the server closed the connection", "disconnect: the server closed the connection"}},
		{"RST", nil, (*mqtttest.Conn).Reset, []string{"disconnect: read: "}},
		{"half close", nil, (*mqtttest.Conn).HalfClose, []string{"close: the server closed", "disconnect: the server closed"}},
		{"FIN within a packet", nil, func(c *mqtttest.Conn) {
			c.Send("30 0E 0005746F")
			c.Close()
		}, []string{"disconnect: the server closed the connection in the middle of a packet"}},
		{"FIN within a header", nil, func(c *mqtttest.Conn) {
			c.Send("30 80")
			c.Close()
		}, []string{"disconnect: the server closed the connection in the middle of a packet"}},
		{"message and FIN", nil, func(c *mqtttest.Conn) {
			c.Send("30 03 000174")
			c.Close()
		}, []string{"message t=", "close: ", "disconnect: "}},
		{"message and half a message", nil, func(c *mqtttest.Conn) {
			c.Send("30 03 000174", "30 03 0001")
			c.Close()
		}, []string{"message t=", "disconnect: "}},
		{"message and protocol error", nil, send("30 03 000174 20 02 0000"), []string{"message t=", "disconnect: the server broke the protocol: CONNACK"}},
		{"DISCONNECT", v5, send("E0 00"), []string{"close: the server disconnected: 0x00 Normal disconnection", "disconnect: the server disconnected: 0x00"}},
		{"DISCONNECT with words", v5, send("E0 13 9D 11 1C0006623A31383833 1F00056D6F766564"), []string{
			`close: the server disconnected: 0x9D Server moved ("moved"); it names another server: "b:1883"`, "disconnect: the server disconnected: 0x9D",
		}},
		{"message, DISCONNECT, message", v5, send("30 04 00017400 E0 01 8B 30 04 00017500"), []string{"message t=", "close: the server disconnected: 0x8B Server shutting down", "disconnect: "}},
		{"malformed DISCONNECT", v5, send("E0 03 00011F"), []string{"disconnect: the server broke the protocol: DISCONNECT"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := dialScripted(t, test.change)
			published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 1}) })
			s.server.Packet()
			test.end(s.server)
			for _, want := range test.want {
				s.expectEvent(want)
			}
			if err := s.wait(published); !errors.Is(err, mqtt.ErrInDoubt) || !errors.Is(err, mqtt.ErrClosed) {
				t.Errorf("the pending publish: %v", err)
			}
			<-s.Done()
			if s.IsConnected() || s.IsQueued() || !errors.Is(s.Err(), mqtt.ErrClosed) {
				t.Errorf("connected %v, queued %v, err %v", s.IsConnected(), s.IsQueued(), s.Err())
			}
			s.finish()
		})
	}
}

func TestEveryDisconnectCodeIsReported(t *testing.T) { // DC-08: no reply, the code is told
	for _, code := range []byte{
		0x00, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x8F, 0x90, 0x93, 0x94, 0x95, 0x96,
		0x97, 0x98, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2,
	} {
		s := dialScripted(t, v5)
		s.server.SendBytes([]byte{0xE0, 1, code})
		s.server.ExpectClosed()
		s.expectEvent("close: ")
		s.expectEvent("disconnect: ")
		var left *mqtt.DisconnectError
		if !errors.As(s.Err(), &left) || byte(left.Code) != code {
			t.Errorf("code %#x became %v", code, s.Err())
		}
		s.finish()
	}
}

func TestLossBetweenOpenAndConnect(t *testing.T) { // TR-07, DC-14: Open tells of it, once
	s := &scripted{t: t, ctx: ctxFor(t), events: make(chan string, 10)}
	server := mqtttest.NewServer(t)
	var err error
	if s.Client, err = mqtt.Open(s.ctx, server.URL(), s.watch(mqtt.Config{})); err != nil {
		t.Fatal(err)
	}
	s.server = server.Accept()
	if err := s.Publish(s.ctx, mqtt.Message{Topic: "t"}); !errors.Is(err, mqtt.ErrNotConnected) || !errors.Is(err, mqtt.ErrNotSent) {
		t.Errorf("publish before Connect: %v", err)
	}
	s.server.Close()
	s.expectEvent("close: ")
	s.expectEvent("disconnect: ")
	if err := s.Connect(s.ctx, mqtt.Config{ClientID: "c"}); !errors.Is(err, mqtt.ErrClosed) || !errors.Is(err, mqtt.ErrServerClosed) {
		t.Errorf("Connect afterwards: %v", err)
	}
	s.finish()
}

func TestPacketBeforeConnectIsRefused(t *testing.T) { // CA-18: nothing may come before CONNECT
	s := &scripted{t: t, ctx: ctxFor(t), events: make(chan string, 10)}
	server := mqtttest.NewServer(t)
	var err error
	if s.Client, err = mqtt.Open(s.ctx, server.URL(), s.watch(mqtt.Config{})); err != nil {
		t.Fatal(err)
	}
	s.server = server.Accept()
	s.server.Send("20 02 0000")
	s.server.ExpectClosed()
	s.expectEvent("disconnect: the server broke the protocol: CONNACK: came before CONNECT was sent")
	s.finish()
}

func TestFailedConnectHasNoEvent(t *testing.T) { // CA-02, CA-16, DC-06, DC-12
	for _, test := range []struct {
		name    string
		version mqtt.Version
		answer  func(*mqtttest.Conn)
	}{
		{"refused", 4, func(c *mqtttest.Conn) { c.Send("20 02 0005") }},
		{"refused, 5", 5, func(c *mqtttest.Conn) { c.Send("20 03 008700") }},
		{"closed", 4, (*mqtttest.Conn).Close},
		{"reset", 4, (*mqtttest.Conn).Reset},
		{"broken", 4, func(c *mqtttest.Conn) { c.Send("30 03 000174") }},
		{"DISCONNECT instead", 5, func(c *mqtttest.Conn) { c.Send("E0 01 87") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &scripted{t: t, ctx: ctxFor(t), events: make(chan string, 10)}
			server := mqtttest.NewServer(t)
			dialed := async(func() (err error) {
				if s.Client, err = mqtt.Open(s.ctx, server.URL(), s.watch(mqtt.Config{})); err != nil {
					return err
				}
				return s.Connect(s.ctx, mqtt.Config{ClientID: "c", Version: test.version})
			})
			s.server = server.Accept()
			s.server.Packet()
			test.answer(s.server)
			if err := s.wait(dialed); err == nil {
				t.Error("Connect succeeded")
			}
			s.finish()
			if err := s.Connect(s.ctx, mqtt.Config{ClientID: "c"}); !errors.Is(err, mqtt.ErrClosed) {
				t.Errorf("a second Connect: %v", err)
			}
		})
	}
}

func TestFailedDialHasNoEvent(t *testing.T) { // a server that closes between Open and Connect
	for range 300 {
		ours, theirs := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, theirs) }()
		events := make(chan string, 10)
		s := &scripted{t: t, events: events}
		_, err := mqtt.Dial(ctxFor(t), "mqtt://x", s.watch(mqtt.Config{ClientID: "c", Transport: mqtt.Transport{
			Dial: func(context.Context, string, string) (net.Conn, error) { return endedConn{ours}, nil },
		}}))
		_ = theirs.Close()
		if err == nil || !errors.Is(err, mqtt.ErrServerClosed) || strings.Contains(err.Error(), "\n") {
			t.Fatalf("dial: %q", err)
		}
		if len(events) > 0 {
			t.Fatalf("event %q besides the error", <-events)
		}
	}
}

func TestErrorOfATimedOutDialIsOneLine(t *testing.T) { // CA-15, TR-06
	server := mqtttest.NewServer(t)
	for range 50 {
		ctx, cancel := context.WithCancelCause(ctxFor(t))
		dialed := async(func() error {
			_, err := mqtt.Dial(ctx, server.URL(), mqtt.Config{ClientID: "c"})
			return err
		})
		conn := server.Accept()
		conn.Packet()
		enough := errors.New("enough")
		cancel(enough)
		err := <-dialed
		if want := fmt.Sprintf("connect %s: enough", server.URL()); err == nil || err.Error() != want || !errors.Is(err, enough) {
			t.Fatalf("got %q, want %q", err, want)
		}
	}
}

func TestConnectIsNotUndoneLate(t *testing.T) { // TR-06: a Connect that returns nil is connected
	for range 300 {
		ours, theirs := net.Pipe()
		s := &scripted{t: t, ctx: ctxFor(t), events: make(chan string, 10), server: mqtttest.NewConn(t, theirs)}
		ctx, cancel := context.WithCancel(s.ctx)
		cfg := s.watch(mqtt.Config{ClientID: "c", Transport: mqtt.Transport{
			Dial: func(context.Context, string, string) (net.Conn, error) { return cancelConn{ours, cancel}, nil },
		}})
		dialed := async(func() (err error) {
			s.Client, err = mqtt.Dial(ctx, "mqtt://pipe", cfg)
			return err
		})
		s.server.Accept()
		if err := s.wait(dialed); err != nil {
			continue // the context was faster, and the error says so
		}
		s.expectEvent("connect")
		s.closeWell()
	}
}

func TestMessagesOutliveTheConnection(t *testing.T) { // what came is not lost with the link
	for _, test := range []struct {
		name   string
		change func(*mqtt.Config)
		want   []string
	}{
		{"clean session", nil, []string{"message t=0 q0", "message t=1 q1", "message t=2 q2"}},
		{"kept session", func(cfg *mqtt.Config) { cfg.KeepSession = true }, []string{"message t=0 q0"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := dialScripted(t, test.change)
			release := s.hold()
			s.server.Send("30 04 00017430", "32 06 000174 0001 31", "34 06 000174 0002 32")
			s.server.Close()
			<-s.Done()
			close(release)
			for _, want := range append(test.want, "close: ", "disconnect: ") {
				s.expectEvent(want)
			}
			s.finish()
		})
	}
}

func TestEventsOfEachConnection(t *testing.T) { // DC-20: each connection begins and ends once
	eachLasting(t, func(cfg *mqtt.Config) {
		said := make(chan string, 100)
		withoutCallbacks(cfg)
		cfg.OnConnect = func(*mqtt.Client) { said <- "connect" }
		cfg.OnDisconnect = func(error) { said <- "disconnect" }
		cfg.OnRetry = func(r mqtt.Retry) { said <- fmt.Sprint("retry ", r.Number) }
		cfg.OnMessage = func(context.Context, *mqtt.Received) {
			close(said)
			got, want := slices.Collect(drain(said)), []string{"connect", "disconnect", "retry 1", "connect", "disconnect", "retry 2", "connect"}
			if !slices.Equal(got, want) {
				panic(fmt.Sprintf("said %q", got))
			}
		}
	}, func(s *lasting) {
		s.lose("present")
		synctest.Wait()
		s.server.Send("30 03 00")
		s.lose("present")
		s.play(`< pub 32 1 a
			> 40 02 0001`)
	})
}

func TestLossIsToldAtOnce(t *testing.T) { // peer 0.5, peer 4.2, peer 4.3, peer 4.5, peer 4.36: to everybody who waits, and what it means
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		synctest.Test(t, func(t *testing.T) {
			s := dialPipe(t, func(cfg *mqtt.Config) { cfg.Version = version; cfg.Limits.InFlight = 2 }, "")
			five := version == mqtt.V5
			first := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 1}) })
			s.expectPublish(five, 0x32, 1, "")
			second := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 2}) })
			s.expectPublish(five, 0x34, 2, "")
			s.server.Send("50 02 0002")
			s.server.Expect("62 02 0002")
			waiting := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 1}) })
			synctest.Wait()
			subscribed := async(func() error { return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "a"})) })
			s.server.Packet()
			since := elapsed()
			s.server.Close()
			for call, want := range map[chan error]error{first: mqtt.ErrInDoubt, second: mqtt.ErrInDoubt, waiting: mqtt.ErrNotSent, subscribed: mqtt.ErrInDoubt} {
				if err := <-call; !errors.Is(err, want) || !errors.Is(err, mqtt.ErrServerClosed) {
					t.Errorf("got %v, want %v", err, want)
				}
			}
			if since() != 0 {
				t.Errorf("it took %v", since())
			}
		})
	}
}

func TestErrorsSayWhatHappened(t *testing.T) { // peer 4.26: and where, not only that time is up
	s := dialScripted(t, func(cfg *mqtt.Config) { cfg.Limits.InFlight = 1 })
	publish := func(wait context.Context) chan error {
		return async(func() error { return s.Publish(wait, mqtt.Message{Topic: "t", QoS: 1}) })
	}
	ctx, cancel := context.WithCancelCause(s.ctx)
	sent := publish(ctx)
	s.expectPublish(false, 0x32, 1, "")
	waiting := publish(ctx)
	cancel(fmt.Errorf("the day is over"))
	for call, want := range map[chan error]string{
		sent:    `publish to "t" (packet 1): in doubt: sent, but not acknowledged: the day is over`,
		waiting: `publish to "t": not sent: the day is over`,
	} {
		if err := s.wait(call); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
