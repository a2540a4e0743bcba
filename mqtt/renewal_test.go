package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest/packet"
)

// twelve returns the filters f00 to f11.
func twelve() (filters []string) {
	for i := range 12 {
		filters = append(filters, fmt.Sprintf("f%02d", i))
	}
	return filters
}

// subscribeTo subscribes, with a call for so many filters.
func subscribeTo(t *testing.T, c *mqtt.Client, filters []string, each int) {
	t.Helper()
	for some := range slices.Chunk(filters, each) {
		var subs []mqtt.Subscription
		for _, f := range some {
			subs = append(subs, mqtt.Subscription{Filter: f})
		}
		_, err := c.Subscribe(t.Context(), subs...)
		must(t, err)
	}
}

// eachPicky runs a test in fake time with a server of each version that keeps the session, and
// one that does not.
func eachPicky(t *testing.T, f func(t *testing.T, s *pickyServer)) {
	for _, version := range []packet.Version{packet.V311, packet.V5} {
		for _, keeps := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v keeps %v", version, keeps), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &pickyServer{version: version, keeps: keeps}
					if version == packet.V5 {
						s.farewell = []byte{0xE0, 2, 0x83, 0} // Implementation specific error
					}
					f(t, s)
				})
			})
		}
	}
}

// lapse has the server of s lose the session once, and change.
func (s *pickyServer) lapse(change func()) {
	s.set(change)
	<-time.After(time.Hour)
	synctest.Wait()
}

// TestRenewalIsNoLargerThanWhatWasAccepted has a client subscribe one by one to more filters than the
// server takes in one SUBSCRIBE, as AWS IoT Core does at nine.
func TestRenewalIsNoLargerThanWhatWasAccepted(t *testing.T) {
	eachPicky(t, func(t *testing.T, s *pickyServer) {
		s.most = 8
		c, told := dialPicky(t, s, nil)
		subscribeTo(t, c, twelve(), 1)
		s.lapse(func() {})
		if connections, subscribes, filters := s.state(); connections != 1 || filters != 12 || slices.Max(subscribes) > 1 {
			t.Errorf("%d connections, SUBSCRIBE with %v, %d filters", connections, subscribes, filters)
		}
		subscribeTo(t, c, twelve()[:5], 5)
		s.lapse(func() {})
		if _, subscribes, filters := s.state(); filters != 12 || !slices.Equal(subscribes, []int{5, 5, 2}) {
			t.Errorf("SUBSCRIBE with %v, %d filters", subscribes, filters)
		}
		if len(told) > 0 {
			t.Errorf("told %v", <-told)
		}
	})
}

// TestRenewalIsHalved has the server take fewer filters than before.
func TestRenewalIsHalved(t *testing.T) {
	eachPicky(t, func(t *testing.T, s *pickyServer) {
		c, told := dialPicky(t, s, nil)
		subscribeTo(t, c, twelve(), 12)
		s.lapse(func() { s.most = 4 })
		if connections, subscribes, filters := s.state(); connections != 3 || filters != 12 || len(subscribes) < 5 {
			t.Errorf("%d connections, SUBSCRIBE with %v, %d filters", connections, subscribes, filters)
		}
		for _, want := range []int{3, 1, 1} { // it is tried once more: the ends may have been chance
			s.lapse(func() {})
			if connections, _, filters := s.state(); connections != want || filters != 12 {
				t.Errorf("then %d connections, %d filters", connections, filters)
			}
		}
		if len(told) > 0 {
			t.Errorf("told %v", <-told)
		}
	})
}

// TestRenewalThatIsAnsweredInPartIsHalved has the server answer a SUBSCRIBE with one code, however many
// filters it has, which breaks the protocol.
func TestRenewalThatIsAnsweredInPartIsHalved(t *testing.T) {
	eachPicky(t, func(t *testing.T, s *pickyServer) {
		c, told := dialPicky(t, s, nil)
		subscribeTo(t, c, twelve(), 12)
		s.lapse(func() { s.terse = true })
		if connections, subscribes, filters := s.state(); connections > 5 || filters != 12 || !c.IsConnected() {
			t.Errorf("%d connections, SUBSCRIBE with %v, %d filters", connections, subscribes, filters)
		}
		if len(told) > 0 {
			t.Errorf("told %v", <-told)
		}
	})
}

// TestOneSubscriptionIsLeftOut has the server end each connection at one filter: the client
// comes back without it and says so, and asks again later. What is published meanwhile is
// sent.
func TestOneSubscriptionIsLeftOut(t *testing.T) {
	for _, each := range []int{1, 12} {
		eachPicky(t, func(t *testing.T, s *pickyServer) {
			c, told := dialPicky(t, s, nil)
			subscribeTo(t, c, twelve(), each)
			s.set(func() { s.bad = []string{"f07"} })
			published, err := c.PublishAsync(t.Context(), mqtt.Message{Topic: "t", QoS: 1, Payload: []byte("p")}, nil)
			must(t, err)
			<-time.After(time.Hour)
			synctest.Wait()
			connections, subscribes, filters := s.state()
			if connections > 6 || filters != 11 {
				t.Errorf("%d connections, SUBSCRIBE with %v, %d filters", connections, subscribes, filters)
			}
			must(t, published.Err())
			if got := s.payloads(); len(got) != 1 || c.Stats().Quarantined > 0 || !c.IsConnected() {
				t.Errorf("published %v, %+v", got, c.Stats())
			}
			expectLeftOut(t, told, "f07")
			s.lapse(func() {}) // it is asked for alone, with one connection more
			connections, subscribes, filters = s.state()
			if connections != 2 || filters != 11 {
				t.Errorf("then %d connections, SUBSCRIBE with %v, %d filters", connections, subscribes, filters)
			}
			expectLeftOut(t, told, "f07")
			for range 2 {
				s.lapse(func() { s.bad = nil })
			}
			if _, _, filters := s.state(); filters != 12 || len(told) > 0 {
				t.Errorf("at the end %d filters, %d errors", filters, len(told))
			}
		})
	}
}

func expectLeftOut(t *testing.T, told chan error, filter string) {
	t.Helper()
	if len(told) != 1 {
		t.Fatalf("%d errors are told", len(told))
	}
	err := <-told
	var refused *mqtt.SubscribeError
	if !errors.As(err, &refused) || !slices.Equal(refused.Filters, []string{filter}) || !errors.Is(err, mqtt.ErrQuarantined) {
		t.Errorf("told %v", err)
	}
}

// TestMessageIsNotMistakenForASubscription has the server end each connection at a message, before
// it answers the SUBSCRIBE that came first: the message is put aside, and all subscriptions stay.
func TestMessageIsNotMistakenForASubscription(t *testing.T) {
	eachPicky(t, func(t *testing.T, s *pickyServer) {
		c, told := dialPicky(t, s, nil)
		subscribeTo(t, c, twelve(), 3)
		s.set(func() { s.bad, s.late = []string{"bad"}, time.Millisecond })
		published, err := c.PublishAsync(t.Context(), mqtt.Message{Topic: "t", QoS: 1, Payload: []byte("bad")}, nil)
		must(t, err)
		<-time.After(time.Hour)
		synctest.Wait()
		checkError(t, published.Err(), mqtt.ErrQuarantined)
		if connections, _, filters := s.state(); connections > 12 || filters != 12 || !c.IsConnected() {
			t.Errorf("%d connections, %d filters", connections, filters)
		}
		if len(told) > 0 {
			t.Errorf("told %v", <-told)
		}
	})
}

// TestSubscribeAtWhichTheServerDisconnectsEnds: what a call asks for is not asked for ever.
func TestSubscribeAtWhichTheServerDisconnectsEnds(t *testing.T) {
	eachPicky(t, func(t *testing.T, s *pickyServer) {
		s.most = 8
		c, _ := dialPicky(t, s, nil)
		var subs []mqtt.Subscription
		for _, f := range twelve() {
			subs = append(subs, mqtt.Subscription{Filter: f})
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err := c.Subscribe(ctx, subs...)
		checkError(t, err, mqtt.ErrInDoubt, mqtt.ErrQuarantined)
		<-time.After(time.Hour)
		synctest.Wait()
		if connections, _, _ := s.state(); connections != 7 || !c.IsConnected() {
			t.Errorf("%d connections", connections)
		}
		subscribeTo(t, c, twelve(), 6)
	})
}

// TestSubscriptionThatIsEndedIsNotAskedForAgain has the program unsubscribe a filter while it
// is a suspect.
func TestSubscriptionThatIsEndedIsNotAskedForAgain(t *testing.T) {
	eachPicky(t, func(t *testing.T, s *pickyServer) {
		c, told := dialPicky(t, s, nil)
		subscribeTo(t, c, []string{"good", "bad"}, 1)
		s.lapse(func() { s.bad = []string{"bad"} })
		expectLeftOut(t, told, "bad")
		unsubscribed := async(func() error { return c.Unsubscribe(t.Context(), "bad") })
		synctest.Wait()
		s.lapse(func() {})
		select {
		case err := <-unsubscribed:
			must(t, err)
		default:
			t.Error("unsubscribe has not ended")
		}
		s.lapse(func() {})
		if connections, _, filters := s.state(); connections != 1 || filters != 1 || len(told) > 0 {
			t.Errorf("%d connections, %d filters, %d errors", connections, filters, len(told))
		}
	})
}
