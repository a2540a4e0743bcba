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

// TestEndsOfTheConnectionAreReported shows DC-08: every code of the server's DISCONNECT
// [MQTT-4.13.2-1]; DC-09: reason string and properties of the server's DISCONNECT; DC-14: server
// ends the stream; DC-15: connection reset; DC-16: connection half closed; DC-17: end of the stream
// within a packet; DC-18: bytes after DISCONNECT [MQTT-3.14.4-1]; MF-12: PUBLISH cut at every byte
// [MQTT-3.3.2-1]. It keeps out T-A36: a DISCONNECT without reason is taken for malformed; peer 4.3:
// waiting for an operation never ends; peer 4.36: no error though nothing was acknowledged.
func TestEndsOfTheConnectionAreReported(t *testing.T) {
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

// TestEveryDisconnectCodeIsReported: the client does not reply, and reports the code. It shows
// DC-08: every code of the server's DISCONNECT [MQTT-4.13.2-1].
func TestEveryDisconnectCodeIsReported(t *testing.T) {
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

// TestLossBetweenOpenAndConnect: Open's client reports it once. It shows TR-07: client used before
// connecting and after its end; DC-14: server ends the stream.
func TestLossBetweenOpenAndConnect(t *testing.T) {
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

// TestPacketBeforeConnectIsRefused: nothing may come before CONNECT. It shows CA-18: other packet
// in place of CONNACK.
func TestPacketBeforeConnectIsRefused(t *testing.T) {
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

// TestFailedConnectHasNoEvent shows CA-02: CONNECT refused for the protocol version; CA-16: end of
// the connection in place of CONNACK; DC-06: disconnecting while connecting; DC-12: DISCONNECT
// before CONNACK.
func TestFailedConnectHasNoEvent(t *testing.T) {
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

// TestFailedDialHasNoEvent: the server closes the connection between Open and Connect.
func TestFailedDialHasNoEvent(t *testing.T) {
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

// TestErrorOfATimedOutDialIsOneLine shows CA-15: no CONNACK comes; TR-06: context ends at any
// stage.
func TestErrorOfATimedOutDialIsOneLine(t *testing.T) {
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

// TestConnectIsNotUndoneLate: a client is connected once Connect has returned nil. It shows TR-06:
// context ends at any stage.
func TestConnectIsNotUndoneLate(t *testing.T) {
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

// TestMessagesOutliveTheConnection: messages that have arrived are handled though the connection is
// lost.
func TestMessagesOutliveTheConnection(t *testing.T) {
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

// TestEventsOfEachConnection: each connection begins and ends once. It shows DC-20: one end is told
// once.
func TestEventsOfEachConnection(t *testing.T) {
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

// TestLossIsToldAtOnce: everybody who waits is told, and what it means for the request. It keeps
// out peer 0.5: a lost connection is told to a publisher only after a time-out; peer 4.2: the loss
// of a connection hangs the client; peer 4.3: waiting for an operation never ends; peer 4.5: an
// outcome does not say what became of the message; peer 4.36: no error though nothing was
// acknowledged.
func TestLossIsToldAtOnce(t *testing.T) {
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

// TestErrorsSayWhatHappened: they say where it happened, too, and not only that time is up. It
// keeps out peer 4.26: an error says deadline exceeded and nothing else.
func TestErrorsSayWhatHappened(t *testing.T) {
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
