package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dunlin/mqtt"
)

// sayMany has the server send messages of QoS 0 in one write, which a loop takes several of at once, and waits until
// all have come.
func (p *pulling) sayMany(from, to int) {
	p.t.Helper()
	var all []byte
	for i := from; i < to; i++ {
		all = append(all, p.message(0, "t", fmt.Sprint(i))...)
	}
	p.server.say(all)
	must(p.t, errorOf(p.Ping(p.ctx)))
}

// TestLoopIsLeftAmongSeveral: messages that it took at once and did not give come to the next loop, whether it
// was left, ended by its context, or failed.
func TestLoopIsLeftAmongSeveral(t *testing.T) {
	p := pullTCP(t, nil)
	a := p.subscribe("t")
	const n = 600
	p.sayMany(0, n)
	enough := errors.New("enough")
	for i := 0; i < n; i += 3 {
		l := p.loop(p.ctx, a, func(payload string) bool { return payload != fmt.Sprint(i) })
		l.expect(fmt.Sprint(i))
		l.ended()
		ctx, cancel := context.WithCancelCause(p.ctx)
		l = p.loop(ctx, a, func(string) bool { cancel(enough); return true })
		l.expect(fmt.Sprint(i + 1))
		l.ended(enough)
		func() {
			defer func() { _ = recover() }() // it is the test's own
			for m := range a.All(p.ctx) {
				if string(m.Payload) != fmt.Sprint(i+2) {
					t.Errorf("message %s, want %d", m.Payload, i+2)
				}
				panic("no")
			}
		}()
	}
	p.sayMany(n, n+1)
	l := p.loop(p.ctx, a, nil)
	l.expect(fmt.Sprint(n))
}

// TestCloseEndsALoopAmongSeveral: the subscription's or the client's Close from the body is the end, though messages
// were taken at once.
func TestCloseEndsALoopAmongSeveral(t *testing.T) {
	for name, end := range map[string]func(p *pulling, a *mqtt.ActiveSubscription) error{
		"subscription": func(p *pulling, a *mqtt.ActiveSubscription) error { return a.Close(p.ctx) },
		"client":       func(p *pulling, _ *mqtt.ActiveSubscription) error { return p.Close(p.ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			p := pullTCP(t, nil)
			a := p.subscribe("t")
			p.sayMany(0, 100)
			l := p.loop(p.ctx, a, func(payload string) bool {
				if payload == "5" {
					must(t, end(p, a))
				}
				return true
			})
			l.expect("0", "1", "2", "3", "4", "5")
			if err := <-l.end; name == "client" != errors.Is(err, mqtt.ErrClosed) {
				t.Errorf("the loop ended with %v", err)
			}
			if len(l.got) > 0 {
				t.Errorf("the loop got %s", <-l.got)
			}
		})
	}
}

// TestLoopsOverOneSubscription: at once. Each message comes to one of them.
func TestLoopsOverOneSubscription(t *testing.T) {
	eachCarrier(t, nil, func(p *pulling) {
		a := p.subscribe("t")
		const n = 3000
		got := make(chan int, n)
		for range 3 {
			p.loop(p.ctx, a, func(payload string) bool {
				i, err := strconv.Atoi(payload)
				must(t, err)
				got <- i
				return true
			})
		}
		for i := range n {
			p.server.say(p.message(byte(i%3), "t", fmt.Sprint(i)))
		}
		var all []int
		for range n {
			select {
			case i := <-got:
				all = append(all, i)
			case <-p.ctx.Done():
				t.Fatalf("%d came", len(all))
			}
		}
		slices.Sort(all)
		if !slices.Equal(all, upTo(n)) {
			t.Errorf("got %s", short(all))
		}
	})
}

// TestSeveralWithinLimits: what a loop has taken at once counts as waiting, and is a small part of the limits.
func TestSeveralWithinLimits(t *testing.T) {
	p := pullTCP(t, func(cfg *mqtt.Config) { cfg.Limits.ReceiveMessages = 80 })
	a := p.subscribe("t")
	handled := make(chan string, 2)
	p.handle("h", func(payload string) { handled <- payload })
	release := make(chan struct{})
	l := p.loop(p.ctx, a, func(string) bool { <-release; return true })
	p.sayMany(0, 60)
	for i := range 50 {
		l.expect(fmt.Sprint(i))
		release <- struct{}{}
	}
	l.expect("50")
	var more []byte
	for i := 60; i < 115; i++ {
		more = append(more, p.message(0, "t", fmt.Sprint(i))...)
	}
	p.server.say(append(more, p.message(0, "h", "0")...))
	if got := <-handled; got != "0" {
		t.Errorf("handled %s", got)
	}
	p.server.say(p.message(0, "h", "1")) // is read if there is room: 65 wait, and at most 10 more count
	if got := <-handled; got != "1" {
		t.Errorf("handled %s", got)
	}
	close(release)
	for i := 51; i < 115; i++ {
		l.expect(fmt.Sprint(i))
	}
}

// TestLeftLoopWakesAnother: one that waits gets what the loop took at once and did not give.
func TestLeftLoopWakesAnother(t *testing.T) {
	p := pullTCP(t, nil)
	a := p.subscribe("t")
	p.sayMany(0, 10)
	begun, release := make(chan struct{}), make(chan struct{})
	left := p.loop(p.ctx, a, func(string) bool {
		close(begun)
		<-release
		return false
	})
	<-begun
	waits := p.loop(p.ctx, a, nil)
	for !waitsForMore() {
		<-time.After(time.Millisecond)
	}
	close(release)
	left.expect("0")
	waits.expect("1", "2", "3", "4", "5", "6", "7", "8", "9")
}

// waitsForMore reports whether a loop waits for a message without reading.
func waitsForMore() bool {
	return slices.ContainsFunc(allStacks(), func(stack string) bool {
		return strings.Contains(stack, "[select") && strings.Contains(stack, "(*ownQueue).next(")
	})
}
