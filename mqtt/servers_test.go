package mqtt_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/internal/testdns"
	"dunlin/mqtt"
)

// host returns the host that was reached last.
func (n *network) host() string {
	all := n.all()
	name, _, _ := strings.Cut(all[len(all)-1], ":")
	return name
}

// checkShares checks that counts are as shares say, give or take six standard deviations.
func checkShares(t *testing.T, what string, counts map[string]int, shares map[string]float64) {
	t.Helper()
	all := 0
	for _, n := range counts {
		all += n
	}
	for name, share := range shares {
		want := share * float64(all)
		if off := 6 * math.Sqrt(want*(1-share)); math.Abs(float64(counts[name])-want) > off {
			t.Errorf("%s: %s has %d of %d, want %.0f give or take %.0f", what, name, counts[name], all, want, off)
		}
	}
}

// TestShuffledServersSpreadClients: over the servers at the beginning, by their weights, and those of a server
// that fails over the others, with no attempt at the one that has just failed before.
func TestShuffledServersSpreadClients(t *testing.T) {
	for _, c := range []struct {
		weights     []int
		first, next map[string]float64 // shares: of all, and of those who lost "one"
	}{
		{nil, map[string]float64{"one": 1. / 3, "two": 1. / 3, "three": 1. / 3}, map[string]float64{"two": .5, "three": .5}},
		{[]int{6, 3, 1}, map[string]float64{"one": .6, "two": .3, "three": .1}, map[string]float64{"two": .75, "three": .25}},
		{[]int{1, 1, 0}, map[string]float64{"one": .5, "two": .5, "three": 0}, map[string]float64{"two": 1, "three": 0}},
		{[]int{1, 0, 0}, map[string]float64{"one": 1, "two": 0, "three": 0}, map[string]float64{"two": .5, "three": .5}},
	} {
		synctest.Test(t, func(t *testing.T) {
			first, next := map[string]int{}, map[string]int{}
			for range 400 {
				s := newLasting(t, mqtt.V311, func(cfg *mqtt.Config) {
					cfg.Reconnect.Servers = []string{"mqtt://two", "mqtt://three"}
					cfg.Reconnect.Order, cfg.Reconnect.Weights = mqtt.ServersShuffled, c.weights
				})
				s.connect("absent")
				before := s.net.host()
				first[before]++
				s.lose("present")
				if before == "one" {
					next[s.net.host()]++
				}
				if s.lose("present"); c.first["three"] == 0 && c.next["three"] == 0 && s.net.host() == "three" {
					t.Fatalf("of weight 0, and tried before all others: %q", s.net.all())
				}
				must(t, s.Close(s.ctx))
			}
			checkShares(t, fmt.Sprintf("first, by %v", c.weights), first, c.first)
			checkShares(t, fmt.Sprintf("after a loss, by %v", c.weights), next, c.next)
		})
	}
}

// TestShuffledServersAreAllTried: each once in a round, and none twice in a row.
func TestShuffledServersAreAllTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLasting(t, mqtt.V311, func(cfg *mqtt.Config) {
			cfg.Reconnect.Servers = []string{"mqtt://two", "mqtt://three", "mqtt://four"}
			cfg.Reconnect.Order, cfg.Reconnect.Background = mqtt.ServersShuffled, true
		})
		attempts := 0
		s.net.refuses(func(string) error {
			if attempts++; attempts <= 40 {
				return syscall.ECONNREFUSED
			}
			return nil
		})
		s.connect("absent")
		all := s.net.all()
		orders := map[string]bool{}
		for round := range slices.Chunk(all[:40], 4) {
			orders[strings.Join(round, " ")] = true
			if len(slices.Compact(slices.Sorted(slices.Values(round)))) != 4 {
				t.Errorf("a round is %q", round)
			}
		}
		if len(orders) == 1 || len(slices.Compact(slices.Clone(all))) != len(all) {
			t.Errorf("tried %q", all)
		}
	})
}

func TestServerOrdersAreChecked(t *testing.T) {
	for _, c := range []struct {
		wrong string
		r     mqtt.Reconnect
	}{
		{"Reconnect.Order", mqtt.Reconnect{Order: 3}},
		{"Reconnect.Weights", mqtt.Reconnect{Weights: []int{1}}},
		{"Reconnect.Weights", mqtt.Reconnect{Order: mqtt.ServersShuffled, Weights: []int{1, 2}}},
		{"Reconnect.Weights", mqtt.Reconnect{Order: mqtt.ServersShuffled, Weights: []int{}}},
		{"Reconnect.Weights", mqtt.Reconnect{Order: mqtt.ServersShuffled, Weights: []int{1, -1}, Servers: []string{"mqtt://two"}}},
	} {
		cfg := mqtt.Config{Reconnect: &c.r}
		var bad *mqtt.ArgumentError
		if err := cfg.Validate(); !errors.As(err, &bad) || bad.Name != c.wrong {
			t.Errorf("%+v: %v", c.r, err)
		}
	}
	good := mqtt.Config{Reconnect: &mqtt.Reconnect{Order: mqtt.ServersShuffled, Weights: []int{0, 3}, Servers: []string{"mqtt://two"}}}
	must(t, good.Validate())
}

// domain is a client of a domain with SRV records: a and b have the best priority, c is spare.
func domain(t *testing.T, names *testdns.Server, change func(*mqtt.Config)) func(f func(s *lasting)) {
	names.SetSRV("_mqtt._tcp.example.test", testdns.Record(1, 1, 1, "a.test"), testdns.Record(1, 0, 1, "b.test"), testdns.Record(2, 0, 1, "c.test"))
	resolver := names.Piped()
	return func(f func(s *lasting)) {
		synctest.Test(t, func(t *testing.T) {
			s := newLasting(t, mqtt.V311, change)
			s.cfg.Transport.Resolver = resolver
			s.url = "mqtt+srv://joe:secret@example.test"
			f(s)
		})
	}
}

// TestServersOfADomain: the records are asked for at each attempt, a server that cannot be reached gives way
// to the next within the attempt, and the spare one serves only then.
func TestServersOfADomain(t *testing.T) {
	names := testdns.New()
	domain(t, names, nil)(func(s *lasting) {
		s.connect("absent")
		if s.Remote() != "mqtt://a.test:1" {
			s.t.Errorf("connected to %s", s.Remote())
		}
		s.net.refuses(func(address string) error {
			if address == "a.test:1" || address == "b.test:1" {
				return syscall.ECONNREFUSED
			}
			return nil
		})
		s.lose("present")
		if want := []string{"a.test:1", "a.test:1", "b.test:1", "c.test:1"}; !slices.Equal(s.net.all(), want) || s.Remote() != "mqtt://c.test:1" {
			s.t.Errorf("reached %q", s.net.all())
		}
		s.net.refuses(nil)
		names.SetSRV("_mqtt._tcp.example.test", testdns.Record(0, 0, 7, "d.test"))
		connect := s.lose("present")
		if s.Remote() != "mqtt://d.test:7" {
			s.t.Errorf("connected to %s", s.Remote())
		}
		if !strings.Contains(string(connect), "joe") || !strings.Contains(string(connect), "secret") {
			s.t.Errorf("CONNECT has not the login of the URL: %q", connect)
		}
		if n := names.Asked("_mqtt._tcp.example.test"); n != 3 {
			s.t.Errorf("asked %d times", n)
		}
	})
}

// TestServerOfADomainThatIsSilent takes connections and does not answer, as one that is stopped: the next attempt
// goes to another one, although that is the best, and after a connection it has its turn again.
func TestServerOfADomainThatIsSilent(t *testing.T) {
	domain(t, testdns.New(), func(cfg *mqtt.Config) { cfg.Transport.ConnectTimeout = 5 * time.Second })(func(s *lasting) {
		s.connect("absent")
		s.drop()
		for _, name := range []string{"a.test", "b.test", "c.test", "a.test"} {
			mute := s.net.accept()
			mute.Packet()
			if s.net.host() != name {
				s.t.Fatalf("tried %q", s.net.all())
			}
			mute.ExpectClosed()
		}
		s.acceptNext("present")
		if s.Remote() != "mqtt://b.test:1" {
			s.t.Errorf("connected to %s", s.Remote())
		}
		s.lose("present")
		if s.Remote() != "mqtt://a.test:1" {
			s.t.Errorf("connected again to %s", s.Remote())
		}
	})
}

// TestServerOfADomainThatFellSilent: one that has left a ping without an answer is not the first to be tried, although it is the best.
func TestServerOfADomainThatFellSilent(t *testing.T) {
	domain(t, testdns.New(), keepAlive(10*time.Second))(func(s *lasting) {
		s.connect("absent")
		s.play("> C0 00")
		s.server.ExpectClosed()
		s.acceptNext("present")
		if s.Remote() != "mqtt://b.test:1" {
			s.t.Errorf("connected to %s", s.Remote())
		}
	})
}

// TestDomainAmongServers goes on to the next server while the domain names none, and lasts until it does.
func TestDomainAmongServers(t *testing.T) {
	names := testdns.New()
	domain(t, names, func(cfg *mqtt.Config) {
		cfg.Reconnect.Servers, cfg.Reconnect.Background = []string{"mqtt://two"}, true
	})(func(s *lasting) {
		names.SetSRV("_mqtt._tcp.example.test")
		s.net.refuses(func(string) error {
			names.SetSRV("_mqtt._tcp.example.test", testdns.Record(0, 0, 1, "a.test"))
			s.net.refuse = nil
			return syscall.ECONNREFUSED
		})
		s.connect("absent")
		if want := []string{"two:1883", "a.test:1"}; !slices.Equal(s.net.all(), want) {
			s.t.Errorf("reached %q", s.net.all())
		}
	})
}

// TestDomainWhoseNameServerIsSilent holds up the other servers of the list for as long as a silent server does, and Close not at all.
func TestDomainWhoseNameServerIsSilent(t *testing.T) {
	names := testdns.New()
	domain(t, names, func(cfg *mqtt.Config) {
		cfg.Reconnect.Servers, cfg.Reconnect.Background = []string{"mqtt://two"}, true
	})(func(s *lasting) {
		names.SetSilent(true)
		begun := time.Now()
		s.connect("absent")
		if took := time.Since(begun); took > 2*time.Second || s.Remote() != "mqtt://two:1883" { // a turn, and the wait before the next
			s.t.Errorf("connected to %s after %v", s.Remote(), took)
		}
		<-time.After(time.Minute) // package net has given up
	})
	names.SetSilent(false)
	domain(t, names, func(cfg *mqtt.Config) { cfg.Reconnect.Background = true })(func(s *lasting) {
		names.SetSilent(true)
		must(s.t, <-s.start())
		synctest.Wait()
		begun := time.Now()
		must(s.t, s.Close(s.ctx))
		if took := time.Since(begun); took > 0 {
			s.t.Errorf("Close waited %v for a name server", took)
		}
		<-time.After(time.Minute)
	})
}

// TestDomainWithoutReconnect takes the first server that can be reached.
func TestDomainWithoutReconnect(t *testing.T) {
	domain(t, testdns.New(), func(cfg *mqtt.Config) { cfg.Reconnect = nil })(func(s *lasting) {
		s.net.refuses(func(address string) error {
			if address == "a.test:1" {
				return syscall.ECONNREFUSED
			}
			return nil
		})
		s.connect("absent")
		if s.Remote() != "mqtt://b.test:1" {
			s.t.Errorf("connected to %s", s.Remote())
		}
	})
}

// TestServerThatSendsClientsAway: one that is to be emptied, as EMQX empties a node, says 0x9C to its clients and to those that come. They
// go on to the others, also where it is the first of all, and do not end; nor do they at 0x9D, while there are others.
func TestServerThatSendsClientsAway(t *testing.T) {
	for _, code := range []string{"9C", "9D"} {
		for _, order := range []mqtt.ServerOrder{mqtt.ServersInTurn, mqtt.ServersFirstFirst} {
			synctest.Test(t, func(t *testing.T) {
				s := newLasting(t, mqtt.V5, three(order))
				s.connect("absent")
				s.server.Send("E0 01 " + code)
				s.server = s.net.accept()
				s.server.Packet()
				s.server.Send("20 03 00 " + code + " 00")
				s.acceptNext("present")
				s.expectReached("one", "two", "three")
				s.lose("present")
				if order == mqtt.ServersFirstFirst {
					s.expectReached("one", "two", "three", "three")
				}
			})
		}
	}
}
