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

// TestPingsWhenIdle shows KA-01: pings when idle [MQTT-3.1.2-23] of 3.1.1; KA-02: not more pings
// than needed; KA-04: server lowers the keep alive [MQTT-3.2.2-21]; KA-05: server raises the keep
// alive [MQTT-3.1.2-21] of 5; KA-06: server switches the keep alive off; KA-07: server switches the
// keep alive on. It keeps out T-A16: a server keep alive of 0, or over an own one of 0, is ignored.
func TestPingsWhenIdle(t *testing.T) {
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

// TestNoPingsWithoutKeepAlive shows KA-03: keep alive off; KA-06: server switches the keep alive
// off [MQTT-3.1.2-21] of 5. It keeps out T-A16: a server keep alive of 0, or over an own one of 0,
// is ignored.
func TestNoPingsWithoutKeepAlive(t *testing.T) {
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

// TestPingThoughInputFlows shows KA-08: pings though input flows [MQTT-3.1.2-23] of 3.1.1. It keeps
// out T-A12: incoming packets keep a silent client from pinging.
func TestPingThoughInputFlows(t *testing.T) {
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

// TestDeadLinkThoughOutputFlows shows KA-09: pings though only output flows. It keeps out T-A13:
// outgoing packets keep a client on a dead link from pinging.
func TestDeadLinkThoughOutputFlows(t *testing.T) {
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

// TestNoPingWhileBothSidesTalk shows KA-10: no pings while both sides talk.
func TestNoPingWhileBothSidesTalk(t *testing.T) {
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

// TestSilentServerIsDead shows KA-11: no answer to a ping; KA-14: answer to no ping; KA-17: dead
// link is left without DISCONNECT [MQTT-4.8.0-2]; WL-03: failures let the will be published. It
// keeps out T-A14: a ping is never found to be unanswered.
func TestSilentServerIsDead(t *testing.T) {
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

// TestAnyByteAnswersAPing shows KA-12: late answer to a ping while bytes flow. It keeps out T-A15:
// a busy link is taken for a dead one.
func TestAnyByteAnswersAPing(t *testing.T) {
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

// TestServerThatDoesNotReadIsDead shows KA-13: server that does not read.
func TestServerThatDoesNotReadIsDead(t *testing.T) {
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

// TestSlowReaderIsNotDead shows KA-13: server that does not read.
func TestSlowReaderIsNotDead(t *testing.T) {
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

// TestNoPingBeforeConnAck shows KA-16: no ping before CONNACK [MQTT-3.1.2-30].
func TestNoPingBeforeConnAck(t *testing.T) {
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

// TestNoPingAfterClose shows KA-19: no ping after the end [MQTT-3.14.4-1].
func TestNoPingAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := dialPipe(t, keepAlive(2*time.Second), "")
		closed := async(func() error { return s.Close(s.ctx) })
		s.server.Expect("E0 00")
		s.server.ExpectClosed()
		s.mustWait(closed)
	})
}

// TestPingsGoOnWhileAHandlerBlocks shows RX-40: slow handler [MQTT-4.9.0-3]. It keeps out peer 4.1:
// publishing in a handler hangs, or pings go unanswered meanwhile.
func TestPingsGoOnWhileAHandlerBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := dialPipe(t, func(cfg *mqtt.Config) {
			cfg.KeepAlive = 10 * time.Second
			cfg.Limits.ReceiveMessages = 1
			cfg.OnMessage = func(context.Context, *mqtt.Received) { <-release }
		}, "")
		s.server.Send("30 03 000174") // the client waits for room
		for range 10 {
			s.expectPing(9 * time.Second)
			s.server.Send("D0 00") // it is heard, for it is read ahead
		}
		synctest.Wait()
		close(release) // it reads again, and the server is silent
		s.expectPing(9 * time.Second)
		s.expectDead(5 * time.Second)
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

// TestKeepAliveAndAliasesStayOffInEachConnection shows KA-03: keep alive off; KA-19: no ping after
// the end [MQTT-3.14.4-1].
func TestKeepAliveAndAliasesStayOffInEachConnection(t *testing.T) {
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

// TestSilenceCountsAfterAPausedConnection has a connection end while its reader waits for room. The
// next one has room, and a server that says nothing there is found dead.
func TestSilenceCountsAfterAPausedConnection(t *testing.T) {
	release := make(chan struct{})
	busy := func(cfg *mqtt.Config) {
		cfg.KeepAlive = 10 * time.Second
		cfg.Limits.ReceiveMessages = 2
		cfg.Transport.ReadBuffer = 16
		cfg.OnMessage = func(context.Context, *mqtt.Received) { <-release }
	}
	lastingV5(t, "", busy, func(s *lasting) {
		release = make(chan struct{}) // of this bubble
		go func() {
			for range 10 {
				if _, err := s.server.Write(publishBytes(true, 0x30, "t", 0, "")); err != nil {
					return
				}
			}
		}()
		synctest.Wait() // the reader waits for room
		s.server.Close()
		s.acceptNext("present") // a ping that could not be written has told
		close(release)
		s.server.Expect("C0 00")
		s.server.ExpectClosed() // it had no answer
	})
}
