package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

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

// hasty has Close not wait for publishes that the server does not acknowledge.
func hasty(cfg *mqtt.Config) { cfg.Limits.Drain = -1 }

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
		if orderly(reason) {
			s.events <- "close: " + reason.Error()
		}
		s.events <- "disconnect: " + reason.Error()
	}
	cfg.OnError = func(err error) { s.events <- "error: " + err.Error() }
	return cfg
}

// silence takes all callbacks out of cfg.
func silence(cfg *mqtt.Config) {
	cfg.OnConnect, cfg.OnDisconnect, cfg.OnRetry, cfg.OnError = nil, nil, nil, nil
	cfg.OnMessage, cfg.OnLargeMessage = nil, nil
}

// orderly reports whether the server ended the connection in an orderly way.
func orderly(reason error) bool {
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

// closeWell closes the client and checks that it says goodbye, and that no
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
