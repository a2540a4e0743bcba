package mqtt_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// three has a client know three servers, which it tries in an order.
func three(order mqtt.ServerOrder) func(*mqtt.Config) {
	return func(cfg *mqtt.Config) {
		cfg.Reconnect.Servers, cfg.Reconnect.Order = []string{"mqtt://two", "mqtt://three"}, order
		cfg.Transport.ConnectTimeout, cfg.KeepAlive = 2*time.Second, -1
		cfg.Reconnect.MinDelay, cfg.Reconnect.MaxDelay = 100*time.Millisecond, 100*time.Millisecond
	}
}

// expectReached checks which hosts were reached, and forgets none.
func (s *lasting) expectReached(want ...string) {
	s.t.Helper()
	var got []string
	for _, address := range s.net.all() {
		host, _, _ := strings.Cut(address, ":")
		got = append(got, host)
	}
	if !slices.Equal(got, want) {
		s.t.Fatalf("reached %q, want %q", got, want)
	}
}

// loseToSilence has the connection end, and the server that is tried next take the connection and not answer.
func (s *lasting) loseToSilence() {
	s.t.Helper()
	s.drop()
	mute := s.net.accept()
	mute.Packet()
	mute.ExpectClosed()
	s.acceptNext("present")
}

// TestSilentServerComesAfterAllOthers: one that has left a CONNECT without an answer would hold up the client again for as long as
// an attempt may take. After 15 seconds it has its turn again.
func TestSilentServerComesAfterAllOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLasting(t, mqtt.V311, three(mqtt.ServersInTurn))
		s.connect("absent")
		s.loseToSilence()
		s.lose("present")
		s.lose("present")
		s.expectReached("one", "two", "three", "one", "three")
		<-time.After(15 * time.Second)
		s.lose("present")
		s.lose("present")
		s.expectReached("one", "two", "three", "one", "three", "one", "two")
	})
}

// TestSilentServersAreTriedWhereAllAreSilent: the one that was silent first has its turn first, in every order.
func TestSilentServersAreTriedWhereAllAreSilent(t *testing.T) {
	for _, order := range []mqtt.ServerOrder{mqtt.ServersInTurn, mqtt.ServersFirstFirst, mqtt.ServersShuffled} {
		synctest.Test(t, func(t *testing.T) {
			s := newLasting(t, mqtt.V311, three(order))
			s.connect("absent")
			s.drop()
			for range 6 {
				mute := s.net.accept()
				mute.Packet()
				mute.ExpectClosed()
			}
			s.acceptNext("present")
			if all := s.net.all()[1:]; !slices.Equal(all[:3], all[3:6]) || all[0] != all[6] || len(slices.Compact(slices.Sorted(slices.Values(all)))) != 3 {
				t.Errorf("reached %q", s.net.all())
			}
		})
	}
}

// TestFirstServerThatIsSilent gives way to a spare, although it is the first: it has left a ping without an answer. One that has
// only ended the connection is tried first.
func TestFirstServerThatIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLasting(t, mqtt.V311, func(cfg *mqtt.Config) {
			three(mqtt.ServersFirstFirst)(cfg)
			cfg.KeepAlive = 10 * time.Second
		})
		s.connect("absent")
		s.lose("present")
		s.expectReached("one", "one")
		s.play("> C0 00")
		s.server.ExpectClosed()
		s.acceptNext("present")
		s.lose("present")
		s.expectReached("one", "one", "two", "two")
	})
}

// TestShuffledServersSpareTheSilent draws among the others.
func TestShuffledServersSpareTheSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 30 {
			s := newLasting(t, mqtt.V311, three(mqtt.ServersShuffled))
			s.connect("absent")
			first := s.net.host()
			s.loseToSilence()
			s.lose("present")
			if s.net.host() != first {
				t.Fatalf("reached %q", s.net.all())
			}
		}
	})
}

// TestWaitsGrowByRounds: a server that is away has the attempt at the next one wait no longer than the first attempt waited.
func TestWaitsGrowByRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		longest := map[int]time.Duration{} // by round
		for range 200 {
			s := newLasting(t, mqtt.V311, func(cfg *mqtt.Config) {
				cfg.Reconnect.Servers, cfg.Reconnect.Background = []string{"mqtt://two", "mqtt://three"}, true
				cfg.Reconnect.MinDelay = time.Second
				cfg.OnRetry = func(r mqtt.Retry) {
					mu.Lock()
					defer mu.Unlock()
					round := (r.Number - 1) / 3
					longest[round] = max(longest[round], r.Delay)
				}
			})
			s.net.refuses(nobody)
			_ = s.start()
			<-time.After(20 * time.Second)
		}
		mu.Lock()
		defer mu.Unlock()
		for round, bound := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
			if got := longest[round]; got > bound || got < bound*9/10 {
				t.Errorf("the longest wait of round %d is %v, want just under %v", round, got, bound)
			}
		}
	})
}
