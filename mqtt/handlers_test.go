package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// TestPublishInsideAHandler: many messages come in meanwhile, also more than the queue takes. It
// shows RX-39: handler that publishes and subscribes. It keeps out T-A38: publishing or subscribing
// inside a handler hangs; peer 0.4: waiting for a publish inside a handler hangs under load;
// peer 4.1: publishing in a handler hangs, or pings go unanswered meanwhile.
func TestPublishInsideAHandler(t *testing.T) {
	for qos := range mqtt.QoS(3) {
		for _, limit := range []int{0, 2} {
			t.Run(fmt.Sprintf("QoS %d, limit %d", qos, limit), func(t *testing.T) {
				const n = 300
				var handled atomic.Int32
				finished := make(chan struct{})
				s := dialScripted(t, func(cfg *mqtt.Config) {
					cfg.Limits.ReceiveMessages = limit
					client := itself(cfg)
					cfg.OnMessage = func(ctx context.Context, m *mqtt.Received) {
						if err := client().Publish(ctx, mqtt.Message{Topic: "r", Payload: m.Payload, QoS: qos}); err != nil {
							t.Errorf("publish %s: %v", m.Payload, err)
						}
						if handled.Add(1) == n {
							close(finished)
						}
					}
				})
				s.server.SendBytes(numbered(1, 0, n)) // QoS 1: nothing may be dropped
				s.answerAll(n, n, qos)
				<-finished
				s.closeWell()
			})
		}
	}
}

// answerAll answers the client's publishes of that QoS as a server does, and
// checks the order of n payloads and of as many PUBACKs.
func (s *scripted) answerAll(publishes, acks int, qos mqtt.QoS) {
	s.t.Helper()
	packets := publishes*max(int(qos), 1) + acks
	for n, a := 0, 0; packets > 0; packets-- {
		p := s.server.Packet()
		switch p[0] & 0xF0 {
		case 0x30:
			if got := string(p[len(p)-5:]); got != fmt.Sprintf("%05d", n) {
				s.t.Fatalf("message %s, want number %d", got, n)
			}
			n++
			if qos > 0 {
				s.server.SendBytes([]byte{0x30 + byte(qos)*0x10, 2, p[5], p[6]}) // PUBACK or PUBREC
			}
		case 0x60:
			s.server.SendBytes([]byte{0x70, 2, p[2], p[3]})
		case 0x40:
			a++
			if id := int(p[2])<<8 | int(p[3]); id != a {
				s.t.Fatalf("PUBACK %d, want %d", id, a)
			}
		default:
			s.t.Fatalf("the client sent % X", p)
		}
	}
}

// TestSubscribeInsideAHandler shows RX-39: handler that publishes and subscribes. It keeps out
// T-A38: publishing or subscribing inside a handler hangs; peer 4.1: publishing in a handler hangs,
// or pings go unanswered meanwhile.
func TestSubscribeInsideAHandler(t *testing.T) {
	done := make(chan struct{})
	s := dialScripted(t, func(cfg *mqtt.Config) {
		connect := cfg.OnConnect
		cfg.OnConnect = func(c *mqtt.Client) {
			connect(c)
			if _, err := c.Subscribe(context.Background(), mqtt.Subscription{Filter: "a"}); err != nil {
				t.Errorf("subscribe: %v", err)
			}
			if err := c.Unsubscribe(context.Background(), "a"); err != nil {
				t.Errorf("unsubscribe: %v", err)
			}
			close(done)
		}
	})
	s.server.Expect("82 06 0001 000161 00")
	s.server.Send("90 03 000100")
	s.server.Expect("A2 05 0002 000161")
	s.server.Send("B0 02 0002")
	<-done
	s.closeWell()
}

// TestCloseInsideAHandler: many messages come in meanwhile. It shows DC-07: closed twice,
// concurrently, from a handler. It keeps out peer 4.12: leaving hangs or crashes, and an abandoned
// connect goes on.
func TestCloseInsideAHandler(t *testing.T) {
	for _, limit := range []int{0, 2} {
		var calls atomic.Int32
		closed := make(chan error, 1)
		s := dialScripted(t, func(cfg *mqtt.Config) {
			cfg.Limits.ReceiveMessages = limit
			client := itself(cfg)
			cfg.OnMessage = func(context.Context, *mqtt.Received) {
				calls.Add(1)
				closed <- client().Close(context.Background())
			}
		})
		go func() { // the client may stop reading at any time
			defer s.server.Close()
			for {
				if p, err := s.server.TryPacket(); err != nil || p[0] == 0xE0 {
					return
				}
			}
		}()
		_, _ = s.server.Write(numbered(1, 0, 10_000))
		s.mustWait(closed)
		if err := s.Close(s.ctx); err != nil {
			t.Error(err)
		}
		if calls.Load() != 1 {
			t.Errorf("%d handlers ran", calls.Load())
		}
	}
}

// TestPanickingHandler shows TR-13: handler panics.
func TestPanickingHandler(t *testing.T) {
	s := dialScripted(t, nil)
	bad := mqtt.Subscription{Filter: "bad", QoS: 2, Handler: func(context.Context, *mqtt.Received) { panic("oh\nno") }}
	if err := s.subscribe(2, bad); err != nil {
		t.Fatal(err)
	}
	s.server.Send("32 07 0003626164 0001", "32 05 000174 0002", "34 07 0003626164 0003", "30 05 0003626164")
	s.server.Expect("40 02 0002") // the others are not acknowledged
	s.expectEvent("error: a handler panicked: ")
	s.expectEvent("message t= q1 id2")
	s.expectEvent("error: a handler panicked: ")
	s.expectEvent("error: a handler panicked: ")
	s.server.Send("32 05 000174 0004")
	s.server.Expect("40 02 0004")
	s.expectEvent("message t=")
	s.closeWell()
}

// TestPanicInCallbacks: a panic in OnError itself is contained, too.
func TestPanicInCallbacks(t *testing.T) {
	var told atomic.Int32
	s := dialScripted(t, func(cfg *mqtt.Config) {
		cfg.OnError = func(err error) {
			var p *mqtt.PanicError
			if errors.As(err, &p) && len(p.Stack) > 0 && !strings.Contains(err.Error(), "\n") {
				told.Add(1)
			}
			panic("again")
		}
	})
	done := make(chan struct{})
	_, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "t"}, func(error) { defer close(done); panic("callback") })
	if err != nil {
		t.Fatal(err)
	}
	s.server.Packet()
	<-done
	s.server.Send("30 03 000174")
	s.expectEvent("message t=")
	if told.Load() != 1 {
		t.Errorf("told %d times", told.Load())
	}
	s.closeWell()
}

// TestHandlerThatNeverReturns shows RX-40: slow handler [MQTT-4.9.0-3]; MF-28: flood of messages.
func TestHandlerThatNeverReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := dialPipe(t, func(cfg *mqtt.Config) {
			cfg.KeepAlive = 10 * time.Second
			cfg.Limits.ReceiveMessages = 10
			cfg.Limits.ReceiveBytes = 3000 // so much is read ahead at most
			cfg.Transport.ReadBuffer = 512
			cfg.OnMessage = func(context.Context, *mqtt.Received) { <-release }
		}, "")
		var taken atomic.Int32
		flooded := make(chan struct{})
		go func() {
			defer close(flooded)
			for i := 0; i < 100_000; i++ {
				if _, err := s.server.Write(numbered(0, i, i+1)); err != nil {
					return
				}
				taken.Add(1)
			}
		}()
		s.expectPing(9 * time.Second) // pings go on
		s.expectPing(9 * time.Second)
		if n, ahead := taken.Load(), int32(3000/len(numbered(0, 0, 1))); n > 20+ahead {
			t.Errorf("the client took %d messages", n)
		}
		published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t"}) })
		s.server.Expect("30 03 000174")
		s.mustWait(published)
		ctx, cancel := context.WithTimeout(s.ctx, 3*time.Second)
		defer cancel()
		since := elapsed()
		closed := async(func() error { return s.Close(ctx) })
		s.server.Expect("E0 00")
		if err := s.wait(closed); since() != 3*time.Second || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "a handler is still running") {
			t.Errorf("after %v: %v", since(), err)
		}
		<-flooded
		close(release)
	})
}

// TestSlowHandlerSlowsTheServer: and no message is lost. It shows MF-28: flood of messages.
func TestSlowHandlerSlowsTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var next atomic.Int32
		s := dialPipe(t, func(cfg *mqtt.Config) {
			cfg.Limits.ReceiveMessages = 4
			cfg.KeepAlive, cfg.Limits.ReceiveBytes = -1, 1000
			cfg.Transport.ReadBuffer = 16
			cfg.OnMessage = func(_ context.Context, m *mqtt.Received) {
				<-time.After(time.Second)
				if string(m.Payload) != fmt.Sprintf("%05d", next.Load()) {
					t.Errorf("got %s, want %d", m.Payload, next.Load())
				}
				next.Add(1)
			}
		}, "")
		since := elapsed()
		s.server.SetPatience(time.Hour)
		go func() {
			for {
				if p, err := s.server.TryPacket(); err != nil || p[0] == 0xE0 {
					return
				}
			}
		}()
		for i := range 180 {
			s.server.SendBytes(numbered(0, i, i+1))
		}
		if since() < 35*time.Second {
			t.Errorf("the server wrote all within %v", since())
		}
		<-time.After(150 * time.Second)
		if next.Load() != 180 {
			t.Errorf("%d messages were handled", next.Load())
		}
	})
}

func TestSlowHandlerLosesNothingWhileSomebodyWaits(t *testing.T) {
	const sent = 5000
	var got atomic.Int32
	all := make(chan struct{})
	s := dialScripted(t, func(cfg *mqtt.Config) {
		cfg.Limits.ReceiveMessages = 2
		cfg.OnError = func(err error) { t.Error(err) }
		cfg.OnMessage = func(context.Context, *mqtt.Received) {
			if got.Add(1) == sent {
				close(all)
			}
		}
	})
	pinged := async(func() error {
		_, err := s.Ping(s.ctx)
		return err
	})
	s.server.Expect("C0 00") // the answer stands behind the flood
	s.server.SendBytes(numbered(0, 0, sent))
	s.server.Send("D0 00")
	s.mustWait(pinged)
	<-all
	s.closeWell()
}

// TestDroppedMessagesAreReported: the handler itself waits for an answer, so reading has to go on.
// It keeps out peer 4.4: a message that was dropped is told as sent.
func TestDroppedMessagesAreReported(t *testing.T) {
	const sent = 5000
	var got, lost atomic.Int32
	s := dialScripted(t, func(cfg *mqtt.Config) {
		cfg.Limits.ReceiveMessages = 2
		client := itself(cfg)
		cfg.OnMessage = func(ctx context.Context, m *mqtt.Received) {
			if got.Add(1) == 1 {
				if err := client().Publish(ctx, mqtt.Message{Topic: "t", QoS: 1}); err != nil {
					t.Error(err)
				}
			}
		}
		cfg.OnError = func(err error) {
			var d *mqtt.DroppedError
			if !errors.As(err, &d) {
				t.Errorf("error %v", err)
				return
			}
			lost.Add(int32(d.Messages))
		}
	})
	s.server.SendBytes(numbered(0, 0, sent))
	s.server.Expect("32 05 000174 0001")
	s.server.Send("40 02 0001")
	done := make(chan struct{})
	if _, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "t", QoS: 1}, func(error) { close(done) }); err != nil {
		t.Fatal(err)
	}
	s.server.Expect("32 05 000174 0002")
	s.server.Send("40 02 0002")
	<-done // behind all messages
	if got.Load()+lost.Load() != sent || lost.Load() == 0 {
		t.Errorf("%d delivered and %d reported lost of %d", got.Load(), lost.Load(), sent)
	}
	s.closeWell()
}

// TestHandlerThatChangesItsMessage: the message belongs to the handler.
func TestHandlerThatChangesItsMessage(t *testing.T) {
	done := make(chan struct{})
	s := dialScripted(t, func(cfg *mqtt.Config) {
		cfg.Limits.ReceiveBytes = 20_000
		cfg.OnMessage = func(_ context.Context, m *mqtt.Received) {
			if m.Topic == "n" {
				close(done)
			}
			*m = mqtt.Received{}
		}
	})
	for range 30 { // far more than the limit, if it were not counted off
		s.server.SendBytes(bigPublish(3000))
	}
	s.server.SendBytes(numbered(0, 0, 1))
	<-done
	s.closeWell()
}

// TestHandlerThatEndsItsGoroutine: as FailNow of package testing does. It shows TR-13: handler
// panics.
func TestHandlerThatEndsItsGoroutine(t *testing.T) {
	s := dialScripted(t, nil)
	exit := mqtt.Subscription{Filter: "exit", QoS: 1, Handler: func(context.Context, *mqtt.Received) { runtime.Goexit() }}
	must(t, s.subscribe(1, exit))
	s.server.Send("32 08 0004 65786974 0001", "30 06 0004 65786974", "32 05 000174 0002")
	s.expectEvent("error: a handler panicked: it called runtime.Goexit")
	s.expectEvent("error: a handler panicked: it called runtime.Goexit")
	s.expectEvent("message t= q1 id2")
	s.server.Expect("40 02 0002")
	closed := make(chan error, 1)
	_, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "t"}, func(error) { closed <- s.Close(s.ctx) }) // still knows its own goroutine
	must(t, err)
	s.server.Expect("30 03 000174", "E0 00")
	s.server.Close()
	s.mustWait(closed)
	s.finish()
}

// TestHandlersHaveAContext: it ends with the client. It keeps out peer 4.13: waits and handlers
// have no context.
func TestHandlersHaveAContext(t *testing.T) {
	begun, ended := make(chan struct{}), make(chan struct{})
	s := dialScripted(t, func(cfg *mqtt.Config) {
		cfg.OnMessage = func(ctx context.Context, m *mqtt.Received) {
			close(begun)
			<-ctx.Done()
			close(ended)
		}
	})
	s.server.Send("30 03 000174")
	<-begun
	s.closeWell()
	<-ended
}

// TestMessagesThatNobodyTakesAreReported: a kept session may bring some before the program has
// subscribed.
func TestMessagesThatNobodyTakesAreReported(t *testing.T) {
	told := make(chan error, 10)
	s := dialScripted(t, func(cfg *mqtt.Config) {
		cfg.OnMessage = nil
		cfg.OnError = func(err error) { told <- err }
	})
	s.server.Send("32 05 000174 0003", "30 03 000175")
	s.server.Expect("40 02 0003")
	messages := 0
	for messages < 2 {
		select {
		case err := <-told:
			var unhandled *mqtt.UnhandledError
			if !errors.As(err, &unhandled) || messages == 0 && unhandled.Topic != "t" {
				t.Fatalf("told %v", err)
			}
			messages += unhandled.Messages
		case <-s.ctx.Done():
			t.Fatal("nothing is told")
		}
	}
}
