package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"dunlin/mqtt"
	"dunlin/mqtt/internal/wire"
	"dunlin/mqtt/mqtttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ctxFor bounds a test, so that one that hangs ends and says where.
func ctxFor(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// scripted is a client, and the server's end of its connection.
type scripted struct {
	*mqtt.Client
	t      *testing.T
	ctx    context.Context
	server *mqtttest.Conn
	events chan string // what the handlers saw
}

// withoutDrain has Close not wait for publishes that the server does not acknowledge.
func withoutDrain(cfg *mqtt.Config) { cfg.Limits.Drain = -1 }

// dialScripted connects a client "c" to a scripted server.
func dialScripted(t *testing.T, change func(*mqtt.Config)) *scripted {
	t.Helper()
	s := &scripted{t: t, ctx: ctxFor(t), events: make(chan string, 1000)}
	cfg := s.watch(mqtt.Config{ClientID: "c"})
	if change != nil {
		change(&cfg)
	}
	s.dial(cfg, "")
	return s
}

// dial connects by cfg; the server answers connAck, or a plain acceptance when
// it is empty.
func (s *scripted) dial(cfg mqtt.Config, connAck string) {
	s.t.Helper()
	if cfg.OnConnect == nil {
		cfg = s.watch(cfg)
	}
	server := mqtttest.NewServer(s.t)
	dialed := async(func() (err error) {
		s.Client, err = mqtt.Dial(s.ctx, server.URL(), cfg)
		return err
	})
	s.server = server.Accept()
	if connAck == "" {
		s.server.Accept()
	} else {
		s.server.Packet()
		s.server.Send(connAck)
	}
	if err := <-dialed; err != nil {
		s.t.Fatalf("dial: %v", err)
	}
	s.expectEvent("connect")
	s.t.Cleanup(func() {
		s.server.Close()
		_ = s.Close(context.Background()) // tests of Close look at its error
	})
}

// watch returns cfg with callbacks that write every event into s.events.
func (s *scripted) watch(cfg mqtt.Config) mqtt.Config {
	cfg.OnConnect = func(*mqtt.Client) { s.events <- "connect" }
	cfg.OnMessage = func(_ context.Context, m *mqtt.Received) { s.events <- "message " + describe(m) }
	cfg.OnDisconnect = func(reason error) {
		if endedByServer(reason) {
			s.events <- "close: " + reason.Error()
		}
		s.events <- "disconnect: " + reason.Error()
	}
	cfg.OnError = func(err error) { s.events <- "error: " + err.Error() }
	return cfg
}

// withoutCallbacks takes all callbacks out of cfg.
func withoutCallbacks(cfg *mqtt.Config) {
	cfg.OnConnect, cfg.OnDisconnect, cfg.OnRetry, cfg.OnError = nil, nil, nil, nil
	cfg.OnMessage, cfg.OnLargeMessage = nil, nil
}

// endedByServer reports whether the server ended the connection in an endedByServer way.
func endedByServer(reason error) bool {
	var left *mqtt.DisconnectError
	return errors.Is(reason, mqtt.ErrServerClosed) || errors.As(reason, &left)
}

// errorOf leaves out what else a call returned.
func errorOf[T any](_ T, err error) error { return err }

func describe(m *mqtt.Received) string {
	s := fmt.Sprintf("%s=%s q%d", m.Topic, m.Payload, m.QoS)
	if m.PacketID != 0 {
		s += fmt.Sprintf(" id%d", m.PacketID)
	}
	if m.Retain {
		s += " retain"
	}
	if m.Dup {
		s += " dup"
	}
	return s
}

func (s *scripted) expectEvent(want string) {
	s.t.Helper()
	select {
	case got := <-s.events:
		if !strings.HasPrefix(got, want) {
			s.t.Fatalf("event %q, want %q", got, want)
		}
	case <-s.ctx.Done():
		s.t.Fatalf("no event, want %q", want)
	}
}

// finish closes the client and checks that no further event came.
func (s *scripted) finish() {
	s.t.Helper()
	if err := s.Close(s.ctx); err != nil {
		s.t.Errorf("close: %v", err)
	}
	select {
	case got := <-s.events:
		s.t.Errorf("unexpected event %q", got)
	default:
	}
}

// closeWell closes the client and checks that it sends DISCONNECT, and that no
// further event came.
func (s *scripted) closeWell() {
	s.t.Helper()
	closed := async(func() error { return s.Close(s.ctx) })
	s.server.Expect("E0 00")
	s.server.ExpectClosed()
	s.server.Close()
	s.mustWait(closed)
	s.finish()
}

// async runs f and returns its error when it has one.
func async(f func() error) chan error {
	c := make(chan error, 1)
	go func() { c <- f() }()
	return c
}

func (s *scripted) wait(c chan error) error {
	s.t.Helper()
	select {
	case err := <-c:
		return err
	case <-s.ctx.Done():
		s.t.Fatal("the call hangs")
		return nil
	}
}

func (s *scripted) mustWait(c chan error) {
	s.t.Helper()
	if err := s.wait(c); err != nil {
		s.t.Fatal(err)
	}
}

func v5(cfg *mqtt.Config) { cfg.Version = mqtt.V5 }

// checkError checks that err is all of want, or nil when want is nothing.
func checkError(t *testing.T, err error, want ...error) {
	t.Helper()
	if len(want) == 0 && err != nil {
		t.Fatalf("got %v", err)
	}
	for _, w := range want {
		if !errors.Is(err, w) {
			t.Fatalf("got %v, want %v", err, w)
		}
	}
}

// startPipe begins to connect a client "c" over net.Pipe, for tests in fake
// time: nothing is buffered, and nothing outside the bubble takes part.
func startPipe(t *testing.T, change func(*mqtt.Config)) (s *scripted, dialed chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	s = &scripted{t: t, ctx: ctx, events: make(chan string, 1000)}
	cfg := s.watch(mqtt.Config{ClientID: "c"})
	ours, theirs := net.Pipe()
	s.server = mqtttest.NewConn(t, theirs)
	s.server.SetPatience(100 * time.Hour)
	cfg.Transport.Dial = func(context.Context, string, string) (net.Conn, error) { return ours, nil }
	if change != nil {
		change(&cfg)
	}
	dialed = async(func() (err error) {
		c, err := mqtt.Dial(s.ctx, "mqtt://pipe", cfg)
		s.Client = c
		return err
	})
	return s, dialed
}

// dialPipe connects a client "c" over net.Pipe; the server answers connAck, or
// a plain acceptance when it is empty.
func dialPipe(t *testing.T, change func(*mqtt.Config), connAck string) *scripted {
	t.Helper()
	s, dialed := startPipe(t, change)
	packet := s.server.Packet()
	synctest.Wait() // the client waits for nothing but the answer
	switch {
	case connAck != "":
		s.server.Send(connAck)
	case packet[8] < byte(mqtt.V5):
		s.server.Send("20 02 0000")
	default:
		s.server.Send("20 03 000000")
	}
	if err := <-dialed; err != nil {
		t.Fatalf("dial: %v", err)
	}
	s.expectEvent("connect")
	t.Cleanup(func() {
		s.server.Close()
		_ = s.Close(context.Background()) // tests of Close look at its error
	})
	return s
}

// both applies two changes of a Config.
func both(a, b func(*mqtt.Config)) func(*mqtt.Config) {
	return func(cfg *mqtt.Config) { a(cfg); b(cfg) }
}

// elapsed returns a function that tells how much time has passed.
func elapsed() func() time.Duration {
	begin := time.Now()
	return func() time.Duration { return time.Since(begin) }
}

var errDeadline = context.DeadlineExceeded

// dialSocket connects to a server over a socket, which may be left for another one.
func dialSocket(t *testing.T, cfg mqtt.Config) (c *mqtt.Client, server *mqtttest.Server, conn *mqtttest.Conn) {
	t.Helper()
	server = mqtttest.NewServer(t)
	dialed := async(func() (err error) {
		c, err = mqtt.Dial(ctxFor(t), server.URL(), cfg)
		return err
	})
	conn = server.Accept()
	conn.Accept()
	must(t, <-dialed)
	return c, server, conn
}

func newScripted(t *testing.T) *scripted {
	t.Helper()
	return &scripted{t: t, ctx: ctxFor(t), events: make(chan string, 100)}
}

// dialV5 is dialScripted for MQTT 5, with the properties of the CONNACK in
// hexadecimal.
func dialV5(t *testing.T, properties string, change func(*mqtt.Config)) *scripted {
	t.Helper()
	s := &scripted{t: t, ctx: ctxFor(t), events: make(chan string, 1000)}
	cfg := s.watch(mqtt.Config{ClientID: "c", Version: mqtt.V5})
	if change != nil {
		change(&cfg)
	}
	s.dial(cfg, connAckV5(t, properties))
	return s
}

// connAckV5 is an accepting CONNACK of MQTT 5 with properties.
func connAckV5(t *testing.T, properties string) string {
	t.Helper()
	p, err := mqtttest.ParseHex(properties)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("20 %02X 0000 %02X %s", 3+len(p), len(p), properties)
}

// sub returns a subscription whose handler writes "name topic=payload".
func (s *scripted) sub(name, filter string) mqtt.Subscription {
	return mqtt.Subscription{Filter: filter, Handler: func(_ context.Context, m *mqtt.Received) { s.events <- name + " " + describe(m) }}
}

// subscribe subscribes, and has the server answer with code.
func (s *scripted) subscribe(code byte, sub mqtt.Subscription) error {
	s.t.Helper()
	done := async(func() error { return errorOf(s.Subscribe(s.ctx, sub)) })
	packet := s.server.Packet()
	s.server.SendBytes([]byte{0x90, 3, packet[2], packet[3], code})
	return s.wait(done)
}

func (s *scripted) unsubscribe(filter string) {
	s.t.Helper()
	done := async(func() error { return s.Unsubscribe(s.ctx, filter) })
	packet := s.server.Packet()
	s.server.SendBytes([]byte{0xB0, 2, packet[2], packet[3]})
	s.mustWait(done)
}

// hold makes whoever delivers stand still: its handler waits until release is
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

// answer sends payload to the response topic of p with its correlation data.
func (s *scripted) answer(p wire.Publish, payload string) {
	s.t.Helper()
	topic, _ := p.Properties.Text(wire.ResponseTopic)
	data, _ := p.Properties.Binary(wire.CorrelationData)
	s.server.SendBytes(wire.AppendPublish(nil, wire.V5, &wire.Publish{
		Topic: topic, Payload: []byte(payload),
		Properties: wire.Properties(nil).AppendBinary(wire.CorrelationData, data),
	}))
}

// itself returns a function that returns the client that is made by cfg.
func itself(cfg *mqtt.Config) func() *mqtt.Client {
	var client atomic.Pointer[mqtt.Client]
	connect := cfg.OnConnect
	cfg.OnConnect = func(c *mqtt.Client) {
		client.Store(c)
		connect(c)
	}
	return client.Load
}

// over returns a context that has ended.
func over() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
