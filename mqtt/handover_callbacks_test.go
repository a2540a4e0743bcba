package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// TestCallbacksKeepTheirPlaceAmongMessages: acknowledgements stand between messages in one read; what is
// called for each comes in that order, one at a time, whatever the callbacks and handlers do.
func TestCallbacksKeepTheirPlaceAmongMessages(t *testing.T) {
	for name, do := range map[string]func(h *handling){
		"nothing":         func(*handling) {},
		"takes 10 ms":     func(*handling) { <-time.After(10 * time.Millisecond) },
		"publish QoS 1":   func(h *handling) { must(h.t, publishing(1)(h.ctx, h.Client)) },
		"publish QoS 2":   func(h *handling) { must(h.t, publishing(2)(h.ctx, h.Client)) },
		"ping":            func(h *handling) { _, err := h.Ping(h.ctx); must(h.t, err) },
		"publish, unseen": func(h *handling) { must(h.t, <-async(func() error { return publishing(1)(h.ctx, h.Client) })) },
	} {
		t.Run(name, func(t *testing.T) {
			eachHandling(t, nil, func(h *handling) { interleave(h, do) })
		})
	}
}

func interleave(h *handling, do func(h *handling)) {
	const n = 50
	var calls []string // of one goroutine at a time
	begun := 0
	h.server.answers(func(p []byte) ([]byte, bool) { // those of this test, it answers itself
		own := p[0]&0xF0 == 0x30 && begun < n
		if own {
			begun++
		}
		return nil, own
	})
	var want []string
	var words []byte
	for i := range n {
		_, err := h.PublishAsync(h.ctx, mqtt.Message{Topic: "a", QoS: 1}, func(err error) {
			defer h.alone()()
			calls = append(calls, fmt.Sprint("done ", i, " ", err))
			do(h)
		})
		must(h.t, err)
		words = append(append(words, h.some(1, i, i+1)...), 0x40, 2, 0, byte(i+1))
		want = append(want, fmt.Sprint("message ", i), fmt.Sprint("done ", i, " <nil>"))
	}
	h.act = func(i int, _ *mqtt.Received) {
		calls = append(calls, fmt.Sprint("message ", i))
		do(h)
	}
	synctest.Wait()
	since := elapsed()
	h.server.say(words)
	<-time.After(3 * time.Second)
	h.checkHandled(n, nil)
	h.checkQuiet()
	if !slices.Equal(calls, want) {
		h.t.Errorf("after %v called %s", since(), strings.Join(calls, ", "))
	}
}

// TestEventsKeepTheirPlaceAmongMessages: the messages in front of the end of a connection are handled
// before that is told, and those of the next one after its beginning was told.
func TestEventsKeepTheirPlaceAmongMessages(t *testing.T) {
	var calls []string
	do := func(h *handling, name string) {
		defer h.alone()()
		calls = append(calls, name)
		<-time.After(2 * time.Millisecond)
	}
	change := func(h *handling, cfg *mqtt.Config) {
		calls = nil
		cfg.Reconnect, h.server.away = &mqtt.Reconnect{}, time.Second
		cfg.OnConnect = func(*mqtt.Client) { do(h, "connect") }
		cfg.OnDisconnect = func(error) { do(h, "disconnect") }
		cfg.OnRetry = func(mqtt.Retry) { do(h, "retry") }
		cfg.OnError = func(error) { do(h, "error") }
	}
	eachHandling(t, change, func(h *handling) {
		h.act = func(n int, _ *mqtt.Received) {
			calls = append(calls, fmt.Sprint(n))
			if n == 1 {
				panic("no")
			}
			<-time.After(2 * time.Millisecond)
		}
		h.server.say(h.some(0, 0, 5))
		<-time.After(3 * time.Millisecond) // the second one is being handled
		h.server.cut()
		for h.server.accepted() < 2 {
			<-time.After(time.Second)
		}
		h.server.say(h.some(0, 5, 8))
		h.rest()
		calls = slices.DeleteFunc(calls, func(c string) bool { return c == "retry" })
		if got := strings.Join(calls, " "); got != "connect 0 1 error 2 3 4 disconnect connect 5 6 7" {
			h.t.Errorf("called %s", got)
		}
	})
}

// TestCallbacksOfManyGoroutinesDuringAFlood: each is called once, one at a time with handlers, those of
// one goroutine in the order of its publishes.
func TestCallbacksOfManyGoroutinesDuringAFlood(t *testing.T) {
	const goroutines, each, flood = 8, 200, 3000
	eachHandling(t, nil, func(h *handling) {
		var done [goroutines][]int
		var publishers sync.WaitGroup
		h.act = func(n int, _ *mqtt.Received) {
			if n%500 == 0 {
				must(h.t, publishing(1)(h.ctx, h.Client))
			}
		}
		publish := func(g, i int) error {
			_, err := h.PublishAsync(h.ctx, mqtt.Message{Topic: "a", QoS: mqtt.QoS(g % 3)}, func(err error) {
				defer h.alone()()
				must(h.t, err)
				done[g] = append(done[g], i)
			})
			return err
		}
		for g := range goroutines {
			publishers.Go(func() {
				for i := range each {
					must(h.t, publish(g, i))
				}
			})
		}
		for n := 0; n < flood; n += 10 {
			h.server.say(h.some(1, n, n+10))
		}
		publishers.Wait()
		h.checkHandled(flood, nil)
		h.checkQuiet()
		for g := range done {
			if !slices.Equal(done[g], upTo(each)) {
				h.t.Errorf("goroutine %d: called %s", g, short(done[g]))
			}
		}
	})
}

// pair are two clients, each of which gets what the other one publishes.
func pair(t *testing.T, f func(a, b *handling)) {
	t.Helper()
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		t.Run(version.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := dialHandling(t, version, nil), dialHandling(t, version, nil)
				a.server.passesTo(b.server)
				b.server.passesTo(a.server)
				f(a, b)
			})
		})
	}
}

// passesTo has the client of other get what is published to "n" here, at QoS 1.
func (o *opposite) passesTo(other *opposite) {
	var id uint16
	o.answers(func(p []byte) ([]byte, bool) {
		if p[0]&0xF0 == 0x30 && strings.HasPrefix(string(p[2:]), "\x00\x01n") {
			id++
			other.say(publishBytes(other.five.Load(), 0x32, "n", id, string(p[len(p)-5:])))
		}
		return nil, false
	})
}

// TestHandlersOfTwoClientsPublishToEachOther and wait: twenty messages go to and fro, fifty times each.
func TestHandlersOfTwoClientsPublishToEachOther(t *testing.T) {
	const balls, turns = 20, 50
	pair(t, func(a, b *handling) {
		through := make(chan int, balls)
		for _, h := range []*handling{a, b} {
			h.act = func(n int, _ *mqtt.Received) {
				if n/balls == turns {
					through <- n % balls
					return
				}
				payload := fmt.Appendf(nil, "%05d", n+balls)
				must(h.t, h.Publish(h.ctx, mqtt.Message{Topic: "n", Payload: payload, QoS: mqtt.QoS(1 + n%2)}))
			}
		}
		since := elapsed()
		a.server.say(a.some(1, 0, balls/2))
		b.server.say(b.some(1, balls/2, balls))
		for range balls {
			<-through
		}
		if since() > 20*time.Millisecond {
			a.t.Errorf("it took %v", since())
		}
		a.awaitGoroutines(2 * idleGoroutines)
		if n := len(a.server.acknowledged()) + len(b.server.acknowledged()); n != balls*(turns+1) {
			a.t.Errorf("%d acknowledgements", n)
		}
		a.checkQuiet()
		b.checkQuiet()
	})
}

// TestHandlerClosesAnotherClient, whose handler runs in the middle of a batch: Close waits for that one,
// and the handler's own client goes on.
func TestHandlerClosesAnotherClient(t *testing.T) {
	pair(t, func(a, b *handling) {
		b.takes(always(10 * time.Millisecond))
		closed := make(chan time.Duration, 1)
		a.act = func(n int, _ *mqtt.Received) {
			if since := elapsed(); n == 5 {
				must(a.t, b.Close(a.ctx))
				closed <- since()
			}
		}
		b.server.say(b.some(1, 0, 100))
		<-time.After(15 * time.Millisecond) // its second one is being handled
		a.server.say(a.some(1, 0, 20))
		if d := <-closed; d > 10*time.Millisecond {
			a.t.Errorf("Close took %v", d)
		}
		a.checkHandled(20, nil)
		if got := b.order(); !slices.Equal(got, upTo(2)) {
			b.t.Errorf("the other client handled %v", got)
		}
	})
}

// TestHandlersCloseEachOthersClient at the same time: each Close waits for a handler that waits for the
// other, until its context ends.
func TestHandlersCloseEachOthersClient(t *testing.T) {
	pair(t, func(a, b *handling) {
		closed := make(chan error, 2)
		var both sync.WaitGroup
		both.Add(2)
		closes := func(other *handling) func(int, *mqtt.Received) {
			return func(int, *mqtt.Received) {
				both.Done()
				both.Wait()
				ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
				defer cancel()
				closed <- other.Close(ctx)
			}
		}
		a.act, b.act = closes(b), closes(a)
		since := elapsed()
		a.server.say(a.some(1, 0, 10))
		b.server.say(b.some(1, 0, 10))
		errs := errors.Join(<-closed, <-closed) // one may return because the other one did
		if errs == nil || !strings.Contains(errs.Error(), "a handler is still running") {
			a.t.Error(errs)
		}
		if since() > 6*time.Second {
			a.t.Errorf("they took %v", since())
		}
		a.gone()
		if len(a.order()) != 1 || len(b.order()) != 1 {
			a.t.Errorf("handled %v and %v", a.order(), b.order())
		}
	})
}
