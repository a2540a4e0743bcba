package mqtt_test

import (
	"errors"
	"testing"

	"dunlin/mqtt"
)

// TestRefusedRequestThatWasSentIsInDoubt has a subscribe without an answer meet a server that does
// not take it: the one before may have, so it is not told that nothing was sent.
func TestRefusedRequestThatWasSentIsInDoubt(t *testing.T) {
	lastingV5(t, "", nil, func(s *lasting) {
		d, err := s.SubscribeAsync(s.ctx, []mqtt.Subscription{{Filter: "+"}}, nil)
		must(t, err)
		s.play("> 82 09 0001 02 0B01 00012B 00")
		s.limits = "28 00" // no wildcards
		s.lose("present")
		s.expectDone(d, mqtt.ErrInDoubt)
		if errors.Is(d.Err(), mqtt.ErrNotSent) {
			t.Error(d.Err())
		}
	})
}
