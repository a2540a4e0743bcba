package mqtt_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
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

// TestReportsOfPoisonAreBoundedWhileAHandlerWaits has a handler wait for an answer of the server, which
// sends poison in its place: reading goes on, the poison is acknowledged, and what cannot be told
// any more is counted.
func TestReportsOfPoisonAreBoundedWhileAHandlerWaits(t *testing.T) {
	const n = 60_000
	for qos := range byte(3) {
		synctest.Test(t, func(t *testing.T) {
			var reports, dropped atomic.Int32
			ctx, cancel := context.WithCancel(t.Context())
			s := dialPipe(t, func(cfg *mqtt.Config) {
				cfg.Poison, cfg.Limits.ReceiveBytes = mqtt.PoisonDropped, 10_000
				cfg.OnError = func(err error) {
					var lost *mqtt.DroppedError
					if errors.As(err, &lost) {
						dropped.Add(1)
						return
					}
					reports.Add(1)
				}
			}, "")
			wait := func(context.Context, *mqtt.Received) {
				_ = s.Publish(ctx, mqtt.Message{Topic: "t", QoS: 1}) // ends with ctx
			}
			must(t, errorOf(s.SubscribeAsync(t.Context(), []mqtt.Subscription{{Filter: "wait", Handler: wait}}, nil)))
			s.server.Packet()
			s.server.Send("90 03 0001 00", "30 06 0004 77616974")
			s.server.Packet() // PUBLISH
			go readAll(s.server)
			sendPoison(t, s.server, qos, n)
			<-time.After(time.Minute)
			cancel()
			synctest.Wait()
			if got := s.Stats().Poison; got != n || reports.Load() > n/10 || dropped.Load() == 0 {
				t.Errorf("QoS %d: %d reported, %d counted, %d times told of those left out", qos, reports.Load(), got, dropped.Load())
			}
		})
	}
}

// readAll has conn take all that comes.
func readAll(conn *mqtttest.Conn) {
	for err := error(nil); err == nil; {
		_, err = conn.TryPacket()
	}
}

// sendPoison sends n messages that break the protocol.
func sendPoison(t *testing.T, conn *mqtttest.Conn, qos byte, n int) {
	t.Helper()
	var all []byte
	for i := range n {
		all = append(all, poison(t, qos, false, "0002 742B ID 78", uint16(i+1))...)
	}
	if _, err := conn.Write(all); err != nil {
		t.Fatal(err)
	}
}
