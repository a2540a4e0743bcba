package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// failing are the ways in which a handler ends without returning; some have waited for the server
// or taken their time before, so that another goroutine reads.
var failing = map[string]func(h *handling){
	"panic":               func(*handling) { panic("no") },
	"Goexit":              func(*handling) { runtime.Goexit() },
	"waited, then panic":  func(h *handling) { must(h.t, publishing(1)(h.ctx, h.Client)); panic("no") },
	"waited, then Goexit": func(h *handling) { must(h.t, publishing(2)(h.ctx, h.Client)); runtime.Goexit() },
	"slow, then panic":    func(*handling) { <-time.After(time.Second); panic("no") },
	"slow, then Goexit":   func(*handling) { <-time.After(time.Second); runtime.Goexit() },
}

// eachFailing runs a test in fake time for each version, each way to fail and QoS 1 and 2.
func eachFailing(t *testing.T, f func(h *handling, fail func(h *handling), qos byte)) {
	t.Helper()
	for name, fail := range failing {
		for _, qos := range []byte{1, 2} {
			t.Run(fmt.Sprintf("%s, QoS %d", name, qos), func(t *testing.T) {
				eachHandling(t, nil, func(h *handling) { f(h, fail, qos) })
			})
		}
	}
}

// checkFailures checks that n panics were told, and nothing else.
func (h *handling) checkFailures(n int) {
	h.t.Helper()
	all := h.errors()
	for _, err := range all {
		var p *mqtt.PanicError
		if !errors.As(err, &p) {
			h.t.Errorf("told %v", err)
		}
	}
	if len(all) != n {
		h.t.Errorf("told of %d failures, want %d", len(all), n)
	}
}

// TestHandlersFailInTheMiddleOfABatch: at its beginning, in its middle, twice in a row, and at its end.
// Their messages are not acknowledged, all others are, and those of later reads, too.
func TestHandlersFailInTheMiddleOfABatch(t *testing.T) {
	eachFailing(t, func(h *handling, fail func(h *handling), qos byte) {
		bad := func(n int) bool { return slices.Contains([]int{0, 7, 8, 19, 25}, n) }
		h.act = func(n int, _ *mqtt.Received) {
			if bad(n) {
				fail(h)
			}
		}
		h.server.say(h.some(qos, 0, 20))
		<-time.After(10 * time.Second)
		h.server.say(h.some(qos, 20, 30))
		<-time.After(10 * time.Second)
		h.checkHandled(30, bad)
		h.checkFailures(5)
		must(h.t, publishing(1)(h.ctx, h.Client))
		must(h.t, h.Close(h.ctx))
		h.gone()
	})
}

// TestHandlerOfALoneMessageFails, and so does the next one.
func TestHandlerOfALoneMessageFails(t *testing.T) {
	eachFailing(t, func(h *handling, fail func(h *handling), qos byte) {
		h.act = func(n int, _ *mqtt.Received) {
			if n < 2 {
				fail(h)
			}
		}
		for n := range 3 {
			h.server.say(h.some(qos, n, n+1))
			<-time.After(2 * time.Second)
		}
		h.checkHandled(3, func(n int) bool { return n < 2 })
		h.checkFailures(2)
	})
}

// TestAThousandHandlersFail in one read.
func TestAThousandHandlersFail(t *testing.T) {
	eachHandling(t, nil, func(h *handling) {
		h.act = func(n int, _ *mqtt.Received) {
			if n < 1000 {
				runtime.Goexit()
			}
		}
		h.server.say(h.some(1, 0, 1001))
		h.checkHandled(1001, func(n int) bool { return n < 1000 })
		h.checkFailures(1000)
	})
}

// TestCallbacksFailInTheMiddleOfABatch: what follows is handled, and acknowledged.
func TestCallbacksFailInTheMiddleOfABatch(t *testing.T) {
	for name, fail := range failing {
		t.Run(name, func(t *testing.T) {
			eachHandling(t, nil, func(h *handling) {
				h.server.answers(func(p []byte) ([]byte, bool) { return nil, p[0]&0xF0 == 0x30 && len(h.order()) == 0 })
				for range 2 {
					_, err := h.PublishAsync(h.ctx, mqtt.Message{Topic: "r", QoS: 1}, func(error) { defer h.alone()(); fail(h) })
					must(h.t, err)
				}
				synctest.Wait()
				words := append(h.some(1, 0, 5), 0x40, 2, 0, 1)
				words = append(append(words, h.some(1, 5, 10)...), 0x40, 2, 0, 2)
				h.server.say(words)
				<-time.After(10 * time.Second)
				h.server.say(h.some(1, 10, 20))
				<-time.After(10 * time.Second)
				h.checkHandled(20, nil)
				h.checkFailures(2)
				must(h.t, h.Close(h.ctx))
				h.gone()
			})
		})
	}
}

// TestEventsFail: those of the beginning and the end of a connection.
func TestEventsFail(t *testing.T) {
	for name, fail := range failing {
		t.Run(name, func(t *testing.T) {
			begun, ended := 0, 0
			change := func(h *handling, cfg *mqtt.Config) {
				cfg.Reconnect = &mqtt.Reconnect{}
				begun, ended = 0, 0
				cfg.OnConnect = func(c *mqtt.Client) {
					defer h.alone()()
					begun++
					fail(&handling{Client: c, t: h.t, ctx: h.ctx})
				}
				cfg.OnDisconnect = func(error) {
					defer h.alone()()
					if ended++; ended%2 == 1 {
						panic("no")
					}
					runtime.Goexit()
				}
			}
			eachHandling(t, change, func(h *handling) {
				for n := range 3 {
					<-time.After(5 * time.Minute)
					h.server.say(h.some(1, n, n+1))
					h.rest()
					h.server.cut()
				}
				<-time.After(5 * time.Minute)
				h.checkHandled(3, nil)
				if begun != 4 || ended != 3 {
					h.t.Errorf("%d beginnings, %d ends", begun, ended)
				}
				h.checkFailures(7)
			})
		})
	}
}

// closing are the ways in which a handler closes its client.
var closing = map[string]func(h *handling) error{
	"at once":         func(h *handling) error { return h.Close(h.ctx) },
	"after it waited": func(h *handling) error { must(h.t, publishing(1)(h.ctx, h.Client)); return h.Close(h.ctx) },
	"after a while":   func(h *handling) error { <-time.After(time.Second); return h.Close(h.ctx) },
	"twice":           func(h *handling) error { return errors.Join(h.Close(h.ctx), h.Close(h.ctx)) },
	"and goes on":     func(h *handling) error { err := h.Close(h.ctx); <-time.After(time.Hour); return err },
	"with one in doubt": func(h *handling) error {
		h.server.answers(func(p []byte) ([]byte, bool) { return nil, p[0]&0xF0 == 0x30 })
		_, err := h.PublishAsync(h.ctx, mqtt.Message{Topic: "r", QoS: 1}, nil)
		ctx, cancel := context.WithTimeout(h.ctx, 10*time.Second)
		defer cancel()
		return errors.Join(err, h.Close(ctx))
	},
}

// TestCloseInTheMiddleOfABatch by a handler, or by a callback: nothing is handled afterwards, nor
// acknowledged but what was handled before, and all goroutines end.
func TestCloseInTheMiddleOfABatch(t *testing.T) {
	for name, closes := range closing {
		for _, callback := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", by a callback: ", callback), func(t *testing.T) {
				eachHandling(t, nil, func(h *handling) { closeInABatch(h, closes, callback) })
			})
		}
	}
}

func closeInABatch(h *handling, closes func(h *handling) error, callback bool) {
	closed := make(chan error, 1)
	h.act = func(n int, _ *mqtt.Received) {
		switch {
		case n == 10 && callback:
			_, err := h.PublishAsync(h.ctx, mqtt.Message{Topic: "a"}, func(error) { closed <- closes(h) })
			must(h.t, err)
			<-time.After(time.Second) // so that it was written, and the callback is the next to run
		case n == 10:
			closed <- closes(h)
		case callback:
		case n > 10:
			h.t.Errorf("message %d was handled", n)
		}
	}
	h.server.say(h.some(1, 0, 100))
	<-time.After(10 * time.Millisecond)
	h.server.say(h.some(1, 100, 200))
	must(h.t, <-closed)
	before := len(h.order())
	<-time.After(time.Minute)
	if got := h.order(); !slices.Equal(got, upTo(before)) || before < 11 {
		h.t.Errorf("handled %s, %d of them before Close", short(got), before)
	}
	for i, a := range h.server.acknowledged() {
		if a.id != i+1 || !callback && i > 9 {
			h.t.Errorf("acknowledgement %d is %d", i, a.id)
		}
	}
	if h.server.count(0xE0) != 1 {
		h.t.Errorf("%d DISCONNECT", h.server.count(0xE0))
	}
	h.gone()
}

// TestCloseFromOutsideInTheMiddleOfABatch waits for the handler that runs, and for no other.
func TestCloseFromOutsideInTheMiddleOfABatch(t *testing.T) {
	for _, takes := range []time.Duration{time.Microsecond, 10 * time.Millisecond, time.Second} {
		t.Run(takes.String(), func(t *testing.T) {
			eachHandling(t, nil, func(h *handling) {
				h.takes(always(takes))
				h.server.say(h.some(1, 0, 200))
				<-time.After(takes*7 + takes/2)
				since := elapsed()
				must(h.t, h.Close(h.ctx))
				if got := h.order(); !slices.Equal(got, upTo(8)) || since() > takes+slack || h.running.Load() > 0 {
					h.t.Errorf("handled %v, Close took %v, %d handlers run", got, since(), h.running.Load())
				}
				h.gone()
			})
		})
	}
}
