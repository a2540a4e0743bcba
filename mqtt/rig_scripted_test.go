package mqtt_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"dunlin/mqtt"
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

// hexOf writes b as the scripted server wants it.
func hexOf(b []byte) string { return hex.EncodeToString(b) }

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

// eachVersion runs a test against a client of MQTT 3.1.1 and one of MQTT 5.
func eachVersion(t *testing.T, change func(*mqtt.Config), f func(s *scripted, five bool)) {
	t.Helper()
	t.Run("3.1.1", func(t *testing.T) { f(dialScripted(t, change), false) })
	t.Run("5", func(t *testing.T) { f(dialV5(t, "", change), true) })
}

// frame puts the fixed header before a body.
func frame(first byte, body []byte) []byte {
	b := []byte{first}
	n := len(body)
	for ; n > 0x7F; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(append(b, byte(n)), body...)
}

// publishBytes writes a PUBLISH, with an empty property list in MQTT 5. The
// lower bits of first say whether there is an identifier.
func publishBytes(five bool, first byte, topic string, id uint16, payload string) []byte {
	body := append([]byte{byte(len(topic) >> 8), byte(len(topic))}, topic...)
	if first&0x06 != 0 {
		body = append(body, byte(id>>8), byte(id))
	}
	if five {
		body = append(body, 0)
	}
	return frame(first, append(body, payload...))
}

// expectPublish waits for a PUBLISH to "t" with those bytes.
func (s *scripted) expectPublish(five bool, first byte, id uint16, payload string) {
	s.t.Helper()
	s.server.Expect(hexOf(publishBytes(five, first, "t", id, payload)))
}

// sendPublish sends a PUBLISH to "t".
func (s *scripted) sendPublish(five bool, first byte, id uint16, payload string) {
	s.t.Helper()
	s.server.SendBytes(publishBytes(five, first, "t", id, payload))
}

// publishes begins publishing to "t" at qos, once for each payload.
func (s *scripted) publishes(qos mqtt.QoS, payloads ...string) (all []*mqtt.Delivery) {
	s.t.Helper()
	for _, payload := range payloads {
		d, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "t", Payload: []byte(payload), QoS: qos}, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

// expectAlive checks that the client goes on and has said nothing since: it
// answers a QoS 1 message, and that answer comes next.
func (s *scripted) expectAlive(five bool) {
	s.t.Helper()
	s.server.SendBytes(publishBytes(five, 0x32, "alive", 0xFFFF, ""))
	s.server.Expect("40 02 FFFF")
	s.expectEvent("message alive=")
}
