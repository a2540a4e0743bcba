package mqtt_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/dial"
)

var errEnough = errors.New("enough")

// cancelled returns a context that ends with errEnough when cancel is called.
func cancelled(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, func() { cancel(errEnough) }
}

func TestCancelledDial(t *testing.T) { // TR-06, TL-14, fault 31, peer 4.12
	for _, test := range []struct {
		name, url, stage string
		dial             func(context.Context, string, string) (net.Conn, error)
	}{
		{"TCP", "mqtt://pipe", dial.StageDial, func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}},
		{"TLS", "mqtts://pipe", dial.StageTLS, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				defer theirs.Close()
				silent := func(context.Context, string, string) (net.Conn, error) { return ours, nil }
				if test.dial == nil {
					test.dial = silent
				}
				open := func(ctx context.Context) error {
					_, err := mqtt.Open(ctx, test.url, mqtt.Config{Transport: mqtt.Transport{Dial: test.dial}})
					return err
				}
				ctx, cancel := cancelled(context.Background())
				opened := async(func() error { return open(ctx) })
				synctest.Wait()
				cancel()
				err := <-opened
				var failed *dial.Error
				if !errors.As(err, &failed) || failed.Stage != test.stage || !errors.Is(err, errEnough) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestStalledHandshakeTimesOut(t *testing.T) { // TL-14, fault 10
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		since := elapsed()
		_, err := mqtt.Open(context.Background(), "mqtts://pipe", mqtt.Config{Transport: mqtt.Transport{
			Dial: func(context.Context, string, string) (net.Conn, error) { return ours, nil },
		}})
		if since() != mqtt.DefaultConnectTimeout || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "TLS handshake mqtts://pipe:8883: no connection within 30s") {
			t.Errorf("after %v: %v", since(), err)
		}
	})
}

func TestCancelledWaitForRoom(t *testing.T) { // fault 31: not sent
	synctest.Test(t, func(t *testing.T) {
		s := dialPipe(t, func(cfg *mqtt.Config) { cfg.Limits.SendBytes = 10 }, "")
		for range 3 { // one is being written, two wait
			if _, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "a"}, nil); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		ctx, cancel := cancelled(s.ctx)
		calls := []chan error{
			async(func() error { return s.Publish(ctx, mqtt.Message{Topic: "b", QoS: 1}) }),
			async(func() error { _, err := s.PublishAsync(ctx, mqtt.Message{Topic: "b"}, nil); return err }),
		}
		synctest.Wait()
		cancel()
		for _, call := range calls {
			if err := <-call; !errors.Is(err, mqtt.ErrNotSent) || !errors.Is(err, errEnough) {
				t.Errorf("got %v", err)
			}
		}
		s.server.Expect("30 03 000161 30 03 000161 30 03 000161")
		s.server.ExpectNothing(time.Second)
	})
}

func TestCancelledPublish(t *testing.T) { // P1-13, FC-13, fault 31, peer 4.5, peer 4.13
	s := dialScripted(t, func(cfg *mqtt.Config) { cfg.Limits.InFlight = 1 })
	ctx, cancel := cancelled(s.ctx)
	sent := async(func() error { return s.Publish(ctx, mqtt.Message{Topic: "a", QoS: 1}) })
	s.server.Expect("32 05 000161 0001")
	waiting := async(func() error { return s.Publish(ctx, mqtt.Message{Topic: "b", QoS: 1}) })
	third, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "c", QoS: 2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := s.wait(sent); !errors.Is(err, mqtt.ErrInDoubt) || !errors.Is(err, errEnough) {
		t.Errorf("the one that was sent: %v", err)
	}
	if err := s.wait(waiting); !errors.Is(err, mqtt.ErrNotSent) || !errors.Is(err, errEnough) {
		t.Errorf("the one that waited: %v", err)
	}
	if err := third.Wait(ctx); !errors.Is(err, mqtt.ErrQueued) || !errors.Is(err, errEnough) {
		t.Errorf("Wait: %v", err)
	}
	if err := s.Publish(ctx, mqtt.Message{Topic: "d"}); !errors.Is(err, mqtt.ErrNotSent) || !errors.Is(err, errEnough) {
		t.Errorf("with a context that has ended: %v", err)
	}
	s.server.Send("40 02 0001") // late, and it makes room
	s.server.Expect("34 05 000163 0002")
	s.server.Send("50 02 0002")
	s.server.Expect("62 02 0002")
	s.server.Send("70 02 0002")
	if err := third.Wait(s.ctx); err != nil {
		t.Error(err)
	}
	s.closeWell()
}

func TestWithdrawnPublishMakesRoom(t *testing.T) { // FC-13: for what waits behind it
	t.Run("in the queue", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := dialPipe(t, func(cfg *mqtt.Config) { cfg.Limits.InFlight = 1 }, "")
			first := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "a", QoS: 1}) })
			s.server.Expect("32 05 000161 0001")
			ctx, cancel := cancelled(s.ctx)
			withdrawn := async(func() error { return s.Publish(ctx, mqtt.Message{Topic: "b", QoS: 1}) })
			synctest.Wait()
			behind := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "c"}) }) // may not overtake
			s.server.ExpectNothing(time.Second)
			cancel()
			s.server.Expect("30 03 000163")
			s.mustWait(behind)
			if err := <-withdrawn; !errors.Is(err, mqtt.ErrNotSent) {
				t.Errorf("withdrawn: %v", err)
			}
			s.server.Send("40 02 0001")
			s.mustWait(first)
		})
	})
	t.Run("at the door", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := dialPipe(t, func(cfg *mqtt.Config) {
				cfg.Limits.InFlight = 1
				cfg.Limits.SendBytes = 50
			}, "")
			first := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "a", QoS: 1}) })
			s.server.Expect("32 05 000161 0001")
			ctx, cancel := cancelled(s.ctx)
			withdrawn := async(func() error { return s.Publish(ctx, mqtt.Message{Topic: "b", Payload: make([]byte, 100), QoS: 1}) })
			synctest.Wait()
			blocked := async(func() error { _, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "c"}, nil); return err })
			synctest.Wait()
			cancel()
			<-withdrawn
			s.mustWait(blocked)
			s.server.Expect("30 03 000163")
			s.server.Send("40 02 0001")
			s.mustWait(first)
		})
	})
}

func TestLimitsThatCannotWork(t *testing.T) { // a negative limit would block for ever
	for name, l := range map[string]mqtt.Limits{
		"SendBytes":       {SendBytes: -1},
		"ReceiveMessages": {ReceiveMessages: -1},
		"ReceiveBytes":    {ReceiveBytes: -1},
		"PingTimeout":     {PingTimeout: -1},
		"InFlight":        {InFlight: -1},
	} {
		cfg := mqtt.Config{ClientID: "c", Limits: l}
		var arg *mqtt.ArgumentError
		if err := cfg.Validate(); !errors.As(err, &arg) || arg.Name != "Limits."+name {
			t.Errorf("%s: %v", name, err)
		}
	}
	var arg *mqtt.ArgumentError
	if _, err := mqtt.Open(ctxFor(t), "mqtt://127.0.0.1:1", mqtt.Config{Transport: mqtt.Transport{MaxPacket: -1}}); !errors.As(err, &arg) || arg.Name != "Transport.MaxPacket" {
		t.Errorf("MaxPacket: %v", err)
	}
}
