package mqtt_test

import (
	"context"
	"errors"
	"testing"

	"dunlin/mqtt"
)

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
