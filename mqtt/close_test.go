package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// TestCloseFromEveryState shows DC-01: DISCONNECT, then the end of the stream [MQTT-3.14.4-1];
// DC-06: disconnecting while connecting; DC-07: closed twice, concurrently, from a handler; TR-07:
// client used before connecting and after its end. It keeps out peer 4.12: leaving hangs or
// crashes, and an abandoned connect goes on.
func TestCloseFromEveryState(t *testing.T) {
	for _, state := range []string{"opened", "connecting", "connected", "lost"} {
		for range 20 {
			server := mqtttest.NewServer(t)
			s := &scripted{t: t, ctx: ctxFor(t), events: make(chan string, 10)}
			var err error
			if s.Client, err = mqtt.Open(s.ctx, server.URL(), mqtt.Config{}); err != nil {
				t.Fatal(err)
			}
			s.server = server.Accept()
			connected := make(chan error, 1)
			if state != "opened" {
				go func() { connected <- s.Connect(s.ctx, mqtt.Config{ClientID: "c"}) }()
				s.server.Packet()
			}
			if state == "connected" || state == "lost" {
				s.server.Send("20 02 0000")
				s.mustWait(connected)
			}
			if state == "lost" {
				s.server.Close()
				<-s.Done()
			}
			var calls []chan error
			for range 3 {
				calls = append(calls, async(func() error { return s.Close(s.ctx) }))
			}
			if state == "connected" {
				s.server.Expect("E0 00")
			}
			if state != "lost" {
				s.server.ExpectClosed() // and nothing after it [MQTT-3.14.4-2]
				s.server.Close()
			}
			for _, call := range calls {
				s.mustWait(call)
			}
			if state == "connecting" {
				if err := s.wait(connected); !errors.Is(err, mqtt.ErrClosed) {
					t.Errorf("Connect ended with %v", err)
				}
			}
			s.checkClosed(state == "connected")
		}
	}
}

// checkClosed checks what every call says after the end.
func (s *scripted) checkClosed(byUser bool) {
	s.t.Helper()
	for what, err := range map[string]error{
		"publish":     s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 1}),
		"subscribe":   errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "t"})),
		"unsubscribe": s.Unsubscribe(s.ctx, "t"),
		"connect":     s.Connect(s.ctx, mqtt.Config{ClientID: "c"}),
	} {
		if !errors.Is(err, mqtt.ErrClosed) || strings.Contains(err.Error(), "\n") {
			s.t.Errorf("%s: %v", what, err)
		}
		if what != "connect" && !errors.Is(err, mqtt.ErrNotSent) {
			s.t.Errorf("%s does not say that nothing was sent: %v", what, err)
		}
	}
	if byUser && s.Err() != mqtt.ErrClosed { //nolint:errorlint // the very one: no cause but the call
		s.t.Errorf("err %v", s.Err())
	}
	if s.IsConnected() || s.IsQueued() {
		s.t.Error("connected or queued after the end")
	}
}

// TestQueuedMessagesLeaveBeforeDisconnect shows P0-15: publish and disconnect at once; DC-01:
// DISCONNECT, then the end of the stream [MQTT-3.14.4-1].
func TestQueuedMessagesLeaveBeforeDisconnect(t *testing.T) {
	const n = 2000
	synctest.Test(t, func(t *testing.T) {
		s := dialPipe(t, nil, "")
		var done atomic.Int32
		for i := range n {
			_, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "n", Payload: fmt.Appendf(nil, "%05d", i)}, func(err error) {
				if err == nil {
					done.Add(1)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		closed := async(func() error { return s.Close(s.ctx) })
		synctest.Wait()
		s.server.Expect(hexOf(numbered(0, 0, n)))
		s.server.Expect("E0 00")
		s.server.ExpectClosed()
		s.mustWait(closed)
		if done.Load() != n {
			t.Errorf("%d of %d completed", done.Load(), n)
		}
	})
}

func TestCloseKeepsItsDeadlineThoughTheServerDoesNotRead(t *testing.T) {
	for _, test := range []struct {
		name  string
		limit time.Duration // 0: none
		want  time.Duration
	}{{"default", 0, 10 * time.Second}, {"own deadline", 3 * time.Second, 3 * time.Second}} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := dialPipe(t, nil, "")
				published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t"}) })
				synctest.Wait()
				ctx, cancel := s.ctx, context.CancelFunc(func() {})
				if test.limit > 0 {
					ctx, cancel = context.WithTimeout(s.ctx, test.limit)
				}
				defer cancel()
				since := elapsed()
				err := s.Close(ctx)
				if since() != test.want || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "cut off") {
					t.Errorf("after %v: %v", since(), err)
				}
				if err := <-published; !errors.Is(err, mqtt.ErrInDoubt) {
					t.Errorf("the publish: %v", err)
				}
			})
		})
	}
}

// TestRefusalDoesNotWaitForAServerThatDoesNotRead: writing DISCONNECT has a time limit. It shows
// MF-31: DISCONNECT arrives before the connection is closed [MQTT-3.14.4-2].
func TestRefusalDoesNotWaitForAServerThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := dialPipe(t, both(v5, keepAlive(-1)), "")
		since := elapsed()
		s.server.Send("C0 00")
		s.expectEvent("disconnect: the server broke the protocol: PINGREQ")
		if since() > 10*time.Second {
			t.Errorf("it took %v", since())
		}
	})
}

// TestEveryCallEndsOnceWhenTheClientCloses shows DC-07: closed twice, concurrently, from a handler;
// TR-06: context ends at any stage. It keeps out peer 4.2: the loss of a connection hangs the
// client; peer 4.3: waiting for an operation never ends; peer 4.36: no error though nothing was
// acknowledged.
func TestEveryCallEndsOnceWhenTheClientCloses(t *testing.T) {
	for round := range 15 {
		r := &responder{}
		c := dialResponder(t, r, func(cfg *mqtt.Config) {
			cfg.Limits.SendBytes = 2000
			cfg.Limits.InFlight = 10
		})
		ctx := ctxFor(t)
		var wg sync.WaitGroup
		var begun, ended, twice atomic.Int64
		for g := range 8 {
			wg.Go(func() {
				for i := 0; ; i++ {
					err := oneCall(ctx, c, g+i, &begun, &ended, &twice)
					if errors.Is(err, mqtt.ErrClosed) {
						return
					}
					if err != nil {
						t.Errorf("a call ended with %v", err)
						return
					}
				}
			})
		}
		for range 3 {
			wg.Go(func() {
				for range round * 50 {
					_ = c.IsQueued()
				}
				if err := c.Close(ctx); err != nil {
					t.Errorf("close: %v", err)
				}
			})
		}
		wg.Wait()
		if err := c.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
		if begun.Load() != ended.Load() || twice.Load() > 0 {
			t.Errorf("%d callbacks for %d calls, %d twice", ended.Load(), begun.Load(), twice.Load())
		}
	}
}

// oneCall makes the i-th kind of call, and counts its callback where it has one.
func oneCall(ctx context.Context, c *mqtt.Client, i int, begun, ended, twice *atomic.Int64) error {
	m := mqtt.Message{Topic: "t", Payload: make([]byte, 10), QoS: mqtt.QoS(i % 3)}
	var told atomic.Bool
	done := func(error) {
		ended.Add(1)
		if told.Swap(true) {
			twice.Add(1)
		}
	}
	var err error
	switch i % 7 {
	case 0:
		return errorOf(c.Subscribe(ctx, mqtt.Subscription{Filter: "a"}))
	case 1:
		return c.Unsubscribe(ctx, "a")
	case 2, 3:
		return c.Publish(ctx, m)
	case 4:
		_, err = c.SubscribeAsync(context.Background(), []mqtt.Subscription{{Filter: "b", Handler: func(context.Context, *mqtt.Received) {}}}, done)
	default:
		_, err = c.PublishAsync(ctx, m, done)
	}
	if err == nil {
		begun.Add(1)
	}
	return err
}

// TestThousandConnectionsLeaveNothingBehind shows TR-14: nothing is left behind. It keeps out
// peer 4.11: goroutines are left behind.
func TestThousandConnectionsLeaveNothingBehind(t *testing.T) {
	r := &responder{}
	ctx := ctxFor(t)
	cfg := mqtt.Config{ClientID: "c", Transport: mqtt.Transport{Dial: r.dialer}}
	for i := range 1000 {
		c, err := mqtt.Dial(ctx, "mqtt://pipe", cfg)
		if err != nil {
			t.Fatalf("dial %d: %v", i, err)
		}
		if _, err := c.PublishAsync(ctx, mqtt.Message{Topic: "t", QoS: 1}, nil); err != nil {
			t.Fatalf("publish %d: %v", i, err)
		}
		if err := c.Close(ctx); err != nil {
			t.Fatalf("close %d: %v", i, err)
		}
	}
	r.wg.Wait() // and TestMain finds no goroutine left
}

// TestCloseWithSendsItsOptions shows DC-02: reason and properties of DISCONNECT [MQTT-3.14.2-1];
// DC-03: session expiry changed by DISCONNECT; DC-04: session expiry that cannot be changed; WL-02:
// DISCONNECT that has the will published. It keeps out peer 4.35: the will cannot be asked for when
// disconnecting.
func TestCloseWithSendsItsOptions(t *testing.T) {
	hour, zero := time.Hour, time.Duration(0)
	withExpiry := func(cfg *mqtt.Config) { cfg.Properties.SessionExpiry = 100 * time.Second }
	for _, test := range []struct {
		name   string
		change func(*mqtt.Config)
		bye    mqtt.DisconnectOptions
		want   string
	}{
		{"plain", nil, mqtt.DisconnectOptions{}, "E0 00"},
		{"with will", nil, mqtt.DisconnectOptions{Code: 4}, "E0 01 04"},
		{"words", nil, mqtt.DisconnectOptions{Code: 0x80, ReasonString: "x", UserProperties: []mqtt.UserProperty{{Name: "k", Value: "v"}}}, "E0 0D 80 0B 1F0001 78 26 00016B 000176"},
		{"expiry ended", withExpiry, mqtt.DisconnectOptions{SessionExpiry: &zero}, "E0 07 00 05 1100000000"},
		{"expiry prolonged", withExpiry, mqtt.DisconnectOptions{SessionExpiry: &hour}, "E0 07 00 05 1100000E10"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := dialV5(t, "", test.change)
			closed := async(func() error { return s.CloseWith(s.ctx, test.bye) })
			s.server.Expect(test.want)
			s.server.Close()
			s.mustWait(closed)
		})
	}
	s := dialV5(t, "", nil)
	if err := s.CloseWith(s.ctx, mqtt.DisconnectOptions{SessionExpiry: &hour}); !errors.Is(err, mqtt.ErrNotSent) {
		t.Errorf("prolonged a session that ends with the connection: %v", err)
	}
	if err := s.CloseWith(s.ctx, mqtt.DisconnectOptions{Code: 0x8E}); !errors.Is(err, mqtt.ErrNotSent) {
		t.Errorf("a code for servers only: %v", err)
	}
	if !s.IsConnected() {
		t.Error("a CloseWith that was refused ended the connection")
	}
	old := dialScripted(t, nil)
	if err := old.CloseWith(old.ctx, mqtt.DisconnectOptions{}); !errors.Is(err, mqtt.ErrNotSent) {
		t.Errorf("3.1.1: %v", err)
	}
}

// TestCloseWithMessagesInFlight: they end in doubt, and the server gets DISCONNECT. It shows DC-05:
// disconnecting with publishes in flight; WL-01: DISCONNECT discards the will.
func TestCloseWithMessagesInFlight(t *testing.T) {
	eachVersion(t, withoutDrain, func(s *scripted, five bool) {
		first, second := s.publishes(1, "")[0], s.publishes(2, "")[0]
		s.expectPublish(five, 0x32, 1, "")
		s.expectPublish(five, 0x34, 2, "")
		s.closeWell()
		for _, d := range []*mqtt.Delivery{first, second} {
			if err := d.Err(); !errors.Is(err, mqtt.ErrInDoubt) || !errors.Is(err, mqtt.ErrClosed) {
				s.t.Errorf("got %v", err)
			}
		}
	})
}

// TestDisconnectFitsTheServersPacketLimit: DISCONNECT is sent whatever the server's Maximum Packet
// Size. It shows MF-30: DISCONNECT within the server's packet limit [MQTT-3.14.2-3].
func TestDisconnectFitsTheServersPacketLimit(t *testing.T) {
	s := dialV5(t, "2700000003", nil)
	s.server.Send("C0 00")
	s.server.Expect("E0 01 82")
	s.server.ExpectClosed()
	other := dialV5(t, "2700000003", nil)
	err := other.CloseWith(other.ctx, mqtt.DisconnectOptions{ReasonString: "[MQTT-3.14.2-3]"})
	if !errors.Is(err, mqtt.ErrNotSent) || !other.IsConnected() {
		t.Errorf("got %v", err)
	}
	other.closeWell()
}

// TestCloseWhenItsTimeIsUpSendsNoDisconnect: the connection is cut, so that the server publishes the will.
func TestCloseWhenItsTimeIsUpSendsNoDisconnect(t *testing.T) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for range 200 { // whether the writer was quicker than the cut was chance
		s := dialScripted(t, nil)
		_ = s.Close(ended)
		s.server.ExpectClosed()
		s.mustWait(async(func() error { return s.Close(s.ctx) }))
	}
}

// TestCloseHasNoEvent shows DC-01: DISCONNECT, then the end of the stream [MQTT-3.14.4-1]; DC-20:
// one end is told once.
func TestCloseHasNoEvent(t *testing.T) {
	for range 50 { // the server closes at the same time
		s := dialScripted(t, nil)
		closed := async(func() error { return s.Close(s.ctx) })
		s.server.Expect("E0 00")
		s.server.Close()
		s.mustWait(closed)
		s.finish()
		if !errors.Is(s.Err(), mqtt.ErrClosed) || errors.Is(s.Err(), mqtt.ErrServerClosed) {
			t.Fatalf("err %v", s.Err())
		}
	}
}

// TestCloseDuringRefusalHasNoEvent: Close was called before the connection ended. It shows DC-20:
// one end is told once.
func TestCloseDuringRefusalHasNoEvent(t *testing.T) {
	s := dialScripted(t, v5)
	s.server.Send("C0 00")
	s.server.Expect("E0 01 82") // the connection lingers
	if err := s.Close(s.ctx); err != nil {
		t.Error(err)
	}
	s.finish()
}

// TestCloseEndsDelivery: no handler begins after Close was called.
func TestCloseEndsDelivery(t *testing.T) {
	s := dialScripted(t, nil)
	release := s.hold()
	s.server.Send("30 04 00017430", "32 06 000174 0001 31")
	s.server.Close()
	<-s.Done()
	short, cancel := context.WithCancel(s.ctx)
	cancel()
	for range 20 {
		if err := s.Close(short); err == nil || !strings.Contains(err.Error(), "a handler is still running") || strings.Contains(err.Error(), "cut off") {
			t.Fatalf("Close did not wait for the handler alone: %v", err)
		}
	}
	close(release)
	s.finish()
}
