package mqtt_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// TestHandlerThatWaitsIsServedWhileOthersSend: what it waits for stands behind more messages than the
// queue takes, and the client publishes meanwhile, or pings, more often than the second for which
// no handler may return.
func TestHandlerThatWaitsIsServedWhileOthersSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took := make(chan time.Duration, 1)
		var s *scripted
		s = dialPipe(t, func(cfg *mqtt.Config) {
			cfg.Version, cfg.KeepAlive, cfg.Limits.ReceiveMessages = mqtt.V5, -1, 2
			cfg.OnMessage = func(ctx context.Context, m *mqtt.Received) {
				if m.PacketID != 1 {
					return
				}
				since := elapsed()
				if err := s.Publish(ctx, mqtt.Message{Topic: "t", QoS: 1}); err != nil {
					t.Error(err)
				}
				took <- since()
			}
		}, "")
		s.server.SendBytes(messages(1, 1))
		s.server.Packet()                                                     // the handler's
		rest := append(messages(1, 100)[len(messages(1, 1)):], 0x40, 2, 0, 1) // more than 16 times two, and its PUBACK
		go func() { _, _ = s.server.Write(rest) }()                           // what becomes of it tells
		ctx, cancel := context.WithCancel(s.ctx)
		defer cancel()
		go func() {
			for ctx.Err() == nil {
				_ = s.Publish(ctx, mqtt.Message{Topic: "other"})
				select {
				case <-time.After(300 * time.Millisecond):
				case <-ctx.Done():
				}
			}
		}()
		go func() {
			for err := error(nil); err == nil; {
				_, err = s.server.TryPacket()
			}
		}()
		select {
		case d := <-took:
			if d > 5*time.Second {
				t.Errorf("it waited for %v", d)
			}
		case <-time.After(time.Minute):
			t.Error("it waits for ever")
		}
	})
}
