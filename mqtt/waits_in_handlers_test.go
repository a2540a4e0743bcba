package mqtt_test

import (
	"context"
	"io"
	"sync/atomic"
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

// largeMessage begins a PUBLISH of QoS 0 with 20 MiB of payload, in MQTT 5.
const largeMessage = "\x30\x84\x80\x80\x0A\x00\x01n\x00"

// TestSlowHandlerOfALargeMessageIsWaitedFor though another goroutine waits for the server: what waits
// in memory is sixteen times the 256 KiB, and not the payload.
func TestSlowHandlerOfALargeMessageIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := dialPipe(t, func(cfg *mqtt.Config) {
			cfg.Version, cfg.KeepAlive = mqtt.V5, -1
			cfg.OnLargeMessage = func(ctx context.Context, _ *mqtt.Received, payload io.Reader) {
				for err := error(nil); err == nil && ctx.Err() == nil; <-time.After(500 * time.Millisecond) {
					_, err = payload.Read(make([]byte, 1000))
				}
			}
		}, "")
		published, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "t", QoS: 1}, func(error) {})
		must(t, err)
		go func() { _ = published.Wait(s.ctx) }() // is ended with the client
		s.server.Packet()
		s.server.SendBytes([]byte(largeMessage))
		var written atomic.Int32
		go func() {
			for range 20 << 10 {
				n, err := s.server.Write(make([]byte, 1<<10))
				if written.Add(int32(n)); err != nil {
					return
				}
			}
		}()
		<-time.After(time.Minute)
		if n := written.Load(); n < 4<<20 || n > 6<<20 {
			t.Errorf("the server wrote %d bytes", n)
		}
	})
}

// TestHandlerOfALargeMessageThatWaitsIsServed: the answer stands behind the payload, of which it has
// read nothing.
func TestHandlerOfALargeMessageThatWaitsIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read := make(chan int64, 1)
		var s *scripted
		s = dialPipe(t, func(cfg *mqtt.Config) {
			cfg.Version, cfg.KeepAlive = mqtt.V5, -1
			cfg.OnLargeMessage = func(ctx context.Context, _ *mqtt.Received, payload io.Reader) {
				if err := s.Publish(ctx, mqtt.Message{Topic: "t", QoS: 1}); err != nil {
					t.Error(err)
				}
				n, _ := io.Copy(io.Discard, payload)
				read <- n
			}
		}, "")
		s.server.SendBytes([]byte(largeMessage))
		s.server.Packet()
		since := elapsed()
		s.server.SendBytes(make([]byte, 20<<20))
		s.server.Send("40 02 0001")
		if n := <-read; n != 20<<20 || since() > 3*time.Second {
			t.Errorf("it read %d bytes, after %v", n, since())
		}
	})
}
