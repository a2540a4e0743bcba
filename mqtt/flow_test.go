package mqtt_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

const many = 10_000

func TestManyOut(t *testing.T) { // P2-19, ID-09: in order, each completed once, in order
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

func TestManyIn(t *testing.T) { // FR-03, RX-08, MF-28
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

func TestBothWaysFull(t *testing.T) { // FR-05: the server reads nothing until it has said all
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

// crumbs is a connection that gives and takes one byte at a time.
type crumbs struct{ net.Conn }

func (c crumbs) Read(b []byte) (int, error)  { return c.Conn.Read(b[:min(len(b), 1)]) }
func (c crumbs) Write(b []byte) (int, error) { return c.Conn.Write(b[:min(len(b), 1)]) }

func TestOneByteAtATime(t *testing.T) { // FR-01, FR-02, FR-04, FR-06, fault 14, peer 0.8
	var seen []string
	r := &responder{tap: func(p []byte) { seen = append(seen, fmt.Sprintf("%X", p)) }}
	ctx := ctxFor(t)
	c, err := mqtt.Dial(ctx, r.listen(t), mqtt.Config{ClientID: "c", Transport: mqtt.Transport{
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			return crumbs{conn}, err
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

func TestConcurrentPublishers(t *testing.T) { // P0-16, fault 30: whole packets, each one's own order
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
		hasty(cfg) // one is never acknowledged
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

func TestWindow(t *testing.T) { // FC-08, FC-12, peer 4.37
	s := dialScripted(t, func(cfg *mqtt.Config) {
		cfg.Limits.InFlight = 5
		hasty(cfg)
	})
	for i := range 8 {
		if _, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "n", Payload: []byte{byte(i)}, QoS: 1 + mqtt.QoS(i%2)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		p := s.server.Packet()
		if p[len(p)-1] != byte(i) {
			t.Fatalf("% X is not message %d", p, i)
		}
	}
	subscribed := async(func() error { return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "a"})) })
	s.server.Expect("82 06 0006 000161 00") // is not held back, and nothing else came
	s.server.Send("90 03 000600", "40 02 346F")
	s.mustWait(subscribed)
	s.server.Send("50 02 0002") // not yet complete: no room
	s.server.Expect("62 02 0002")
	s.server.Send("40 02 0001")
	s.server.Expect("34 06 00016E 0007 05")
	s.server.Send("70 02 0002", "40 02 0003")
	s.server.Expect("32 06 00016E 0008 06", "34 06 00016E 0009 07")
	s.closeWell()
}

func TestIdentifiersWrap(t *testing.T) { // ID-01, ID-02, ID-03, ID-09, T-A32
	const total = 66_000
	open := make(map[uint16]bool)
	var seen, last int
	r := &responder{tap: func(p []byte) {
		if p[0]&0xF0 != 0x30 {
			return
		}
		id := uint16(p[5])<<8 | uint16(p[6])
		if id == 0 || open[id] {
			t.Errorf("identifier %d is not free", id)
		}
		if seen == 0 {
			open[id] = true // never acknowledged below
		}
		seen++
		last = int(id)
	}, mute: func(p []byte) bool { return p[0] == 0x32 && p[5] == 0 && p[6] == 1 }}
	c := dialResponder(t, r, func(cfg *mqtt.Config) {
		cfg.Limits.InFlight = 100
		cfg.Limits.Drain = -1 // the first message is never acknowledged
	})
	ctx := ctxFor(t)
	var wg sync.WaitGroup
	wg.Add(total - 1)
	for i := range total {
		done := func(error) { wg.Done() }
		if i == 0 {
			done = nil
		}
		if _, err := c.PublishAsync(ctx, mqtt.Message{Topic: "t", QoS: 1}, done); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	if err := c.Close(ctx); err != nil {
		t.Error(err)
	}
	<-r.ended
	if seen != total || last != total-65535+1 { // 1 is skipped
		t.Errorf("%d messages, the last identifier is %d", seen, last)
	}
}

func TestLongMessageThroughASmallBuffer(t *testing.T) { // RX-36, FR-02
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

func TestAnnouncedLengthCostsNothing(t *testing.T) { // MF-04, fault 29, T-A22, peer 4.19
	s := dialScripted(t, func(cfg *mqtt.Config) { cfg.Transport.MaxPacket = 300 << 20 })
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s.server.Send("30 FFFFFF7F")
	s.server.ExpectNothing(20 * time.Millisecond)
	s.server.Close()
	s.expectEvent("disconnect: the server closed the connection in the middle of a packet")
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<10 {
		t.Errorf("%d bytes were allocated", n)
	}
	s.finish()
}
