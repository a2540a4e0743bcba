package mqtt_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"dunlin/mqtt"
)

// expectEach takes numbered payloads from got, in order.
func expectEach(p *pulling, got chan string, n int) {
	p.t.Helper()
	for i := range n {
		select {
		case payload := <-got:
			if payload != fmt.Sprint(i) {
				p.t.Fatalf("message %s, want %d", payload, i)
			}
		case <-p.ctx.Done():
			p.t.Fatalf("message %d does not come:\n%s", i, strings.Join(goroutines(), "\n\n"))
		}
	}
}

// TestTwoLoops: each gets its messages, in order, whichever reads; also when the body of the other one
// does not return.
func TestTwoLoops(t *testing.T) {
	eachCarrier(t, nil, func(p *pulling) {
		release := make(chan struct{})
		a := p.loop(p.ctx, p.subscribe("a"), func(payload string) bool {
			if payload == "999" {
				<-release
			}
			return true
		})
		b := p.loop(p.ctx, p.subscribe("b"), nil)
		p.say("b", "first")
		b.expect("first")
		for i := range 2000 {
			both := p.message(1, "b", fmt.Sprint(i))
			if i < 1000 {
				both = append(p.message(1, "a", fmt.Sprint(i)), both...)
			}
			p.server.say(both)
			if i < 1000 { // one by one
				a.expect(fmt.Sprint(i))
			}
			if i%10 < 9 {
				continue
			}
			for j := i - 9; j <= i; j++ {
				b.expect(fmt.Sprint(j))
			}
		}
		close(release)
		p.expectAck()
	})
}

// TestBlockedHandlerStopsNoLoop: for ever, though the loop's messages stand behind that of the handler, in
// the same read too. A message for both waits for the handler, and those behind it do not overtake it.
func TestBlockedHandlerStopsNoLoop(t *testing.T) {
	eachCarrier(t, nil, func(p *pulling) {
		l := p.loop(p.ctx, p.subscribe("t/#"), nil)
		begun, release := make(chan string, 10), make(chan struct{})
		handler := func(payload string) {
			begun <- payload
			<-release
		}
		p.handle("h", handler)
		p.handle("t/both", handler)
		l.reads("t")
		p.server.say(append(p.message(1, "h", "blocks"), p.message(1, "t/alone", "0")...))
		l.expect("0")
		<-begun
		for i := range 500 {
			p.say("t/alone", fmt.Sprint(i))
			l.expect(fmt.Sprint(i))
		}
		p.say("t/both", "both")
		p.say("t/alone", "behind")
		p.say("unwanted", "")
		if err := errorOf(p.Ping(p.ctx)); err != nil || len(l.got) > 0 {
			t.Fatalf("%v; the loop got %d messages though the handler has not returned", err, len(l.got))
		}
		close(release)
		l.expect("both", "behind")
		p.expectAck()
	})
}

// TestBlockedBodyStopsNobody: while it does not return, handlers run, Workers, callbacks and pings come
// through, keep alive goes on, and what the loop took before is acknowledged.
func TestBlockedBodyStopsNobody(t *testing.T) {
	eachCarrier(t, func(cfg *mqtt.Config) { cfg.KeepAlive = time.Second }, func(p *pulling) {
		release := make(chan struct{})
		l := p.loop(p.ctx, p.subscribe("t"), func(payload string) bool {
			if payload == "blocks" {
				<-release
			}
			return true
		})
		handled := make(chan string, 1000)
		p.handle("h", func(payload string) { handled <- payload })
		worked := make(chan string, 1000)
		must(t, errorOf(p.Subscribe(p.ctx, mqtt.Subscription{Filter: "w", Workers: 1, Handler: func(_ context.Context, m *mqtt.Received) {
			worked <- string(m.Payload)
		}})))
		l.reads("t")
		p.server.say(append(p.message(1, "t", "before"), p.message(1, "t", "blocks")...))
		l.expect("before", "blocks")
		p.expectAckOf(p.id - 1) // though the loop does not ask for more
		for i := range 100 {
			p.server.say(append(p.message(0, "h", fmt.Sprint(i)), p.message(0, "w", fmt.Sprint(i))...))
		}
		expectEach(p, handled, 100)
		expectEach(p, worked, 100)
		must(t, errorOf(p.Ping(p.ctx)))
		called := make(chan error, 1)
		must(t, errorOf(p.PublishAsync(p.ctx, mqtt.Message{Topic: "r", QoS: 1}, func(err error) { called <- err })))
		must(t, <-called)
		for pings := 0; pings < 2; { // of keep alive
			select {
			case packet := <-p.heard:
				if packet[0] == 0xC0 {
					pings++
				}
			case <-p.ctx.Done():
				t.Fatal("no ping")
			}
		}
		close(release)
		p.say("t", "after")
		l.expect("after")
		p.expectAck()
	})
}

// TestSlowBodies: each takes 50 ms, and what was taken before is acknowledged while the next one runs.
func TestSlowBodies(t *testing.T) {
	eachCarrier(t, nil, func(p *pulling) {
		l := p.loop(p.ctx, p.subscribe("t"), func(string) bool {
			<-time.After(50 * time.Millisecond)
			return true
		})
		p.say("t", "0")
		for i := range 10 {
			l.expect(fmt.Sprint(i))
			began := time.Now()
			if i > 0 {
				p.expectAckOf(p.id - 1)
			}
			must(t, errorOf(p.Ping(p.ctx)))
			if d := time.Since(began); d > 40*time.Millisecond {
				t.Errorf("an acknowledgement and a ping took %v", d)
			}
			p.say("t", fmt.Sprint(i+1))
		}
	})
}

// TestLoopsBodyWaitsForTheServer: with each call that waits, for each of many messages.
func TestLoopsBodyWaitsForTheServer(t *testing.T) {
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		for _, w := range waitings(version == mqtt.V5) {
			t.Run(version.String()+" "+w.name, func(t *testing.T) {
				p := pullTCP(t, func(cfg *mqtt.Config) { cfg.Version = version })
				p.handle("r", func(string) {})
				l := p.loop(p.ctx, p.subscribe("t"), func(string) bool {
					if err := w.call(p.ctx, p.Client); err != nil {
						t.Errorf("%s: %v", w.name, err)
					}
					return true
				})
				var all []byte
				for i := range 50 {
					all = append(all, p.message(1, "t", fmt.Sprint(i))...)
				}
				p.server.say(all)
				expectEach(p, l.got, 50)
				p.expectAck()
			})
		}
	}
}

// TestCallbacksBesideALoop: they are told of publishes while the loop reads, each once, and the loop misses
// nothing.
func TestCallbacksBesideALoop(t *testing.T) {
	eachCarrier(t, nil, func(p *pulling) {
		l := p.loop(p.ctx, p.subscribe("t"), nil)
		l.reads("t")
		called := make(chan string, 2000)
		for i := range 1000 {
			must(t, errorOf(p.PublishAsync(p.ctx, mqtt.Message{Topic: "r", QoS: mqtt.QoS(i % 3)}, func(err error) {
				must(t, err)
				called <- ""
			})))
			if i%10 == 0 {
				p.say("t", fmt.Sprint(i/10))
			}
		}
		expectEach(p, l.got, 100)
		for range 1000 {
			select {
			case <-called:
			case <-p.ctx.Done():
				t.Fatalf("%d callbacks came", len(called))
			}
		}
		p.expectAck()
	})
}

// TestReusedMessageBesideALoop: a handler that has promised to keep no message has it unchanged until it returns,
// though a loop reads on meanwhile.
func TestReusedMessageBesideALoop(t *testing.T) {
	eachCarrier(t, nil, func(p *pulling) {
		begun, release, saw := make(chan struct{}), make(chan struct{}), make(chan string, 1)
		must(t, errorOf(p.Subscribe(p.ctx, mqtt.Subscription{Filter: "h", ReuseMessage: true, Handler: func(_ context.Context, m *mqtt.Received) {
			begun <- struct{}{}
			<-release
			saw <- string(m.Payload)
		}})))
		l := p.loop(p.ctx, p.subscribe("t"), nil)
		p.server.say(p.message(0, "h", "known")) // so that the next one takes the short way
		<-begun
		release <- struct{}{}
		<-saw
		l.reads("t")
		p.server.say(p.message(0, "h", "handled"))
		<-begun
		for range 10 {
			p.server.say(p.message(0, "t", strings.Repeat("b", 50)))
			l.expect(strings.Repeat("b", 50))
		}
		close(release)
		if got := <-saw; got != "handled" {
			t.Errorf("the handler's message became %q", got)
		}
	})
}
