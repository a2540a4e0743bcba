package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

func TestEndOfTheConnection(t *testing.T) { // DC-08, DC-09, DC-14..DC-18, MF-12, T-A36, peer 4.3, peer 4.36
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

func TestEveryDisconnectCode(t *testing.T) { // DC-08: no reply, the code is told
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

func TestMessagesBehindConnAck(t *testing.T) { // CA-19, FR-03
	s := &scripted{t: t, ctx: ctxFor(t), events: make(chan string, 1000)}
	server := mqtttest.NewServer(t)
	dialed := async(func() (err error) {
		cfg := s.watch(mqtt.Config{ClientID: "c", KeepSession: true})
		s.Client, err = mqtt.Dial(s.ctx, server.URL(), cfg)
		return err
	})
	s.server = server.Accept()
	s.server.Packet()
	s.server.Send("20 02 0100", "32 06 000174000131", "32 06 000174000232")
	s.mustWait(dialed)
	s.expectEvent("connect")
	s.expectEvent("message t=1")
	s.expectEvent("message t=2")
	s.server.Expect("40 02 0001", "40 02 0002")
	if !s.ConnAck().SessionPresent {
		t.Error("session not present")
	}
	s.closeWell()
}

func TestLostBeforeConnect(t *testing.T) { // TR-07, DC-14: Open tells of it, once
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

func TestTalkBeforeConnect(t *testing.T) { // CA-18: nothing may come before CONNECT
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

// endedConn is a connection that the server closed at once.
type endedConn struct{ net.Conn }

func (endedConn) Read([]byte) (int, error) { return 0, io.EOF }

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

func TestTimedOutDialIsOneLine(t *testing.T) { // CA-15, TR-06
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

// cancelConn ends a context when the CONNACK comes in.
type cancelConn struct {
	net.Conn
	cancel context.CancelFunc
}

func (c cancelConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && b[0] == 0x20 {
		c.cancel()
	}
	return n, err
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

func TestCloseHasNoEvent(t *testing.T) { // DC-01, DC-20
	for range 50 { // the server closes at the same time
		s := dialScripted(t, nil)
		closed := async(func() error { return s.Close(s.ctx) })
		s.server.Expect("E0 00")
		s.server.Close()
		s.mustWait(closed)
		s.finish()
		if !errors.Is(s.Err(), mqtt.ErrClosed) || errors.Is(s.Err(), mqtt.ErrServerClosed) {
			t.Fatalf("err %v", s.Err())
		}
	}
}

// hold makes the deliver loop stand still: its handler waits until release is
// closed.
func (s *scripted) hold() (release chan struct{}) {
	s.t.Helper()
	held, release := make(chan struct{}), make(chan struct{})
	handler := func(context.Context, *mqtt.Received) { close(held); <-release }
	subscribed := async(func() error { return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "hold", Handler: handler})) })
	s.server.Packet()
	s.server.Send("90 03 000100", "30 06 0004686F6C64")
	s.mustWait(subscribed)
	<-held
	return release
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

func TestCloseEndsDelivery(t *testing.T) { // nothing begins after Close was called
	s := dialScripted(t, nil)
	release := s.hold()
	s.server.Send("30 04 00017430", "32 06 000174 0001 31")
	s.server.Close()
	<-s.Done()
	short, cancel := context.WithCancel(s.ctx)
	cancel()
	for range 20 {
		if err := s.Close(short); err == nil || !strings.Contains(err.Error(), "a handler is still running") || strings.Contains(err.Error(), "cut off") {
			t.Fatalf("Close did not wait for the handler alone: %v", err)
		}
	}
	close(release)
	s.finish()
}

func TestCloseDuringRefusalHasNoEvent(t *testing.T) { // DC-20: Close was called before the end
	s := dialScripted(t, v5)
	s.server.Send("C0 00")
	s.server.Expect("E0 01 82") // the connection lingers
	if err := s.Close(s.ctx); err != nil {
		t.Error(err)
	}
	s.finish()
}
