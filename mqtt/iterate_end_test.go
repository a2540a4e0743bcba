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

func TestAllEndsWithItsContext(t *testing.T) { // though messages wait
	eachIterable(t, nil, func(s *scripted, five bool) {
		a := s.activate(five, mqtt.Subscription{Filter: "t", QoS: 1})
		ctx, cancel := context.WithCancelCause(s.ctx)
		s.iterate(ctx, a)
		synctest.Wait() // it waits
		cancel(errors.New("enough"))
		s.expectEvent("failed: enough")
		s.expectEvent("left")

		ctx, cancel = context.WithCancelCause(s.ctx)
		for i := range 3 {
			s.sendPublish(five, 0x32, uint16(i+1), "a")
		}
		steps := s.iterate(ctx, a)
		s.expectEvent("got t=a q1 id1")
		cancel(errors.New("enough"))
		steps <- true
		s.server.Expect("40 02 0001")
		s.expectEvent("failed: enough")
		s.expectEvent("left")
		steps = s.iterate(s.ctx, a)
		s.expectEvent("got t=a q1 id2") // nothing is lost by it
		steps <- false
		s.server.Expect("40 02 0002")
		s.expectEvent("left")
	})
}

func TestAllEndsWithTheClient(t *testing.T) {
	t.Run("closed within the loop", func(t *testing.T) {
		eachIterable(t, nil, func(s *scripted, five bool) {
			a := s.activate(five, mqtt.Subscription{Filter: "t", QoS: 1})
			s.sendPublish(five, 0x32, 1, "a")
			s.sendPublish(five, 0x32, 2, "b")
			steps := s.iterate(s.ctx, a)
			s.expectEvent("got t=a q1 id1")
			closed := async(func() error { return s.Close(s.ctx) })
			s.server.Expect("E0 00")
			s.server.Close()
			s.mustWait(closed) // the loop is the application's: Close does not wait for it
			steps <- true
			s.expectEvent("failed: client is closed")
			s.expectEvent("left")
		})
	})
	t.Run("closed while it waits", func(t *testing.T) {
		eachIterable(t, nil, func(s *scripted, five bool) {
			a := s.activate(five, mqtt.Subscription{Filter: "t", QoS: 1})
			s.iterate(s.ctx, a)
			synctest.Wait()
			closed := async(func() error { return s.Close(s.ctx) })
			s.server.Expect("E0 00")
			s.server.Close()
			s.mustWait(closed)
			s.expectEvent("failed: client is closed")
			s.expectEvent("left")
		})
	})
	t.Run("lost", func(t *testing.T) { // what had come of a clean session is given first
		eachIterable(t, nil, func(s *scripted, five bool) {
			a := s.activate(five, mqtt.Subscription{Filter: "t", QoS: 1})
			s.sendPublish(five, 0x30, 0, "a")
			s.sendPublish(five, 0x32, 1, "b")
			s.server.Close()
			<-s.Done()
			s.expectEvent("close: ")
			s.expectEvent("disconnect: ")
			steps := s.iterate(s.ctx, a)
			steps <- true
			steps <- true
			s.expectEvent("got t=a q0")
			s.expectEvent("got t=b q1 id1")
			s.expectEvent("failed: client is closed: the server closed the connection")
			s.expectEvent("left")
		})
	})
}

func TestAllEndsWhenTheSubscriptionDoes(t *testing.T) {
	const rest = "got t=a q1 id1"
	for name, end := range map[string]func(s *scripted, five bool, a *mqtt.ActiveSubscription){
		"Close": func(s *scripted, five bool, a *mqtt.ActiveSubscription) {
			for range 2 { // the second time there is nothing to do
				s.mustWait(async(func() error { return a.Close(s.ctx) }))
			}
		},
		"Client.Unsubscribe": func(s *scripted, five bool, _ *mqtt.ActiveSubscription) {
			s.mustWait(async(func() error { return s.Unsubscribe(s.ctx, "t", "u") }))
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachIterable(t, nil, func(s *scripted, five bool) {
				a := s.activate(five, mqtt.Subscription{Filter: "t", QoS: 1}, mqtt.Subscription{Filter: "u", QoS: 1})
				waiting := s.iterate(s.ctx, a)
				s.sendPublish(five, 0x32, 1, "a")
				s.expectEvent(rest)
				answered := async(func() error { s.answerRequest(five, 0, 0); return nil })
				end(s, five, a)
				s.mustWait(answered)
				waiting <- true
				s.server.Expect("40 02 0001")
				s.expectEvent("left") // without an error
				s.server.ExpectNothing(time.Minute)
			})
		})
	}
}

func TestWhatCloseLeavesIsNotAcknowledged(t *testing.T) { // what Unsubscribe leaves is given to a loop that runs
	eachIterable(t, nil, func(s *scripted, five bool) {
		a := s.activate(five, mqtt.Subscription{Filter: "t", QoS: 1})
		s.sendPublish(five, 0x32, 1, "a")
		s.sendPublish(five, 0x32, 2, "b")
		for m := range a.All(s.ctx) {
			s.events <- describe(m)
			closed := async(func() error { return a.Close(s.ctx) })
			s.answerRequest(five, 0)
			s.mustWait(closed)
		}
		s.expectEvent("t=a q1 id1")
		s.server.Expect("40 02 0001")
		s.server.ExpectNothing(time.Minute)

		unsubscribe := func() {
			unsubscribed := async(func() error { return s.Unsubscribe(s.ctx, "t") })
			s.answerRequest(five, 0)
			s.mustWait(unsubscribed)
			synctest.Wait()
		}
		a = s.activate(five, mqtt.Subscription{Filter: "t", QoS: 1})
		steps := s.iterate(s.ctx, a)
		s.sendPublish(five, 0x32, 3, "c")
		s.sendPublish(five, 0x32, 4, "d")
		s.expectEvent("got t=c q1 id3")
		unsubscribe()
		steps <- true
		s.server.Expect("40 02 0003")
		s.expectEvent("got t=d q1 id4")
		steps <- true
		s.server.Expect("40 02 0004")
		s.expectEvent("left")

		a = s.activate(five, mqtt.Subscription{Filter: "t", QoS: 1}) // without a loop nobody would ever take it
		s.sendPublish(five, 0x32, 5, "e")
		unsubscribe()
		if n := s.Stats().Received; n != 0 {
			s.t.Errorf("%d messages wait for nobody", n)
		}
		s.iterate(s.ctx, a)
		s.expectEvent("left")
		s.server.ExpectNothing(time.Minute)
	})
}

func TestAllEndsWhenItsFilterIsTakenOver(t *testing.T) { // and Close leaves the filter to who has it now
	eachIterable(t, nil, func(s *scripted, five bool) {
		first := s.activate(five, mqtt.Subscription{Filter: "t"})
		s.iterate(s.ctx, first)
		synctest.Wait()
		second := s.activate(five, mqtt.Subscription{Filter: "t"})
		s.expectEvent("left")
		s.mustWait(async(func() error { return first.Close(s.ctx) }))
		steps := s.iterate(s.ctx, second)
		s.sendPublish(five, 0x30, 0, "a")
		s.expectEvent("got t=a")
		steps <- false
		s.expectEvent("left")
		s.server.ExpectNothing(10 * time.Second)
	})
}

func TestAllEndsWhenRenewingFails(t *testing.T) {
	eachLasting(t, iterable, func(s *lasting) {
		a := s.activate(s.five, mqtt.Subscription{Filter: "t", QoS: 1})
		s.iterate(s.ctx, a)
		s.lose("absent")
		s.answerRequest(s.five, 0x80)
		s.expectEvents("error: subscribe", "failed: subscribe", "left")
		closed := async(func() error { return a.Close(s.ctx) })
		s.mustWait(closed) // there is nothing to unsubscribe
	})
}

// expectEvents waits for events with these beginnings, in any order.
func (s *scripted) expectEvents(want ...string) {
	s.t.Helper()
	for range len(want) {
		got := <-s.events
		found := false
		for i, w := range want {
			if found = w != "" && strings.HasPrefix(got, w); found {
				want[i] = ""
				break
			}
		}
		if !found {
			s.t.Fatalf("event %q, want one of %q", got, want)
		}
	}
}

func TestCloseThatFailsLeavesAllGoingOn(t *testing.T) { // as long as the subscription is in force
	lastingV5(t, "", iterable, func(s *lasting) {
		a := s.activate(true, mqtt.Subscription{Filter: "t", QoS: 1})
		steps := s.iterate(s.ctx, a)
		steps <- true
		closed := async(func() error { return a.Close(s.ctx) })
		s.answerRequest(true, 0x87)
		checkError(s.t, s.wait(closed), mqtt.ErrRejected)
		s.play("< pub 32 1 a")
		s.expectEvent("got t=a")
		s.play("> 40 02 0001")

		s.drop()
		ctx, cancel := context.WithCancel(s.ctx)
		closed = async(func() error { return a.Close(ctx) })
		s.expectWaiting(closed)
		cancel()
		checkError(s.t, s.wait(closed), mqtt.ErrNotSent)
		s.acceptNext("present")
		s.play("< pub 32 2 b")
		s.expectEvent("got t=b")

		ctx, cancel = context.WithCancel(s.ctx)
		closed = async(func() error { return a.Close(ctx) })
		s.server.Packet()
		s.expectWaiting(closed)
		cancel()
		checkError(s.t, s.wait(closed), mqtt.ErrInDoubt)
		steps <- true
		s.play("> 40 02 0002")
		s.expectEvent("left")
	})
}

// TestRefusedSubscriptionHoldsNothingBack has a message come for a subscription that the server
// then refuses: nobody asks for it with All, and the acknowledgements of later ones do not wait for
// that.
func TestRefusedSubscriptionHoldsNothingBack(t *testing.T) {
	lastingV5(t, "", iterable, func(s *lasting) {
		handled := mqtt.Subscription{Filter: "g", QoS: 1, Handler: func(context.Context, *mqtt.Received) {}}
		subscribed := async(func() error { return errorOf(s.Subscribe(s.ctx, handled)) })
		s.play(`> 82 09 0001 02 0B01 000167 01
			< 90 04 0001 00 01`)
		s.mustWait(subscribed)
		subscribed = async(func() error { return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "f", QoS: 1})) })
		s.play("> 82 09 0002 02 0B02 000166 01")
		s.server.SendBytes(publishBytes(true, 0x32, "f", 1, ""))
		s.server.Send("90 04 0002 00 87")
		if err := s.wait(subscribed); !errors.Is(err, mqtt.ErrRejected) {
			t.Fatal(err)
		}
		s.server.SendBytes(publishBytes(true, 0x32, "g", 2, ""))
		s.play("> 40 02 0002")
		if n := s.Stats().Received; n != 0 {
			t.Errorf("%d messages wait", n)
		}
	})
}
