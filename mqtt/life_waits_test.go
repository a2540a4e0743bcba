package mqtt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/dial"
	"dunlin/mqtt/store"
)

// over returns a context that has ended.
func over() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// expectWait checks what Wait says of a delivery that has not ended.
func (s *lasting) expectWait(what string, d *mqtt.Delivery, want error) {
	s.t.Helper()
	err := d.Wait(over())
	for _, outcome := range []error{mqtt.ErrQueued, mqtt.ErrInDoubt, mqtt.ErrSaved, mqtt.ErrNotSent} {
		if errors.Is(err, outcome) != errors.Is(want, outcome) {
			s.t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	if !errors.Is(err, context.Canceled) {
		s.t.Errorf("%s: %v does not say why", what, err)
	}
}

// TestWaitTellsWhatHasNotLeft: what has not left is still queued, and only what may have is
// in doubt.
func TestWaitTellsWhatHasNotLeft(t *testing.T) {
	change := func(cfg *mqtt.Config) { cfg.Limits.InFlight, cfg.KeepAlive = 2, -1 }
	eachLasting(t, change, func(s *lasting) {
		synctest.Wait()
		taken := s.publishes(1, "a")[0] // the write loop has it, and the server does not read
		synctest.Wait()
		behind, behind0 := s.publishes(1, "b")[0], s.publishes(0, "c")[0]
		beyond := s.publishes(1, "d")[0]
		sub, err := s.SubscribeAsync(context.Background(), []mqtt.Subscription{{Filter: "f"}}, nil)
		must(s.t, err)
		s.expectWait("being written", taken, mqtt.ErrInDoubt)
		s.expectWait("in the out-buffer", behind, mqtt.ErrQueued)
		s.expectWait("of QoS 0 in the out-buffer", behind0, mqtt.ErrQueued)
		s.expectWait("beyond the window", beyond, mqtt.ErrQueued)
		s.expectWait("a SUBSCRIBE in the out-buffer", sub, mqtt.ErrQueued)
		s.play(`> pub 32 1 a
			> pub 32 2 b
			> pub 30 0 c`)
		s.server.Packet() // SUBSCRIBE
		synctest.Wait()
		s.expectWait("written", behind, mqtt.ErrInDoubt)
		s.expectWait("a SUBSCRIBE that was written", sub, mqtt.ErrInDoubt)
		s.expectWait("still beyond the window", beyond, mqtt.ErrQueued)
		s.net.refuses(nobody)
		s.drop()
		offline := s.publishes(2, "e")[0]
		parked, err := s.UnsubscribeAsync(context.Background(), []string{"f"}, nil)
		must(s.t, err)
		s.expectWait("sent on a lost connection", behind, mqtt.ErrInDoubt)
		s.expectWait("a SUBSCRIBE on a lost connection", sub, mqtt.ErrInDoubt)
		s.expectWait("published offline", offline, mqtt.ErrQueued)
		s.expectWait("asked for offline", parked, mqtt.ErrQueued)
	})
}

// TestWaitTellsWhatIsSaved: it is in the store, whether it has left or not.
func TestWaitTellsWhatIsSaved(t *testing.T) {
	eachOffline(t, func(cfg *mqtt.Config) { cfg.Store = store.NewMemory() }, func(s *lasting) {
		d := s.publishes(1, "a")[0]
		synctest.Wait()
		s.expectWait("saved offline", d, mqtt.ErrSaved)
		s.online("absent")
		s.play("> pub 32 1 a")
		s.expectWait("saved and sent", d, mqtt.ErrSaved)
		s.play("< 40 02 0001")
		s.expectDone(d)
	})
}

// TestParkedRequestIsTakenBack: what waits for a connection when its context ends is never
// sent, and what was in force before is again.
func TestParkedRequestIsTakenBack(t *testing.T) {
	eachLasting(t, nil, func(s *lasting) {
		must(s.t, s.subscribeHere(s.sub("old", "f")))
		s.net.refuses(nobody)
		s.drop()
		ctx, cancel := context.WithTimeout(s.ctx, time.Second)
		defer cancel()
		calls := []chan error{
			async(func() error { _, err := s.Subscribe(ctx, s.sub("new", "f")); return err }),
			async(func() error { _, err := s.Subscribe(ctx, s.sub("new", "g")); return err }),
			async(func() error { return s.Unsubscribe(ctx, "f") }),
		}
		for _, call := range calls {
			err := <-call
			checkError(s.t, err, mqtt.ErrNotSent, context.DeadlineExceeded)
			if errors.Is(err, mqtt.ErrInDoubt) {
				s.t.Errorf("%v", err)
			}
		}
		s.online("present")
		s.play("quiet")
		s.server.SendBytes(publishBytes(s.five, 0x30, "f", 0, ""))
		s.expectEvent("old f=")
		s.lose("absent")
		if p := s.server.Packet(); !bytes.Contains(p, []byte("\x00\x01f")) || bytes.Contains(p, []byte("\x00\x01g")) {
			s.t.Errorf("renewed with % X", p)
		}
		s.play("quiet")
	})
}

// subscribeHere subscribes, and the server agrees.
func (s *lasting) subscribeHere(sub mqtt.Subscription) error {
	done := async(func() error { _, err := s.Subscribe(s.ctx, sub); return err })
	p := s.server.Packet()
	answer := []byte{0x90, 3, p[2], p[3], 0}
	if s.five {
		answer = []byte{0x90, 4, p[2], p[3], 0, 0}
	}
	s.server.SendBytes(answer)
	return <-done
}

// TestRequestThatWasSentIsInDoubt: one that waits for an answer, and then for another
// connection.
func TestRequestThatWasSentIsInDoubt(t *testing.T) {
	eachLasting(t, nil, func(s *lasting) {
		ctx, cancel := context.WithTimeout(s.ctx, 10*time.Second)
		defer cancel()
		call := async(func() error { _, err := s.Subscribe(ctx, s.sub("new", "f")); return err })
		s.server.Packet()
		s.net.refuses(nobody)
		s.drop()
		checkError(s.t, <-call, mqtt.ErrInDoubt, context.DeadlineExceeded)
		s.online("present")
		s.play("quiet") // nobody waits for it any more
	})
}

// TestPingEndsByItself: with a context that has no end it waits as long as a ping of keep
// alive would, though there is none.
func TestPingEndsByItself(t *testing.T) {
	for name, test := range map[string]struct {
		keepAlive, timeout, want time.Duration
		reads                    bool
	}{
		"server does not read":             {-1, 7 * time.Second, 7 * time.Second, false},
		"server does not answer":           {-1, 7 * time.Second, 7 * time.Second, true},
		"default without keep alive":       {-1, 0, time.Second, true},
		"default with keep alive":          {100 * time.Second, 0, 50 * time.Second, true},
		"default and server does not read": {-1, 0, time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := dialPipe(t, func(cfg *mqtt.Config) { cfg.KeepAlive, cfg.Limits.PingTimeout = test.keepAlive, test.timeout }, "")
				begun := elapsed()
				pinged := async(func() error { _, err := s.Ping(context.Background()); return err })
				if test.reads {
					s.server.Expect("C0 00")
				}
				select {
				case err := <-pinged:
					checkError(t, err, context.DeadlineExceeded)
				case <-time.After(time.Hour):
					t.Fatal("it waits without an end")
				}
				if begun() != test.want {
					t.Errorf("after %v, want %v", begun(), test.want)
				}
				ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
				defer cancel()
				begun = elapsed()
				if _, err := s.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) || begun() != 300*time.Millisecond {
					t.Errorf("after %v: %v", begun(), err)
				}
			})
		})
	}
}

// TestNothingTellsCredentials collects all that a client with credentials in its URL says:
// its name of the server, its errors, events and log.
func TestNothingTellsCredentials(t *testing.T) {
	const user, password, token = "the-user", "the-password", "the-token"
	for name, url := range map[string]string{
		"TCP":       "mqtt://" + user + ":" + password + "@one:1883",
		"WebSocket": "ws://" + user + ":" + password + "@one/path?signature=" + token,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var said notes
				say := func(v ...any) { _, _ = fmt.Fprintln(&said, v...) }
				s := newLasting(t, mqtt.V5, func(cfg *mqtt.Config) { logEverything(cfg, &said, say) })
				dialBlocked(t, s, url, say)
				s.net.refuses(nobody)
				_, err := mqtt.Dial(s.ctx, url, s.cfg)
				say(err)
				s.net.refuses(nil)
				s.cfg.Reconnect.Background = true
				c, err := mqtt.Dial(s.ctx, url, s.cfg)
				must(t, err)
				say(c.Remote())
				for _, answer := range []string{"20 03 00 88 00", "20 03 000000", ""} {
					conn := s.net.accept()
					p := conn.Packet()
					if !bytes.Contains(p, []byte(password)) {
						t.Errorf("logged in with % X", p)
					}
					if answer == "" {
						conn.Close()
						continue
					}
					conn.Send(answer)
					synctest.Wait()
					conn.Close()
				}
				synctest.Wait()
				say(c.Remote(), c.Err(), c.Publish(over(), mqtt.Message{Topic: "t"}))
				say(c.Close(over()))
				say(c.Remote(), c.Err(), c.Close(s.ctx))
				for _, secret := range []string{user, password, token} {
					for line := range strings.Lines(said.String()) {
						if strings.Contains(line, secret) {
							t.Errorf("%q is in %q", secret, line)
						}
					}
				}
				if !strings.Contains(said.String(), "one:") {
					t.Errorf("nobody names the server: %s", said.String())
				}
			})
		})
	}
}

// notes holds what several goroutines write.
type notes struct {
	mu   sync.Mutex
	text strings.Builder
}

func (n *notes) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(b)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

// logEverything has all that a client tells go to said.
func logEverything(cfg *mqtt.Config, said *notes, say func(...any)) {
	cfg.Transport.Logger = slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cfg.Transport.WebSocket = func(_ context.Context, conn net.Conn, _ dial.Address) (net.Conn, error) { return conn, nil }
	cfg.OnConnect = func(c *mqtt.Client) { say(c.Remote()) }
	cfg.OnDisconnect = func(err error) { say("disconnect", err) }
	cfg.OnRetry = func(r mqtt.Retry) { say("retry", r.Err) }
	cfg.OnError = func(err error) { say("error", err) }
}

// dialBlocked closes a client whose first attempt does not return.
func dialBlocked(t *testing.T, s *lasting, url string, say func(...any)) {
	t.Helper()
	release := make(chan struct{})
	cfg := s.cfg
	cfg.Reconnect = &mqtt.Reconnect{Background: true}
	cfg.Transport.Dial = func(context.Context, string, string) (net.Conn, error) {
		<-release
		return nil, nobody("")
	}
	c, err := mqtt.Dial(s.ctx, url, cfg)
	must(t, err)
	synctest.Wait()
	ctx, cancel := context.WithTimeout(s.ctx, time.Second)
	defer cancel()
	say(c.Remote(), c.Close(ctx))
	close(release)
	must(t, c.Close(s.ctx))
}
