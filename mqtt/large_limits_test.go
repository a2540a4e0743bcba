package mqtt_test

import (
	"context"
	"testing"
	"testing/synctest"

	"dunlin/mqtt"
)

// A multiple of such limits does not fit into the int of a 32-bit build.
const largeLimit = 1 << 28

func TestReadingGoesOnWithLargeLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var s *scripted
		s = dialPipe(t, func(cfg *mqtt.Config) {
			cfg.Limits = mqtt.Limits{ReceiveMessages: 1, SendBytes: largeLimit}
			cfg.OnMessage = func(_ context.Context, m *mqtt.Received) {
				<-release
				s.events <- "message " + describe(m)
			}
		}, "")
		s.server.Send("30 04 000174 31") // fills the queue, so that reading waits
		synctest.Wait()
		close(release)
		s.server.Send("30 04 000174 32", "30 04 000174 33")
		for _, want := range []string{"message t=1", "message t=2", "message t=3"} {
			s.expectEvent(want)
		}
	})
}

func TestNothingIsDroppedBelowLargeLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		published := make(chan error, 1)
		var s *scripted
		s = dialPipe(t, func(cfg *mqtt.Config) {
			client := itself(cfg)
			cfg.Limits = mqtt.Limits{ReceiveMessages: 1, ReceiveBytes: largeLimit}
			cfg.OnMessage = func(ctx context.Context, m *mqtt.Received) {
				if string(m.Payload) == "1" {
					published <- client().Publish(ctx, mqtt.Message{Topic: "r", QoS: 1})
				}
				s.events <- "message " + describe(m)
			}
		}, "")
		s.server.Send("30 04 000174 31")
		s.server.Expect("32 05 000172 0001")
		sent := async(func() error {
			s.server.Send("30 04 000174 32", "30 04 000174 33", "40 02 0001")
			return nil
		})
		for _, want := range []string{"message t=1", "message t=2", "message t=3"} {
			s.expectEvent(want)
		}
		s.mustWait(sent)
		s.mustWait(published)
	})
}
