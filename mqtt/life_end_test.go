package mqtt_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
	"dunlin/mqtt/store"
)

// TestPublishingIsNotOverBeforeTheClientIs publishes and subscribes at a client that leaves
// a server and will find another: ErrClosed would say that this is the end.
func TestPublishingIsNotOverBeforeTheClientIs(t *testing.T) {
	lastingV5(t, "", nil, func(s *lasting) {
		s.server.Send("D0 01 00") // the client leaves, and the server does not read why
		synctest.Wait()
		published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 1}) })
		subscribed := async(func() error { _, err := s.Subscribe(s.ctx, mqtt.Subscription{Filter: "f"}); return err })
		synctest.Wait()
		checkError(s.t, s.Publish(s.ctx, mqtt.Message{Topic: "t"}), mqtt.ErrNotSent, mqtt.ErrNotConnected)
		<-time.After(10 * time.Second)
		s.acceptNext("present")
		for range 2 {
			for _, answer := range answerTo(s.t, s.server.Packet()) {
				s.server.SendBytes(answer)
			}
		}
		s.mustWait(published)
		s.mustWait(subscribed)
	})
}

// TestNothingFollowsTheLastPacket has the client leave while the server does not read: what
// is asked for from then on is refused or kept for the next connection, at once, and is not
// written behind DISCONNECT [MQTT-3.14.4-1].
func TestNothingFollowsTheLastPacket(t *testing.T) {
	var release chan struct{}
	small := func(cfg *mqtt.Config) {
		release = make(chan struct{})
		cfg.KeepAlive, cfg.Limits.SendBytes = -1, 4
		cfg.OnMessage = func(_ context.Context, _ *mqtt.Received) { <-release }
	}
	lastingV5(t, "", small, func(s *lasting) {
		s.play("< pub 32 9 handled")
		synctest.Wait()
		s.publishes(1, "a") // is being written
		synctest.Wait()
		s.publishes(1, "b") // there is no more room
		now := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t"}) })
		later := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 1, Payload: []byte("c")}) })
		synctest.Wait()
		s.server.Send("D0 01 00")
		begun := elapsed()
		checkError(s.t, <-now, mqtt.ErrNotSent, mqtt.ErrNotConnected)
		if begun() > 0 {
			s.t.Errorf("a publisher waits for room on a connection that is over, for %v", begun())
		}
		close(release) // nobody is told that the message is handled
		synctest.Wait()
		s.play(`> pub 32 1 a
			> pub 32 2 b
			> E0 01 81`)
		s.server.ExpectClosed()
		s.server.Close()
		s.acceptNext("present")
		s.play(`> pub 3A 1 a
			> pub 3A 2 b
			> pub 32 3 c
			< 40 02 0001 40 02 0002 40 02 0003`)
		s.mustWait(later)
	})
}

// TestNothingIsAnsweredAfterDisconnect: neither a message for nobody nor a fault, for each
// kind of client.
func TestNothingIsAnsweredAfterDisconnect(t *testing.T) {
	for name, change := range map[string]func(*mqtt.Config){
		"once":       func(cfg *mqtt.Config) { cfg.Reconnect = nil },
		"reconnects": func(*mqtt.Config) {},
		"saves":      func(cfg *mqtt.Config) { cfg.Reconnect, cfg.Store = nil, store.NewMemory() },
		"both":       func(cfg *mqtt.Config) { cfg.Store = store.NewMemory() },
	} {
		for _, packet := range []string{"32 06 0001 74 0001 00", "34 06 0001 74 0001 00", "D0 01 00", "E0 01 8B"} {
			t.Run(name+" "+packet, func(t *testing.T) {
				quiet := func(cfg *mqtt.Config) {
					change(cfg)
					cfg.OnMessage, cfg.Transport.Dial = nil, patient(cfg.Transport.Dial)
				}
				lastingV5(t, "", quiet, func(s *lasting) {
					closed := async(func() error { return s.Close(s.ctx) })
					s.server.Expect("E0 00")
					s.server.Send(packet)
					s.server.ExpectClosed()
					s.mustWait(closed)
					if err := s.Err(); !errors.Is(err, mqtt.ErrClosed) || errors.As(err, new(*mqtt.PacketError)) || errors.As(err, new(*mqtt.DisconnectError)) {
						t.Errorf("ended with %v", err)
					}
				})
			})
		}
	}
}

// TestPacketBeforeConnectOfEachKind: the server speaks first, which it must not; it is left
// without DISCONNECT.
func TestPacketBeforeConnectOfEachKind(t *testing.T) {
	for _, reconnects := range []bool{false, true} {
		for _, saves := range []bool{false, reconnects} {
			for _, packet := range []string{"20 03 000000", "20 02 0000", "30 04 0001 74 00", "E0 01 8B", "F0 00"} {
				synctest.Test(t, func(t *testing.T) {
					w := walk{t: t, reconnects: reconnects, saves: saves, phase: "opening", event: "answers"}
					w.arrive(nil, nil)
					_, before := w.server.link()
					b, err := mqtttest.ParseHex(packet)
					must(t, err)
					w.server.say(b)
					<-time.After(1500 * time.Millisecond)
					if _, after := w.server.link(); after != before || w.client.IsConnected() {
						t.Errorf("%s: the client answers, or is connected", packet)
					}
					w.settle()
					if reconnects {
						w.checkWorks()
					}
				})
			}
		}
	}
}

// TestUnwrittenQoS0IsReportedOnce: of what nobody asks for, the callback tells once.
func TestUnwrittenQoS0IsReportedOnce(t *testing.T) {
	eachLasting(t, keepAlive(-1), func(s *lasting) {
		synctest.Wait()
		var told []error
		for range 3 {
			_, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "t"}, func(err error) { told = append(told, err) })
			must(s.t, err)
			synctest.Wait()
		}
		s.drop()
		s.acceptNext("present")
		s.play("quiet")
		synctest.Wait()
		if len(told) != 3 {
			s.t.Fatalf("told of %d of 3 publishes", len(told))
		}
		checkError(s.t, told[0], mqtt.ErrInDoubt, mqtt.ErrNotConnected)
		for _, err := range told[1:] {
			checkError(s.t, err, mqtt.ErrNotSent, mqtt.ErrNotConnected)
		}
	})
}

// TestCloseWithAllTheTimeThereIs gives Close a deadline so far away that three times what is left
// is no Duration: publishes get their time all the same.
func TestCloseWithAllTheTimeThereIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := dialPipe(t, nil, "")
		published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 1}) })
		s.server.Expect("32 05 000174 0001")
		ctx, cancel := context.WithTimeout(context.Background(), 150*365*24*time.Hour)
		defer cancel()
		closed := async(func() error { return s.Close(ctx) })
		synctest.Wait()
		s.server.Send("40 02 0001")
		s.mustWait(published)
		s.server.Expect("E0 00")
		s.server.Close()
		s.mustWait(closed)
	})
}
