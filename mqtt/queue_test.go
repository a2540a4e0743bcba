package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// eachOffline runs a test in fake time for clients that connect in the background
// and find nobody yet.
func eachOffline(t *testing.T, change func(*mqtt.Config), f func(s *lasting)) {
	t.Helper()
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		t.Run(version.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newLasting(t, version, func(cfg *mqtt.Config) {
					cfg.Reconnect.Background = true
					if change != nil {
						change(cfg)
					}
				})
				s.net.refuses(nobody)
				must(t, <-s.start())
				f(s)
			})
		})
	}
}

// online lets the client connect.
func (s *lasting) online(session string) {
	s.t.Helper()
	s.net.refuses(nil)
	s.acceptNext(session)
}

func TestPublishedBeforeTheFirstConnection(t *testing.T) { // SR-08, CN-27: in order, and nothing says that it was sent before
	eachOffline(t, nil, func(s *lasting) {
		subscribed := async(func() error { return errorOf(s.Subscribe(s.ctx, s.sub("mine", "t"))) })
		synctest.Wait()
		all := append(s.publishes(1, "a"), s.publishes(2, "b")...)
		all = append(all, s.publishes(1, "c")...)
		<-time.After(5 * time.Minute)
		s.expectOpen(all...)
		if st := s.Stats(); st.Queued != 3 || st.InFlight != 0 || st.QueuedBytes < 18 || st.Connected || st.Connections != 0 || st.Retries < 4 {
			s.t.Errorf("%+v", st)
		}
		s.online("absent")
		if s.five { // before the publishes, which may be for ourselves
			s.server.Expect("82 09 0001 02 0B01 000174 00")
			s.server.Send("90 04 0001 00 00")
		} else {
			s.server.Expect("82 06 0001 000174 00")
			s.server.Send("90 03 0001 00")
		}
		s.play(`> pub 32 2 a
			> pub 34 3 b
			> pub 32 4 c`)
		s.mustWait(subscribed)
		if st := s.Stats(); st.Queued != 0 || st.InFlight != 3 || !st.Connected || st.Connections != 1 || st.BytesWritten == 0 || st.BytesRead == 0 {
			s.t.Errorf("%+v", st)
		}
		s.play("< pub 30 0 x")
		s.expectEvent("mine t=x")
	})
}

func TestQoS0WithoutAConnection(t *testing.T) { // SR-08, SR-30, peer 4.4: fails at once, unless it is to wait
	eachOffline(t, nil, func(s *lasting) {
		checkError(s.t, s.Publish(s.ctx, mqtt.Message{Topic: "t"}), mqtt.ErrNotSent, mqtt.ErrNotConnected)
		s.online("absent")
		s.play("quiet")
		s.publishes(0, "a")
		s.play("> pub 30 0 a")
		s.drop()
		checkError(s.t, s.Publish(s.ctx, mqtt.Message{Topic: "t"}), mqtt.ErrNotSent, mqtt.ErrNotConnected)
	})
	eachOffline(t, func(cfg *mqtt.Config) { cfg.Limits.Queue.QoS0 = true }, func(s *lasting) {
		s.publishes(1, "a")
		done := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", Payload: []byte("b")}) })
		synctest.Wait()
		s.publishes(1, "c")
		s.online("absent")
		s.play(`> pub 32 1 a
			> pub 30 0 b
			> pub 32 2 c`)
		s.mustWait(done)
		s.lose("present")
		s.play(`> pub 3A 1 a
			> pub 3A 2 c
			quiet`)
	})
}

func TestQoS0AcrossALoss(t *testing.T) { // DC-14: what was not written fails, and says so
	eachLasting(t, nil, func(s *lasting) {
		synctest.Wait()
		all := append(s.publishes(0, "a"), s.publishes(0, "b")...) // nobody reads
		synctest.Wait()
		late := s.publishes(0, "c")[0]
		s.drop()
		for _, d := range all[:1] {
			s.expectDone(d, mqtt.ErrInDoubt, mqtt.ErrNotConnected)
		}
		s.expectDone(late, mqtt.ErrNotSent, mqtt.ErrNotConnected)
		s.acceptNext("present")
		s.play("quiet")
		s.expectDone(late, mqtt.ErrNotSent)
	})
}

func TestFullQueueBlocks(t *testing.T) { // SR-30, peer 4.20: with room for two
	two := func(cfg *mqtt.Config) { cfg.Limits.Queue.Messages = 2 }
	eachOffline(t, two, func(s *lasting) {
		s.publishes(1, "a", "b")
		third := async(func() error { s.publishes(1, "c"); return nil })
		own := errors.New("enough")
		ctx, cancel := context.WithCancelCause(s.ctx)
		fourth := async(func() error { return s.Enqueue(ctx, mqtt.Message{Topic: "t", QoS: 1}) })
		synctest.Wait()
		cancel(own)
		checkError(s.t, <-fourth, mqtt.ErrNotSent, own)
		s.online("absent")
		s.play(`> pub 32 1 a
			> pub 32 2 b
			quiet
			< 40 02 0001
			> pub 32 3 c`)
		s.mustWait(third)
	})
}

func TestFullQueueFails(t *testing.T) { // SR-30, peer 4.20: with few bytes, and one message may exceed them
	few := func(cfg *mqtt.Config) {
		cfg.Limits.Queue.Bytes, cfg.Limits.Queue.Full = 2000, mqtt.QueueFail
	}
	eachOffline(t, few, func(s *lasting) {
		payload, accepted := make([]byte, 300), 0
		for range 100_000 {
			err := s.Enqueue(s.ctx, mqtt.Message{Topic: "t", Payload: payload, QoS: 1})
			if err == nil {
				accepted++
				continue
			}
			checkError(s.t, err, mqtt.ErrNotSent, mqtt.ErrQueueFull)
		}
		if st := s.Stats(); accepted < 5 || accepted > 7 || st.Queued != accepted || st.QueuedBytes > 2400 {
			s.t.Errorf("%d accepted, %+v", accepted, st)
		}
		s.online("absent")
		for range accepted {
			s.server.Packet()
		}
		s.play("< 40 02 0001 40 02 0002")
		synctest.Wait()
		must(s.t, s.Enqueue(s.ctx, mqtt.Message{Topic: "t", Payload: make([]byte, 10_000), QoS: 1}))
		checkError(s.t, s.Enqueue(s.ctx, mqtt.Message{Topic: "t", QoS: 1}), mqtt.ErrQueueFull)
	})
}

func TestFullQueueDropsTheOldest(t *testing.T) { // SR-30, peer 4.20, peer 4.4: counted, told, and never one that was sent
	three := func(cfg *mqtt.Config) {
		cfg.Limits.Queue.Messages, cfg.Limits.Queue.Full = 3, mqtt.QueueDropOldest
	}
	eachLasting(t, three, func(s *lasting) {
		sent := s.publishes(1, "a")[0]
		s.play("> pub 32 1 a")
		s.drop()
		s.net.refuses(nobody)
		queued := s.publishes(1, "b", "c", "d", "e")
		s.expectDone(queued[0], mqtt.ErrNotSent, mqtt.ErrQueueFull)
		s.expectDone(queued[1], mqtt.ErrNotSent, mqtt.ErrQueueFull)
		s.expectOpen(sent, queued[2], queued[3])
		if st := s.Stats(); st.Dropped != 2 || st.InFlight != 1 || st.Queued != 2 {
			s.t.Errorf("%+v", st)
		}
		s.online("present")
		s.play(`> pub 3A 1 a
			> pub 32 2 d
			> pub 32 3 e
			quiet`)
		checkError(s.t, s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 1}), mqtt.ErrNotSent, mqtt.ErrQueueFull) // none is left to drop
	})
}

func TestExpiryInTheQueue(t *testing.T) { // SR-29
	publish := func(s *lasting, payload string, qos mqtt.QoS, seconds int) *mqtt.Delivery {
		expiry := time.Duration(seconds) * time.Second
		m := mqtt.Message{Topic: "t", Payload: []byte(payload), QoS: qos, Properties: &mqtt.Properties{MessageExpiry: &expiry}}
		d, err := s.PublishAsync(s.ctx, m, nil)
		must(s.t, err)
		return d
	}
	lastingV5(t, "", func(cfg *mqtt.Config) { cfg.Reconnect.MaxDelay = time.Second }, func(s *lasting) {
		publish(s, "a", 1, 1)
		publish(s, "b", 2, 1)
		s.server.Expect("32 0C 000174 0001 05 0200000001 61", "34 0C 000174 0002 05 0200000001 62")
		s.drop()
		s.net.refuses(nobody)
		since := elapsed()
		late := publish(s, "c", 1, 100)
		expired := []*mqtt.Delivery{publish(s, "d", 1, 3), publish(s, "e", 2, 3)}
		<-time.After(40 * time.Second)
		s.online("present")
		s.server.Expect("3A 0C 000174 0001 05 0200000001 61", "3C 0C 000174 0002 05 0200000001 62") // were sent: go on, however late
		left := 100 - int(since()/time.Second)
		if p := s.server.Packet(); p[0] != 0x32 || p[6] != 3 || int(p[12]) > left || int(p[12]) < left-1 {
			t.Errorf("got % X, with %d seconds left", p, left)
		}
		for _, d := range expired {
			s.expectDone(d, mqtt.ErrNotSent, mqtt.ErrExpired)
		}
		s.play(`quiet
			< 40 02 0003`)
		s.expectDone(late)
	})
}

func TestEnqueueWithoutAStore(t *testing.T) { // accepted at once; what becomes of it, the Error handler is told
	eachOffline(t, nil, func(s *lasting) {
		for i := range 3 {
			must(s.t, s.Enqueue(s.ctx, mqtt.Message{Topic: "t", Payload: fmt.Append(nil, i), QoS: 1}))
		}
		d := s.publishes(1, "3")[0]
		select {
		case <-d.Accepted():
		default:
			s.t.Error("not accepted")
		}
		s.online("absent")
		s.play(`> pub 32 1 0
			> pub 32 2 1
			> pub 32 3 2
			> pub 32 4 3
			< 40 02 0001
			lose absent
			quiet`)
		for range 2 {
			s.expectEvent(`error: publish to "t"`)
		}
		s.expectDone(d, mqtt.ErrInDoubt, mqtt.ErrSessionLost)
		s.expectNoEvent()
	})
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
