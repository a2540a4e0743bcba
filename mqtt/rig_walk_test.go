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
	"dunlin/mqtt/store"
)

// walk is a client on its way through a life: of which kind it is, in which phase it is
// asked for something, and what happens then.
type walk struct {
	t                 *testing.T
	reconnects, saves bool
	phase, event      string

	server *serverOf
	store  *store.Memory
	auth   *gatedAuth
	gate   chan struct{} // of auth, in the phase opening
	client *mqtt.Client
	closed chan error // of the Close that is a part of the phase or the event

	handle atomic.Pointer[func(*mqtt.Received)] // what a handler does
}

// The phases. Some are come to on several ways.
var walkPhases = []string{
	"before the first connection", "between", "opening", "connecting", "live", "draining",
	"going by DISCONNECT", "going by a fault", "going by silence", "going by Close", "ended", "closed",
}

// The events that follow.
var walkEvents = []string{"answers", "DISCONNECT", "malformed packet", "end of stream", "silence", "Close"}

// eachWalk runs f for each kind of client, phase and event that there are together.
func eachWalk(t *testing.T, f func(w *walk)) {
	t.Helper()
	for kind := range 4 {
		reconnects, saves := kind&1 != 0, kind&2 != 0
		for _, phase := range walkPhases {
			for _, event := range walkEvents {
				w := walk{reconnects: reconnects, saves: saves, phase: phase, event: event}
				if !w.possible() {
					continue
				}
				name := fmt.Sprintf("reconnects %v, saves %v, %s, %s", reconnects, saves, phase, event)
				t.Run(name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						w.t = t
						f(&w)
					})
				})
			}
		}
	}
}

// possible reports whether there is such a moment: the application has no client with a
// store before Dial has returned it, and where nothing stands nothing breaks.
func (w *walk) possible() bool {
	stands := slices.Contains([]string{"opening", "connecting", "live", "draining"}, w.phase)
	switch {
	case !stands && w.event != "answers" && w.event != "Close":
		return false
	case w.reconnects:
		return true
	case w.phase == "opening" && (w.event == "answers" || w.event == "silence"): // nobody has called Connect
		return false
	case w.phase == "before the first connection" || w.phase == "between":
		return false
	default:
		return !w.saves || w.phase != "opening" && w.phase != "connecting"
	}
}

func (w *walk) config() mqtt.Config {
	cfg := mqtt.Config{
		ClientID: "c", Version: mqtt.V5, KeepSession: true, KeepAlive: 20 * time.Second, Auth: w.auth,
		Properties: mqtt.ConnectProperties{SessionExpiry: time.Hour},
		Transport:  mqtt.Transport{Dial: w.server.dial},
		OnMessage: func(_ context.Context, m *mqtt.Received) {
			if f := w.handle.Load(); f != nil {
				(*f)(m)
			}
		},
	}
	if w.reconnects {
		cfg.Reconnect = &mqtt.Reconnect{Background: true, MaxDelay: 2 * time.Second}
	}
	if w.saves {
		cfg.Store = w.store
	}
	return cfg
}

// arrive brings the client to its phase. change changes its Config, and meanwhile is called
// as soon as a first connection is live, if there is one before; nil: nothing.
func (w *walk) arrive(change func(*mqtt.Config), meanwhile func()) {
	w.server = &serverOf{t: w.t, unacked: make(map[uint16]byte)}
	w.auth, w.store = new(gatedAuth), store.NewMemory()
	first := w.phase == "before the first connection"
	direct := !w.reconnects && (w.phase == "opening" || w.phase == "connecting")
	w.server.away, w.server.silent = first, direct
	cfg := w.config()
	if change != nil {
		change(&cfg)
	}
	ctx := context.Background()
	var err error
	if direct {
		w.client, err = mqtt.Open(ctx, "mqtt://one", mqtt.Config{Transport: cfg.Transport, OnMessage: cfg.OnMessage})
		must(w.t, err)
		if w.phase == "connecting" {
			cfg.Transport, cfg.OnMessage = mqtt.Transport{}, nil
			async(func() error { return w.client.Connect(ctx, cfg) })
		}
	} else {
		w.client, err = mqtt.Dial(ctx, "mqtt://one", cfg)
		must(w.t, err)
	}
	w.t.Cleanup(func() { _ = w.client.Close(ctx) }) // tests look at its error
	synctest.Wait()
	if !first && !direct {
		if meanwhile != nil {
			meanwhile()
			synctest.Wait()
		}
		w.depart()
	}
	synctest.Wait()
}

// depart goes on from a live connection to the phase.
func (w *walk) depart() {
	switch w.phase {
	case "between":
		w.server.set(func(s *serverOf) { s.away = true })
		w.happen("end of stream")
		<-time.After(2 * time.Second)
	case "opening":
		w.gate = make(chan struct{})
		w.auth.set(w.gate)
		w.happen("end of stream")
		<-time.After(5 * time.Second)
	case "connecting":
		w.server.set(func(s *serverOf) { s.silent = true })
		w.happen("end of stream")
		<-time.After(5 * time.Second)
	case "draining":
		_, err := w.publish(1, nil)
		must(w.t, err)
		synctest.Wait()
		w.happen("Close")
	case "going by DISCONNECT":
		w.happen("DISCONNECT")
	case "going by a fault":
		w.happen("malformed packet")
	case "going by silence":
		<-time.After(29*time.Second + 500*time.Millisecond) // nobody answers the ping
		synctest.Wait()
	case "going by Close":
		w.happen("Close")
	case "ended":
		w.server.say([]byte{0xE0, 1, 0x8E}) // Session taken over: there is no coming back
		<-w.client.Done()
	case "closed":
		w.happen("Close")
		<-w.client.Done()
	}
}

// happen has the event happen.
func (w *walk) happen(event string) {
	synctest.Wait()
	switch event {
	case "answers":
	case "DISCONNECT":
		w.server.say([]byte{0xE0, 1, 0x8B})
	case "malformed packet":
		w.server.say([]byte{0xD0, 1, 0})
	case "end of stream":
		conn, _ := w.server.link()
		conn.Close()
	case "silence":
		w.server.set(func(s *serverOf) { s.silent = true })
		<-time.After(time.Minute)
	case "Close":
		if w.closed == nil {
			w.closed = async(func() error { return w.client.Close(context.Background()) })
		}
		synctest.Wait()
		if _, err := w.publish(1, nil); !errors.Is(err, mqtt.ErrClosed) {
			w.t.Errorf("published after Close: %v", err)
		}
	}
	synctest.Wait()
}

// settle has everything become well that can: the server is there, and answers.
func (w *walk) settle() {
	w.auth.set(nil)
	if w.gate != nil {
		close(w.gate)
		w.gate = nil
	}
	w.server.set(func(s *serverOf) { s.away, s.answers, s.silent = false, w.event != "Close", false })
	if w.event == "answers" {
		w.server.answerLate()
	}
	<-time.After(time.Minute)
	synctest.Wait()
}

// comesBack reports whether the client goes on after the event.
func (w *walk) comesBack() bool {
	if w.phase == "live" && w.event == "answers" {
		return true
	}
	return w.reconnects && w.event != "Close" && !w.closing() && w.phase != "ended"
}

// closing reports whether Close was called before.
func (w *walk) closing() bool {
	return w.phase == "draining" || w.phase == "closed" || w.phase == "going by Close"
}

// rule says what is to become of an operation: it is "taken", "parked", or refused
// because the client is "closed" or "not connected". waits says whether it can be kept
// for another connection.
func (w *walk) rule(waits bool) string {
	going := strings.HasPrefix(w.phase, "going")
	switch {
	case w.phase == "live":
		return "taken"
	case w.closing() || w.phase == "ended" || going && !w.reconnects:
		return "closed"
	case w.reconnects && waits:
		return "parked"
	default:
		return "not connected"
	}
}

// publish publishes to "t"; done is told of the outcome.
func (w *walk) publish(qos mqtt.QoS, done func(error)) (*mqtt.Delivery, error) {
	return w.client.PublishAsync(context.Background(), mqtt.Message{Topic: "t", QoS: qos}, done)
}

// checkWorks checks that a client that came back is well.
func (w *walk) checkWorks() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for qos := mqtt.AtMostOnce; qos <= mqtt.ExactlyOnce; qos++ {
		if err := w.client.Publish(ctx, mqtt.Message{Topic: "after", QoS: qos}); err != nil {
			w.t.Errorf("afterwards: %v", err)
		}
	}
	if _, err := w.client.Subscribe(ctx, mqtt.Subscription{Filter: "after"}); err != nil {
		w.t.Errorf("afterwards: %v", err)
	}
	if _, err := w.client.Ping(ctx); err != nil {
		w.t.Errorf("afterwards: %v", err)
	}
	if err := w.client.Reauthenticate(ctx); err != nil {
		w.t.Errorf("afterwards: %v", err)
	}
	handled := make(chan struct{}, 10)
	take := func(m *mqtt.Received) { handled <- struct{}{}; _ = m.Ack() }
	w.handle.Store(&take)
	w.server.message(1, 101)
	w.server.message(2, 102)
	<-time.After(time.Second)
	if len(handled) != 2 || w.server.open() != 0 {
		w.t.Errorf("afterwards %d messages are handled, and %d not acknowledged", len(handled), w.server.open())
	}
}

// finish checks that the client is well, or has ended, and that Close leaves nothing.
func (w *walk) finish() {
	w.t.Helper()
	if w.comesBack() {
		w.checkWorks()
	} else {
		select {
		case <-w.client.Done():
		default:
			w.t.Error("the client has not ended")
		}
	}
	if w.closed != nil {
		if err := <-w.closed; err != nil {
			w.t.Errorf("Close: %v", err)
		}
	}
	if err := w.client.Close(context.Background()); err != nil {
		w.t.Errorf("Close: %v", err)
	}
	err := w.client.Err()
	first := w.reconnects && w.phase != "ended" && (w.closing() || w.event == "Close") // nothing else has ended it
	if !errors.Is(err, mqtt.ErrClosed) || first && err.Error() != mqtt.ErrClosed.Error() {
		w.t.Errorf("ended with %v", err)
	}
}
