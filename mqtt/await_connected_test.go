package mqtt_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
	"dunlin/mqtt/store"
)

// awaits begins to wait for a connection.
func (s *scripted) awaits(ctx context.Context) chan error {
	done := async(func() error { return s.AwaitConnected(ctx) })
	synctest.Wait()
	return done
}

// expectWaiting checks that a call has not returned.
func (s *scripted) expectWaiting(call chan error) {
	s.t.Helper()
	synctest.Wait()
	select {
	case err := <-call:
		s.t.Fatalf("it returned %v", err)
	default:
	}
}

func TestAwaitConnected(t *testing.T) { // the first connection, and those after a loss
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		synctest.Test(t, func(t *testing.T) {
			s := newLasting(t, version, func(cfg *mqtt.Config) { cfg.Reconnect.Background = true })
			s.net.refuses(nobody)
			must(t, <-s.start())
			first, second := s.awaits(s.ctx), s.awaits(s.ctx)
			<-time.After(time.Hour)
			s.expectWaiting(first)
			s.net.refuses(nil)
			s.server = s.net.accept()
			s.server.Packet()
			s.expectWaiting(first) // CONNECT is no session
			s.server.Send(s.connAck("absent"))
			s.mustWait(first)
			s.mustWait(second)
			s.mustWait(s.awaits(s.ctx)) // it stands

			s.drop()
			again := s.awaits(s.ctx)
			s.expectWaiting(again)
			s.acceptNext("present")
			s.mustWait(again)
		})
	}
}

func TestAwaitConnectedEnds(t *testing.T) { // with its context, and with the client
	synctest.Test(t, func(t *testing.T) {
		s := newLasting(t, mqtt.V311, func(cfg *mqtt.Config) { cfg.Reconnect.Background = true })
		s.net.refuses(nobody)
		must(t, <-s.start())
		ctx, cancel := context.WithCancelCause(s.ctx)
		waiting, other := s.awaits(ctx), s.awaits(s.ctx)
		<-time.After(time.Minute)
		enough := errors.New("enough")
		cancel(enough)
		err := s.wait(waiting)
		checkError(t, err, enough, mqtt.ErrNotConnected, syscall.ECONNREFUSED)
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("%q", err)
		}
		must(t, s.Close(s.ctx))
		checkError(t, s.wait(other), mqtt.ErrClosed)
		checkError(t, s.wait(s.awaits(s.ctx)), mqtt.ErrClosed)
	})
	synctest.Test(t, func(t *testing.T) { // one that was given up says why
		s := newLasting(t, mqtt.V311, func(cfg *mqtt.Config) { cfg.Reconnect.Background = true })
		must(t, <-s.start())
		waiting := s.awaits(s.ctx)
		s.server = s.net.accept()
		s.server.Packet()
		s.server.Send("20 02 0005")
		var refused *mqtt.ConnectError
		if err := s.wait(waiting); !errors.As(err, &refused) || !errors.Is(err, mqtt.ErrClosed) {
			t.Errorf("got %v", err)
		}
		s.server.Close()
	})
}

func TestAwaitConnectedOfAnOpenedClient(t *testing.T) { // waits for Connect, by whoever calls it
	s := &scripted{t: t, ctx: ctxFor(t), events: make(chan string, 10)}
	server := mqtttest.NewServer(t)
	var err error
	s.Client, err = mqtt.Open(s.ctx, server.URL(), mqtt.Config{})
	must(t, err)
	waiting := async(func() error { return s.AwaitConnected(s.ctx) })
	connected := async(func() error { return s.Connect(s.ctx, mqtt.Config{ClientID: "c"}) })
	s.server = server.Accept()
	s.server.Accept()
	s.mustWait(connected)
	s.mustWait(waiting)
	s.server.Close()
	<-s.Done()
	checkError(t, s.AwaitConnected(s.ctx), mqtt.ErrClosed, mqtt.ErrServerClosed)
	must(t, s.Close(s.ctx))
}

func TestServersFirstFirst(t *testing.T) { // after each loss; the others only while it cannot be reached
	for order, want := range map[mqtt.ServerOrder][]string{
		mqtt.ServersFirstFirst: {"one", "one", "two", "one", "two", "three", "one"},
		mqtt.ServersInTurn:     {"one", "two", "three", "one", "two", "three", "one"},
	} {
		first := order == mqtt.ServersFirstFirst
		synctest.Test(t, func(t *testing.T) {
			s := newLasting(t, mqtt.V311, func(cfg *mqtt.Config) {
				cfg.Reconnect.Servers = []string{"mqtt://two", "mqtt://three"}
				cfg.Reconnect.Order = order
			})
			down := func(names ...string) {
				s.net.refuses(func(address string) error {
					if host, _, _ := strings.Cut(address, ":"); slices.Contains(names, host) {
						return syscall.ECONNREFUSED
					}
					return nil
				})
			}
			s.connect("absent")
			if first {
				down("one")
			}
			s.lose("present")
			if first {
				down("one", "two")
			}
			s.lose("present")
			down()
			s.lose("present")
			for !first && len(s.net.all()) < len(want) {
				s.lose("present")
			}
			var got []string
			for _, address := range s.net.all() {
				host, _, _ := strings.Cut(address, ":")
				got = append(got, host)
			}
			if !slices.Equal(got, want) {
				t.Errorf("first first %v: reached %q, want %q", first, got, want)
			}
		})
	}
}

func TestRepublishByDefault(t *testing.T) { // QoS 1 goes out again as new, and QoS 2 fails in doubt
	eachLasting(t, func(cfg *mqtt.Config) { cfg.Reconnect = &mqtt.Reconnect{} }, func(s *lasting) {
		all := append(s.publishes(1, "a"), s.publishes(2, "b")...)
		s.play(`> pub 32 1 a
			> pub 34 2 b
			lose absent
			> pub 32 1 a
			quiet`)
		s.expectDone(all[1], mqtt.ErrInDoubt, mqtt.ErrSessionLost)
		s.expectOpen(all[0])
		s.play("< 40 02 0001")
		s.expectDone(all[0])
	})
}

func TestRepublishNothing(t *testing.T) { // both fail in doubt, and the next one goes out
	eachLasting(t, func(cfg *mqtt.Config) { cfg.Reconnect.Republish = mqtt.RepublishNone }, func(s *lasting) {
		all := append(s.publishes(1, "a"), s.publishes(2, "b")...)
		s.play(`> pub 32 1 a
			> pub 34 2 b
			lose absent
			quiet`)
		for _, d := range all {
			s.expectDone(d, mqtt.ErrInDoubt, mqtt.ErrSessionLost)
		}
	})
}

func TestUnknownRepublishPolicyIsRefused(t *testing.T) {
	cfg := mqtt.Config{ClientID: "c", Reconnect: &mqtt.Reconnect{Republish: 3}}
	var bad *mqtt.ArgumentError
	if err := cfg.Validate(); !errors.As(err, &bad) || !strings.Contains(err.Error(), "Reconnect.Republish") {
		t.Errorf("got %v", err)
	}
}

func TestRepublishFromAStoreWithoutReconnect(t *testing.T) { // by default, too: the next client finds that the session is lost
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		synctest.Test(t, func(t *testing.T) {
			kept := store.NewMemory()
			s := newLasting(t, version, func(cfg *mqtt.Config) { cfg.Reconnect, cfg.Store = nil, kept })
			s.connect("absent")
			s.publishes(1, "a")
			s.publishes(2, "b")
			s.play(`> pub 32 1 a
				> pub 34 2 b`)
			s.server.Close()
			<-s.Done()
			s.connect("absent")
			s.play(`> pub 32 1 a
				< 40 02 0001
				quiet`)
			s.expectEvent(`error: publish to "t"`) // b is in doubt
			if n := len(records(kept)); n != 0 {
				t.Errorf("%d records are left", n)
			}
		})
	}
}
