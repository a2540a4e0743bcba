package mqtt_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// TestRequestsKeepTheirOrderOverAConnection has an unsubscribe wait for the next connection
// while the subscribe before it has no answer: the server is to hear of them in the order of the
// calls, or it goes on with a subscription that the application has ended.
func TestRequestsKeepTheirOrderOverAConnection(t *testing.T) {
	lastingV5(t, "", nil, func(s *lasting) {
		subscribed, err := s.SubscribeAsync(s.ctx, []mqtt.Subscription{{Filter: "f"}}, nil)
		must(t, err)
		s.play("> 82 09 0001 02 0B01 000166 00")
		s.server.Send("D0 01 00") // the client leaves, and the server does not read why
		synctest.Wait()
		unsubscribed, err := s.UnsubscribeAsync(context.Background(), []string{"f"}, nil)
		must(t, err)
		<-time.After(10 * time.Second)
		s.acceptNext("present")
		s.play(`> 82 09 0002 02 0B02 000166 00
			> A2 06 0003 00 000166
			< 90 04 0002 00 00
			< B0 04 0003 00 00`)
		s.expectDone(subscribed)
		s.expectDone(unsubscribed)
	})
}
