package mqtt_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// keepAlive returns a change of a Config.
func keepAlive(d time.Duration) func(*mqtt.Config) {
	return func(cfg *mqtt.Config) { cfg.KeepAlive = d }
}

// expectPing waits for a PINGREQ and checks that it comes exactly d from now.
func (s *scripted) expectPing(d time.Duration) {
	s.t.Helper()
	since := elapsed()
	s.server.Expect("C0 00")
	if since() != d {
		s.t.Errorf("the ping came after %v, want %v", since(), d)
	}
}

// expectDead waits for the end of the connection, without a DISCONNECT, and
// checks that it comes exactly d from now.
func (s *scripted) expectDead(d time.Duration) {
	s.t.Helper()
	since := elapsed()
	s.server.ExpectClosed()
	if since() != d {
		s.t.Errorf("the connection ended after %v, want %v", since(), d)
	}
	s.expectEvent("disconnect: ")
}

func TestPingsWhenIdle(t *testing.T) { // KA-01, KA-02, KA-04..KA-07, T-A16
	for _, test := range []struct {
		name    string
		change  func(*mqtt.Config)
		connAck string
		want    time.Duration
	}{
		{"own interval", keepAlive(10 * time.Second), "", 9 * time.Second},
		{"default", nil, "", 59 * time.Second},
		{"short", keepAlive(2 * time.Second), "", 1800 * time.Millisecond},
		{"server lowers", both(v5, keepAlive(60*time.Second)), "20 06 0000 03 130002", 1800 * time.Millisecond},
		{"server raises", both(v5, keepAlive(2*time.Second)), "20 06 0000 03 13000A", 9 * time.Second},
		{"only the server wants it", both(v5, keepAlive(-1)), "20 06 0000 03 130002", 1800 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := dialPipe(t, test.change, test.connAck)
				for range 3 {
					s.expectPing(test.want)
					s.server.Send("D0 00")
				}
				s.server.ExpectNothing(test.want - 1)
			})
		})
	}
}

func TestNoPingsWithoutKeepAlive(t *testing.T) { // KA-03, KA-06, T-A16
	for name, connAck := range map[string]string{"own choice": "", "server's choice": "20 06 0000 03 130000"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				change := keepAlive(-1)
				if connAck != "" {
					change = both(v5, keepAlive(10*time.Second))
				}
				s := dialPipe(t, change, connAck)
				s.server.ExpectNothing(50 * time.Hour)
				if !s.IsConnected() {
					t.Error("the client gave up")
				}
			})
		})
	}
}

func TestPingThoughInputFlows(t *testing.T) { // KA-08, T-A12
	synctest.Test(t, func(t *testing.T) {
		s := dialPipe(t, keepAlive(10*time.Second), "")
		since := elapsed()
		for since() < 8500*time.Millisecond {
			s.server.ExpectNothing(500 * time.Millisecond)
			s.server.Send("30 03 000174")
			s.expectEvent("message t=")
		}
		s.expectPing(500 * time.Millisecond)
	})
}

func TestDeadLinkThoughOutputFlows(t *testing.T) { // KA-09, fault 9, T-A13
	synctest.Test(t, func(t *testing.T) {
		s := dialPipe(t, keepAlive(10*time.Second), "")
		since := elapsed()
		var pinged time.Duration
		for since() < 13*time.Second {
			s.server.ExpectNothing(990 * time.Millisecond)
			if since() > 8*time.Second && pinged == 0 {
				s.expectPing(9*time.Second - since())
				pinged = since()
			}
			published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t"}) })
			s.server.Expect("30 03 000174")
			s.mustWait(published)
		}
		s.expectDead(14*time.Second - since())
	})
}

func TestNoPingWhileBothSidesTalk(t *testing.T) { // KA-10
	synctest.Test(t, func(t *testing.T) {
		s := dialPipe(t, keepAlive(10*time.Second), "")
		for i := range 30 {
			published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 1}) })
			s.server.Packet()
			s.server.SendBytes([]byte{0x40, 2, 0, byte(i + 1)})
			s.mustWait(published)
			s.server.ExpectNothing(8 * time.Second)
		}
	})
}

func TestSilentServerIsDead(t *testing.T) { // KA-11, KA-14, KA-17, fault 9, T-A14, WL-03
	for _, test := range []struct {
		name       string
		change     func(*mqtt.Config)
		connAck    string
		ping, dead time.Duration
	}{
		{"default time-out", keepAlive(10 * time.Second), "", 9 * time.Second, 5 * time.Second},
		{"at least a second", keepAlive(time.Second), "", 900 * time.Millisecond, time.Second},
		{"own time-out", func(cfg *mqtt.Config) { cfg.Limits.PingTimeout = 3 * time.Second }, "", 59 * time.Second, 3 * time.Second},
		{"server lowers", both(v5, keepAlive(60*time.Second)), "20 06 0000 03 13000A", 9 * time.Second, 5 * time.Second},
		{"only the server wants it", both(v5, keepAlive(-1)), "20 06 0000 03 13000A", 9 * time.Second, 5 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := dialPipe(t, test.change, test.connAck)
				s.server.Send("D0 00 D0 00 D0 00") // nobody asked; it does not count later
				s.expectPing(test.ping)
				s.expectDead(test.dead)
				if !errors.Is(s.Err(), mqtt.ErrKeepAlive) {
					t.Errorf("the client ended with %v", s.Err())
				}
				s.finish()
			})
		})
	}
}

func TestAnyByteAnswersAPing(t *testing.T) { // KA-12, T-A15
	synctest.Test(t, func(t *testing.T) {
		s := dialPipe(t, keepAlive(10*time.Second), "")
		s.expectPing(9 * time.Second)
		s.server.ExpectNothing(4 * time.Second)
		s.server.Send("30 03 0001") // not even a whole packet
		s.expectPing(5 * time.Second)
		s.server.ExpectNothing(4 * time.Second)
		s.server.Send("74")
		s.expectEvent("message t=")
	})
}

func TestServerThatDoesNotReadIsDead(t *testing.T) { // KA-13, fault 11
	synctest.Test(t, func(t *testing.T) {
		s := dialPipe(t, keepAlive(10*time.Second), "")
		since := elapsed()
		published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 1}) })
		err := s.wait(published)
		if since() != 15*time.Second || !errors.Is(err, mqtt.ErrInDoubt) || !errors.Is(err, mqtt.ErrClosed) {
			t.Errorf("after %v: %v", since(), err)
		}
		s.expectEvent("disconnect: write: ")
		s.finish()
	})
}

func TestSlowReaderIsNotDead(t *testing.T) { // KA-13, fault 11
	synctest.Test(t, func(t *testing.T) {
		s := dialPipe(t, keepAlive(10*time.Second), "")
		published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", Payload: make([]byte, 40_000)}) })
		packet := 0
		for packet < 40_007 {
			n := min(10_000, 40_007-packet)
			s.server.Expect(hexOf(bigPublish(40_000)[packet : packet+n]))
			packet += n
			<-time.After(12 * time.Second) // every byte is later than the last by less than 15 s
		}
		s.mustWait(published)
		if !s.IsConnected() {
			t.Error("the client gave up")
		}
	})
}

func TestNoPingBeforeConnAck(t *testing.T) { // KA-16
	synctest.Test(t, func(t *testing.T) {
		s, dialed := startPipe(t, keepAlive(2*time.Second))
		s.server.Packet()
		s.server.ExpectNothing(25 * time.Second)
		s.server.Send("20 02 0000")
		s.mustWait(dialed)
		s.expectPing(1800 * time.Millisecond)
		closed := async(func() error { return s.Close(s.ctx) })
		s.server.Expect("E0 00")
		s.server.ExpectClosed()
		s.mustWait(closed)
	})
}

func TestNoPingAfterClose(t *testing.T) { // KA-19
	synctest.Test(t, func(t *testing.T) {
		s := dialPipe(t, keepAlive(2*time.Second), "")
		closed := async(func() error { return s.Close(s.ctx) })
		s.server.Expect("E0 00")
		s.server.ExpectClosed()
		s.mustWait(closed)
	})
}

func TestPingsGoOnWhileAHandlerBlocks(t *testing.T) { // RX-40, fault 12, peer 4.1
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := dialPipe(t, func(cfg *mqtt.Config) {
			cfg.KeepAlive = 10 * time.Second
			cfg.Limits.ReceiveMessages = 1
			cfg.OnMessage = func(context.Context, *mqtt.Received) { <-release }
		}, "")
		s.server.Send("30 03 000174") // the client stops reading
		for range 10 {
			s.expectPing(9 * time.Second)
		}
		synctest.Wait()
		close(release) // it reads again, and the server is silent
		since := elapsed()
		s.expectDead(5 * time.Second)
		if since() != 5*time.Second {
			t.Errorf("found dead after %v", since())
		}
	})
}

// TestKeepAliveAfterResume has the client write at once what waited for CONNACK: the
// ping that is due later is not forgotten.
func TestKeepAliveAfterResume(t *testing.T) {
	ctx := ctxFor(t)
	c, server, conn := dialSocket(t, mqtt.Config{
		ClientID: "c", KeepSession: true, KeepAlive: time.Second,
		Reconnect: &mqtt.Reconnect{MinDelay: time.Millisecond},
	})
	subscribed := async(func() error { return errorOf(c.Subscribe(ctx, mqtt.Subscription{Filter: "a"})) })
	conn.Expect("82 06 0001 0001 61 00")
	conn.Send("90 03 0001 00")
	must(t, <-subscribed)
	conn.Reset()
	conn = server.Accept()
	conn.Packet()
	conn.Send("20 02 0000")
	conn.Expect("82 06 0002 0001 61 00")
	conn.Send("90 03 0002 00")
	conn.Expect("C0 00")
	conn.Send("D0 00")
	must(t, c.Close(ctx))
}

// TestKeepAliveWhilePausing has the reader wait for the handler again and again. That
// is not something sent: the ping comes all the same: [MQTT-3.1.2-23] of 3.1.1.
func TestKeepAliveWhilePausing(t *testing.T) {
	s := dialScripted(t, func(cfg *mqtt.Config) {
		cfg.KeepAlive = time.Second
		cfg.Limits.ReceiveMessages = 1
	})
	for pinged := async(func() error { _, err := s.server.TryPacket(); return err }); ; {
		if _, err := s.server.Write([]byte("\x30\x04\x00\x01ax\x30\x04\x00\x01ax\x30\x04\x00\x01ax")); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			<-s.events
		}
		select {
		case err := <-pinged:
			must(t, err)
			return
		default:
		}
	}
}

func TestPingMeasuresItsOwnAnswer(t *testing.T) { // KA-14, KA-18
	s := dialScripted(t, func(cfg *mqtt.Config) { cfg.KeepAlive = -1 })
	s.server.Send("D0 00", "D0 00", "30 03 000174") // two answers to nothing
	s.expectEvent("message t=")
	ping := func(ctx context.Context) (chan error, *time.Duration) {
		rtt := new(time.Duration)
		return async(func() (err error) {
			*rtt, err = s.Ping(ctx)
			return err
		}), rtt
	}
	ctx, cancel := context.WithCancel(s.ctx)
	given, _ := ping(ctx)
	s.server.Expect("C0 00")
	cancel()
	if err := s.wait(given); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	next, rtt := ping(s.ctx)
	s.server.Expect("C0 00")
	s.server.Send("D0 00") // of the first one
	select {
	case err := <-next:
		t.Fatalf("the first answer was taken for the second: %v", err)
	default:
	}
	s.server.Send("D0 00")
	s.mustWait(next)
	if *rtt <= 0 {
		t.Errorf("round trip %v", *rtt)
	}
	last, _ := ping(s.ctx)
	s.server.Expect("C0 00")
	s.server.Close()
	if err := s.wait(last); !errors.Is(err, mqtt.ErrClosed) {
		t.Errorf("connection lost: %v", err)
	}
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

func TestPingAcrossALoss(t *testing.T) { // KA-18
	eachLasting(t, nil, func(s *lasting) {
		pinged := async(func() error { _, err := s.Ping(s.ctx); return err })
		s.play("> C0 00")
		s.drop()
		checkError(s.t, <-pinged, mqtt.ErrNotConnected, mqtt.ErrServerClosed)
		_, err := s.Ping(s.ctx)
		checkError(s.t, err, mqtt.ErrNotConnected)
		s.acceptNext("present")
		synctest.Wait()
		pinged = async(func() error { _, err := s.Ping(s.ctx); return err })
		s.play(`> C0 00
			< D0 00`)
		s.mustWait(pinged)
	})
}

func TestKeepAliveAndAliasesStayOffInEachConnection(t *testing.T) { // KA-03, KA-19: in each connection
	off := func(cfg *mqtt.Config) { cfg.KeepAlive, cfg.Limits.TopicAliases = -1, -1 }
	eachLasting(t, off, func(s *lasting) {
		for range 2 {
			connect := s.lose("present")
			if connect[10] != 0 || connect[11] != 0 || strings.Contains(string(connect), "\x22\x00") {
				s.t.Errorf("CONNECT % X", connect)
			}
			s.server.ExpectNothing(time.Hour)
		}
	})
}
