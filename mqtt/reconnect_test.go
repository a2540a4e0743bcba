package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// TestRetryDelaysHaveFullJitter: the first delay has it, too, and the bound is applied before the
// draw. It shows TR-02: growing delays between attempts. It keeps out peer 4.17: reconnecting comes
// as a storm.
func TestRetryDelaysHaveFullJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan mqtt.Retry, 10)
		s := newLasting(t, mqtt.V311, both(retries(told), func(cfg *mqtt.Config) {
			cfg.Reconnect.MinDelay, cfg.Reconnect.MaxDelay = time.Second, 10*time.Second
		}))
		byRetry := make([][]time.Duration, 8)
		const rounds = 300
		for range rounds {
			s.net.refuses(nil)
			s.connect("absent")
			s.net.refuses(nobody)
			s.drop()
			for k := range byRetry {
				r := <-told
				if r.Number != k+1 || r.Err == nil {
					t.Fatalf("retry %+v is the %d.", r, k+1)
				}
				byRetry[k] = append(byRetry[k], r.Delay)
			}
			must(t, s.Close(s.ctx))
		}
		for k, delays := range byRetry {
			bound := min(time.Second<<k, 10*time.Second)
			checkUniform(t, fmt.Sprintf("retry %d", k), delays, bound)
		}
	})
}

// checkUniform checks that delays look like draws from all of 0 to bound: each
// fifth of it has 60 of 300, give or take six standard deviations.
func checkUniform(t *testing.T, what string, delays []time.Duration, bound time.Duration) {
	t.Helper()
	if most := slices.Max(delays); most > bound {
		t.Errorf("%s: %v is beyond %v", what, most, bound)
	}
	var fifths [5]int
	for _, d := range delays {
		fifths[min(int(5*d/bound), 4)]++
	}
	for i, n := range fifths {
		if n < 18 || n > 102 {
			t.Errorf("%s: %d of %d delays in fifth %d of %v", what, n, len(delays), i, bound)
		}
	}
}

// TestDelaysBeginAnewAfterStability: they do not begin anew before. It shows TR-02: growing delays
// between attempts.
func TestDelaysBeginAnewAfterStability(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan mqtt.Retry, 10)
		s := newLasting(t, mqtt.V311, both(retries(told), keepAlive(-1)))
		s.connect("absent")
		for i := range 10 { // accepted, and dropped soon after
			s.server.ExpectNothing(29 * time.Second)
			s.lose("absent")
			<-told
			if n := s.Stats().Retries; n != i+1 {
				t.Fatalf("%d retries in a row, want %d", n, i+1)
			}
		}
		s.server.ExpectNothing(31 * time.Second)
		s.drop()
		if d := (<-told).Delay; d > time.Second {
			t.Errorf("waits %v after a stable connection", d)
		}
		if n := s.Stats(); n.Retries != 1 || n.Connections != 11 || n.Connected {
			t.Errorf("%+v", n)
		}
		s.acceptNext("absent")
	})
}

// TestServersAreTriedInTurn: the name of each is resolved anew. It shows TR-03: several servers.
func TestServersAreTriedInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLasting(t, mqtt.V311, func(cfg *mqtt.Config) {
			cfg.Reconnect.Servers = []string{"mqtt://two:99", "tcp://three"}
			cfg.Reconnect.Background = true
		})
		attempts := 0
		s.net.refuses(func(string) error {
			if attempts++; attempts < 6 {
				return syscall.ECONNREFUSED
			}
			return nil
		})
		s.connect("absent")
		want := []string{"one:1883", "two:99", "three:1883", "one:1883", "two:99", "three:1883"}
		if !slices.Equal(s.net.all(), want) {
			t.Errorf("reached %q", s.net.all())
		}
		if s.Remote() != "mqtt://three:1883" {
			t.Errorf("remote %s", s.Remote())
		}
		s.net.refuses(nil)
		s.lose("present")
		if s.Remote() != "mqtt://one:1883" {
			t.Errorf("remote %s", s.Remote())
		}
	})
}

// TestFirstAttemptFailsDialUnlessInTheBackground shows TR-01: nobody listens at the address; TR-05:
// reconnect after a server that does not answer.
func TestFirstAttemptFailsDialUnlessInTheBackground(t *testing.T) {
	for _, background := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newLasting(t, mqtt.V311, func(cfg *mqtt.Config) { cfg.Reconnect.Background = background })
			s.net.refuses(nobody)
			err := <-s.start()
			if background {
				must(t, err)
				synctest.Wait()
				s.net.refuses(nil)
				s.acceptNext("absent")
				return
			}
			checkError(t, err, syscall.ECONNREFUSED)
			if len(s.net.all()) != 1 {
				t.Errorf("%d attempts", len(s.net.all()))
			}
		})
	}
}

// TestSilentServerIsTriedAgain: another attempt follows, and the first connection is closed. It
// shows TR-05: reconnect after a server that does not answer.
func TestSilentServerIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLasting(t, mqtt.V5, func(cfg *mqtt.Config) {
			cfg.Reconnect.Servers = []string{"mqtt://two"}
			cfg.Transport.ConnectTimeout = 5 * time.Second
		})
		s.connect("absent")
		s.drop()
		mute := s.net.accept()
		since := elapsed()
		mute.Packet()
		mute.ExpectClosed()
		if since() != time.Second {
			t.Errorf("gave up after %v", since())
		}
		s.acceptNext("present")
		s.play("quiet")
		if want := []string{"one:1883", "two:1883", "one:1883"}; !slices.Equal(s.net.all(), want) {
			t.Errorf("reached %q", s.net.all())
		}
	})
}

// TestHalfOpenConnectionIsReplaced: this takes exactly the time it should, and pings begin anew. It
// shows KA-11: no answer to a ping; KA-19: no ping after the end [MQTT-3.14.4-1].
func TestHalfOpenConnectionIsReplaced(t *testing.T) {
	eachLasting(t, keepAlive(10*time.Second), func(s *lasting) {
		d := s.publishes(1, "a")[0]
		since := elapsed()
		s.play(`> pub 32 1 a
			> C0 00`)
		s.server.ExpectClosed()
		if since() != 14*time.Second {
			s.t.Errorf("dead after %v", since())
		}
		s.limits = "130014"
		s.acceptNext("present")
		s.play(`> pub 3A 1 a
			< 40 02 0001`)
		s.expectDone(d)
		interval := 9 * time.Second
		if s.five {
			interval = 19 * time.Second
		}
		s.server.ExpectNothing(interval - time.Millisecond)
		s.play("> C0 00")
	})
}

// TestNamesAreResolvedAtEachAttempt: whatever the last answer of the resolver was.
func TestNamesAreResolvedAtEachAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := []error{
			nil,
			&net.DNSError{Err: "server misbehaving", Name: "one", IsTemporary: true},
			&net.DNSError{Err: "no such host", Name: "one", IsNotFound: true},
			&net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH},
			nil,
		}
		s := newLasting(t, mqtt.V311, nil)
		s.net.refuses(func(address string) error {
			if address != "one:1883" {
				t.Errorf("asked for %q", address)
			}
			next := answers[0]
			answers = answers[1:]
			return next
		})
		s.connect("absent")
		s.lose("present")
		if len(answers) > 0 {
			t.Errorf("%d answers are left", len(answers))
		}
	})
}

// takeOver is a server that knows one session: whoever connects throws out the
// one before, as its version of the protocol says. It counts the connections until
// the context ends.
func takeOver(ctx context.Context, n *network, answer, disconnect []byte) (connects chan int) {
	connects = make(chan int, 1)
	go func() {
		count := 0
		end := func() {} // of the connection before
		for {
			select {
			case c := <-n.conns:
				if _, err := c.TryPacket(); err != nil {
					continue
				}
				count++
				end()
				end = func() {
					_, _ = c.Write(disconnect) // it may be gone
					c.Close()
				}
				_, _ = c.Write(answer) // the client tells
			case <-ctx.Done():
				end()
				connects <- count
				return
			}
		}
	}()
	return connects
}

// TestTwoClientsWithOneIdentifierDoNotRace: in ten minutes each connects about 16 times. It shows
// SR-27: session taken over. It keeps out T-A40: two clients of one identifier throw each other out
// for ever.
func TestTwoClientsWithOneIdentifierDoNotRace(t *testing.T) {
	for version, most := range map[mqtt.Version]int{mqtt.V311: 60, mqtt.V5: 2} {
		synctest.Test(t, func(t *testing.T) {
			s := newLasting(t, version, keepAlive(-1))
			withoutCallbacks(&s.cfg)
			ctx, cancel := context.WithTimeout(s.ctx, 10*time.Minute)
			defer cancel()
			answer, disconnect := []byte{0x20, 2, 1, 0}, []byte(nil)
			if s.five {
				answer, disconnect = []byte{0x20, 3, 1, 0, 0}, []byte{0xE0, 1, 0x8E}
			}
			connects := takeOver(ctx, s.net, answer, disconnect)
			must(t, <-s.start())
			first := s.Client
			must(t, <-s.start())
			count := <-connects
			t.Logf("%d connections with MQTT %v", count, version)
			if count > most || count < 2 {
				t.Errorf("%d connections with MQTT %v", count, version)
			}
			if s.five {
				var left *mqtt.DisconnectError
				if err := first.Err(); !errors.As(err, &left) || left.Code != 0x8E || !errors.Is(err, mqtt.ErrTakenOver) {
					t.Errorf("the first one ended with %v", err)
				}
			}
		})
	}
}

// TestFlappingLinksMakeProgress has links that live for half a second to one and a half, and a
// server that acknowledges some of what it gets.
//
// Each connection gets further, with new messages, too.
func TestFlappingLinksMakeProgress(t *testing.T) {
	eachLasting(t, func(cfg *mqtt.Config) {
		cfg.Limits.InFlight = 10
		cfg.Reconnect.MinDelay = time.Millisecond
		withoutCallbacks(cfg)
	}, func(s *lasting) {
		const window, connections = 10, 200
		next := 0
		payload := func(i int) string { return fmt.Sprint("message ", i) }
		expect := func(first byte, i int) { s.expectPublish(s.five, first, uint16(i+1), payload(i)) }
		publish := func(n int) {
			for ; n > 0; n-- {
				s.publishes(1, payload(next))
				next++
			}
		}
		publish(window + 3)
		for i := range window {
			expect(0x32, i)
		}
		for n := range connections {
			<-time.After(time.Duration(500+n%1000) * time.Millisecond)
			s.lose("present")
			done := 3 * n // of the messages
			for i := range window {
				expect(0x3A, done+i)
			}
			for i := range 3 {
				id := done + i + 1
				s.server.SendBytes([]byte{0x40, 2, byte(id >> 8), byte(id)})
				expect(0x32, done+window+i)
			}
			publish(3)
		}
		if st := s.Stats(); st.InFlight != window || st.Connections != connections+1 {
			s.t.Errorf("%+v", st)
		}
	})
}

// TestPanicWhileConnectingIsAFailedAttempt: a client that reconnects goes on after it.
func TestPanicWhileConnectingIsAFailedAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan error, 10)
		s := newLasting(t, mqtt.V311, func(cfg *mqtt.Config) {
			cfg.Reconnect.Prepare = func(_ context.Context, a *mqtt.Attempt) error {
				if a.Number == 1 {
					panic("no idea")
				}
				return nil
			}
			cfg.Reconnect.GiveUp = func(err error) bool { panic(err) }
			cfg.OnRetry = func(r mqtt.Retry) { told <- r.Err }
		})
		s.connect("absent")
		s.drop()
		if err := <-told; !errors.Is(err, mqtt.ErrServerClosed) {
			t.Errorf("first %v", err)
		}
		var panicked *mqtt.PanicError
		if err := <-told; !errors.As(err, &panicked) || panicked.Value != "no idea" {
			t.Errorf("then %v", err)
		}
		s.acceptNext("absent")
	})
}
