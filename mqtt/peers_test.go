package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"dunlin/mqtt"
)

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

func TestLateAcknowledgement(t *testing.T) { // peer 4.28, RX-13: of a connection that has ended
	got := make(chan *mqtt.Received, 1)
	hold := func(cfg *mqtt.Config) {
		cfg.ManualAck = true
		cfg.OnMessage = func(_ context.Context, m *mqtt.Received) { got <- m }
	}
	eachVersion(t, hold, func(s *scripted, five bool) {
		s.sendPublish(five, 0x32, 5, "")
		m := <-got
		s.server.Close()
		<-s.Done()
		if err := m.Ack(); !errors.Is(err, mqtt.ErrClosed) {
			s.t.Errorf("got %v", err)
		}
		next := dialV5(s.t, "", nil)
		if err := m.Ack(); !errors.Is(err, mqtt.ErrClosed) {
			s.t.Errorf("got %v", err)
		}
		next.expectAlive(true) // and nothing came before
	})
}

func TestHandlersHaveAContext(t *testing.T) { // peer 4.13: which ends with the client
	begun, ended := make(chan struct{}), make(chan struct{})
	s := dialScripted(t, func(cfg *mqtt.Config) {
		cfg.OnMessage = func(ctx context.Context, m *mqtt.Received) {
			close(begun)
			<-ctx.Done()
			close(ended)
		}
	})
	s.server.Send("30 03 000174")
	<-begun
	s.closeWell()
	<-ended
}

func TestRefusedLoginIsToldAtOnce(t *testing.T) { // peer 4.30, CA-05, CA-08
	for version, packet := range map[mqtt.Version]string{mqtt.V311: "20 02 0004", mqtt.V5: "20 03 00 86 00"} {
		synctest.Test(t, func(t *testing.T) {
			s, dialed := startPipe(t, func(cfg *mqtt.Config) { cfg.Version = version; cfg.Username = "u" })
			s.server.Packet()
			since := elapsed()
			s.server.Send(packet)
			err := <-dialed
			var refused *mqtt.ConnectError
			if !errors.As(err, &refused) || since() != 0 || !strings.Contains(strings.ToLower(err.Error()), "bad user name or password") {
				t.Errorf("after %v: %v", since(), err)
			}
		})
	}
}
