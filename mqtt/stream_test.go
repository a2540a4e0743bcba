package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// streaming takes messages above 1,000 bytes as a stream, and tells of each.
func streaming(s chan string) func(*mqtt.Config) {
	return func(cfg *mqtt.Config) {
		cfg.Transport.MaxPacket = 1000
		cfg.OnLargeMessage = func(_ context.Context, m *mqtt.Received, payload io.Reader) {
			b, err := io.ReadAll(payload)
			s <- fmt.Sprintf("stream %s %d %q %v", m.Topic, len(b), b[:min(len(b), 3)], err)
		}
	}
}

// large is a PUBLISH with a payload of n bytes, in hexadecimal.
func large(first byte, head string, n int) string {
	h, err := mqtttest.ParseHex(head)
	if err != nil {
		panic(err)
	}
	length := ""
	for l := len(h) + n; ; l >>= 7 {
		if l < 0x80 {
			length += fmt.Sprintf("%02X", l)
			break
		}
		length += fmt.Sprintf("%02X", l&0x7F|0x80)
	}
	return fmt.Sprintf("%02X %s %s", first, length, head) + strings.Repeat("61", n)
}

func TestLargeMessagesAreStreamed(t *testing.T) {
	for _, mode := range []mqtttest.WriteMode{mqtttest.Whole, mqtttest.Bytewise, mqtttest.Coalesced} {
		got := make(chan string, 10)
		s := dialScripted(t, streaming(got))
		s.server.SetWriteMode(mode)
		n := 2_000
		if mode == mqtttest.Whole {
			n = 5_000_000 // above all buffers
		}
		s.server.Send("30 04 0001 74 61")
		s.server.Send(large(0x30, "0001 62", n))
		s.server.Send(large(0x32, "0001 63 0007", n))
		s.server.Send("32 06 0001 74 0008 62")
		s.server.Expect("40 02 0007", "40 02 0008")
		s.expectEvent("message t=a")
		s.expectEvent("message t=b")
		for _, topic := range []string{"b", "c"} {
			if event, want := <-got, fmt.Sprintf("stream %s %d %q <nil>", topic, n, "aaa"); event != want {
				t.Errorf("got %s, want %s", event, want)
			}
		}
		s.server.SetWriteMode(mqtttest.Whole)
		s.closeWell()
	}
}

func TestStreamEndsWithTheConnection(t *testing.T) {
	got := make(chan string, 10)
	s := dialScripted(t, streaming(got))
	packet := large(0x30, "0001 63", 3000)
	s.server.Send(packet[:len(packet)-2])
	s.server.Close()
	if event := <-got; !strings.Contains(event, "stream c 2999") || !strings.Contains(event, "payload cut off") {
		t.Errorf("got %s", event)
	}
	s.expectEvent("disconnect: the server closed the connection in the middle of a packet")
}

func TestUnreadStreamIsSkipped(t *testing.T) {
	s := dialScripted(t, func(cfg *mqtt.Config) {
		cfg.Transport.MaxPacket = 1000
		cfg.OnLargeMessage = func(context.Context, *mqtt.Received, io.Reader) {}
	})
	s.server.Send(large(0x34, "0001 63 0007", 3_000_000))
	s.server.Expect("50 02 0007")
	s.server.Send(large(0x3C, "0001 63 0007", 3_000_000)) // a repetition
	s.server.Expect("50 02 0007")
	s.server.Send("62 02 0007")
	s.server.Expect("70 02 0007")
}

func TestPublishWhileReadingAStream(t *testing.T) {
	done := make(chan error, 1)
	s := dialScripted(t, func(cfg *mqtt.Config) {
		cfg.Transport.MaxPacket = 1000
		cfg.Limits.ReceiveMessages = 1
		client := itself(cfg)
		cfg.OnLargeMessage = func(_ context.Context, _ *mqtt.Received, payload io.Reader) {
			err := client().Publish(ctxFor(t), mqtt.Message{Topic: "x", QoS: 1})
			n, copied := io.Copy(io.Discard, payload)
			if n != 3_000_000 {
				copied = fmt.Errorf("%d bytes: %w", n, copied)
			}
			done <- errors.Join(err, copied)
		}
	})
	s.server.Send(large(0x30, "0001 63", 3_000_000))
	s.server.Expect("32 05 0001 78 0001")
	s.server.Send("40 02 0001") // behind three megabytes that nobody has read
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestHugeHeaderIsRefusedBeforeStreaming shows MF-04: announced length costs no memory.
func TestHugeHeaderIsRefusedBeforeStreaming(t *testing.T) {
	s := dialV5(t, "", streaming(make(chan string, 10)))
	s.server.Send("30 80808001 0001 63 808001", strings.Repeat("26 0001 61 0001 61", 200))
	s.server.Expect("E0 01 95")
	s.server.Close()
	s.expectEvent("disconnect")
}

func TestStreamWithManualAck(t *testing.T) {
	held := make(chan *mqtt.Received, 1)
	s := dialScripted(t, func(cfg *mqtt.Config) {
		cfg.Transport.MaxPacket = 1000
		cfg.OnLargeMessage = func(_ context.Context, m *mqtt.Received, _ io.Reader) { held <- m }
	})
	subscribed := async(func() error {
		return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "c", QoS: 1, ManualAck: true}))
	})
	s.server.Packet()
	s.server.Send("90 03 0001 01")
	s.mustWait(subscribed)
	s.server.Send(large(0x32, "0001 63 0007", 3000), "32 05 0001 74 0008")
	m := <-held
	s.expectEvent("message t=") // its PUBACK waits for the one before
	if err := m.Ack(); err != nil {
		t.Error(err)
	}
	s.server.Expect("40 02 0007", "40 02 0008")
}
