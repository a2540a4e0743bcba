package mqtt_test

import (
	"context"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"dunlin/mqtt"
)

// loopConn is a server in one object: it acknowledges what is written and costs
// no allocation and no goroutine.
type loopConn struct {
	mu     sync.Mutex
	cond   *sync.Cond
	in     []byte // for the client to read
	out    []byte // the beginning of a packet; of the writer
	closed bool
}

func newLoopConn() *loopConn {
	c := &loopConn{}
	c.cond = sync.NewCond(&c.mu)
	return c
}

// push gives the client b to read.
func (c *loopConn) push(b ...byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in = append(c.in, b...)
	c.cond.Signal()
}

func (c *loopConn) Read(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.in) == 0 {
		if c.closed {
			return 0, io.EOF
		}
		c.cond.Wait()
	}
	n := copy(b, c.in)
	c.in = c.in[:copy(c.in, c.in[n:])]
	return n, nil
}

// Write takes packets shorter than 128 bytes.
func (c *loopConn) Write(b []byte) (int, error) {
	c.out = append(c.out, b...)
	rest := c.out
	for ; len(rest) > 1 && len(rest) >= 2+int(rest[1]); rest = rest[2+rest[1]:] {
		switch rest[0] {
		case 0x10:
			c.push(0x20, 2, 0, 0)
		case 0x32:
			id := rest[4+rest[3]:]
			c.push(0x40, 2, id[0], id[1])
		case 0xE0:
			_ = c.Close()
		}
	}
	c.out = c.out[:copy(c.out, rest)]
	return len(b), nil
}

func (c *loopConn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.cond.Broadcast()
	return nil
}

func (*loopConn) LocalAddr() net.Addr              { return nil }
func (*loopConn) RemoteAddr() net.Addr             { return nil }
func (*loopConn) SetDeadline(time.Time) error      { return nil }
func (*loopConn) SetReadDeadline(time.Time) error  { return nil }
func (*loopConn) SetWriteDeadline(time.Time) error { return nil }

func dialLoop(t *testing.T, handler func(context.Context, *mqtt.Received)) (*mqtt.Client, *loopConn) {
	t.Helper()
	conn := newLoopConn()
	c, err := mqtt.Dial(ctxFor(t), "mqtt://loop", mqtt.Config{ClientID: "c", Transport: mqtt.Transport{Dial: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}, OnMessage: handler})
	must(t, err)
	t.Cleanup(func() { must(t, c.Close(context.Background())) })
	return c, conn
}

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

func TestIdleClient(t *testing.T) { // peer 0.9, peer 4.11: three goroutines and 8 KiB of heap
	const n = 100
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
	if got := runtime.NumGoroutine() - goroutines; got > 3*n { // less where others end meanwhile
		t.Errorf("%d goroutines for %d clients", got, n)
	}
	each := func() int64 { return (heapInUse() - heap) / n }
	if got := each(); got > 8<<10 {
		t.Errorf("idle: %d bytes a client, the budget is %d", got, 8<<10)
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
	late := time.After(20 * time.Second)
	for each() > 10<<10 { // what it needed is let go of after a calm second
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

func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func (c *loopConn) unread() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.in)
}

// trim lets go of the server's own buffer.
func (c *loopConn) trim() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in = nil
}
