package session

import (
	"errors"
	"testing"
	"time"

	"dunlin/mqtt/internal/wire"
)

// TestPingTimes shows KA-01: pings when idle [MQTT-3.1.2-23] of 3.1.1; KA-02: not more pings than
// needed; KA-08: pings though input flows; KA-09: pings though only output flows; KA-11: no answer
// to a ping; KA-12: late answer to a ping while bytes flow.
func TestPingTimes(t *testing.T) {
	b := newBench(t, wire.V311, 1)
	tick := func(at time.Duration) error {
		b.t.Helper()
		var err error
		b.out, err = b.Tick(b.out, t0.Add(at))
		return err
	}
	deadline := func(want time.Duration) {
		b.t.Helper()
		if at, ok := b.Deadline(); !ok || at.Sub(t0) != want {
			b.t.Fatalf("deadline %v %v, want %v", at.Sub(t0), ok, want)
		}
	}
	deadline(9 * time.Second)
	_ = tick(8 * time.Second)
	b.sent("")
	b.Received(t0.Add(5 * time.Second)) // what comes in does not delay a ping
	deadline(9 * time.Second)
	_ = tick(9 * time.Second)
	b.sent("C000")
	deadline(14 * time.Second)
	_ = tick(13 * time.Second)
	b.sent("") // one at a time
	b.Received(t0.Add(13 * time.Second))
	b.Sent(t0.Add(20 * time.Second))
	deadline(22 * time.Second) // nothing came since 13, though we send
	_ = tick(22 * time.Second)
	b.sent("C000")
	if err := tick(27 * time.Second); !errors.Is(err, ErrSilent) {
		t.Errorf("after the ping time-out: %v", err)
	}
}

func TestPausedReaderIsNotSilence(t *testing.T) {
	b := newBench(t, wire.V311, 1)
	b.Pause(t0, true)
	for at := 9 * time.Second; at < 100*time.Second; at += 9 * time.Second {
		var err error
		if b.out, err = b.Tick(b.out, t0.Add(at)); err != nil {
			t.Fatalf("at %v: %v", at, err)
		}
		b.sent("C000") // the server must hear from us
	}
	b.Pause(t0.Add(100*time.Second), false)
	if at, _ := b.Deadline(); at.Sub(t0) != 105*time.Second {
		t.Errorf("deadline %v after reading again", at.Sub(t0))
	}
}

// TestNoPingsWithoutKeepAlive shows KA-03: keep alive off; KA-06: server switches the keep alive
// off [MQTT-3.1.2-21] of 5; KA-07: server switches the keep alive on; KA-19: no ping after the end
// [MQTT-3.14.4-1].
func TestNoPingsWithoutKeepAlive(t *testing.T) {
	s := New(Config{Version: wire.V5, Window: 1})
	if _, ok := s.Deadline(); ok {
		t.Error("pings before CONNACK")
	}
	s.Start(t0, Server{ReceiveMaximum: 1})
	if _, ok := s.Deadline(); ok {
		t.Error("pings although the server set the interval to 0")
	}
	s = New(Config{Version: wire.V5, Window: 1})
	s.Start(t0, Server{ReceiveMaximum: 1, KeepAlive: 2 * time.Second})
	if at, ok := s.Deadline(); !ok || at.Sub(t0) != 1800*time.Millisecond {
		t.Error("no pings although the server set an interval")
	}
	s.Suspend(Loss{Untouched: func(*Entry) bool { return false }})
	if _, ok := s.Deadline(); ok {
		t.Error("pings after the connection was lost")
	}
}
