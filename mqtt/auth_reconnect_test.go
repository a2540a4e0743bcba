package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// TestEachConnectionAuthenticatesAnew: each connection begins its authentication from the start. It
// shows AU-13: authentication anew at each reconnect.
func TestEachConnectionAuthenticatesAnew(t *testing.T) {
	a := &echoAuth{}
	lastingAuth := func(cfg *mqtt.Config) { cfg.Auth = a }
	synctest.Test(t, func(t *testing.T) {
		s := newLasting(t, mqtt.V5, lastingAuth)
		dialed := s.start()
		for n := range 3 {
			s.server = s.net.accept()
			if p := s.server.Packet(); !strings.Contains(string(p), "\x15\x00\x01M\x16\x00\x01s") {
				t.Fatalf("CONNECT % X", p)
			}
			s.server.Send("F0 0A 18 08 1500014D 16000163")
			s.server.Expect("F0 0A 18 08 1500014D 16000143")
			s.server.Send(fmt.Sprintf("20 0B %02X00 08 1500014D 16000166", min(n, 1)))
			if n == 0 {
				s.mustWait(dialed)
			}
			synctest.Wait()
			if a.started != n+1 || a.finished != "f" {
				t.Errorf("started %d times, finished %q", a.started, a.finished)
			}
			a.finished = ""
			s.publishes(1, "x")
			if n == 0 {
				s.play("> pub 32 1 x")
			}
			s.drop()
		}
	})
}

// slowAuth counts who uses it, and takes its time for a challenge, whatever its context
// says.
type slowAuth struct {
	t     *testing.T
	users atomic.Int32
	slow  atomic.Bool
	wait  time.Duration
	heeds bool // its context
}

func (a *slowAuth) use(f func()) {
	if a.users.Add(1) > 1 {
		a.t.Error("the Authenticator is used by two at once")
	}
	f()
	a.users.Add(-1)
}

func (a *slowAuth) Method() string { return "M" }

func (a *slowAuth) Start(context.Context) ([]byte, error) {
	a.use(func() { <-time.After(time.Millisecond) })
	return nil, nil
}

func (a *slowAuth) Continue(ctx context.Context, _ []byte) (answer []byte, err error) {
	a.use(func() {
		if !a.slow.Swap(false) {
			return
		}
		err = errors.New("the challenge is wrong")
		ended := ctx.Done()
		if !a.heeds {
			ended = nil
		}
		select {
		case <-time.After(a.wait):
		case <-ended:
			err = context.Cause(ctx)
		}
	})
	return nil, err
}

func (a *slowAuth) Finish(context.Context, []byte) error { a.use(func() {}); return nil }

// TestAuthenticationEndsWithItsConnection loses the connection while the Authenticator thinks
// about a challenge: what becomes of that is nothing to the next connection, which begins
// its own conversation only once the old one is over.
func TestAuthenticationEndsWithItsConnection(t *testing.T) {
	for _, heeds := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			a := &slowAuth{t: t, wait: 15 * time.Second, heeds: heeds}
			s := newLasting(t, mqtt.V5, func(cfg *mqtt.Config) { cfg.Auth, cfg.KeepAlive = a, -1 })
			s.connect("absent")
			again := async(func() error { return s.Reauthenticate(s.ctx) })
			s.server.Expect("F0 06 19 04 1500014D")
			a.slow.Store(true)
			s.server.Send("F0 06 18 04 1500014D")
			synctest.Wait()
			begun := elapsed()
			s.lose("present")
			if heeds && begun() > 5*time.Second {
				t.Errorf("the conversation of a lost connection kept the next one for %v", begun())
			}
			<-time.After(20 * time.Second) // the old one has failed by now
			if err := s.wait(again); err == nil || heeds && !errors.Is(err, mqtt.ErrNotConnected) {
				t.Errorf("%v", err)
			}
			s.server.ExpectNothing(time.Minute) // no DISCONNECT, above all
			again = async(func() error { return s.Reauthenticate(s.ctx) })
			s.server.Expect("F0 06 19 04 1500014D")
			s.server.Send("F0 06 00 04 1500014D")
			s.mustWait(again)
		})
	}
}

// TestConnectAuthenticationEndsWithItsConnection is the same within a CONNECT: the client
// goes on at once, and does not wait for its time-out.
func TestConnectAuthenticationEndsWithItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &slowAuth{t: t, wait: time.Hour, heeds: true}
		s := newLasting(t, mqtt.V5, func(cfg *mqtt.Config) {
			cfg.Auth, cfg.KeepAlive, cfg.Reconnect.Background = a, -1, true
			cfg.Transport.ConnectTimeout = -1
		})
		must(t, <-s.start())
		first := s.net.accept()
		first.Packet()
		a.slow.Store(true)
		first.Send("F0 06 18 04 1500014D")
		synctest.Wait()
		first.Close()
		begun := elapsed()
		s.acceptNext("absent")
		if begun() > 5*time.Second {
			t.Errorf("after %v", begun())
		}
		s.play("quiet")
	})
}

// TestAuthenticationDataWithoutAMethodIsRefused: a CONNACK has none where CONNECT asked for no
// method [MQTT-4.12.0-6].
func TestAuthenticationDataWithoutAMethodIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, dialed := startPipe(t, v5)
		s.server.Packet()
		s.server.Send("20 07 0000 04 16000161")
		s.server.Expect("E0 01 82")
		s.server.Close()
		if err := <-dialed; err == nil || !strings.Contains(err.Error(), "authentication data") {
			t.Errorf("%v", err)
		}
	})
}

// TestOldAuthenticationLeavesOtherConnectionsAlone: the next connection has no Authenticator,
// so that it does not wait for the conversation of the lost one, which fails later.
func TestOldAuthenticationLeavesOtherConnectionsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &slowAuth{t: t, wait: 15 * time.Second}
		s := newLasting(t, mqtt.V5, func(cfg *mqtt.Config) {
			cfg.Auth, cfg.KeepAlive = a, -1
			cfg.Reconnect.Prepare = func(_ context.Context, a *mqtt.Attempt) error {
				if a.Number > 0 {
					a.Config.Auth = nil
				}
				return nil
			}
		})
		s.connect("absent")
		again := async(func() error { return s.Reauthenticate(s.ctx) })
		s.server.Packet()
		a.slow.Store(true)
		s.server.Send("F0 06 18 04 1500014D")
		s.lose("present")
		s.server.ExpectNothing(time.Minute)
		if err := s.wait(again); err == nil {
			t.Error("the old one has succeeded")
		}
	})
}

// TestConnectTooLateSaysSo calls Connect, with authentication and no time left, on a client that
// has ended: no other authentication is in its way.
func TestConnectTooLateSaysSo(t *testing.T) {
	server := mqtttest.NewServer(t)
	opened, err := mqtt.Open(ctxFor(t), server.URL(), mqtt.Config{})
	must(t, err)
	server.Accept().Close()
	<-opened.Done()
	ctx, cancel := context.WithCancel(ctxFor(t))
	cancel()
	for range 50 { // it was a matter of chance
		err := opened.Connect(ctx, mqtt.Config{ClientID: "c", Version: mqtt.V5, Auth: &gatedAuth{}})
		if !errors.Is(err, mqtt.ErrClosed) || strings.Contains(err.Error(), "another") {
			t.Fatal(err)
		}
	}
}

// TestConnectionThatEndsBeforeConnectIsTold while the Authenticator makes what CONNECT is to have: what ended this connection is why the
// attempt failed, and not what ended the one before it.
func TestConnectionThatEndsBeforeConnectIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan error, 10)
		s := newLasting(t, mqtt.V5, func(cfg *mqtt.Config) {
			cfg.Auth, cfg.OnRetry = &slowAuth{t: t}, func(r mqtt.Retry) { told <- r.Err }
		})
		s.connect("absent")
		s.server.Send("E0 02 8B 00")
		var left *mqtt.DisconnectError
		if err := <-told; !errors.As(err, &left) {
			t.Errorf("the server's word is told as %v", err)
		}
		s.net.accept().Close()
		var silent *mqtt.NoConnAckError
		if err := <-told; !errors.As(err, &silent) || !errors.Is(err, mqtt.ErrServerClosed) || errors.As(err, &left) {
			t.Errorf("the end before CONNECT is told as %v", err)
		}
		s.acceptNext("present")
		synctest.Wait()
		if !s.IsConnected() {
			t.Error("the client has not come back")
		}
		s.finish()
	})
}
