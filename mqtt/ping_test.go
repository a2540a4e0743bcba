package mqtt_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// TestPingMeasuresItsOwnAnswer shows KA-14: answer to no ping; KA-18: ping by the application.
func TestPingMeasuresItsOwnAnswer(t *testing.T) {
	s := dialScripted(t, func(cfg *mqtt.Config) { cfg.KeepAlive = -1 })
	s.server.Send("D0 00", "D0 00", "30 03 000174") // two answers to nothing
	s.expectEvent("message t=")
	ping := func(ctx context.Context) (chan error, *time.Duration) {
		rtt := new(time.Duration)
		return async(func() (err error) {
			*rtt, err = s.Ping(ctx)
			return err
		}), rtt
	}
	ctx, cancel := context.WithCancel(s.ctx)
	given, _ := ping(ctx)
	s.server.Expect("C0 00")
	cancel()
	if err := s.wait(given); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	next, rtt := ping(s.ctx)
	s.server.Expect("C0 00")
	s.server.Send("D0 00") // of the first one
	select {
	case err := <-next:
		t.Fatalf("the first answer was taken for the second: %v", err)
	default:
	}
	s.server.Send("D0 00")
	s.mustWait(next)
	if *rtt <= 0 {
		t.Errorf("round trip %v", *rtt)
	}
	last, _ := ping(s.ctx)
	s.server.Expect("C0 00")
	s.server.Close()
	if err := s.wait(last); !errors.Is(err, mqtt.ErrClosed) {
		t.Errorf("connection lost: %v", err)
	}
}

// TestPingEndsByItself: with a context that has no end it waits as long as a ping of keep
// alive would, though there is none.
func TestPingEndsByItself(t *testing.T) {
	for name, test := range map[string]struct {
		keepAlive, timeout, want time.Duration
		reads                    bool
	}{
		"server does not read":             {-1, 7 * time.Second, 7 * time.Second, false},
		"server does not answer":           {-1, 7 * time.Second, 7 * time.Second, true},
		"default without keep alive":       {-1, 0, time.Second, true},
		"default with keep alive":          {100 * time.Second, 0, 50 * time.Second, true},
		"default and server does not read": {-1, 0, time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := dialPipe(t, func(cfg *mqtt.Config) { cfg.KeepAlive, cfg.Limits.PingTimeout = test.keepAlive, test.timeout }, "")
				begun := elapsed()
				pinged := async(func() error { _, err := s.Ping(context.Background()); return err })
				if test.reads {
					s.server.Expect("C0 00")
				}
				select {
				case err := <-pinged:
					checkError(t, err, context.DeadlineExceeded)
				case <-time.After(time.Hour):
					t.Fatal("it waits without an end")
				}
				if begun() != test.want {
					t.Errorf("after %v, want %v", begun(), test.want)
				}
				ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
				defer cancel()
				begun = elapsed()
				if _, err := s.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) || begun() != 300*time.Millisecond {
					t.Errorf("after %v: %v", begun(), err)
				}
			})
		})
	}
}

// TestPingAcrossALoss shows KA-18: ping by the application.
func TestPingAcrossALoss(t *testing.T) {
	eachLasting(t, nil, func(s *lasting) {
		pinged := async(func() error { _, err := s.Ping(s.ctx); return err })
		s.play("> C0 00")
		s.drop()
		checkError(s.t, <-pinged, mqtt.ErrNotConnected, mqtt.ErrServerClosed)
		_, err := s.Ping(s.ctx)
		checkError(s.t, err, mqtt.ErrNotConnected)
		s.acceptNext("present")
		synctest.Wait()
		pinged = async(func() error { _, err := s.Ping(s.ctx); return err })
		s.play(`> C0 00
			< D0 00`)
		s.mustWait(pinged)
	})
}
