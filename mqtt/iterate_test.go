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
)

// iterable is for a client whose messages All gives.
func iterable(cfg *mqtt.Config) { cfg.OnMessage = nil }

// eachIterable runs a test in fake time for a client of each version without an OnMessage.
func eachIterable(t *testing.T, change func(*mqtt.Config), f func(s *scripted, five bool)) {
	t.Helper()
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		t.Run(version.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := dialPipe(t, func(cfg *mqtt.Config) {
					iterable(cfg)
					cfg.Version, cfg.KeepAlive = version, -1
					if change != nil {
						change(cfg)
					}
				}, "")
				f(s, version == mqtt.V5)
			})
		})
	}
}

// answerRequest has the server answer the next SUBSCRIBE or UNSUBSCRIBE.
func (s *scripted) answerRequest(five bool, codes ...byte) {
	s.t.Helper()
	packet := s.server.Packet()
	body := []byte{packet[2], packet[3]}
	if five {
		body = append(body, 0)
	} else if packet[0] == 0xA2 {
		codes = nil
	}
	s.server.SendBytes(frame(packet[0]&0xF0+0x10, append(body, codes...)))
}

// activate subscribes, and the server grants what is asked for.
func (s *scripted) activate(five bool, subs ...mqtt.Subscription) *mqtt.ActiveSubscription {
	s.t.Helper()
	var active *mqtt.ActiveSubscription
	done := async(func() (err error) {
		active, err = s.Subscribe(s.ctx, subs...)
		return err
	})
	codes := make([]byte, len(subs))
	for i := range subs {
		codes[i] = byte(subs[i].QoS)
	}
	s.answerRequest(five, codes...)
	s.mustWait(done)
	return active
}

// iterate begins a loop over a. Each message and the end are events; go on with a
// value of steps: true asks for the next message, false leaves the loop.
func (s *scripted) iterate(ctx context.Context, a *mqtt.ActiveSubscription) (steps chan bool) {
	steps = make(chan bool, 1000)
	go func() {
		for m, err := range a.All(ctx) {
			if err != nil {
				s.events <- "failed: " + err.Error()
				continue
			}
			s.events <- "got " + describe(m)
			if !<-steps {
				break
			}
		}
		s.events <- "left"
	}()
	return steps
}

func TestAllAcknowledgesWhenTheNextIsAskedFor(t *testing.T) { // and has what comes from Subscribe on
	eachIterable(t, nil, func(s *scripted, five bool) {
		var a *mqtt.ActiveSubscription
		done := async(func() (err error) {
			a, err = s.Subscribe(s.ctx, mqtt.Subscription{Filter: "t", QoS: 2})
			return err
		})
		packet := s.server.Packet()
		s.sendPublish(five, 0x33, 1, "before SUBACK")
		body := []byte{packet[2], packet[3]}
		if five {
			body = append(body, 0)
		}
		s.server.SendBytes(frame(0x90, append(body, 2)))
		s.mustWait(done)
		if codes := a.Granted(); len(codes) != 1 || codes[0] != 2 {
			s.t.Errorf("granted %v", codes)
		}
		s.sendPublish(five, 0x34, 2, "b")
		s.sendPublish(five, 0x30, 0, "c")
		s.server.ExpectNothing(time.Minute) // nobody has asked yet
		steps := s.iterate(s.ctx, a)
		s.expectEvent("got t=before SUBACK q1 id1 retain")
		s.server.ExpectNothing(time.Minute)
		steps <- true
		s.server.Expect("40 02 0001")
		s.expectEvent("got t=b q2 id2")
		s.server.ExpectNothing(time.Minute)
		steps <- true
		s.server.Expect("50 02 0002")
		s.expectEvent("got t=c q0")
		steps <- false
		s.expectEvent("left")
		s.sendPublish(five, 0x32, 3, "d") // another loop goes on
		s.server.ExpectNothing(time.Minute)
		steps = s.iterate(s.ctx, a)
		s.expectEvent("got t=d q1 id3")
		steps <- false
		s.server.Expect("40 02 0003") // leaving asks for no message, but is through with this one
		s.expectEvent("left")
	})
}

func TestPanicInTheLoopIsNotAcknowledged(t *testing.T) { // but what follows is
	eachIterable(t, nil, func(s *scripted, five bool) {
		a := s.activate(five, mqtt.Subscription{Filter: "t", QoS: 1})
		s.sendPublish(five, 0x32, 1, "a")
		s.sendPublish(five, 0x32, 2, "b")
		func() {
			defer func() {
				if v := recover(); v != "no" {
					s.t.Errorf("recovered %v", v)
				}
			}()
			for range a.All(s.ctx) {
				panic("no")
			}
		}()
		s.server.ExpectNothing(time.Minute)
		for m := range a.All(s.ctx) {
			s.events <- describe(m)
			break
		}
		s.expectEvent("t=b q1 id2")
		s.server.Expect("40 02 0002")
	})
}

func TestAllWithManualAck(t *testing.T) {
	eachIterable(t, nil, func(s *scripted, five bool) {
		a := s.activate(five, mqtt.Subscription{Filter: "t", QoS: 1, ManualAck: true})
		s.sendPublish(five, 0x32, 1, "a")
		s.sendPublish(five, 0x32, 2, "b")
		var kept []*mqtt.Received
		for m := range a.All(s.ctx) {
			if kept = append(kept, m); len(kept) == 2 {
				break
			}
		}
		s.server.ExpectNothing(time.Minute)
		must(s.t, kept[1].Ack())
		s.server.ExpectNothing(time.Minute)
		must(s.t, kept[0].Ack())
		s.server.Expect("40 02 0001", "40 02 0002")
	})
}

func TestSubscribeInDoubtCanBeIteratedAndClosed(t *testing.T) { // or nobody could get what comes
	eachIterable(t, nil, func(s *scripted, five bool) {
		ctx, cancel := context.WithCancel(s.ctx)
		var a *mqtt.ActiveSubscription
		done := async(func() (err error) {
			a, err = s.Subscribe(ctx, mqtt.Subscription{Filter: "t"})
			return err
		})
		packet := s.server.Packet()
		cancel()
		if err := s.wait(done); !errors.Is(err, mqtt.ErrInDoubt) || a == nil {
			s.t.Fatalf("%v, %v", a, err)
		}
		if codes := a.Granted(); codes != nil {
			s.t.Errorf("granted %v before the answer", codes)
		}
		body := []byte{packet[2], packet[3]}
		if five {
			body = append(body, 0)
		}
		s.server.SendBytes(frame(0x90, append(body, 0)))
		s.sendPublish(five, 0x30, 0, "a")
		steps := s.iterate(s.ctx, a)
		s.expectEvent("got t=a")
		steps <- false
		s.expectEvent("left")
	})
}

func TestSubscribeAsyncNeedsAHandler(t *testing.T) { // or OnMessage: it has no All
	s := dialScripted(t, iterable)
	var bad *mqtt.ArgumentError
	if _, err := s.SubscribeAsync(s.ctx, []mqtt.Subscription{{Filter: "t"}}, nil); !errors.As(err, &bad) {
		t.Errorf("got %v", err)
	}
	s.closeWell()
}

func TestAllOfSeveralFilters(t *testing.T) { // gives a message once, in the order of arrival
	eachIterable(t, nil, func(s *scripted, five bool) {
		handled := make(chan string, 10)
		a := s.activate(five,
			mqtt.Subscription{Filter: "a/+", QoS: 1}, mqtt.Subscription{Filter: "a/#", QoS: 1}, mqtt.Subscription{Filter: "b", QoS: 1},
			mqtt.Subscription{Filter: "h", QoS: 1, Handler: func(_ context.Context, m *mqtt.Received) { handled <- m.Topic }},
		)
		steps := s.iterate(s.ctx, a)
		for i, topic := range []string{"a/x", "b", "h", "a/y/z"} {
			s.server.SendBytes(publishBytes(five, 0x32, topic, uint16(i+1), ""))
		}
		for _, topic := range []string{"a/x", "b", "a/y/z"} {
			s.expectEvent("got " + topic)
			steps <- true
		}
		s.server.Expect("40 02 0001 40 02 0002 40 02 0003 40 02 0004")
		if topic := <-handled; topic != "h" {
			s.t.Errorf("the handler got %s", topic)
		}
	})
}

func TestAllBesideAHandler(t *testing.T) { // a message for both is acknowledged when both are through
	eachIterable(t, nil, func(s *scripted, five bool) {
		release := make(chan struct{})
		a := s.activate(five, mqtt.Subscription{Filter: "t", QoS: 1})
		s.activate(five, mqtt.Subscription{Filter: "#", QoS: 1, Handler: func(_ context.Context, m *mqtt.Received) {
			<-release
			if string(m.Payload) == "bad" {
				panic("bad")
			}
		}})
		steps := s.iterate(s.ctx, a)
		s.sendPublish(five, 0x32, 1, "a")
		release <- struct{}{}
		s.expectEvent("got t=a")
		s.server.ExpectNothing(time.Minute)
		steps <- true
		s.server.Expect("40 02 0001")
		s.sendPublish(five, 0x32, 2, "bad")
		release <- struct{}{}
		s.expectEvents("error: ", "got t=bad")
		steps <- true
		s.server.ExpectNothing(time.Minute)
	})
}

func TestAllIsNotForWhatHandlersGet(t *testing.T) {
	s := dialScripted(t, nil) // with an OnMessage
	var bad *mqtt.ArgumentError
	for _, a := range []*mqtt.ActiveSubscription{
		s.activate(false, mqtt.Subscription{Filter: "t"}),
		s.activate(false, mqtt.Subscription{Filter: "u", Handler: func(context.Context, *mqtt.Received) {}}),
	} {
		n := 0
		for m, err := range a.All(s.ctx) {
			if n++; m != nil || !errors.As(err, &bad) {
				t.Errorf("got %v, %v", m, err)
			}
		}
		if n != 1 {
			t.Errorf("%d elements", n)
		}
	}
	s.closeWell()
}

func TestForgottenIteratorIsTold(t *testing.T) { // once, when the receive queue is full
	eachIterable(t, func(cfg *mqtt.Config) { cfg.Limits.ReceiveMessages = 3 }, func(s *scripted, five bool) {
		a := s.activate(five, mqtt.Subscription{Filter: "t"})
		for i := range 2 {
			s.sendPublish(five, 0x30, 0, fmt.Sprint(i))
		}
		synctest.Wait()
		if len(s.events) > 0 {
			s.t.Errorf("event %q before the queue is full", <-s.events)
		}
		var more []byte // in one read
		for i := range 3 {
			more = append(more, publishBytes(five, 0x30, "t", 0, fmt.Sprint(2+i))...)
		}
		s.server.SendBytes(more)
		synctest.Wait()
		if len(s.events) > 0 {
			s.t.Errorf("event %q though the loop may be about to begin", <-s.events)
		}
		s.expectEvent("error: Subscription.Handler: is nil")
		synctest.Wait()
		if len(s.events) > 0 {
			s.t.Errorf("event %q besides", <-s.events)
		}
		s.expectWaiting(async(func() error { // the client reads no more
			_, err := s.server.Write(publishBytes(five, 0x30, "t", 0, "5"+strings.Repeat("x", 300<<10))) // more than is read ahead
			return err
		}))
		steps := s.iterate(s.ctx, a)
		for i := range 6 {
			s.expectEvent(fmt.Sprintf("got t=%d", i))
			steps <- true
		}
	})
}

func TestAllBoundsMemory(t *testing.T) { // the client stops reading for a loop that is slow
	const sent = 2000
	eachIterable(t, func(cfg *mqtt.Config) {
		cfg.Limits.ReceiveMessages = 10
		cfg.Limits.ReceiveBytes = 20_000
	}, func(s *scripted, five bool) {
		a := s.activate(five, mqtt.Subscription{Filter: "t"})
		payload := strings.Repeat("x", 5000)
		var begun atomic.Int32
		written := async(func() error {
			for range sent {
				begun.Add(1)
				if _, err := s.server.Write(publishBytes(five, 0x30, "t", 0, payload)); err != nil {
					return err
				}
			}
			return nil
		})
		n, most := 0, 0
		for range a.All(s.ctx) {
			synctest.Wait()
			n++
			if most = max(most, int(begun.Load())-n); n == sent {
				break
			}
		}
		s.mustWait(written)
		if most > 100 { // with those in the read buffer
			s.t.Errorf("%d messages waited", most)
		}
	})
}
