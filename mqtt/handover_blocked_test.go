package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// blocked is a client one of whose handlers, in the middle of a read, does not return before
// release is closed.
type blocked struct {
	*handling
	release chan struct{}
	workers atomic.Int32 // messages that a subscription with Workers is through with
}

const blocks = 5 // the message whose handler blocks

// eachBlocked runs a test in fake time for each version and quality of service, with ten messages
// of which the sixth is being handled, for ever. In front of them come ten for a subscription with
// Workers, which take a second each.
func eachBlocked(t *testing.T, change func(h *handling, cfg *mqtt.Config), f func(b *blocked)) {
	t.Helper()
	for qos := range byte(3) {
		t.Run(fmt.Sprint("QoS ", qos), func(t *testing.T) {
			eachHandling(t, change, func(h *handling) {
				b := &blocked{handling: h, release: make(chan struct{})}
				b.block(qos)
				f(b)
				h.gone()
			})
		})
	}
}

func (b *blocked) block(qos byte) {
	b.t.Helper()
	b.act = func(n int, _ *mqtt.Received) {
		if n == blocks {
			<-b.release
		}
	}
	_, err := b.Subscribe(b.ctx, mqtt.Subscription{Filter: "w", Workers: 1, Handler: func(context.Context, *mqtt.Received) {
		<-time.After(time.Second)
		b.workers.Add(1)
	}})
	must(b.t, err)
	var words []byte
	for range 10 {
		words = append(words, publishBytes(b.server.five.Load(), 0x30, "w", 0, "")...)
	}
	begin := time.Now()
	b.server.say(append(words, b.some(qos, 0, 10)...))
	<-time.After(20 * time.Millisecond)
	b.checkWaits(qos, begin)
}

// checkWaits checks that the messages in front of the one that blocks were handled and
// acknowledged at once, and none behind it.
func (b *blocked) checkWaits(qos byte, begin time.Time) {
	b.t.Helper()
	if got := b.order(); !slices.Equal(got, upTo(blocks+1)) {
		b.t.Fatalf("handled %v", got)
	}
	acks := b.server.acknowledged()
	if want := min(int(qos), 1) * blocks; len(acks) != want {
		b.t.Errorf("%d are acknowledged, want %d", len(acks), want)
	}
	for i, a := range acks {
		if d := a.at.Sub(begin); a.id != i+1 || d > slack {
			b.t.Errorf("acknowledgement %d is %d, after %v", i, a.id, d)
		}
	}
}

// finish lets the handler go on, and closes the client.
func (b *blocked) finish() {
	b.t.Helper()
	close(b.release)
	synctest.Wait()
	must(b.t, b.Close(b.ctx))
}

// TestConnectionStandsWhileAHandlerBlocks for an hour: pings go on, are answered and read, others
// publish, ping and subscribe, Workers go on. Then the rest is handled. It keeps out peer 4.1:
// publishing in a handler hangs, or pings go unanswered meanwhile.
func TestConnectionStandsWhileAHandlerBlocks(t *testing.T) {
	eachBlocked(t, nil, func(b *blocked) {
		for range 60 {
			<-time.After(time.Minute)
			since := elapsed()
			for _, w := range waitings(b.server.five.Load()) {
				if err := w.call(b.ctx, b.Client); err != nil || since() > slack {
					b.t.Fatalf("%s, after %v: %v", w.name, since(), err)
				}
			}
		}
		before := b.server.count(0xC0)
		<-time.After(time.Hour)
		if n := b.server.count(0xC0) - before; n < 55 || !b.IsConnected() {
			b.t.Errorf("%d pings in an hour, connected: %v", n, b.IsConnected())
		}
		if n := b.workers.Load(); n != 10 {
			b.t.Errorf("the worker is through with %d messages", n)
		}
		close(b.release)
		b.rest()
		if got := b.order(); !slices.Equal(got, upTo(10)) {
			b.t.Errorf("handled %v", got)
		}
		b.checkQuiet()
		must(b.t, b.Close(b.ctx))
	})
}

// TestSilenceIsFoundWhileAHandlerBlocks: the server answers no ping any more.
func TestSilenceIsFoundWhileAHandlerBlocks(t *testing.T) {
	eachBlocked(t, nil, func(b *blocked) {
		b.server.answers(func(p []byte) ([]byte, bool) { return nil, p[0] == 0xC0 })
		since := elapsed()
		<-b.Done()
		if since() > 2*time.Minute {
			b.t.Errorf("found after %v", since())
		}
		b.finish()
	})
}

// TestEndIsKnownWhileAHandlerBlocks: the server ends the connection.
func TestEndIsKnownWhileAHandlerBlocks(t *testing.T) {
	eachBlocked(t, nil, func(b *blocked) {
		b.server.cut()
		since := elapsed()
		<-b.Done()
		if err := b.Err(); !errors.Is(err, mqtt.ErrServerClosed) || since() > slack {
			b.t.Errorf("after %v: %v", since(), err)
		}
		b.finish()
	})
}

// TestNextConnectionWhileAHandlerBlocks: it comes up, subscribes again, and serves others; its messages
// are handled after the one that blocks.
func TestNextConnectionWhileAHandlerBlocks(t *testing.T) {
	again := func(_ *handling, cfg *mqtt.Config) { cfg.Reconnect = &mqtt.Reconnect{} }
	eachBlocked(t, again, func(b *blocked) {
		for range 3 {
			<-time.After(time.Minute)
			asked := b.server.count(0x80)
			b.server.cut()
			<-time.After(3 * time.Minute)
			must(b.t, b.AwaitConnected(b.ctx))
			must(b.t, publishing(1)(b.ctx, b.Client))
			if b.server.count(0x80) == asked {
				b.t.Error("it has not subscribed again")
			}
		}
		b.server.say(b.some(1, 10, 13))
		<-time.After(time.Minute)
		if n := b.order(); len(n) != blocks+1 || b.server.accepted() != 4 {
			b.t.Errorf("handled %v, %d connections", n, b.server.accepted())
		}
		close(b.release)
		b.rest()
		if got := b.order(); !slices.Equal(got[len(got)-3:], []int{10, 11, 12}) || len(b.server.acknowledged()) < 3 {
			b.t.Errorf("handled %v, acknowledged %v", got, b.server.acknowledged())
		}
		must(b.t, b.Close(b.ctx))
	})
}

// TestCloseWhileAHandlerBlocks: its deadline counts, and it names what has not returned. Nothing is
// handled afterwards.
func TestCloseWhileAHandlerBlocks(t *testing.T) {
	eachBlocked(t, nil, func(b *blocked) {
		ctx, cancel := context.WithTimeout(b.ctx, 3*time.Second)
		defer cancel()
		since := elapsed()
		err := b.Close(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "a handler is still running") || since() != 3*time.Second {
			b.t.Errorf("after %v: %v", since(), err)
		}
		if b.server.count(0xE0) != 1 {
			b.t.Error("the server was not told")
		}
		b.finish()
		if got := b.order(); !slices.Equal(got, upTo(blocks+1)) {
			b.t.Errorf("handled %v", got)
		}
	})
}

// TestCallbackBlocksForAnHour: as a handler does.
func TestCallbackBlocksForAnHour(t *testing.T) {
	eachHandling(t, nil, func(h *handling) {
		release := make(chan struct{})
		_, err := h.PublishAsync(h.ctx, mqtt.Message{Topic: "r", QoS: 1}, func(error) { defer h.alone()(); <-release })
		must(h.t, err)
		h.server.say(h.some(1, 0, 3))
		<-time.After(time.Second)
		before := len(h.order()) // some came before the callback, perhaps
		h.server.say(h.some(1, 3, 10))
		<-time.After(time.Hour)
		if n := h.server.count(0xC0); n < 55 || !h.IsConnected() || len(h.order()) != before {
			h.t.Errorf("%d pings in an hour, connected: %v, %d handled", n, h.IsConnected(), len(h.order()))
		}
		must(h.t, publishing(2)(h.ctx, h.Client))
		close(release)
		h.checkHandled(10, nil)
	})
}

// TestReadingStopsBehindABlockedHandler: at the limit, whoever reads.
func TestReadingStopsBehindABlockedHandler(t *testing.T) {
	eachHandling(t, func(_ *handling, cfg *mqtt.Config) { cfg.Limits.ReceiveMessages = 1 }, func(h *handling) {
		release := make(chan struct{})
		h.act = func(int, *mqtt.Received) { <-release }
		h.server.say(h.some(0, 0, 1))
		<-time.After(slack)
		before := h.Stats().BytesRead
		h.server.say(h.some(0, 1, 2))
		<-time.After(slack)
		if s := h.Stats(); s.BytesRead != before || s.Received != 1 {
			h.t.Errorf("%d bytes were read beyond the limit, %d messages wait", s.BytesRead-before, s.Received)
		}
		close(release)
		h.rest()
	})
}

// TestHandledMessagesMakeRoom: though the next handler blocks, and all came with one read: the worker's message is
// read.
func TestHandledMessagesMakeRoom(t *testing.T) {
	eachHandling(t, func(_ *handling, cfg *mqtt.Config) { cfg.Limits.ReceiveMessages = 10 }, func(h *handling) {
		release := make(chan struct{})
		h.act = func(n int, _ *mqtt.Received) {
			if n == 19 {
				<-release
			}
		}
		must(h.t, errorOf(h.Subscribe(h.ctx, mqtt.Subscription{Filter: "w", Workers: 1, Handler: func(context.Context, *mqtt.Received) { close(release) }})))
		h.server.say(h.some(0, 0, 20))
		<-time.After(slack)
		h.server.say(publishBytes(h.server.five.Load(), 0x30, "w", 0, ""))
		select {
		case <-release:
		case <-time.After(slack):
			h.t.Errorf("%d messages wait", h.Stats().Received)
			close(release)
		}
		h.rest()
	})
}
