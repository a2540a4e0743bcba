package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"dunlin/mqtt"
)

// TestReadingLoopEndsWithItsContext: at once, and the connection stands; somebody reads on, and another loop
// begins where this one was.
func TestReadingLoopEndsWithItsContext(t *testing.T) {
	eachCarrier(t, nil, func(p *pulling) {
		a := p.subscribe("t")
		for i := range 20 {
			ctx, cancel := context.WithCancelCause(p.ctx)
			l := p.loop(ctx, a, nil)
			l.reads("t")
			enough := errors.New("enough")
			cancel(enough)
			l.ended(enough)
			must(t, errorOf(p.Ping(p.ctx)))
			p.say("t", fmt.Sprint(i))
			p.say("unwanted", "")
			l = p.loop(p.ctx, a, func(string) bool { return false })
			l.expect(fmt.Sprint(i))
			l.ended()
			p.expectAck()
		}
	})
}

// TestLeftLoopLeavesTheReading: to the client, however it was left.
func TestLeftLoopLeavesTheReading(t *testing.T) {
	for name, leave := range map[string]func() bool{
		"break":  func() bool { return false },
		"panic":  func() bool { panic("no") },
		"Goexit": nil,
	} {
		t.Run(name, func(t *testing.T) {
			eachCarrier(t, nil, func(p *pulling) {
				a := p.subscribe("t")
				for range 20 {
					p.say("t", "")
					left := make(chan struct{})
					go func() {
						defer close(left)
						defer func() { _ = recover() }() // it is the test's own
						for range a.All(p.ctx) {
							if leave == nil {
								runtime.Goexit()
							}
							if !leave() {
								return
							}
						}
					}()
					<-left
					p.say("unwanted", "") // no call of the client's has somebody read
					p.expectAck()
				}
			})
		})
	}
}

// TestReadingLoopEndsWithItsSubscription, which is ended elsewhere, without an error.
func TestReadingLoopEndsWithItsSubscription(t *testing.T) {
	for name, end := range map[string]func(p *pulling, a *mqtt.ActiveSubscription) error{
		"Close":       func(p *pulling, a *mqtt.ActiveSubscription) error { return a.Close(p.ctx) },
		"Unsubscribe": func(p *pulling, _ *mqtt.ActiveSubscription) error { return p.Unsubscribe(p.ctx, "t") },
	} {
		t.Run(name, func(t *testing.T) {
			eachCarrier(t, nil, func(p *pulling) {
				for range 10 {
					a := p.subscribe("t")
					l := p.loop(p.ctx, a, nil)
					l.reads("t")
					must(t, end(p, a))
					l.ended()
					must(t, errorOf(p.Ping(p.ctx)))
				}
			})
		})
	}
}

// TestReadingLoopEndsWithTheClient: when that is closed elsewhere, or from the loop's body, and when the
// server ends the connection, or it is cut.
func TestReadingLoopEndsWithTheClient(t *testing.T) {
	for name, end := range map[string]func(p *pulling) error{
		"Close":      func(p *pulling) error { return p.Close(p.ctx) },
		"server":     func(p *pulling) error { p.server.cut(); return nil },
		"DISCONNECT": func(p *pulling) error { p.server.say([]byte{0xE0, 2, 0x8B, 0}); return nil },
		"nonsense":   func(p *pulling) error { p.server.say([]byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF}); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			eachCarrier(t, nil, func(p *pulling) {
				l := p.loop(p.ctx, p.subscribe("t"), nil)
				l.reads("t")
				must(t, end(p))
				l.ended(mqtt.ErrClosed)
				select {
				case <-p.Done():
				case <-p.ctx.Done():
					t.Fatal("the client has not ended")
				}
				must(t, p.Close(p.ctx))
				// Close waits for all that they do, and they may still be on their way out.
				for all := goroutines(); len(all) > 0; all = goroutines() {
					if p.ctx.Err() != nil {
						t.Fatalf("%d goroutines are left:\n%s", len(all), strings.Join(all, "\n\n"))
					}
					runtime.Gosched()
				}
			})
		})
	}
}

// TestLoopGoesOnWithTheNextConnection, and reads there.
func TestLoopGoesOnWithTheNextConnection(t *testing.T) {
	connected := make(chan struct{}, 10)
	eachCarrier(t, func(cfg *mqtt.Config) {
		cfg.Reconnect = &mqtt.Reconnect{MinDelay: time.Millisecond, MaxDelay: time.Millisecond}
		cfg.KeepSession = cfg.Version < mqtt.V5
		if cfg.Version == mqtt.V5 {
			cfg.Properties.SessionExpiry = time.Hour
		}
		cfg.OnConnect = func(*mqtt.Client) { connected <- struct{}{} }
	}, func(p *pulling) {
		<-connected
		l := p.loop(p.ctx, p.subscribe("t"), nil)
		for range 5 {
			l.reads("t")
			p.expectAck()
			p.server.cut()
			<-connected
		}
		l.reads("t")
		p.expectAck()
	})
}

// TestLimitsHoldWhileALoopReads: a second loop takes nothing, and one reads. When the limit is reached the client
// reads no more, and the first loop still ends with its context; when there is room, all comes.
func TestLimitsHoldWhileALoopReads(t *testing.T) {
	const limit = 50
	eachCarrier(t, func(cfg *mqtt.Config) {
		cfg.Limits.ReceiveMessages = limit
		cfg.Transport.ReadBuffer = 512
	}, func(p *pulling) {
		release := make(chan struct{})
		stuck := p.loop(p.ctx, p.subscribe("stuck"), func(string) bool { <-release; return true })
		ctx, cancel := context.WithCancel(p.ctx)
		a := p.subscribe("t")
		l := p.loop(ctx, a, nil)
		l.reads("t")
		const sent = 40_000
		padding := strings.Repeat("x", 500)
		for i := range sent / 2 {
			p.server.say(append(p.message(0, "stuck", padding), p.message(0, "t", fmt.Sprint(i))...))
		}
		got := 0
		for len(l.got) > got || got == 0 { // until nothing comes any more
			got = len(l.got)
			<-time.After(50 * time.Millisecond)
		}
		if got > 2*limit {
			t.Errorf("the loop got %d messages though the receive queue is full", got)
		}
		cancel()
		l.ended(context.Canceled)
		expectEach(p, l.got, got)
		close(release)
		l = p.loop(p.ctx, a, nil)
		for i := got; i < sent/2; i++ {
			l.expect(fmt.Sprint(i))
		}
		for range sent / 2 {
			stuck.expect(padding)
		}
		p.say("t", "last")
		l.expect("last")
		p.expectAck()
	})
}

// TestLoopWaitsForTheStore: a message of QoS 2 is given when the store has it, and the loop wakes for that though
// it reads.
func TestLoopWaitsForTheStore(t *testing.T) {
	var w *watched
	eachCarrier(t, func(cfg *mqtt.Config) {
		w = newWatched()
		cfg.Store, cfg.KeepSession = w, cfg.Version < mqtt.V5
		if cfg.Version == mqtt.V5 {
			cfg.Properties.SessionExpiry = time.Hour
		}
	}, func(p *pulling) {
		l := p.loop(p.ctx, p.subscribe("t"), nil)
		l.reads("t")
		p.expectAck()
		gate := w.waits()
		const n = 200
		go func() {
			for {
				select {
				case gate <- struct{}{}:
				case <-p.Done():
					return
				case <-p.ctx.Done():
					return
				}
			}
		}()
		next := 0
		for i := range n {
			p.server.say(p.message(byte(i%3), "t", fmt.Sprint(i)))
			if next <= n/2 || i == n-1 { // one by one, then many at once
				for ; next <= i; next++ {
					l.expect(fmt.Sprint(next))
				}
			}
		}
		p.say("t", "last")
		l.expect("last")
		p.expectAck()
	})
}
