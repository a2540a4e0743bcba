package mqtt_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/internal/wire"
	"dunlin/mqtt/mqtttest"
)

// TestNoCopyPayloadsInOrder sends messages of all kinds in turn, small and large, copied
// and not, while the server does not read: the bytes are those of the calls, in their
// order. A connection that is more than a socket has its Write called.
func TestNoCopyPayloadsInOrder(t *testing.T) {
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
			Topic: fmt.Sprint("nocopy/", i%3), Payload: payloadOf(i, sizes[i%len(sizes)]),
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
		if err != nil || p.Topic != fmt.Sprint("nocopy/", i%3) || p.QoS != byte(i%3) || !bytes.Equal(p.Payload, want) {
			t.Fatalf("message %d: topic %s, QoS %d, %d bytes instead of %d, %v", i, p.Topic, p.QoS, len(p.Payload), len(want), err)
		}
	}
}

// TestNoCopyPayloadIsNotCopied changes payloads while they wait behind what the server does
// not read: a large one of PublishNoCopy goes out changed, which its caller answers for;
// one that was copied, or is small, goes out as it was.
func TestNoCopyPayloadIsNotCopied(t *testing.T) {
	s := dialScripted(t, func(cfg *mqtt.Config) { cfg.Limits.SendBytes = 64 << 20 })
	if err := s.Enqueue(s.ctx, mqtt.Message{Topic: "t", Payload: make([]byte, 32<<20)}); err != nil {
		t.Fatal(err)
	}
	messages := []struct {
		noCopy bool
		size   int
		want   byte
	}{{true, 20_000, 2}, {false, 20_000, 1}, {true, 16 << 10, 1}}
	for _, m := range messages {
		payload := payloadOf(0, m.size)
		publish := s.PublishAsync
		if m.noCopy {
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
			t.Errorf("not copied %v, %d bytes: %d went out", m.noCopy, m.size, b[len(b)-1])
		}
	}
}

// TestNoCopyPayloadIsHeldUntilItIsWritten has the server acknowledge what stands behind such a
// payload before it has read either: the payload is not given back for that.
func TestNoCopyPayloadIsHeldUntilItIsWritten(t *testing.T) {
	s := dialScripted(t, func(cfg *mqtt.Config) { cfg.Limits.SendBytes = 64 << 20 })
	payload := make([]byte, 32<<20)
	copy(payload, "\x30\xFB\xFF\xFF\x0F") // it reads as a packet itself
	noCopy, err := s.PublishNoCopy(s.ctx, mqtt.Message{Topic: "t", Payload: payload}, nil)
	must(t, err)
	s.server.Expect("30 83 80 80 10") // it is being written
	behind, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "t", QoS: 1}, nil)
	must(t, err)
	s.server.Send("40 02 0001")
	must(t, behind.Wait(s.ctx))
	select {
	case <-noCopy.Done():
		t.Error("the payload is given back while it is being written")
	default:
	}
	s.server.Expect("000174")
	s.server.Packet()
	must(t, noCopy.Wait(s.ctx))
}

// TestNoCopyPayloadsCountForSendBytes fills Limits.SendBytes with payloads that are not copied.
func TestNoCopyPayloadsCountForSendBytes(t *testing.T) {
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

// TestNoCopyPayloadIsCopiedToBeSentAgain publishes at a client that keeps what it has sent: it is
// sent again as it was, whatever became of the payload since.
func TestNoCopyPayloadIsCopiedToBeSentAgain(t *testing.T) {
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

// dialQuiet connects a client that sends no pings, and returns the server's end of
// its pipe.
func dialQuiet(t *testing.T) (*mqtt.Client, net.Conn) {
	t.Helper()
	ours, theirs := net.Pipe()
	server := mqtttest.NewConn(t, theirs)
	var c *mqtt.Client
	dialed := async(func() (err error) {
		c, err = mqtt.Dial(t.Context(), "mqtt://pipe", mqtt.Config{ClientID: "c", KeepAlive: -1, Transport: mqtt.Transport{
			Dial: func(context.Context, string, string) (net.Conn, error) { return ours, nil },
		}})
		return err
	})
	server.Accept()
	must(t, <-dialed)
	must(t, theirs.SetDeadline(time.Time{})) // that of Accept
	t.Cleanup(func() {
		closed := async(func() error { return c.Close(context.Background()) })
		server.Expect("E0 00")
		server.Close()
		must(t, <-closed)
	})
	return c, theirs
}

// sendTogether sends messages that the server reads once all are there.
func sendTogether(t *testing.T, c *mqtt.Client, server net.Conn, messages int, payload []byte, in []byte) {
	t.Helper()
	for range messages {
		must(t, c.Enqueue(t.Context(), mqtt.Message{Topic: "t", Payload: payload}))
	}
	if _, err := io.ReadFull(server, in[:messages*(2+3+len(payload))]); err != nil {
		t.Fatal(err)
	}
}

// TestBurstsShareBuffers has a client send a burst now and then: the buffers that it
// lets go in between are there for the next burst.
func TestBurstsShareBuffers(t *testing.T) {
	const bursts, messages, size = 40, 400, 64
	const burst = messages * (2 + 3 + size)
	synctest.Test(t, func(t *testing.T) {
		c, server := dialQuiet(t)
		payload, in := make([]byte, size), make([]byte, burst)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range bursts {
			sendTogether(t, c, server, messages, payload, in)
			<-time.After(3 * time.Second) // until it has let go
		}
		runtime.ReadMemStats(&after)
		// Without buffers that are used again it is about four times the burst; with -race some are
		// lost on purpose.
		if got := (after.TotalAlloc - before.TotalAlloc) / bursts; got > 3*burst {
			t.Errorf("a burst of %d bytes takes %d of fresh memory", burst, got)
		}
	})
}

// TestFewMessagesKeepNoLargeBuffers: clients that send little, but often, after a burst
// do not hold on to the buffers of one.
func TestFewMessagesKeepNoLargeBuffers(t *testing.T) {
	const clients, messages, size = 30, 400, 64
	heap := func() int {
		for range 3 { // a buffer that is not used is freed at the second one
			runtime.GC()
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	synctest.Test(t, func(t *testing.T) {
		var all [clients]*mqtt.Client
		var servers [clients]net.Conn
		for i := range all {
			all[i], servers[i] = dialQuiet(t)
		}
		payload, in := make([]byte, size), make([]byte, messages*(2+3+size))
		before := heap()
		for i := range all {
			sendTogether(t, all[i], servers[i], messages, payload, in)
		}
		for range 5 {
			<-time.After(3 * time.Second) // until they have let go
			for i := range all {
				sendTogether(t, all[i], servers[i], 4, payload, in)
			}
		}
		if got := (heap() - before) / clients; got > 4<<10 {
			t.Errorf("%d bytes a client", got)
		}
	})
}

// TestReusedBuffersAreNotShared has clients send beside one that takes what they let go.
func TestReusedBuffersAreNotShared(t *testing.T) {
	const clients, messages, size = 4, 100, 64
	synctest.Test(t, func(t *testing.T) {
		var all [clients]*mqtt.Client
		var servers [clients]net.Conn
		for i := range all {
			all[i], servers[i] = dialQuiet(t)
		}
		for n := range clients { // one more each time
			for i, c := range all[:n+1] {
				for range messages {
					must(t, c.Enqueue(t.Context(), mqtt.Message{Topic: "t", Payload: bytes.Repeat([]byte{byte(i)}, size)}))
				}
			}
			for i, server := range servers[:n+1] {
				packet := append([]byte{0x30, 3 + size, 0, 1, 't'}, bytes.Repeat([]byte{byte(i)}, size)...)
				in := make([]byte, messages*len(packet))
				if _, err := io.ReadFull(server, in); err != nil || !bytes.Equal(in, bytes.Repeat(packet, messages)) {
					t.Fatalf("client %d: %v, or bytes that are not its own", i, err)
				}
			}
			<-time.After(3 * time.Second) // until they have let go
		}
	})
}

// TestBytesWrittenNeverFall over many connections, each of which ends with bytes that were not written: a monitor takes a counter that
// falls for a restart.
func TestBytesWrittenNeverFall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLasting(t, mqtt.V311, nil)
		s.connect("absent")
		s.publishes(1, "a")
		s.lose("present") // it has read CONNECT alone
		s.play("> pub 3A 1 a")
		s.publishes(1, strings.Repeat("b", 10_000))
		s.server.Packet()
		before := s.Stats().BytesWritten
		for i := range 200 {
			s.lose("present")
			now := s.Stats().BytesWritten
			if now < before {
				t.Fatalf("after loss %d it is %d, and was %d", i+1, now, before)
			}
			before = now
		}
	})
}

func TestBytesWrittenCountsLargePayloadsOnce(t *testing.T) {
	s := dialScripted(t, nil)
	const connect = 15 // bytes of CONNECT; they may be counted after its answer has come
	published := async(func() error {
		return s.Publish(context.Background(), mqtt.Message{Topic: "t", Payload: make([]byte, 1<<20)})
	})
	n := len(s.server.Packet())
	s.mustWait(published)
	if got := s.Stats().BytesWritten - connect; got != uint64(n) {
		t.Errorf("BytesWritten grew by %d for a packet of %d bytes", got, n)
	}
}

// TestQueuedIsZeroAfterTheLastAnswer asks in the callbacks, which may run
// before the write loop has noted that its write returned.
func TestQueuedIsZeroAfterTheLastAnswer(t *testing.T) {
	c := dialResponder(t, &responder{}, nil)
	ctx := ctxFor(t)
	for range 500 {
		queued := make(chan bool, 1)
		if _, err := c.PublishAsync(ctx, mqtt.Message{Topic: "t", QoS: 2}, func(error) { queued <- c.IsQueued() }); err != nil {
			t.Fatal(err)
		}
		if <-queued {
			t.Fatal("queued though the last answer has come")
		}
	}
}

// TestPublishersGetRoomWhileAcknowledgementsAreWritten has publishers wait for room while
// acknowledgements go out, and with them what they have appended.
func TestPublishersGetRoomWhileAcknowledgementsAreWritten(t *testing.T) {
	s := dialScripted(t, func(cfg *mqtt.Config) { cfg.Limits.SendBytes = 1 })
	heard := async(func() error {
		for {
			if _, err := s.server.TryPacket(); err != nil {
				return nil //nolint:nilerr // the end of the test
			}
		}
	})
	for i := range 5000 {
		if _, err := s.server.Write([]byte("\x32\x06\x00\x01a\x00\x09x")); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(time.Duration(i%400) * 250 * time.Nanosecond); time.Now().Before(end); {
			runtime.Gosched()
		}
		for range 3 {
			if err := s.Enqueue(s.ctx, mqtt.Message{Topic: "t", Payload: []byte{1}}); err != nil {
				t.Fatalf("round %d: %v", i, err)
			}
		}
		for len(s.events) > 0 {
			<-s.events
		}
	}
	must(t, s.Close(s.ctx))
	must(t, <-heard)
}
