package mqtt_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// idleGoroutines is how many goroutines a connected client has that does nothing.
const idleGoroutines = 2

// slack is what may pass in fake time, where nothing but a bound of the client passes, before
// another goroutine takes the reading over from one whose handler has not returned.
const slack = 5 * time.Millisecond

// goroutines returns the stacks of the goroutines that clients have begun.
func goroutines() (all []string) {
	buf := make([]byte, 4<<20)
	buf = buf[:runtime.Stack(buf, true)]
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		begin := beginOf(stack)
		if strings.HasPrefix(begin, "dunlin/mqtt.") || strings.HasPrefix(begin, "dunlin/mqtt/internal/") {
			all = append(all, stack)
		}
	}
	return all
}

// beginOf returns the function that a goroutine began with, as its stack has it.
func beginOf(stack string) (function string) {
	for line := range strings.Lines(stack) {
		switch {
		case strings.HasPrefix(line, "created by "):
			return function
		case strings.HasPrefix(line, "\t"), strings.HasPrefix(line, "goroutine "), strings.HasPrefix(line, "sync."):
		default:
			function = line
		}
	}
	return function
}

// handling is a client, its server, and what its handlers did.
type handling struct {
	*mqtt.Client
	t      *testing.T
	ctx    context.Context
	server *opposite
	act    func(n int, m *mqtt.Received) // what the handler of message n does; nil: nothing

	running atomic.Int32 // handlers and callbacks
	mu      sync.Mutex
	handled []int // the numbers of messages, in the order in which their handlers began
	told    []error
}

// eachHandling runs a test in fake time for a client of MQTT 3.1.1 and one of 5. What the server
// says at once, comes with one read.
func eachHandling(t *testing.T, change func(h *handling, cfg *mqtt.Config), f func(h *handling)) {
	t.Helper()
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		t.Run(version.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { f(dialHandling(t, version, change)) })
		})
	}
}

func dialHandling(t *testing.T, version mqtt.Version, change func(h *handling, cfg *mqtt.Config)) *handling {
	t.Helper()
	h := &handling{t: t, ctx: context.Background(), server: &opposite{t: t}}
	cfg := mqtt.Config{
		ClientID: "c", Version: version, OnMessage: h.handle, OnError: h.tell,
		Transport: mqtt.Transport{Dial: h.server.dial, ReadBuffer: 256 << 10},
	}
	if change != nil {
		change(h, &cfg)
	}
	h.open("mqtt://one", cfg)
	return h
}

// open connects by cfg.
func (h *handling) open(url string, cfg mqtt.Config) {
	h.t.Helper()
	var err error
	h.Client, err = mqtt.Dial(h.ctx, url, cfg)
	must(h.t, err)
	h.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_ = h.Close(ctx) // tests of Close look at its error
		h.server.wg.Wait()
	})
}

// alone checks that no handler or callback runs beside the caller, until end is called.
func (h *handling) alone() (end func()) {
	if h.running.Add(1) != 1 {
		h.t.Error("two handlers run at once")
	}
	return func() { h.running.Add(-1) }
}

// handle is the handler of numbered messages.
func (h *handling) handle(_ context.Context, m *mqtt.Received) {
	defer h.alone()()
	n, err := strconv.Atoi(string(m.Payload))
	if err != nil {
		h.t.Errorf("message %s", describe(m))
	}
	h.mu.Lock()
	h.handled = append(h.handled, n)
	h.mu.Unlock()
	if h.act != nil {
		h.act(n, m)
	}
}

// tell notes an error that the client tells.
func (h *handling) tell(err error) {
	defer h.alone()()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = append(h.told, err)
}

// errors returns what OnError was told.
func (h *handling) errors() []error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.told)
}

// order returns the numbers of the messages in the order of their handlers.
func (h *handling) order() []int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.handled)
}

// some returns messages of qos with the numbers from one to another, for one write.
func (h *handling) some(qos byte, from, to int) (all []byte) {
	for n := from; n < to; n++ {
		all = append(all, publishBytes(h.server.five.Load(), 0x30|qos<<1, "n", uint16(n+1), fmt.Sprintf("%05d", n))...)
	}
	return all
}

// checkHandled checks that the messages below n were handled, each once and in order, and that
// those were acknowledged in order that left does not take out. nil: none is taken out.
func (h *handling) checkHandled(n int, left func(n int) bool) {
	h.t.Helper()
	h.rest()
	if got := h.order(); !slices.Equal(got, upTo(n)) {
		h.t.Errorf("handled %s, want all below %d", short(got), n)
	}
	var ids, want []int
	for _, a := range h.server.acknowledged() {
		ids = append(ids, a.id-1)
	}
	for i := range n {
		if left == nil || !left(i) {
			want = append(want, i)
		}
	}
	if !slices.Equal(ids, want) {
		h.t.Errorf("acknowledged %s, want %s", short(ids), short(want))
	}
}

// checkQuiet checks that nothing was told to OnError.
func (h *handling) checkQuiet() {
	h.t.Helper()
	if all := h.errors(); len(all) > 0 {
		h.t.Errorf("told %d errors, first: %v", len(all), all[0])
	}
}

// rest waits until the client does nothing, in fake time or not, and checks that it has no
// goroutine that it does not need then. What handlers wrote may be read afterwards.
func (h *handling) rest() {
	h.t.Helper()
	h.awaitGoroutines(idleGoroutines)
}

// gone checks that no goroutine of a client is left.
func (h *handling) gone() {
	h.t.Helper()
	h.awaitGoroutines(0)
}

// awaitGoroutines waits for the moment in which there are n.
func (h *handling) awaitGoroutines(n int) {
	h.t.Helper()
	var all []string
	for range 100 {
		<-time.After(20 * time.Millisecond)
		if all = goroutines(); len(all) == n && h.running.Load() == 0 {
			return
		}
	}
	h.t.Errorf("%d goroutines, want %d:\n%s", len(all), n, strings.Join(all, "\n\n"))
}

// upTo returns the numbers below n.
func upTo(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

// short shows the beginning and the end of many numbers.
func short(all []int) string {
	if len(all) <= 40 {
		return fmt.Sprint(all)
	}
	return fmt.Sprint(len(all), " numbers: ", all[:20], " ... ", all[len(all)-10:])
}

// expectCloseToWait closes the client while a handler runs that returns once step is closed.
func (s *scripted) expectCloseToWait(step chan struct{}) {
	s.t.Helper()
	closed := async(func() error { return s.Close(s.ctx) })
	s.server.Expect("E0 00")
	s.server.Close()
	synctest.Wait()
	select {
	case err := <-closed:
		s.t.Errorf("Close returned %v though a handler runs", err)
	default:
	}
	close(step)
	s.mustWait(closed)
	s.finish()
}
