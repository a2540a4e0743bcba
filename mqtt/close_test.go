package mqtt_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/internal/testcert"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

func TestCloseFromEveryState(t *testing.T) { // DC-01, DC-06, DC-07, TR-07, fault 30, peer 4.12
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

func TestQueuedMessagesLeaveBeforeGoodbye(t *testing.T) { // P0-15, DC-01, fault 11
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

func TestCloseWithStuckPeer(t *testing.T) { // fault 11, fault 30: within its deadline
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

// pipeTLS makes pipes whose other end, after a handshake, comes out of peers.
func pipeTLS(t *testing.T, cfg *mqtt.Config) (peers chan net.Conn) {
	authority := testcert.NewAuthority(t)
	cert := authority.Server(t, testcert.Options{Names: []string{"pipe"}}).Certificate(t)
	peers = make(chan net.Conn, 1)
	cfg.Transport.TLS = &tls.Config{RootCAs: authority.Pool(), ServerName: "pipe"}
	cfg.Transport.Dial = func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			peer := tls.Server(theirs, &tls.Config{Certificates: []tls.Certificate{cert}})
			if err := peer.Handshake(); err != nil {
				t.Errorf("handshake: %v", err)
			}
			peers <- peer
		}()
		return ours, nil
	}
	return peers
}

// dialPipeTLS connects over TLS over net.Pipe.
func dialPipeTLS(t *testing.T, change func(*mqtt.Config)) *scripted {
	t.Helper()
	s := &scripted{t: t, ctx: context.Background(), events: make(chan string, 10)}
	cfg := s.watch(mqtt.Config{ClientID: "c"})
	change(&cfg)
	peers := pipeTLS(t, &cfg)
	dialed := async(func() (err error) {
		s.Client, err = mqtt.Dial(s.ctx, "mqtts://pipe", cfg)
		return err
	})
	s.server = mqtttest.NewConn(t, <-peers)
	s.server.SetPatience(100 * time.Hour)
	s.server.Accept()
	s.mustWait(dialed)
	s.expectEvent("connect")
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

func TestCloseWithStuckTLSPeer(t *testing.T) { // TL-15, fault 30
	synctest.Test(t, func(t *testing.T) {
		s := dialPipeTLS(t, func(*mqtt.Config) {})
		ctx, cancel := context.WithTimeout(s.ctx, time.Second)
		defer cancel()
		since := elapsed()
		err := s.Close(ctx)
		if since() != time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %v: %v", since(), err)
		}
	})
}

func TestDeadTLSPeer(t *testing.T) { // KA-11: nor is a dead peer waited for
	synctest.Test(t, func(t *testing.T) {
		s := dialPipeTLS(t, keepAlive(10*time.Second))
		s.expectPing(9 * time.Second)
		since := elapsed()
		<-s.Done()
		if since() != 5*time.Second || !errors.Is(s.Err(), mqtt.ErrKeepAlive) {
			t.Errorf("after %v: %v", since(), s.Err())
		}
	})
}

func TestSlowTLSReaderIsNotDead(t *testing.T) { // KA-13: a TLS write cannot go on after a deadline
	synctest.Test(t, func(t *testing.T) {
		s := dialPipeTLS(t, keepAlive(10*time.Second))
		const size = 300_000
		published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", Payload: make([]byte, size)}) })
		packet := bigPublish(size)
		for len(packet) > 0 {
			n := min(len(packet), 50_000)
			s.server.Expect(hexOf(packet[:n]))
			packet = packet[n:]
			<-time.After(9 * time.Second)
		}
		s.mustWait(published)
		if !s.IsConnected() {
			t.Error("the client gave up")
		}
		go func() { _, _ = s.server.TryPacket(); s.server.Close() }()
	})
}

func TestRefusalOfAStuckPeer(t *testing.T) { // MF-31, fault 11: our last word is not waited for without end
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

func TestCloseAmidEverything(t *testing.T) { // DC-07, TR-06, fault 30, peer 4.2, peer 4.3, peer 4.36: every call ends once
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

func TestThousandConnections(t *testing.T) { // TR-14, peer 4.11
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

func TestCloseWaitsForAcknowledgements(t *testing.T) { // DC-05: what is on its way gets time
	s := dialScripted(t, nil)
	d := s.publishes(1, "a")[0]
	s.expectPublish(false, 0x32, 1, "a")
	closed := async(func() error { return s.Close(s.ctx) })
	s.server.ExpectNothing(50 * time.Millisecond)
	if err := s.Publish(s.ctx, mqtt.Message{Topic: "late", QoS: 1}); !errors.Is(err, mqtt.ErrClosed) || !errors.Is(err, mqtt.ErrNotSent) {
		t.Errorf("a publish while the client is being closed: %v", err)
	}
	s.server.Send("40 02 0001")
	s.server.Expect("E0 00")
	s.server.Close()
	s.mustWait(closed)
	if err := d.Err(); err != nil {
		t.Errorf("the publish that was waited for: %v", err)
	}
}

func TestCloseDoesNotAcknowledgeWhatNobodySaw(t *testing.T) { // DC-05, RX-13: it comes again
	s := dialScripted(t, func(cfg *mqtt.Config) { cfg.KeepSession = true })
	s.publishes(1, "a")
	s.expectPublish(false, 0x32, 1, "a")
	closed := async(func() error { return s.Close(s.ctx) })
	s.server.ExpectNothing(50 * time.Millisecond)
	s.server.Send("32 06 0001 74 0009 70")
	s.server.ExpectNothing(50 * time.Millisecond)
	s.server.Send("40 02 0001")
	s.server.Expect("E0 00")
	s.server.Close()
	s.mustWait(closed)
}
