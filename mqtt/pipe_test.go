package mqtt_test

import (
	"context"
	"encoding/hex"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

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

// keepAlive returns a change of a Config.
func keepAlive(d time.Duration) func(*mqtt.Config) {
	return func(cfg *mqtt.Config) { cfg.KeepAlive = d }
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

// bigPublish returns a QoS 0 PUBLISH of n zero bytes to "t".
func bigPublish(n int) []byte {
	b := []byte{0x30}
	for length := n + 3; ; {
		d := byte(length & 0x7F)
		if length >>= 7; length > 0 {
			b = append(b, d|0x80)
			continue
		}
		b = append(b, d)
		break
	}
	b = append(b, 0, 1, 't')
	return append(b, make([]byte, n)...)
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
