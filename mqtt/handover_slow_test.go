package mqtt_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"dunlin/mqtt"
)

// takes has the handler of each message take so long.
func (h *handling) takes(d func(n int) time.Duration) {
	h.act = func(n int, _ *mqtt.Received) {
		if d := d(n); d > 0 {
			<-time.After(d)
		}
	}
}

// always is the same time for all messages.
func always(d time.Duration) func(int) time.Duration { return func(int) time.Duration { return d } }

// TestSlowHandlersAreAcknowledgedOneByOne: 200 messages come with one read, and each takes 10 ms. The
// acknowledgement of each leaves when its handler has returned, and does not wait for the next one.
func TestSlowHandlersAreAcknowledgedOneByOne(t *testing.T) {
	for _, qos := range []byte{1, 2} {
		t.Run(fmt.Sprint("QoS ", qos), func(t *testing.T) {
			eachHandling(t, nil, func(h *handling) {
				h.takes(always(10 * time.Millisecond))
				begin := time.Now()
				h.server.say(h.some(qos, 0, 200))
				<-time.After(2100 * time.Millisecond)
				h.checkHandled(200, nil)
				for i, a := range h.server.acknowledged() {
					due := time.Duration(i+1) * 10 * time.Millisecond
					if got := a.at.Sub(begin); got < due || got > due+slack {
						h.t.Fatalf("message %d is acknowledged after %v, want %v", i, got, due)
					}
				}
			})
		})
	}
}

// TestFastHandlersAreAcknowledgedBeforeASlowOne that follows in the same read.
func TestFastHandlersAreAcknowledgedBeforeASlowOne(t *testing.T) {
	eachHandling(t, nil, func(h *handling) {
		h.takes(func(n int) time.Duration { return time.Duration(n/150) * time.Hour })
		begin := time.Now()
		h.server.say(h.some(1, 0, 151))
		<-time.After(2 * time.Hour)
		h.checkHandled(151, nil)
		for i, a := range h.server.acknowledged()[:150] {
			if got := a.at.Sub(begin); got > slack {
				h.t.Fatalf("message %d is acknowledged after %v", i, got)
			}
		}
	})
}

// TestOthersAreServedBesideSlowHandlers: calls from outside, while 200 handlers take 10 ms each, return at
// once, and so do callbacks' publishes.
func TestOthersAreServedBesideSlowHandlers(t *testing.T) {
	eachHandling(t, nil, func(h *handling) {
		h.takes(always(10 * time.Millisecond))
		h.server.say(h.some(1, 0, 200))
		for range 30 {
			<-time.After(33 * time.Millisecond)
			for _, w := range waitings(h.server.five.Load()) {
				since := elapsed()
				if err := w.call(h.ctx, h.Client); err != nil || since() > slack {
					h.t.Fatalf("%s, after %v: %v", w.name, since(), err)
				}
			}
		}
		<-time.After(2 * time.Second)
		h.checkHandled(200, nil)
		h.checkQuiet()
	})
}

// TestSlowHandlersHoldTheServerBack: when a read has brought more than the limit, the next one waits
// until handlers have returned, whoever reads. What comes is handled in order, nothing is lost.
func TestSlowHandlersHoldTheServerBack(t *testing.T) {
	limited := func(_ *handling, cfg *mqtt.Config) {
		cfg.Limits.ReceiveMessages, cfg.KeepAlive, cfg.Limits.ReceiveBytes = 195, -1, 60_000
	}
	eachHandling(t, limited, func(h *handling) {
		h.takes(always(10 * time.Millisecond))
		h.server.say(h.some(1, 0, 200))
		h.server.say(h.some(1, 200, 201))
		h.server.say(h.some(1, 201, 202)) // waits in the queue while the one before is being written
		<-time.After(30 * time.Millisecond)
		synctest.Wait()
		if queued := len(h.server.out); queued == 0 {
			h.t.Error("the client has read on with 197 of 195 messages waiting")
		}
		<-time.After(70 * time.Millisecond)
		synctest.Wait()
		if queued := len(h.server.out); queued != 0 {
			h.t.Errorf("the client has not read on with 191 of 195 messages waiting: %d writes wait", queued)
		}
		<-time.After(2 * time.Second)
		h.checkHandled(202, nil)
	})
}

// mixed is a message of a mixed load.
type mixed struct {
	qos   byte
	takes time.Duration
	joins bool // comes with the same read as the one before
	waits bool // its handler publishes and waits, too
}

// play sends all, and checks that they are handled once and in order, and acknowledged in order.
func (h *handling) play(all []mixed) {
	h.t.Helper()
	h.act = func(n int, _ *mqtt.Received) {
		if all[n].takes > 0 {
			<-time.After(all[n].takes)
		}
		if all[n].waits {
			must(h.t, h.Publish(h.ctx, mqtt.Message{Topic: "r", QoS: mqtt.QoS(all[n].qos)}))
		}
	}
	var total time.Duration
	var words []byte
	for n, m := range all {
		if !m.joins {
			h.server.say(words)
			words = nil
		}
		words = append(words, h.some(m.qos, n, n+1)...)
		total += m.takes + slack
	}
	h.server.say(words)
	<-time.After(total)
	h.checkHandled(len(all), func(n int) bool { return all[n].qos == 0 })
	h.checkQuiet()
}

// times are around the bounds that a client may have.
var times = []time.Duration{
	0, 0, 0, 0, time.Microsecond, 900 * time.Microsecond, time.Millisecond, time.Millisecond + 1, 1100 * time.Microsecond,
	2 * time.Millisecond, 10 * time.Millisecond, 99 * time.Millisecond, 100 * time.Millisecond, time.Second,
}

// TestSlowAndFastHandlersTakeTurns with times, sizes of reads and qualities of service at random.
func TestSlowAndFastHandlersTakeTurns(t *testing.T) {
	one := rapid.Custom(func(t *rapid.T) mixed {
		return mixed{
			rapid.ByteRange(0, 2).Draw(t, "qos"), rapid.SampledFrom(times).Draw(t, "takes"),
			rapid.IntRange(0, 3).Draw(t, "joins") > 0, rapid.IntRange(0, 3).Draw(t, "waits") == 0,
		}
	})
	rapid.Check(t, func(rt *rapid.T) {
		all := rapid.SliceOfN(one, 1, 30).Draw(rt, "messages")
		version := rapid.SampledFrom([]mqtt.Version{mqtt.V311, mqtt.V5}).Draw(rt, "version")
		synctest.Test(t, func(t *testing.T) { dialHandling(t, version, nil).play(all) })
	})
}

// TestSlowAndFastHandlersTakeAThousandTurns on one connection.
func TestSlowAndFastHandlersTakeAThousandTurns(t *testing.T) {
	eachHandling(t, nil, func(h *handling) {
		rng := rand.New(rand.NewPCG(1, 2))
		all := make([]mixed, 2000)
		for i := range all {
			all[i] = mixed{qos: byte(rng.IntN(3)), joins: rng.IntN(20) > 0, waits: rng.IntN(5) == 0}
			if i%2 == 0 {
				all[i].takes = times[rng.IntN(len(times))]
			}
		}
		h.play(all)
	})
}

// TestMessagesThatComeOneByOneToSlowHandlers: each while the one before is handled.
func TestMessagesThatComeOneByOneToSlowHandlers(t *testing.T) {
	eachHandling(t, nil, func(h *handling) {
		h.takes(always(3 * time.Millisecond))
		for n := range 500 {
			h.server.say(h.some(1, n, n+1))
			<-time.After(time.Duration(2+n%3) * time.Millisecond)
		}
		<-time.After(time.Second)
		h.checkHandled(500, nil)
		if got := h.order(); !slices.IsSorted(got) {
			h.t.Error("out of order")
		}
	})
}

// TestGoroutinesOfAnIdleClient: of each kind of client, before and after it has had something to do.
func TestGoroutinesOfAnIdleClient(t *testing.T) {
	for name, change := range map[string]func(h *handling, cfg *mqtt.Config){
		"plain":         nil,
		"no keep alive": func(_ *handling, cfg *mqtt.Config) { cfg.KeepAlive = -1 },
		"reconnects":    func(_ *handling, cfg *mqtt.Config) { cfg.Reconnect = &mqtt.Reconnect{} },
		"few at a time": func(_ *handling, cfg *mqtt.Config) { cfg.Limits.ReceiveMessages, cfg.Transport.ReadBuffer = 1, 16 },
	} {
		t.Run(name, func(t *testing.T) {
			eachHandling(t, change, func(h *handling) {
				h.rest()
				for _, w := range waitings(h.server.five.Load()) {
					must(h.t, w.call(h.ctx, h.Client))
					h.rest()
				}
				h.act = func(n int, _ *mqtt.Received) {
					if n%10 == 0 {
						must(h.t, publishing(1)(h.ctx, h.Client))
					}
				}
				h.server.say(h.some(2, 0, 50))
				h.checkHandled(50, nil)
				<-time.After(time.Hour)
				h.rest()
				must(h.t, h.Close(h.ctx))
				h.gone()
			})
		})
	}
}
