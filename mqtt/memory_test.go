package mqtt_test

import (
	"bytes"
	"context"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// budget fails the test when f allocates more than limit times a run.
func budget(t *testing.T, what string, limit float64, f func()) {
	t.Helper()
	for range 100 { // until the buffers have their size
		f()
	}
	const runs = 4000
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // as testing.AllocsPerRun, which rounds down
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&after)
	if got := float64(after.Mallocs-before.Mallocs) / runs; got > limit {
		t.Errorf("%s: %.2f allocations, the budget is %v", what, got, limit)
	}
}

func TestPublishAllocations(t *testing.T) {
	c, _ := dialLoop(t, nil)
	ctx := ctxFor(t)
	payload := make([]byte, 50)
	budget(t, "QoS 0 PublishAsync", 0.2, func() {
		if _, err := c.PublishAsync(ctx, mqtt.Message{Topic: "t/1", Payload: payload}, nil); err != nil {
			t.Fatal(err)
		}
	})
	done := make(chan struct{}, 1)
	completed := func(error) { done <- struct{}{} }
	budget(t, "QoS 1 PublishAsync and its completion", 1.05, func() {
		if _, err := c.PublishAsync(ctx, mqtt.Message{Topic: "t/1", Payload: payload, QoS: 1}, completed); err != nil {
			t.Fatal(err)
		}
		<-done
	})
	budget(t, "QoS 0 Enqueue", 0.05, func() {
		if err := c.Enqueue(ctx, mqtt.Message{Topic: "t/1", Payload: payload}); err != nil {
			t.Fatal(err)
		}
	})
	budget(t, "QoS 1 Publish", 2.05, func() {
		if err := c.Publish(ctx, mqtt.Message{Topic: "t/1", Payload: payload, QoS: 1}); err != nil {
			t.Fatal(err)
		}
	})
	budget(t, "QoS 0 Publish", 3.05, func() {
		if err := c.Publish(ctx, mqtt.Message{Topic: "t/1", Payload: payload}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestReceiveAllocations(t *testing.T) {
	done := make(chan struct{}, 1)
	handler := func(context.Context, *mqtt.Received) { done <- struct{}{} }
	c, conn := dialLoop(t, handler)
	subscribed, err := c.SubscribeAsync(context.Background(), []mqtt.Subscription{{Filter: "s/+", Handler: handler}}, nil)
	must(t, err)
	conn.push(0x90, 3, 0, 1, 0)
	must(t, subscribed.Wait(ctxFor(t)))
	borrowed, err := c.SubscribeAsync(context.Background(), []mqtt.Subscription{{Filter: "b/+", Handler: handler, ReuseMessage: true}}, nil)
	must(t, err)
	conn.push(0x90, 3, 0, 2, 0)
	must(t, borrowed.Wait(ctxFor(t)))
	for what, packet := range map[string][]byte{
		"QoS 0 borrowed": {0x30, 8, 0, 3, 'b', '/', '1', 'a', 'b', 'c'},
		"QoS 1 borrowed": {0x32, 10, 0, 3, 'b', '/', '1', 0, 7, 'a', 'b', 'c'},
	} {
		budget(t, what, 0.05, func() {
			conn.push(packet...)
			<-done
		})
	}
	checkBatchAllocations(t, c, conn)
	for what, packet := range map[string][]byte{
		"QoS 0 to a subscription":       {0x30, 8, 0, 3, 's', '/', '1', 'a', 'b', 'c'},
		"QoS 1 to a subscription":       {0x32, 10, 0, 3, 's', '/', '1', 0, 7, 'a', 'b', 'c'},
		"QoS 0 to the client's handler": {0x30, 8, 0, 3, 't', '/', '1', 'a', 'b', 'c'},
	} {
		budget(t, what, 2.05, func() { // message and payload, both the handler's own
			conn.push(packet...)
			<-done
		})
	}
}

// checkBatchAllocations has messages come to a BatchHandler, one by one and several in a read.
func checkBatchAllocations(t *testing.T, c *mqtt.Client, conn *loopConn) {
	t.Helper()
	const together = 20
	done := make(chan struct{}, together)
	subscribed, err := c.SubscribeAsync(context.Background(), []mqtt.Subscription{{Filter: "m/+", BatchHandler: func(_ context.Context, messages []*mqtt.Received) {
		for range messages {
			done <- struct{}{}
		}
	}}}, nil)
	must(t, err)
	conn.push(0x90, 3, 0, 3, 0)
	must(t, subscribed.Wait(ctxFor(t)))
	for what, packet := range map[string][]byte{
		"QoS 0 in batches": {0x30, 8, 0, 3, 'm', '/', '1', 'a', 'b', 'c'},
		"QoS 1 in batches": {0x32, 10, 0, 3, 'm', '/', '1', 0, 7, 'a', 'b', 'c'},
	} {
		for _, n := range []int{1, together} {
			all := bytes.Repeat(packet, n)
			budget(t, what, 0.05, func() {
				conn.push(all...)
				for range n {
					<-done
				}
			})
		}
	}
}

// TestIdleClientsTakeFewGoroutinesAndLittleHeap: each takes two goroutines and 6 KiB of heap. It
// keeps out peer 0.9: an idle client has many goroutines and much memory; peer 4.11: goroutines are
// left behind.
func TestIdleClientsTakeFewGoroutinesAndLittleHeap(t *testing.T) {
	const n = 400
	// Each processor of the runtime keeps up to 12 KiB of the descriptors of waits, more or less by chance.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	conns := make([]*loopConn, n)
	for i := range conns {
		conns[i] = newLoopConn()
	}
	clients := make([]*mqtt.Client, n)
	before := runtime.NumGoroutine()
	warm := make(chan struct{})
	var wg sync.WaitGroup
	for range 3*n + 100 { // the runtime keeps the descriptors of goroutines for the next ones
		wg.Go(func() { <-warm })
	}
	close(warm)
	wg.Wait()
	for runtime.NumGoroutine() > before {
		runtime.Gosched()
	}
	heap, goroutines := heapInUse(), runtime.NumGoroutine()
	ctx := ctxFor(t)
	for i := range clients {
		c, err := mqtt.Dial(ctx, "mqtt://loop", mqtt.Config{ClientID: "c", Transport: mqtt.Transport{
			Dial: func(context.Context, string, string) (net.Conn, error) { return conns[i], nil },
		}})
		must(t, err)
		clients[i] = c
	}
	if got := runtime.NumGoroutine() - goroutines; got > 2*n { // less where others end meanwhile
		t.Errorf("%d goroutines for %d clients", got, n)
	}
	each := func() int64 { return (heapInUse() - heap) / n }
	const idle = 4800 // without a socket; over TCP some 1.2 KiB more
	if got := each(); got > idle {
		t.Errorf("idle: %d bytes a client, the budget is %d", got, idle)
	}
	for i, c := range clients { // a burst must not leave its buffers behind
		for range 200 {
			must(t, c.Publish(context.Background(), mqtt.Message{Topic: "t", Payload: make([]byte, 100), QoS: 1}))
		}
		conns[i].push(numbered(0, 0, 500)...)
		for conns[i].unread() > 0 {
			runtime.Gosched()
		}
		conns[i].trim()
	}
	late := time.After(time.Minute)
	for each() > 10<<10 { // what a busy client needed is freed after a second without traffic
		select {
		case <-late:
			t.Fatalf("after a burst: %d bytes a client, the budget is %d", each(), 10<<10)
		case <-time.After(100 * time.Millisecond):
		}
	}
	for _, c := range clients {
		must(t, c.Close(context.Background()))
	}
}

// TestIdleClientsTakeSmallStacks: CONNACK and pings need more stack while they are handled than the smallest that there is, 2 KiB. Who
// waits for the next packet has a fresh one, and so has the write loop after a ping.
func TestIdleClientsTakeSmallStacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, keepAlive = 400, 20 * time.Second
		stacks := func() int64 {
			runtime.GC() // which shrinks stacks, and lets go of those of goroutines that ended
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return int64(m.StackInuse)
		}
		before := stacks()
		for range n {
			conn := deepConn{newLoopConn()}
			c, err := mqtt.Dial(t.Context(), "mqtt://loop", mqtt.Config{ClientID: "c", KeepAlive: keepAlive, Transport: mqtt.Transport{
				Dial: func(context.Context, string, string) (net.Conn, error) { return conn, nil },
			}})
			must(t, err)
			defer func() { must(t, c.Close(context.Background())) }()
			time.Sleep(keepAlive / n) //nolint:forbidigo // in fake time, so that pings are spread and stacks used again
		}
		for _, at := range []struct {
			when string
			most int64 // and a span of stacks, 32 KiB, may be used in part
		}{{"after CONNACK", 4096 + 512}, {"after some pings", 4096 + 512}} {
			synctest.Wait()
			if raced {
				at.most *= 2
			}
			if got := (stacks() - before) / n; got > at.most {
				t.Errorf("%s: %d bytes of stack a client, the budget is %d", at.when, got, at.most)
			}
			<-time.After(5 * keepAlive) // pings are due meanwhile
		}
	})
}

// deepConn needs as much stack for the write of a PINGREQ as a socket does. CONNECT is written to a socket by who dials.
type deepConn struct{ net.Conn }

func (c deepConn) Write(b []byte) (int, error) {
	if b[0] == 0xC0 {
		needStack(b)
	}
	return c.Conn.Write(b)
}

//go:noinline
func needStack(b []byte) byte {
	var room [1024]byte
	return room[copy(room[:], b)%len(room)]
}

func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestReaderPausesForWhatIsHeld sends what takes little on the wire and much in memory, while
// a handler does not return: the client stops reading once it holds what it may.
func TestReaderPausesForWhatIsHeld(t *testing.T) {
	// Packets of 100 KB on the wire take 640 KB in memory, or 400 KB on 32 bit: 4 MiB may be held, and 256 KiB are read ahead.
	const properties, most = 20_000, 11 + 3
	for name, test := range map[string]struct {
		begin  func(s *lasting, i int) // the request that the packet answers
		packet func(i int) []byte
	}{
		"messages": {nil, func(int) []byte {
			return frame(0x30, append([]byte("\x00\x01t"), userProperties(properties)...))
		}},
		"messages of QoS 1": {nil, func(i int) []byte {
			return frame(0x32, append([]byte{0, 1, 't', 0, byte(i + 1)}, userProperties(properties)...))
		}},
		"PUBACK": {
			func(s *lasting, _ int) {
				_, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "t", QoS: 1}, func(error) {})
				must(s.t, err)
			},
			func(i int) []byte {
				return frame(0x40, append([]byte{0, byte(i + 1), 0}, userProperties(properties)...))
			},
		},
		"SUBACK": {
			func(s *lasting, _ int) {
				_, err := s.SubscribeAsync(context.Background(), []mqtt.Subscription{{Filter: "f"}}, func(error) {})
				must(s.t, err)
			},
			func(i int) []byte {
				return frame(0x90, append(append([]byte{0, byte(i + 1)}, userProperties(properties)...), 0))
			},
		},
		"UNSUBACK": {
			func(s *lasting, _ int) {
				_, err := s.UnsubscribeAsync(context.Background(), []string{"f"}, func(error) {})
				must(s.t, err)
			},
			func(i int) []byte {
				return frame(0xB0, append(append([]byte{0, byte(i + 1)}, userProperties(properties)...), 0))
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var release chan struct{}
			blocked := func(cfg *mqtt.Config) {
				release = make(chan struct{})
				cfg.KeepAlive = -1
				cfg.OnMessage = func(_ context.Context, _ *mqtt.Received) { <-release }
			}
			lastingV5(t, "", blocked, func(s *lasting) {
				defer close(release)
				s.server.Send("30 04 0001 74 00")
				for i := range 60 {
					if test.begin != nil {
						test.begin(s, i)
						s.server.Packet()
					}
				}
				s.checkPauses(most, test.packet)
			})
		})
	}
}

// checkPauses sends packets, of which the client has to read some, and at most so many.
func (s *lasting) checkPauses(most int, packet func(i int) []byte) {
	s.t.Helper()
	read := new(atomic.Int32)
	server := s.server
	go func() {
		for i := range 60 {
			if _, err := server.Write(packet(i)); err != nil {
				return
			}
			read.Add(1)
		}
	}()
	<-time.After(time.Minute)
	if n := int(read.Load()); n < 2 || n > most {
		s.t.Errorf("the client read %d packets before it paused", n)
	}
	server.Close()
	synctest.Wait()
}

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

// TestEventsThatWaitAreBounded has a server end, or refuse, one connection after the other
// with many words while a handler does not return: what the events hold is bounded, too.
func TestEventsThatWaitAreBounded(t *testing.T) {
	for name, test := range map[string]struct {
		refuses bool
		words   []byte
	}{
		"DISCONNECT": {false, frame(0xE0, append([]byte{0x8B}, userProperties(20_000)...))},
		"CONNACK":    {true, frame(0x20, append([]byte{0, 0x88}, userProperties(20_000)...))},
	} {
		t.Run(name, func(t *testing.T) {
			var release chan struct{}
			ends, retries := 0, 0
			blocked := func(cfg *mqtt.Config) {
				release = make(chan struct{})
				cfg.KeepAlive, cfg.Reconnect.MaxDelay, cfg.Limits.ReceiveBytes = -1, time.Second, 256<<10
				cfg.OnMessage = func(context.Context, *mqtt.Received) { <-release }
				cfg.OnDisconnect = func(error) { ends++ }
				cfg.OnRetry = func(mqtt.Retry) { retries++ }
			}
			lastingV5(t, "", blocked, func(s *lasting) {
				s.server.Send("30 04 0001 74 00")
				before := heapNow()
				connections := 1
				for connections < 60 && s.endWith(test.refuses, test.words) {
					connections++
				}
				if held := heapNow() - before; held > 12<<20 {
					s.t.Errorf("%d MiB are held after %d connections", held>>20, connections)
				}
				close(release)
				<-time.After(time.Minute)
				synctest.Wait()
				if ends == 0 || retries == 0 || test.refuses != (connections == 60) {
					s.t.Errorf("%d ends and %d retries of %d connections were told", ends, retries, connections)
				}
			})
		})
	}
}

func heapNow() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
