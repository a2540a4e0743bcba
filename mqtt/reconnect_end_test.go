package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/store"
)

// TestReasonsThatEndReconnecting answers CONNECT, or the connection, with every code that means
// something for going on.
//
// With its reason, or it goes on. It shows DC-19: what a code means for reconnecting; TR-04:
// reconnect after a refusal; SR-27: session taken over. It keeps out T-A40: two clients of one
// identifier throw each other out for ever.
func TestReasonsThatEndReconnecting(t *testing.T) {
	type answer struct {
		packet  string
		version mqtt.Version
		ends    bool
	}
	var all []answer
	for code, ends := range map[int]bool{1: true, 2: true, 3: false, 4: true, 5: true} {
		all = append(all, answer{fmt.Sprintf("20 02 00 %02X", code), mqtt.V311, ends})
	}
	for code, ends := range map[int]bool{
		0x80: false, 0x81: true, 0x82: true, 0x83: false, 0x84: true, 0x85: true, 0x86: true, 0x87: true, 0x88: false, 0x89: false,
		0x8A: true, 0x8C: true, 0x90: true, 0x95: true, 0x97: false, 0x99: true, 0x9A: true, 0x9B: true, 0x9C: false, 0x9D: true, 0x9F: false,
	} {
		all = append(all, answer{fmt.Sprintf("20 03 00 %02X 00", code), mqtt.V5, ends})
	}
	for code, ends := range map[int]bool{
		0x00: false, 0x80: false, 0x81: false, 0x82: false, 0x83: false, 0x87: false, 0x89: false, 0x8B: false, 0x8D: false, 0x8E: true,
		0x8F: false, 0x90: false, 0x93: false, 0x94: false, 0x95: false, 0x96: false, 0x97: false, 0x98: true, 0x99: false, 0x9A: false,
		0x9B: false, 0x9C: false, 0x9D: true, 0x9E: false, 0x9F: false, 0xA0: false, 0xA1: false, 0xA2: false,
	} {
		all = append(all, answer{fmt.Sprintf("E0 01 %02X", code), mqtt.V5, ends})
	}
	for _, a := range all {
		t.Run(a.packet, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { checkEnd(t, a.packet, a.version, a.ends) })
		})
	}
}

func checkEnd(t *testing.T, packet string, version mqtt.Version, ends bool) {
	t.Helper()
	told := make(chan string, 100)
	s := newLasting(t, version, func(cfg *mqtt.Config) {
		withoutCallbacks(cfg)
		cfg.OnDisconnect = func(error) { told <- "disconnect" }
		cfg.OnRetry = func(mqtt.Retry) { told <- "retry" }
		cfg.OnError = func(err error) { told <- "error: " + err.Error() }
	})
	s.connect("absent")
	d := s.publishes(1, "a")[0]
	s.play("> pub 32 1 a")
	want := []string{"disconnect"}
	if packet[0] == '2' {
		s.drop()
		s.server = s.net.accept()
		s.server.Packet()
		want = append(want, "retry")
	}
	s.server.Send(packet)
	s.server.ExpectClosed()
	s.server.Close()
	synctest.Wait()
	var refused *mqtt.ConnectError
	var left *mqtt.DisconnectError
	switch err := s.Err(); {
	case !ends:
		want = append(want, "retry")
		if err != nil {
			t.Fatalf("it ended: %v", err)
		}
	case !errors.As(err, &refused) && !errors.As(err, &left):
		t.Fatalf("it did not end: %v", err)
	default:
		want = append(want, "error: no further attempt: "+strings.TrimPrefix(err.Error(), "client is closed: "))
		<-s.Done()
		s.expectDone(d, mqtt.ErrInDoubt, mqtt.ErrClosed)
		<-time.After(time.Hour)
		if len(s.net.conns) > 0 {
			t.Error("it comes back")
		}
	}
	if !ends {
		s.acceptNext("present")
		s.play("> pub 3A 1 a")
	}
	synctest.Wait()
	close(told)
	if got := slices.Collect(drain(told)); !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}

// TestGiveUpDecidesWhatEndsReconnecting shows TR-04: reconnect after a refusal; DC-19: what a code
// means for reconnecting.
func TestGiveUpDecidesWhatEndsReconnecting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLasting(t, mqtt.V311, func(cfg *mqtt.Config) {
			cfg.Reconnect.GiveUp = func(err error) bool { return errors.Is(err, mqtt.ErrServerClosed) }
		})
		s.connect("absent")
		s.server.Send("D0 01 00") // is a fault, and no end
		s.server.ExpectClosed()
		s.acceptNext("present")
		s.drop()
		<-s.Done()
		checkError(t, s.Err(), mqtt.ErrServerClosed, mqtt.ErrClosed)
		s.expectEvent("error: no further attempt: ")
	})
}

// TestAttemptsEndWithTheirContext: Dial's own ends Dial, and nothing else.
//
// It shows TR-06: context ends at any stage.
func TestAttemptsEndWithTheirContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLasting(t, mqtt.V311, nil)
		ctx, cancel := context.WithCancelCause(s.ctx)
		own := errors.New("enough")
		whole := s.ctx
		s.ctx = ctx
		dialed := s.start()
		mute := s.net.accept()
		mute.Packet()
		cancel(own)
		checkError(t, <-dialed, own)
		mute.ExpectClosed()
		ctx, cancel = context.WithCancelCause(whole)
		s.ctx = ctx
		s.connect("absent")
		cancel(own)
		s.ctx = whole
		s.lose("present") // goes on
	})
}

// closing is a moment at which a client is closed.
var closings = map[string]func(s *lasting){
	"before anything": func(s *lasting) {},
	"backing off":     func(s *lasting) { s.net.refuses(nobody); <-time.After(time.Minute) },
	"dialing": func(s *lasting) {
		s.cfg.Transport.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}
	},
	"preparing": func(s *lasting) {
		s.cfg.Reconnect.Prepare = func(ctx context.Context, _ *mqtt.Attempt) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}
	},
	"connecting": func(s *lasting) {},
	"connected":  func(s *lasting) {},
	"backing off after a loss": func(s *lasting) {
		s.cfg.Reconnect.MinDelay = time.Hour
	},
}

// TestCloseAtAnyTime: Close returns at once, and every wait ends with one error. It shows TR-06:
// context ends at any stage.
func TestCloseAtAnyTime(t *testing.T) {
	for name, arrange := range closings {
		for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
			t.Run(name+version.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newLasting(t, version, func(cfg *mqtt.Config) {
						cfg.Reconnect.Background = true
						cfg.Limits.Queue.Messages = 2
						cfg.Limits.Drain = -1
					})
					arrange(s)
					closeAt(s, name)
				})
			})
		}
	}
}

func closeAt(s *lasting, moment string) {
	s.t.Helper()
	must(s.t, <-s.start())
	if moment != "before anything" {
		synctest.Wait()
	}
	switch moment {
	case "connecting":
		s.server = s.net.accept()
		s.server.Packet()
	case "connected":
		s.acceptNext("absent")
		synctest.Wait() // what waits for CONNACK is sent in another order
	case "backing off after a loss":
		s.acceptNext("absent")
		s.drop()
	}
	all := append(s.publishes(1, "a"), s.publishes(2, "b")...)
	blocked := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 1}) }) // no room
	subscribed := async(func() error { return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "t"})) })
	synctest.Wait()
	outcome := mqtt.ErrNotSent
	if moment == "connected" {
		outcome = mqtt.ErrInDoubt
		s.play(`> pub 32 1 a
			> pub 34 2 b`)
		if p := s.server.Packet(); p[0] != 0x82 {
			s.t.Fatalf("got % X", p)
		}
		async(func() error { s.server.Packet(); s.server.Close(); return nil })
	}
	since := elapsed()
	closed := []chan error{}
	for range 3 {
		closed = append(closed, async(func() error { return s.Close(context.Background()) }))
	}
	for _, c := range closed {
		must(s.t, <-c)
	}
	if since() != 0 {
		s.t.Errorf("closing took %v", since())
	}
	for _, d := range all {
		s.expectDone(d, outcome, mqtt.ErrClosed)
	}
	checkError(s.t, <-blocked, mqtt.ErrNotSent, mqtt.ErrClosed)
	checkError(s.t, <-subscribed, outcome, mqtt.ErrClosed)
	if err := s.Err(); err != mqtt.ErrClosed { //nolint:errorlint // nothing else is the reason
		s.t.Errorf("ended with %v", err)
	}
	<-s.Done()
	checkError(s.t, s.Publish(s.ctx, mqtt.Message{Topic: "t"}), mqtt.ErrNotSent, mqtt.ErrClosed)
	s.expectNoEvent()
}

// TestCloseInHandlersOfAReconnectingClient shows DC-07: closed twice, concurrently, from a handler.
func TestCloseInHandlersOfAReconnectingClient(t *testing.T) {
	for _, where := range []string{"connect", "message", "disconnect", "retry", "error"} {
		t.Run(where, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var s *lasting
				closed := make(chan error, 1)
				in := func(name string) {
					if name == where {
						closed <- s.Close(context.Background())
					}
				}
				s = newLasting(t, mqtt.V311, func(cfg *mqtt.Config) {
					withoutCallbacks(cfg)
					cfg.OnConnect = func(c *mqtt.Client) {
						if where == "connect" {
							closed <- c.Close(context.Background())
						}
					}
					cfg.OnMessage = func(context.Context, *mqtt.Received) { in("message"); panic("told to the error handler") }
					cfg.OnDisconnect = func(error) { in("disconnect") }
					cfg.OnRetry = func(mqtt.Retry) { in("retry") }
					cfg.OnError = func(error) { in("error") }
				})
				dialed := s.start()
				s.acceptNext("absent")
				if where == "connect" {
					s.server.Expect("E0 00")
					s.server.Close()
					must(t, <-closed)
					<-dialed // either way
					return
				}
				must(t, <-dialed)
				if where == "message" || where == "error" {
					s.play("< pub 30 0 a")
					s.server.Expect("E0 00")
					s.server.Close()
				} else {
					s.drop()
				}
				must(t, <-closed)
				<-s.Done()
				must(t, s.Close(context.Background()))
				checkError(t, s.Err(), mqtt.ErrClosed)
			})
		})
	}
}

// TestWaitsEndWithTheirContext: this holds offline, too, and the error says what became of the
// message.
func TestWaitsEndWithTheirContext(t *testing.T) {
	eachLasting(t, func(cfg *mqtt.Config) { cfg.Limits.Queue.Messages = 2 }, func(s *lasting) {
		own := errors.New("enough")
		ctx, cancel := context.WithCancelCause(s.ctx)
		sent := async(func() error { return s.Publish(ctx, mqtt.Message{Topic: "t", QoS: 1}) })
		s.play("> pub 32 1")
		s.drop()
		s.net.refuses(nobody)
		queued := async(func() error { return s.Publish(ctx, mqtt.Message{Topic: "t", QoS: 1}) })
		synctest.Wait()
		blocked := async(func() error { return s.Publish(ctx, mqtt.Message{Topic: "t", QoS: 1}) })
		subscribed := async(func() error { return errorOf(s.Subscribe(ctx, mqtt.Subscription{Filter: "t"})) })
		synctest.Wait()
		cancel(own)
		checkError(s.t, <-sent, mqtt.ErrInDoubt, own)
		checkError(s.t, <-queued, mqtt.ErrNotSent, own)
		checkError(s.t, <-blocked, mqtt.ErrNotSent, own)
		checkError(s.t, <-subscribed, mqtt.ErrNotSent, own) // it is taken back
		s.net.refuses(nil)
		s.acceptNext("present")
		s.play(`> pub 3A 1
			quiet`)
	})
}

func TestCloseNamesWhatDoesNotReturn(t *testing.T) {
	entered, released := make(chan struct{}, 10), make(chan struct{})
	stuck := func() { entered <- struct{}{}; <-released }
	prepare := func(context.Context, *mqtt.Attempt) error { stuck(); return nil }
	for want, cfg := range map[string]mqtt.Config{
		"the store has not returned":             {Store: stuckStore{store.NewMemory(), stuck}, Reconnect: &mqtt.Reconnect{Background: true}},
		"an attempt to connect has not returned": {Reconnect: &mqtt.Reconnect{Background: true, Prepare: prepare}},
	} {
		cfg.ClientID = "c"
		c, err := mqtt.Dial(ctxFor(t), "mqtt://127.0.0.1:1", cfg)
		must(t, err)
		<-entered
		ctx, cancel := context.WithTimeout(ctxFor(t), 10*time.Millisecond)
		closed := make(chan error, 1)
		go func() { closed <- c.Close(ctx) }()
		select {
		case err = <-closed:
		case <-time.After(time.Minute):
			t.Errorf("%s: Close does not return either", want)
		}
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		defer func() { must(t, c.Close(ctxFor(t))) }()
	}
	close(released)
}
