package session

import (
	"testing"
	"time"

	"dunlin/mqtt/internal/wire"
)

// expiring publishes at QoS 1 with that Message Expiry Interval.
func (b *bench) expiring(seconds uint32) *Entry {
	b.t.Helper()
	e := &Entry{Expires: t0.Add(time.Duration(seconds) * time.Second).UnixMilli()}
	var err error
	b.out, err = b.Publish(b.out, e, &wire.Publish{
		Topic: "t", QoS: 1, Properties: wire.Properties{}.AppendUint(wire.MessageExpiryInterval, seconds),
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return e
}

// again is the next connection, at that time after the start.
func (b *bench) again(after time.Duration, l Loss, r Resumption) {
	b.t.Helper()
	b.out = b.out[:0]
	b.Suspend(l)
	b.Start(t0.Add(after), Server{ReceiveMaximum: 65535})
	r.Now, r.Fits = t0.Add(after), func(*Entry) error { return nil }
	var failed []Failure
	if b.out, failed = b.Resume(b.out, r); len(failed) > 0 {
		b.t.Fatalf("failed: %v", failed)
	}
}

// TestExpiryOfWhatHasAnIdentifier shows SR-29: queue and message expiry [MQTT-4.3.3-7]; P2-18:
// expiry does not end an exchange.
func TestExpiryOfWhatHasAnIdentifier(t *testing.T) {
	nothing := func(*Entry) bool { return true }
	something := func(*Entry) bool { return false }
	for name, c := range map[string]struct {
		untouched func(*Entry) bool
		r         Resumption
		after     time.Duration
		want      string // "": it has expired
	}{
		"not written, in time":       {nothing, Resumption{Present: true}, 2 * time.Second, "320B 0001 74 0001 05 0200000003"},
		"not written, late":          {nothing, Resumption{Present: true}, time.Hour, ""},
		"not written, session lost":  {nothing, Resumption{}, time.Hour, ""},
		"sent again, in time":        {something, Resumption{Present: true}, 2 * time.Second, "3A0B 0001 74 0001 05 0200000003"},
		"sent again, late":           {something, Resumption{Present: true}, time.Hour, "3A0B 0001 74 0001 05 0200000001"},
		"republished, in time":       {something, Resumption{Republish: always}, 2 * time.Second, "320B 0001 74 0001 05 0200000003"},
		"republished, late":          {something, Resumption{Republish: always}, time.Hour, ""},
		"the clock was put back":     {nothing, Resumption{Present: true}, -time.Hour, "320B 0001 74 0001 05 0200000005"},
		"the clock was put back far": {nothing, Resumption{Present: true}, -(1<<32 + 10) * time.Second, "320B 0001 74 0001 05 0200000005"},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bench{t: t, Session: New(Config{Version: wire.V5, Window: 10, Keep: true})}
			b.Start(t0, Server{ReceiveMaximum: 65535})
			e := b.expiring(5)
			b.sent("320B 0001 74 0001 05 0200000005")
			b.again(c.after, Loss{Untouched: c.untouched}, c.r)
			b.sent(c.want)
			expired := b.TakeExpired()
			if (len(expired) == 1) != (c.want == "") || b.Busy() != (c.want != "") {
				t.Fatalf("%d expired, busy: %t", len(expired), b.Busy())
			}
			if c.want == "" && (expired[0] != e || e.Again() != (c.r.Republish != nil) || b.Held() != 0) {
				t.Errorf("expired %+v, %d bytes are held", expired[0], b.Held())
			}
		})
	}
}

// TestRepublishedAndNotWritten: on the next connection it is new as well.
func TestRepublishedAndNotWritten(t *testing.T) {
	b := &bench{t: t, Session: New(Config{Version: wire.V5, Window: 10, Keep: true})}
	b.Start(t0, Server{ReceiveMaximum: 65535})
	b.expiring(5)
	b.again(time.Second, Loss{Untouched: func(*Entry) bool { return false }}, Resumption{Republish: always})
	b.sent("320B 0001 74 0001 05 0200000004")
	b.again(2*time.Second, Loss{Untouched: func(*Entry) bool { return true }}, Resumption{Present: true})
	b.sent("320B 0001 74 0001 05 0200000003")
	b.again(3*time.Second, Loss{Untouched: func(*Entry) bool { return false }}, Resumption{Present: true})
	b.sent("3A0B 0001 74 0001 05 0200000002")
}

func always(byte) bool { return true }
