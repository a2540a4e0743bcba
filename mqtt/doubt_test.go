package mqtt_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest/packet"
)

// TestPublishesAreNotHeldForEver has the server end two connections at the renewal of a subscription,
// leave it without an answer on the third, and send messages all the time: what the client publishes
// waits for the answer to a second PINGREQ, which goes out soon and though other packets do.
func TestPublishesAreNotHeldForEver(t *testing.T) {
	for _, qos := range []mqtt.QoS{mqtt.AtMostOnce, mqtt.AtLeastOnce} {
		synctest.Test(t, func(t *testing.T) {
			s := &pickyServer{version: packet.V311}
			c, _ := dialPicky(t, s, func(cfg *mqtt.Config) { cfg.KeepAlive = 20 * time.Minute })
			subscribeTo(t, c, []string{"f"}, 1)
			s.set(func() { s.ends, s.mute = 2, true })
			<-time.After(10 * time.Second)
			synctest.Wait()
			if connections, _, _ := s.state(); connections != 3 {
				t.Fatalf("%d connections", connections)
			}
			must(t, errorOf(c.PublishAsync(t.Context(), mqtt.Message{Topic: "t", QoS: 1, Payload: []byte("1")}, nil)))
			must(t, errorOf(c.PublishAsync(t.Context(), mqtt.Message{Topic: "t", QoS: qos, Payload: []byte("2")}, nil)))
			for range 60 {
				<-time.After(time.Second)
				s.say(publishBytes(false, 0x32, "t", 1, "x"))
			}
			synctest.Wait()
			if got := s.payloads(); !slices.Equal(got, []string{"1", "2"}) || !c.IsConnected() {
				t.Errorf("published %v", got)
			}
		})
	}
}

// TestRenewalIsAsLargeAgain has the server restart a few times while a renewal is on its way: the next
// renewal is as large as the first.
func TestRenewalIsAsLargeAgain(t *testing.T) {
	for ends := 1; ends <= 4; ends++ {
		eachPicky(t, func(t *testing.T, s *pickyServer) {
			c, told := dialPicky(t, s, nil)
			for range 3 {
				subscribeTo(t, c, twelve(), 12)
				s.lapse(func() { s.ends = ends })
				if _, _, filters := s.state(); filters != 12 || len(told) > 0 {
					t.Fatalf("%d filters, %d errors", filters, len(told))
				}
				s.lapse(func() {})
				if _, subscribes, _ := s.state(); !s.keeps && !slices.Equal(subscribes, []int{12}) {
					t.Errorf("after %d ends SUBSCRIBE with %v", ends, subscribes)
				}
			}
		})
	}
}
