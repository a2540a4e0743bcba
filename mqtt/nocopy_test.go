package mqtt_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"runtime"
	"testing"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/internal/wire"
)

// payloadOf returns n bytes that tell which message they belong to.
func payloadOf(i, n int) []byte {
	return bytes.Repeat([]byte{byte(i + 1)}, n)
}

// TestLentPayloads sends messages of all kinds in turn, small and large, lent and
// not, while the server does not read: the bytes are those of the calls, in their
// order. A connection that is more than a socket has its Write called.
func TestLentPayloads(t *testing.T) {
	for what, dial := range map[string]func(context.Context, string, string) (net.Conn, error){
		"socket": nil,
		"more": func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			return struct{ net.Conn }{conn}, err
		},
	} {
		t.Run(what, func(t *testing.T) {
			s := dialScripted(t, func(cfg *mqtt.Config) {
				cfg.Version, cfg.Transport.Dial = mqtt.V5, dial
				cfg.Limits = mqtt.Limits{InFlight: 1000, SendBytes: 64 << 20}
			})
			expectPayloads(t, s, publishPayloads(t, s))
		})
	}
}

// publishPayloads publishes 200 messages, and returns their payloads.
func publishPayloads(t *testing.T, s *scripted) (payloads [][]byte) {
	t.Helper()
	sizes := []int{0, 10, 16 << 10, 16<<10 + 1, 40_000, 5, 300_000, 100_000}
	for i := range 200 {
		m := mqtt.Message{
			Topic: fmt.Sprint("lent/", i%3), Payload: payloadOf(i, sizes[i%len(sizes)]),
			QoS: mqtt.QoS(i % 3), Retain: i%7 == 0,
		}
		if i%11 == 0 {
			m.Properties = &mqtt.Properties{ContentType: "x"}
		}
		payloads = append(payloads, bytes.Clone(m.Payload))
		if i%3 == 0 && i%2 == 0 {
			if err := s.Enqueue(s.ctx, m); err != nil {
				t.Fatal(err)
			}
		} else if i%5 != 0 {
			if _, err := s.PublishNoCopy(s.ctx, m, nil); err != nil {
				t.Fatal(err)
			}
			continue
		} else if _, err := s.PublishAsync(s.ctx, m, nil); err != nil {
			t.Fatal(err)
		}
		clear(m.Payload)
	}
	return payloads
}

// expectPayloads has the server read what publishPayloads sent.
func expectPayloads(t *testing.T, s *scripted, payloads [][]byte) {
	t.Helper()
	for i, want := range payloads {
		b := s.server.Packet()
		h, n, err := wire.ParseHeader(b, wire.V5)
		if err != nil {
			t.Fatal(err)
		}
		p, err := wire.ParsePublish(h, b[n:], wire.V5)
		if err != nil || p.Topic != fmt.Sprint("lent/", i%3) || p.QoS != byte(i%3) || !bytes.Equal(p.Payload, want) {
			t.Fatalf("message %d: topic %s, QoS %d, %d bytes instead of %d, %v", i, p.Topic, p.QoS, len(p.Payload), len(want), err)
		}
	}
}

// TestLentIsNotCopied changes payloads while they wait behind what the server does
// not read: one that is lent goes out changed, which its lender answers for, one that
// is not, or is small, as it was.
func TestLentIsNotCopied(t *testing.T) {
	s := dialScripted(t, func(cfg *mqtt.Config) { cfg.Limits.SendBytes = 64 << 20 })
	if err := s.Enqueue(s.ctx, mqtt.Message{Topic: "t", Payload: make([]byte, 32<<20)}); err != nil {
		t.Fatal(err)
	}
	messages := []struct {
		lent bool
		size int
		want byte
	}{{true, 20_000, 2}, {false, 20_000, 1}, {true, 16 << 10, 1}}
	for _, m := range messages {
		payload := payloadOf(0, m.size)
		publish := s.PublishAsync
		if m.lent {
			publish = s.PublishNoCopy
		}
		if _, err := publish(s.ctx, mqtt.Message{Topic: "t", Payload: payload, QoS: 1}, nil); err != nil {
			t.Fatal(err)
		}
		copy(payload, payloadOf(1, m.size))
	}
	s.server.Packet()
	for _, m := range messages {
		if b := s.server.Packet(); b[len(b)-1] != m.want {
			t.Errorf("lent %v, %d bytes: %d went out", m.lent, m.size, b[len(b)-1])
		}
	}
}

// TestLentUntilWritten has the server acknowledge what stands behind a lent payload
// before it has read either: the payload is not given back for that.
func TestLentUntilWritten(t *testing.T) {
	s := dialScripted(t, func(cfg *mqtt.Config) { cfg.Limits.SendBytes = 64 << 20 })
	payload := make([]byte, 32<<20)
	copy(payload, "\x30\xFB\xFF\xFF\x0F") // it reads as a packet itself
	lent, err := s.PublishNoCopy(s.ctx, mqtt.Message{Topic: "t", Payload: payload}, nil)
	must(t, err)
	s.server.Expect("30 83 80 80 10") // it is being written
	behind, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "t", QoS: 1}, nil)
	must(t, err)
	s.server.Send("40 02 0001")
	must(t, behind.Wait(s.ctx))
	select {
	case <-lent.Done():
		t.Error("the payload is given back while it is being written")
	default:
	}
	s.server.Expect("000174")
	s.server.Packet()
	must(t, lent.Wait(s.ctx))
}

// TestLentCountsAsWaiting fills Limits.SendBytes with payloads that are not copied.
func TestLentCountsAsWaiting(t *testing.T) {
	s := dialScripted(t, func(cfg *mqtt.Config) { cfg.Limits.SendBytes = 1 << 20 })
	ctx, cancel := context.WithCancel(s.ctx)
	cancel() // nothing is waited for
	m := mqtt.Message{Topic: "t", Payload: make([]byte, 512<<10)}
	for range 1000 { // far more than sockets hold
		if _, err := s.PublishNoCopy(ctx, m, nil); err != nil {
			return
		}
	}
	t.Error("there is always room")
}

// TestLentAcrossALoss lends to a client that keeps what it has sent: it is sent
// again as it was, whatever became of the payload since.
func TestLentAcrossALoss(t *testing.T) {
	ctx := ctxFor(t)
	c, server, conn := dialSocket(t, mqtt.Config{
		ClientID: "c", KeepSession: true, Reconnect: &mqtt.Reconnect{MinDelay: time.Millisecond},
	})
	payload := payloadOf(0, 40_000)
	if _, err := c.PublishNoCopy(ctx, mqtt.Message{Topic: "t", Payload: payload, QoS: 1}, nil); err != nil {
		t.Fatal(err)
	}
	first := conn.Packet()
	clear(payload)
	conn.Reset()
	conn = server.Accept()
	conn.Packet()
	conn.Send("20 02 0100")
	again := conn.Packet()
	first[0] |= 0x08 // DUP
	if !bytes.Equal(again, first) {
		t.Errorf("%d bytes begin with % x and end with % x", len(again), again[:8], again[len(again)-1:])
	}
	conn.Send("40 02 0001")
	if err := c.Close(ctx); err != nil {
		t.Error(err)
	}
}

// TestBacklogOfLargePayloads has much more waiting than the out-buffer is made for: it
// does not grow by copying again and again what is there.
func TestBacklogOfLargePayloads(t *testing.T) {
	s := dialScripted(t, func(cfg *mqtt.Config) { cfg.Limits.SendBytes = 256 << 20 })
	const n, size = 1000, 64 << 10
	payload := make([]byte, size)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		if err := s.Enqueue(s.ctx, mqtt.Message{Topic: "t", Payload: payload}); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(n*size*3/2); got > limit {
		t.Errorf("%d bytes were allotted for %d of payload", got, n*size)
	}
}
