package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// takeOver is a server that knows one session: whoever connects throws out the
// one before, as its version of the protocol says. It counts the connections until
// the context ends.
func takeOver(ctx context.Context, n *network, five bool) (connects chan int) {
	connects = make(chan int, 1)
	answer, goodbye := []byte{0x20, 2, 1, 0}, []byte(nil)
	if five {
		answer, goodbye = []byte{0x20, 3, 1, 0, 0}, []byte{0xE0, 1, 0x8E}
	}
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
					_, _ = c.Write(goodbye) // it may be gone
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

func TestTwoClientsOfOneIdentifier(t *testing.T) { // SR-27, T-A40, fault 22: for ten minutes; both come to about 16 each
	for version, most := range map[mqtt.Version]int{mqtt.V311: 60, mqtt.V5: 2} {
		synctest.Test(t, func(t *testing.T) {
			s := newLasting(t, version, keepAlive(-1))
			silence(&s.cfg)
			ctx, cancel := context.WithTimeout(s.ctx, 10*time.Minute)
			defer cancel()
			connects := takeOver(ctx, s.net, s.five)
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
				if err := first.Err(); !errors.As(err, &left) || left.Code != 0x8E {
					t.Errorf("the first one ended with %v", err)
				}
			}
		})
	}
}

// TestFlapping has links that live for half a second to one and a half, and a
// server that acknowledges some of what it gets.
func TestFlapping(t *testing.T) { // fault 32: each connection gets further, with new messages, too
	eachLasting(t, func(cfg *mqtt.Config) {
		cfg.Limits.InFlight = 10
		cfg.Reconnect.MinDelay = time.Millisecond
		silence(cfg)
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

// closing is a moment at which a client is closed.
var closings = map[string]func(s *lasting){
	"before anything": func(s *lasting) {},
	"backing off":     func(s *lasting) { s.net.refuses(nobody); <-time.After(time.Minute) },
	"dialing": func(s *lasting) {
		s.cfg.Transport.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}
	},
	"preparing": func(s *lasting) {
		s.cfg.Reconnect.Prepare = func(ctx context.Context, _ *mqtt.Attempt) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}
	},
	"connecting": func(s *lasting) {},
	"connected":  func(s *lasting) {},
	"backing off after a loss": func(s *lasting) {
		s.cfg.Reconnect.MinDelay = time.Hour
	},
}

func TestCloseAtAnyTime(t *testing.T) { // fault 30, fault 31, TR-06: at once, and every wait ends with one error
	for name, arrange := range closings {
		for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
			t.Run(name+version.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newLasting(t, version, func(cfg *mqtt.Config) {
						cfg.Reconnect.Background = true
						cfg.Limits.Queue.Messages = 2
						cfg.Limits.Drain = -1
					})
					arrange(s)
					closeAt(s, name)
				})
			})
		}
	}
}

func closeAt(s *lasting, moment string) {
	s.t.Helper()
	must(s.t, <-s.start())
	if moment != "before anything" {
		synctest.Wait()
	}
	switch moment {
	case "connecting":
		s.server = s.net.accept()
		s.server.Packet()
	case "connected":
		s.acceptNext("absent")
	case "backing off after a loss":
		s.acceptNext("absent")
		s.drop()
	}
	all := append(s.publishes(1, "a"), s.publishes(2, "b")...)
	blocked := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 1}) }) // no room
	subscribed := async(func() error { return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "t"})) })
	synctest.Wait()
	outcome := mqtt.ErrNotSent
	if moment == "connected" {
		outcome = mqtt.ErrInDoubt
		s.play(`> pub 32 1 a
			> pub 34 2 b`)
		if p := s.server.Packet(); p[0] != 0x82 {
			s.t.Fatalf("got % X", p)
		}
		async(func() error { s.server.Packet(); s.server.Close(); return nil })
	}
	since := elapsed()
	closed := []chan error{}
	for range 3 {
		closed = append(closed, async(func() error { return s.Close(context.Background()) }))
	}
	for _, c := range closed {
		must(s.t, <-c)
	}
	if since() != 0 {
		s.t.Errorf("closing took %v", since())
	}
	for _, d := range all {
		s.expectDone(d, outcome, mqtt.ErrClosed)
	}
	checkError(s.t, <-blocked, mqtt.ErrNotSent, mqtt.ErrClosed)
	checkError(s.t, <-subscribed, outcome, mqtt.ErrClosed)
	if err := s.Err(); err != mqtt.ErrClosed { //nolint:errorlint // nothing else is the reason
		s.t.Errorf("ended with %v", err)
	}
	<-s.Done()
	checkError(s.t, s.Publish(s.ctx, mqtt.Message{Topic: "t"}), mqtt.ErrNotSent, mqtt.ErrClosed)
	s.expectNoEvent()
}

func TestCloseInHandlersOfALastingClient(t *testing.T) { // fault 30, DC-07
	for _, where := range []string{"connect", "message", "disconnect", "retry", "error"} {
		t.Run(where, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var s *lasting
				closed := make(chan error, 1)
				in := func(name string) {
					if name == where {
						closed <- s.Close(context.Background())
					}
				}
				s = newLasting(t, mqtt.V311, func(cfg *mqtt.Config) {
					silence(cfg)
					cfg.OnConnect = func(c *mqtt.Client) {
						if where == "connect" {
							closed <- c.Close(context.Background())
						}
					}
					cfg.OnMessage = func(context.Context, *mqtt.Received) { in("message"); panic("told to the error handler") }
					cfg.OnDisconnect = func(error) { in("disconnect") }
					cfg.OnRetry = func(mqtt.Retry) { in("retry") }
					cfg.OnError = func(error) { in("error") }
				})
				dialed := s.start()
				s.acceptNext("absent")
				if where == "connect" {
					s.server.Expect("E0 00")
					s.server.Close()
					must(t, <-closed)
					<-dialed // either way
					return
				}
				must(t, <-dialed)
				if where == "message" || where == "error" {
					s.play("< pub 30 0 a")
					s.server.Expect("E0 00")
					s.server.Close()
				} else {
					s.drop()
				}
				must(t, <-closed)
				<-s.Done()
				must(t, s.Close(context.Background()))
				checkError(t, s.Err(), mqtt.ErrClosed)
			})
		})
	}
}

func TestWaitsEndWithTheirContext(t *testing.T) { // fault 31: offline, too, and the error says what became of it
	eachLasting(t, func(cfg *mqtt.Config) { cfg.Limits.Queue.Messages = 2 }, func(s *lasting) {
		own := errors.New("enough")
		ctx, cancel := context.WithCancelCause(s.ctx)
		sent := async(func() error { return s.Publish(ctx, mqtt.Message{Topic: "t", QoS: 1}) })
		s.play("> pub 32 1")
		s.drop()
		s.net.refuses(nobody)
		queued := async(func() error { return s.Publish(ctx, mqtt.Message{Topic: "t", QoS: 1}) })
		synctest.Wait()
		blocked := async(func() error { return s.Publish(ctx, mqtt.Message{Topic: "t", QoS: 1}) })
		subscribed := async(func() error { return errorOf(s.Subscribe(ctx, mqtt.Subscription{Filter: "t"})) })
		synctest.Wait()
		cancel(own)
		checkError(s.t, <-sent, mqtt.ErrInDoubt, own)
		checkError(s.t, <-queued, mqtt.ErrNotSent, own)
		checkError(s.t, <-blocked, mqtt.ErrNotSent, own)
		checkError(s.t, <-subscribed, mqtt.ErrNotSent, own) // it is taken back
		s.net.refuses(nil)
		s.acceptNext("present")
		s.play(`> pub 3A 1
			quiet`)
	})
}

func TestWhatIsOffStaysOff(t *testing.T) { // KA-03, KA-19: in each connection
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
