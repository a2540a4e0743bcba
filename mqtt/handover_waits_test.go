package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// waiting is a call by which a handler waits for the server.
type waiting struct {
	name  string
	first byte // of the packet that it sends; 0: its answer is none
	call  func(ctx context.Context, c *mqtt.Client) error
}

// publishing is Publish at qos, to a topic of its own.
func publishing(qos mqtt.QoS) func(context.Context, *mqtt.Client) error {
	return func(ctx context.Context, c *mqtt.Client) error {
		return c.Publish(ctx, mqtt.Message{Topic: "r", QoS: qos})
	}
}

// waitings are all of them that a client of that version has.
func waitings(five bool) []waiting {
	all := []waiting{
		{"publish QoS 0", 0, publishing(0)},
		{"publish QoS 1", 0x30, publishing(1)},
		{"publish QoS 2", 0x30, publishing(2)},
		{"subscribe", 0x80, func(ctx context.Context, c *mqtt.Client) error {
			return errorOf(c.Subscribe(ctx, mqtt.Subscription{Filter: "other", QoS: 1}))
		}},
		{"unsubscribe", 0xA0, func(ctx context.Context, c *mqtt.Client) error { return c.Unsubscribe(ctx, "other") }},
		{"ping", 0xC0, func(ctx context.Context, c *mqtt.Client) error { return errorOf(c.Ping(ctx)) }},
		{"a delivery", 0x30, func(ctx context.Context, c *mqtt.Client) error {
			d, err := c.PublishAsync(ctx, mqtt.Message{Topic: "r", QoS: 1}, nil)
			if err != nil {
				return err
			}
			return d.Wait(ctx)
		}},
	}
	if five {
		all = append(all, waiting{"request", 0x80, func(ctx context.Context, c *mqtt.Client) error {
			return errorOf(c.Request(ctx, mqtt.Message{Topic: "r", QoS: 1}))
		}})
	}
	return all
}

// eachWaiting runs a test in fake time for each version and each call that waits. No keep alive:
// every PINGREQ is the test's.
func eachWaiting(t *testing.T, f func(h *handling, w waiting)) {
	t.Helper()
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		for _, w := range waitings(version == mqtt.V5) {
			t.Run(version.String()+" "+w.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f(dialHandling(t, version, func(_ *handling, cfg *mqtt.Config) { cfg.KeepAlive = -1 }), w)
				})
			})
		}
	}
}

// behind has the answer to the first packet of that type stand behind words, in one write.
func (o *opposite) behind(first byte, words func() []byte) {
	said := false
	o.answers(func(p []byte) ([]byte, bool) {
		if said || p[0]&0xF0 != first {
			return nil, false
		}
		said = true
		return words(), false
	})
}

// TestHandlerWaitsInTheMiddleOfABatch: what it waits for stands behind 3,000 messages in one read. The
// call returns at once, the other messages of both reads are handled in order, each once, and
// acknowledged in order. It keeps out peer 4.1: publishing in a handler hangs, or pings go
// unanswered meanwhile.
func TestHandlerWaitsInTheMiddleOfABatch(t *testing.T) {
	eachWaiting(t, func(h *handling, w waiting) {
		h.server.behind(w.first, func() []byte { return h.some(1, 20, 3020) })
		took := make(chan time.Duration, 1)
		h.act = func(n int, _ *mqtt.Received) {
			if n == 7 {
				since := elapsed()
				if err := w.call(h.ctx, h.Client); err != nil {
					h.t.Errorf("%s: %v", w.name, err)
				}
				took <- since()
			}
		}
		h.server.say(h.some(1, 0, 20))
		if w.first == 0 {
			h.server.say(h.some(1, 20, 3020))
		}
		if d := <-took; d > slack {
			h.t.Errorf("it waited for %v", d)
		}
		h.checkHandled(3020, nil)
		h.checkQuiet()
	})
}

// TestGoroutineOfAHandlerWaits: the handler waits for another goroutine, which makes the call, so that
// the client cannot know that the handler waits. Twenty times in one read.
func TestGoroutineOfAHandlerWaits(t *testing.T) {
	eachWaiting(t, func(h *handling, w waiting) {
		h.server.behind(w.first, func() []byte { return h.some(1, 40, 540) })
		if w.first == 0 {
			defer func() { h.checkHandled(40, nil) }()
		} else {
			defer func() { h.checkHandled(540, nil) }()
		}
		through := make(chan time.Duration, 20)
		h.act = func(n int, _ *mqtt.Received) {
			if n >= 40 || n%2 == 0 {
				return
			}
			since := elapsed()
			if err := <-async(func() error { return w.call(h.ctx, h.Client) }); err != nil {
				h.t.Errorf("%s: %v", w.name, err)
			}
			through <- since()
		}
		h.server.say(h.some(1, 0, 40))
		for range 20 {
			if d := <-through; d > slack {
				h.t.Errorf("one waited for %v", d)
			}
		}
	})
}

// TestHandlersWaitOneAfterTheOther: in the messages in front of an answer there are some whose handlers
// wait as well, for answers behind further messages.
func TestHandlersWaitOneAfterTheOther(t *testing.T) {
	eachHandling(t, nil, func(h *handling) {
		const first, each, sent = 5000, 100, 7000
		next := first
		h.server.answers(func(p []byte) (words []byte, mute bool) {
			if p[0]&0xF0 == 0x30 && next < sent {
				words = h.some(1, next, next+each)
				next += each
			}
			return words, false
		})
		h.act = func(n int, _ *mqtt.Received) {
			if n%250 == 0 {
				must(h.t, h.Publish(h.ctx, mqtt.Message{Topic: "r", QoS: mqtt.QoS(1 + n/250%2)}))
			}
		}
		since := elapsed()
		h.server.say(h.some(1, 0, first))
		for len(h.order()) < sent && since() < time.Minute {
			<-time.After(time.Millisecond)
		}
		if since() > 100*time.Millisecond {
			h.t.Errorf("it took %v", since())
		}
		h.checkHandled(sent, nil)
		h.checkQuiet()
	})
}

// TestHandlerWaitsForWhatIsInItsOwnRead: the answer to an earlier publish stands behind the message whose
// handler waits for it, and behind many more, in the same read.
func TestHandlerWaitsForWhatIsInItsOwnRead(t *testing.T) {
	eachHandling(t, nil, func(h *handling) {
		h.server.answers(func(p []byte) ([]byte, bool) { return nil, p[0]&0xF0 == 0x30 })
		published, err := h.PublishAsync(h.ctx, mqtt.Message{Topic: "r", QoS: 1}, nil)
		must(h.t, err)
		synctest.Wait()
		h.act = func(n int, _ *mqtt.Received) {
			if since := elapsed(); n == 3 {
				if err := published.Wait(h.ctx); err != nil || since() > slack {
					h.t.Errorf("after %v: %v", since(), err)
				}
			}
		}
		h.server.say(append(h.some(1, 0, 5000), 0x40, 2, 0, 1))
		h.checkHandled(5000, nil)
		h.checkQuiet()
	})
}

// TestHandlerWaitsWhileTheReceiveLimitsAreReached: what it waits for comes with later reads, behind more
// messages than the limits allow.
func TestHandlerWaitsWhileTheReceiveLimitsAreReached(t *testing.T) {
	small := func(_ *handling, cfg *mqtt.Config) {
		cfg.Limits.ReceiveMessages, cfg.Limits.ReceiveBytes, cfg.Transport.ReadBuffer = 100, 1<<20, 256
	}
	eachHandling(t, small, func(h *handling) {
		h.server.behind(0x30, func() []byte { return h.some(1, 10, 1500) })
		var took time.Duration
		h.act = func(n int, _ *mqtt.Received) {
			if since := elapsed(); n == 4 {
				must(h.t, h.Publish(h.ctx, mqtt.Message{Topic: "r", QoS: 2}))
				took = since()
			}
		}
		h.server.say(h.some(1, 0, 10))
		h.checkHandled(1500, nil)
		h.checkQuiet()
		if took > slack {
			h.t.Errorf("it waited for %v", took)
		}
	})
}

// TestHandlerWaitsForTheNextConnection: the one it began on is lost, in the middle of a batch.
func TestHandlerWaitsForTheNextConnection(t *testing.T) {
	again := func(h *handling, cfg *mqtt.Config) {
		cfg.Reconnect, h.server.away = &mqtt.Reconnect{}, time.Second
	}
	eachHandling(t, again, func(h *handling) {
		awaited := make(chan error, 1)
		h.act = func(n int, _ *mqtt.Received) {
			if n != 3 {
				return
			}
			h.server.cut()
			for h.IsConnected() {
				<-time.After(time.Millisecond)
			}
			awaited <- errors.Join(h.AwaitConnected(h.ctx), publishing(1)(h.ctx, h.Client))
		}
		h.server.say(h.some(0, 0, 10))
		must(h.t, <-awaited)
		h.rest()
		if got := h.order(); !slices.Equal(got, upTo(10)) || h.server.accepted() != 2 {
			h.t.Errorf("handled %v, %d connections", got, h.server.accepted())
		}
	})
}

// TestStreamedPayloadInTheMiddleOfABatch: its rest comes with later reads, while its handler reads it.
func TestStreamedPayloadInTheMiddleOfABatch(t *testing.T) {
	const size = 600_000
	var read []string
	large := func(h *handling, cfg *mqtt.Config) {
		cfg.Transport.MaxPacket = 300_000
		cfg.OnLargeMessage = func(_ context.Context, m *mqtt.Received, payload io.Reader) {
			defer h.alone()()
			n, err := io.Copy(io.Discard, payload)
			read = append(read, fmt.Sprint(m.Topic, " ", n, " ", err, " after ", len(h.order())))
		}
	}
	eachHandling(t, large, func(h *handling) {
		read = nil
		packet := publishBytes(h.server.five.Load(), 0x32, "large", 6, strings.Repeat("x", size))
		since := elapsed()
		h.server.say(append(h.some(1, 0, 5), packet[:1000]...))
		for rest := packet[1000:]; len(rest) > 0; rest = rest[min(len(rest), 100_000):] {
			<-time.After(50 * time.Millisecond)
			h.server.say(rest[:min(len(rest), 100_000)])
		}
		took := since()
		h.server.say(h.some(1, 6, 10))
		h.rest()
		if want := fmt.Sprintf("[large %d <nil> after 5]", size); fmt.Sprint(read) != want || took > time.Second {
			h.t.Errorf("read %v, want %s; %v", read, want, took)
		}
		if got := h.order(); !slices.Equal(got, []int{0, 1, 2, 3, 4, 6, 7, 8, 9}) || len(h.server.acknowledged()) != 10 {
			h.t.Errorf("handled %v, acknowledged %v", got, h.server.acknowledged())
		}
	})
}

// TestHandlerLoopsOverAll: it takes what came for an iterator in front of its own message.
func TestHandlerLoopsOverAll(t *testing.T) {
	var got []string
	own := func(_ *handling, cfg *mqtt.Config) { cfg.OnMessage = nil }
	eachHandling(t, own, func(h *handling) {
		got = nil
		a, err := h.Subscribe(h.ctx, mqtt.Subscription{Filter: "own", QoS: 1})
		must(h.t, err)
		_, err = h.Subscribe(h.ctx, mqtt.Subscription{Filter: "n", QoS: 1, Handler: func(ctx context.Context, m *mqtt.Received) {
			h.handle(ctx, m)
			if string(m.Payload) != "00005" {
				return
			}
			for m, err := range a.All(ctx) {
				must(h.t, err)
				if got = append(got, string(m.Payload)); len(got) == 3 {
					break
				}
			}
			must(h.t, publishing(1)(ctx, h.Client))
		}})
		must(h.t, err)
		words := h.some(1, 0, 5)
		for i := range 3 {
			words = append(words, publishBytes(h.server.five.Load(), 0x30, "own", 0, fmt.Sprint(i))...)
		}
		h.server.say(append(words, h.some(1, 5, 20)...))
		h.checkHandled(20, nil)
		if !slices.Equal(got, []string{"0", "1", "2"}) {
			h.t.Errorf("the loop got %v", got)
		}
	})
}
