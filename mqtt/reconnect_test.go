package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// retries has every announced retry go to told.
func retries(told chan mqtt.Retry) func(*mqtt.Config) {
	return func(cfg *mqtt.Config) {
		cfg.OnRetry = func(r mqtt.Retry) { told <- r }
	}
}

func TestDelays(t *testing.T) { // TR-02, peer 4.17, fault 23: full jitter, the first too, and the bound before the draw
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

func TestDelaysBeginAnewAfterStability(t *testing.T) { // TR-02: and not before
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

func TestServerList(t *testing.T) { // TR-03, fault 24: in turn, each asked for anew
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

func TestFirstAttemptFails(t *testing.T) { // TR-01, TR-05: Dial says so, unless it is to go on in the background
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

func TestSilentServerIsTriedAgain(t *testing.T) { // TR-05, fault 10: the next one, and the socket is closed
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
		if since() != 5*time.Second {
			t.Errorf("gave up after %v", since())
		}
		s.acceptNext("present")
		s.play("quiet")
		if want := []string{"one:1883", "two:1883", "one:1883"}; !slices.Equal(s.net.all(), want) {
			t.Errorf("reached %q", s.net.all())
		}
	})
}

func TestHalfOpenConnectionIsReplaced(t *testing.T) { // KA-11, KA-19, fault 9: in exact time, and pings begin anew
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

// TestWhatEndsIt answers CONNECT, or the connection, with every code that means
// something for going on.
func TestWhatEndsIt(t *testing.T) { // DC-19, TR-04, SR-27, T-A40, fault 22: with its reason, or it goes on
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
		0x8A: true, 0x8C: true, 0x90: true, 0x95: true, 0x97: false, 0x99: true, 0x9A: true, 0x9B: true, 0x9C: true, 0x9D: true, 0x9F: false,
	} {
		all = append(all, answer{fmt.Sprintf("20 03 00 %02X 00", code), mqtt.V5, ends})
	}
	for code, ends := range map[int]bool{
		0x00: false, 0x80: false, 0x81: false, 0x82: false, 0x83: false, 0x87: false, 0x89: false, 0x8B: false, 0x8D: false, 0x8E: true,
		0x8F: false, 0x90: false, 0x93: false, 0x94: false, 0x95: false, 0x96: false, 0x97: false, 0x98: true, 0x99: false, 0x9A: false,
		0x9B: false, 0x9C: true, 0x9D: true, 0x9E: false, 0x9F: false, 0xA0: false, 0xA1: false, 0xA2: false,
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
		silence(cfg)
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

// drain ranges over what a closed channel holds.
func drain[T any](c chan T) func(func(T) bool) {
	return func(yield func(T) bool) {
		for v := range c {
			if !yield(v) {
				return
			}
		}
	}
}

func TestOwnReasonToGiveUp(t *testing.T) { // TR-04, DC-19
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

func TestEventsOfALastingClient(t *testing.T) { // DC-20: each connection begins and ends once
	eachLasting(t, func(cfg *mqtt.Config) {
		said := make(chan string, 100)
		silence(cfg)
		cfg.OnConnect = func(*mqtt.Client) { said <- "connect" }
		cfg.OnDisconnect = func(error) { said <- "disconnect" }
		cfg.OnRetry = func(r mqtt.Retry) { said <- fmt.Sprint("retry ", r.Number) }
		cfg.OnMessage = func(context.Context, *mqtt.Received) {
			close(said)
			got, want := slices.Collect(drain(said)), []string{"connect", "disconnect", "retry 1", "connect", "disconnect", "retry 2", "connect"}
			if !slices.Equal(got, want) {
				panic(fmt.Sprintf("said %q", got))
			}
		}
	}, func(s *lasting) {
		s.lose("present")
		synctest.Wait()
		s.server.Send("30 03 00")
		s.lose("present")
		s.play(`< pub 32 1 a
			> 40 02 0001`)
	})
}

// TestAttemptsEndWithTheirContext: Dial's own ends Dial, and nothing else.
func TestAttemptsEndWithTheirContext(t *testing.T) { // TR-06, fault 31
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
