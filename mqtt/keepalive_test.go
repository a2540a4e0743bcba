package mqtt_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

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

func TestNoPings(t *testing.T) { // KA-03, KA-06, T-A16
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

func TestServerThatDoesNotRead(t *testing.T) { // KA-13, fault 11
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

func TestConnectTimeOut(t *testing.T) { // CA-15, TL-14, fault 10
	for _, test := range []struct {
		name, url string
		want      time.Duration
		change    func(*mqtt.Config)
	}{
		{"no CONNACK", "", mqtt.DefaultConnectTimeout, nil},
		{"configured", "", 7 * time.Second, func(cfg *mqtt.Config) { cfg.Transport.ConnectTimeout = 7 * time.Second }},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, dialed := startPipe(t, test.change)
				since := elapsed()
				s.server.Packet()
				err := <-dialed
				if since() != test.want || !errors.Is(err, errDeadline) {
					t.Errorf("after %v: %v", since(), err)
				}
				s.server.ExpectClosed()
			})
		})
	}
}
