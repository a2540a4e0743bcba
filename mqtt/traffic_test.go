package mqtt_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

const many = 10_000

// TestManyPublishesCompleteInOrder: each completes once. It shows P2-19: many publishes back to
// back; ID-09: very many requests.
func TestManyPublishesCompleteInOrder(t *testing.T) {
	for qos := range mqtt.QoS(3) {
		var seen int
		r := &responder{tap: func(p []byte) {
			if p[0]&0xF0 == 0x30 {
				if want := fmt.Sprintf("%05d", seen); string(p[len(p)-5:]) != want {
					t.Errorf("message %s, want %s", p[len(p)-5:], want)
				}
				seen++
			}
		}}
		c := dialResponder(t, r, nil)
		ctx := ctxFor(t)
		done := make(chan struct{})
		next := 0
		for i := range many {
			_, err := c.PublishAsync(ctx, mqtt.Message{Topic: "n", Payload: fmt.Appendf(nil, "%05d", i), QoS: qos}, func(err error) {
				if err != nil || i != next {
					t.Errorf("message %d completed with %v, want %d", i, err, next)
				}
				if next++; next == many {
					close(done)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		select {
		case <-done:
		case <-ctx.Done():
			t.Fatal("not all completed")
		}
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
		<-r.ended
		if seen != many {
			t.Errorf("QoS %d: %d messages arrived", qos, seen)
		}
	}
}

// TestManyMessagesAreHandledInOrder shows FR-03: many packets at once; RX-08: PUBACKs in the order
// of the messages [MQTT-4.6.0-2]; MF-28: flood of messages.
func TestManyMessagesAreHandledInOrder(t *testing.T) {
	for qos := range byte(3) {
		next := 0
		done := make(chan struct{})
		s := dialScripted(t, func(cfg *mqtt.Config) {
			cfg.OnMessage = func(_ context.Context, m *mqtt.Received) {
				if want := fmt.Sprintf("%05d", next); string(m.Payload) != want {
					t.Errorf("message %s, want %s", m.Payload, want)
				}
				if next++; next == many {
					close(done)
				}
			}
		})
		go func() { _, _ = s.server.Write(numbered(qos, 0, many)) }()
		for i := 1; i <= many && qos > 0; i++ {
			if p := s.server.Packet(); p[0] != 0x30+qos*0x10 || int(p[2])<<8|int(p[3]) != i {
				t.Fatalf("answer % X, want one for %d", p, i)
			}
		}
		<-done
		s.closeWell()
	}
}

// TestServerThatReadsOnlyAfterItHasSent shows FR-05: both directions full.
func TestServerThatReadsOnlyAfterItHasSent(t *testing.T) {
	ours, theirs := net.Pipe()
	server := mqtttest.NewConn(t, theirs)
	ctx := ctxFor(t)
	var c *mqtt.Client
	var got atomic.Int32
	dialed := async(func() (err error) {
		c, err = mqtt.Dial(ctx, "mqtt://pipe", mqtt.Config{ClientID: "c", Transport: mqtt.Transport{Dial: func(context.Context, string, string) (net.Conn, error) { return ours, nil }}, OnMessage: func(context.Context, *mqtt.Received) { got.Add(1) }})
		return err
	})
	server.Accept()
	if err := <-dialed; err != nil {
		t.Fatal(err)
	}
	for i := range many {
		if _, err := c.PublishAsync(ctx, mqtt.Message{Topic: "n", Payload: fmt.Appendf(nil, "%05d", i), QoS: 1}, nil); err != nil {
			t.Fatal(err)
		}
	}
	server.SendBytes(numbered(1, 0, many))
	published, acked := 0, 0
	for published+acked < 2*many {
		p := server.Packet()
		if p[0] == 0x40 {
			acked++
			continue
		}
		if string(p[len(p)-5:]) != fmt.Sprintf("%05d", published) {
			t.Fatalf("message %s, want %d", p[len(p)-5:], published)
		}
		published++
	}
	if published != many || got.Load() != many {
		t.Errorf("%d published, %d received", published, got.Load())
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second) // nothing is acknowledged
	defer cancel()
	closed := async(func() error { return c.Close(ctx) })
	server.Expect("E0 00")
	server.ExpectClosed()
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

// TestOneByteAtATime shows FR-01: one byte at a time [MQTT-6.0.0-2]; FR-02: split within the
// remaining length; FR-04: split within the next header; FR-06: short reads and writes. It keeps
// out peer 0.8: a packet that comes byte by byte is misread.
func TestOneByteAtATime(t *testing.T) {
	var seen []string
	r := &responder{tap: func(p []byte) { seen = append(seen, fmt.Sprintf("%X", p)) }}
	ctx := ctxFor(t)
	c, err := mqtt.Dial(ctx, r.listen(t), mqtt.Config{ClientID: "c", Transport: mqtt.Transport{
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			return byteByByte{conn}, err
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for qos := range mqtt.QoS(3) {
		if err := c.Publish(ctx, mqtt.Message{Topic: "t", Payload: bytes.Repeat([]byte{'x'}, 200), QoS: qos}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Subscribe(ctx, mqtt.Subscription{Filter: "a"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(ctx); err != nil {
		t.Fatal(err)
	}
	<-r.ended
	x := strings.Repeat("78", 200)
	want := []string{
		"100D00044D5154540402003C000163", "30CB01000174" + x, "32CD010001740001" + x, "34CD010001740002" + x,
		"62020002", "8206000300016100",
	}
	if fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("the server saw\n%s, want\n%s", seen, want)
	}
}

// TestConcurrentPublishers: packets stay whole, and each goroutine's messages keep their order. It
// shows P0-16: concurrent publishers.
func TestConcurrentPublishers(t *testing.T) {
	const publishers, each = 50, 100
	next := make([]int, publishers)
	r := &responder{tap: func(p []byte) {
		if p[0]&0xF0 != 0x30 {
			return
		}
		var g, i int
		if _, err := fmt.Sscanf(string(p[len(p)-8:]), "%03d-%04d", &g, &i); err != nil || i != next[g] {
			t.Errorf("% X: publisher %d sent %d (%v)", p, g, i, err)
			return
		}
		next[g]++
	}}
	c := dialResponder(t, r, func(cfg *mqtt.Config) {
		cfg.Limits.SendBytes = 1000
		withoutDrain(cfg) // one is never acknowledged
	})
	ctx := ctxFor(t)
	var wg sync.WaitGroup
	for g := range publishers {
		wg.Go(func() {
			for i := range each {
				m := mqtt.Message{Topic: strings.Repeat("t", g+1), Payload: fmt.Appendf(nil, "%03d-%04d", g, i), QoS: mqtt.QoS(g % 3)}
				if err := c.Publish(ctx, m); err != nil {
					t.Errorf("publish: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := c.Close(ctx); err != nil {
		t.Error(err)
	}
	<-r.ended
	for g, n := range next {
		if n != each {
			t.Errorf("publisher %d: %d messages", g, n)
		}
	}
}

// TestLongMessageThroughASmallBuffer shows RX-36: message with a large payload; FR-02: split within
// the remaining length.
func TestLongMessageThroughASmallBuffer(t *testing.T) {
	const size = 3 << 20
	got := make(chan []byte, 1)
	s := dialScripted(t, func(cfg *mqtt.Config) {
		cfg.Transport.ReadBuffer = 512
		cfg.OnMessage = func(_ context.Context, m *mqtt.Received) { got <- m.Payload }
	})
	packet := bigPublish(size)
	for i := range size {
		packet[len(packet)-size+i] = byte(i * 7)
	}
	s.server.SendBytes(packet)
	if b := <-got; !bytes.Equal(b, packet[len(packet)-size:]) {
		t.Error("the payload is not what was sent")
	}
	s.server.Send("30 03 000174")
	<-got
	s.closeWell()
}

// TestRetainedFlood has a server send a million retained messages at once, and a
// handler that takes none: what the client holds is bounded, and so is what it
// reads.
//
// It shows MF-28: flood of messages.
func TestRetainedFlood(t *testing.T) {
	eachLasting(t, func(cfg *mqtt.Config) {
		cfg.Limits.ReceiveBytes = 100_000
		cfg.OnMessage = func(ctx context.Context, m *mqtt.Received) { <-ctx.Done() }
	}, func(s *lasting) {
		synctest.Wait()
		message := publishBytes(s.five, 0x31, "t", 0, string(make([]byte, 1000)))
		server := s.server
		var taken atomic.Int64
		flood := async(func() error {
			for range 1_000_000 {
				n, err := server.Write(message)
				taken.Add(int64(n))
				if err != nil {
					return err
				}
			}
			return nil
		})
		<-time.After(10 * time.Second)
		synctest.Wait()
		if n := taken.Load(); n < 50_000 || n > 250_000 {
			s.t.Errorf("%d bytes were read", n)
		}
		if st := s.Stats(); st.Received < 50 || st.Received > 200 {
			s.t.Errorf("%+v", st)
		}
		server.Close()
		if err := <-flood; err == nil {
			s.t.Error("all of it was read")
		}
	})
}
