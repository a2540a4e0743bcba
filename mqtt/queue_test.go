package mqtt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
	"dunlin/mqtt/store"
)

// TestPublishedBeforeTheFirstConnection: the messages leave in order, and without DUP. It shows
// SR-08: published while offline; CN-27: nothing is sent between CONNECT and CONNACK
// [MQTT-3.1.2-30].
func TestPublishedBeforeTheFirstConnection(t *testing.T) {
	eachOffline(t, nil, func(s *lasting) {
		subscribed := async(func() error { return errorOf(s.Subscribe(s.ctx, s.sub("mine", "t"))) })
		synctest.Wait()
		all := append(s.publishes(1, "a"), s.publishes(2, "b")...)
		all = append(all, s.publishes(1, "c")...)
		<-time.After(5 * time.Minute)
		s.expectOpen(all...)
		if st := s.Stats(); st.Queued != 3 || st.InFlight != 0 || st.QueuedBytes < 18 || st.Connected || st.Connections != 0 || st.Retries < 4 {
			s.t.Errorf("%+v", st)
		}
		s.online("absent")
		if s.five { // before the publishes, which may be for ourselves
			s.server.Expect("82 09 0001 02 0B01 000174 00")
			s.server.Send("90 04 0001 00 00")
		} else {
			s.server.Expect("82 06 0001 000174 00")
			s.server.Send("90 03 0001 00")
		}
		s.play(`> pub 32 2 a
			> pub 34 3 b
			> pub 32 4 c`)
		s.mustWait(subscribed)
		if st := s.Stats(); st.Queued != 0 || st.InFlight != 3 || !st.Connected || st.Connections != 1 || st.BytesWritten == 0 || st.BytesRead == 0 {
			s.t.Errorf("%+v", st)
		}
		s.play("< pub 30 0 x")
		s.expectEvent("mine t=x")
	})
}

// TestQoS0WithoutAConnection: it fails at once, unless the queue takes QoS 0. It shows SR-08:
// published while offline; SR-30: queue is bounded. It keeps out peer 4.4: a message that was
// dropped is told as sent.
func TestQoS0WithoutAConnection(t *testing.T) {
	eachOffline(t, nil, func(s *lasting) {
		checkError(s.t, s.Publish(s.ctx, mqtt.Message{Topic: "t"}), mqtt.ErrNotSent, mqtt.ErrNotConnected)
		s.online("absent")
		s.play("quiet")
		s.publishes(0, "a")
		s.play("> pub 30 0 a")
		s.drop()
		checkError(s.t, s.Publish(s.ctx, mqtt.Message{Topic: "t"}), mqtt.ErrNotSent, mqtt.ErrNotConnected)
	})
	eachOffline(t, func(cfg *mqtt.Config) { cfg.Limits.Queue.QoS0 = true }, func(s *lasting) {
		s.publishes(1, "a")
		done := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", Payload: []byte("b")}) })
		synctest.Wait()
		s.publishes(1, "c")
		s.online("absent")
		s.play(`> pub 32 1 a
			> pub 30 0 b
			> pub 32 2 c`)
		s.mustWait(done)
		s.lose("present")
		s.play(`> pub 3A 1 a
			> pub 3A 2 c
			quiet`)
	})
}

// TestQoS0AcrossALoss: a message that was not written fails, and its error says so. It shows DC-14:
// server ends the stream.
func TestQoS0AcrossALoss(t *testing.T) {
	eachLasting(t, nil, func(s *lasting) {
		synctest.Wait()
		all := append(s.publishes(0, "a"), s.publishes(0, "b")...) // nobody reads
		synctest.Wait()
		late := s.publishes(0, "c")[0]
		s.drop()
		for _, d := range all[:1] {
			s.expectDone(d, mqtt.ErrInDoubt, mqtt.ErrNotConnected)
		}
		s.expectDone(late, mqtt.ErrNotSent, mqtt.ErrNotConnected)
		s.acceptNext("present")
		s.play("quiet")
		s.expectDone(late, mqtt.ErrNotSent)
	})
}

// TestFullQueueBlocks: the queue has room for two messages. It shows SR-30: queue is bounded. It
// keeps out peer 4.20: queues without bound.
func TestFullQueueBlocks(t *testing.T) {
	two := func(cfg *mqtt.Config) { cfg.Limits.Queue.Messages = 2 }
	eachOffline(t, two, func(s *lasting) {
		s.publishes(1, "a", "b")
		third := async(func() error { s.publishes(1, "c"); return nil })
		own := errors.New("enough")
		ctx, cancel := context.WithCancelCause(s.ctx)
		fourth := async(func() error { return s.Enqueue(ctx, mqtt.Message{Topic: "t", QoS: 1}) })
		synctest.Wait()
		cancel(own)
		checkError(s.t, <-fourth, mqtt.ErrNotSent, own)
		s.online("absent")
		s.play(`> pub 32 1 a
			> pub 32 2 b
			quiet
			< 40 02 0001
			> pub 32 3 c`)
		s.mustWait(third)
	})
}

// TestFullQueueFails: the queue has room for few bytes, which one message may exceed. It shows
// SR-30: queue is bounded. It keeps out peer 4.20: queues without bound.
func TestFullQueueFails(t *testing.T) {
	few := func(cfg *mqtt.Config) {
		cfg.Limits.Queue.Bytes, cfg.Limits.Queue.Full = 2000, mqtt.QueueFail
	}
	eachOffline(t, few, func(s *lasting) {
		payload, accepted := make([]byte, 300), 0
		for range 100_000 {
			err := s.Enqueue(s.ctx, mqtt.Message{Topic: "t", Payload: payload, QoS: 1})
			if err == nil {
				accepted++
				continue
			}
			checkError(s.t, err, mqtt.ErrNotSent, mqtt.ErrQueueFull)
		}
		if st := s.Stats(); accepted < 5 || accepted > 7 || st.Queued != accepted || st.QueuedBytes > 2400 {
			s.t.Errorf("%d accepted, %+v", accepted, st)
		}
		s.online("absent")
		for range accepted {
			s.server.Packet()
		}
		s.play("< 40 02 0001 40 02 0002")
		synctest.Wait()
		must(s.t, s.Enqueue(s.ctx, mqtt.Message{Topic: "t", Payload: make([]byte, 10_000), QoS: 1}))
		checkError(s.t, s.Enqueue(s.ctx, mqtt.Message{Topic: "t", QoS: 1}), mqtt.ErrQueueFull)
	})
}

// TestFullQueueDropsTheOldest: dropped messages are counted and reported, and are never ones that
// were sent. It shows SR-30: queue is bounded. It keeps out peer 4.20: queues without bound;
// peer 4.4: a message that was dropped is told as sent.
func TestFullQueueDropsTheOldest(t *testing.T) {
	three := func(cfg *mqtt.Config) {
		cfg.Limits.Queue.Messages, cfg.Limits.Queue.Full = 3, mqtt.QueueDropOldest
	}
	eachLasting(t, three, func(s *lasting) {
		sent := s.publishes(1, "a")[0]
		s.play("> pub 32 1 a")
		s.drop()
		s.net.refuses(nobody)
		queued := s.publishes(1, "b", "c", "d", "e")
		s.expectDone(queued[0], mqtt.ErrNotSent, mqtt.ErrQueueFull)
		s.expectDone(queued[1], mqtt.ErrNotSent, mqtt.ErrQueueFull)
		s.expectOpen(sent, queued[2], queued[3])
		if st := s.Stats(); st.Dropped != 2 || st.InFlight != 1 || st.Queued != 2 {
			s.t.Errorf("%+v", st)
		}
		s.online("present")
		s.play(`> pub 3A 1 a
			> pub 32 2 d
			> pub 32 3 e
			quiet`)
		checkError(s.t, s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 1}), mqtt.ErrNotSent, mqtt.ErrQueueFull) // none is left to drop
	})
}

// TestEnqueueWithoutAStore: the message is accepted at once, and OnError is told what becomes of
// it.
func TestEnqueueWithoutAStore(t *testing.T) {
	eachOffline(t, nil, func(s *lasting) {
		for i := range 3 {
			must(s.t, s.Enqueue(s.ctx, mqtt.Message{Topic: "t", Payload: fmt.Append(nil, i), QoS: 1}))
		}
		d := s.publishes(1, "3")[0]
		select {
		case <-d.Accepted():
		default:
			s.t.Error("not accepted")
		}
		s.online("absent")
		s.play(`> pub 32 1 0
			> pub 32 2 1
			> pub 32 3 2
			> pub 32 4 3
			< 40 02 0001
			lose absent
			quiet`)
		for range 2 {
			s.expectEvent(`error: publish to "t"`)
		}
		s.expectDone(d, mqtt.ErrInDoubt, mqtt.ErrSessionLost)
		s.expectNoEvent()
	})
}

// expectWait checks what Wait says of a delivery that has not ended.
func (s *lasting) expectWait(what string, d *mqtt.Delivery, want error) {
	s.t.Helper()
	err := d.Wait(over())
	for _, outcome := range []error{mqtt.ErrQueued, mqtt.ErrInDoubt, mqtt.ErrSaved, mqtt.ErrNotSent} {
		if errors.Is(err, outcome) != errors.Is(want, outcome) {
			s.t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	if !errors.Is(err, context.Canceled) {
		s.t.Errorf("%s: %v does not say why", what, err)
	}
}

// TestWaitTellsWhatHasNotLeft: what has not left is still queued, and only what may have is
// in doubt.
func TestWaitTellsWhatHasNotLeft(t *testing.T) {
	change := func(cfg *mqtt.Config) { cfg.Limits.InFlight, cfg.KeepAlive = 2, -1 }
	eachLasting(t, change, func(s *lasting) {
		synctest.Wait()
		taken := s.publishes(1, "a")[0] // the write loop has it, and the server does not read
		synctest.Wait()
		behind, behind0 := s.publishes(1, "b")[0], s.publishes(0, "c")[0]
		beyond := s.publishes(1, "d")[0]
		sub, err := s.SubscribeAsync(context.Background(), []mqtt.Subscription{{Filter: "f"}}, nil)
		must(s.t, err)
		s.expectWait("being written", taken, mqtt.ErrInDoubt)
		s.expectWait("in the out-buffer", behind, mqtt.ErrQueued)
		s.expectWait("of QoS 0 in the out-buffer", behind0, mqtt.ErrQueued)
		s.expectWait("beyond the window", beyond, mqtt.ErrQueued)
		s.expectWait("a SUBSCRIBE in the out-buffer", sub, mqtt.ErrQueued)
		s.play(`> pub 32 1 a
			> pub 32 2 b
			> pub 30 0 c`)
		s.server.Packet() // SUBSCRIBE
		synctest.Wait()
		s.expectWait("written", behind, mqtt.ErrInDoubt)
		s.expectWait("a SUBSCRIBE that was written", sub, mqtt.ErrInDoubt)
		s.expectWait("still beyond the window", beyond, mqtt.ErrQueued)
		s.net.refuses(nobody)
		s.drop()
		offline := s.publishes(2, "e")[0]
		parked, err := s.UnsubscribeAsync(context.Background(), []string{"f"}, nil)
		must(s.t, err)
		s.expectWait("sent on a lost connection", behind, mqtt.ErrInDoubt)
		s.expectWait("a SUBSCRIBE on a lost connection", sub, mqtt.ErrInDoubt)
		s.expectWait("published offline", offline, mqtt.ErrQueued)
		s.expectWait("asked for offline", parked, mqtt.ErrQueued)
	})
}

// TestWaitTellsWhatIsSaved: it is in the store, whether it has left or not.
func TestWaitTellsWhatIsSaved(t *testing.T) {
	eachOffline(t, func(cfg *mqtt.Config) { cfg.Store = store.NewMemory() }, func(s *lasting) {
		d := s.publishes(1, "a")[0]
		synctest.Wait()
		s.expectWait("saved offline", d, mqtt.ErrSaved)
		s.online("absent")
		s.play("> pub 32 1 a")
		s.expectWait("saved and sent", d, mqtt.ErrSaved)
		s.play("< 40 02 0001")
		s.expectDone(d)
	})
}

// crashingServer is a server that closes the connection when it is sent "bad", and
// acknowledges what else it gets.
type crashingServer struct {
	t        *testing.T
	url      string
	mu       sync.Mutex
	got      []string
	refusals int
}

func newCrashingServer(t *testing.T) *crashingServer {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &crashingServer{t: t, url: "mqtt://" + l.Addr().String()}
	var serving sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		serving.Wait()
	})
	serving.Go(func() {
		for n := 0; ; n++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.serve(mqtttest.NewConn(t, conn), n > 0)
			_ = conn.Close()
		}
	})
	return s
}

func (s *crashingServer) serve(conn *mqtttest.Conn, present bool) {
	for {
		p, err := conn.TryPacket()
		if err != nil {
			return
		}
		answer := []byte{0x20, 2, 0, 0}
		switch {
		case p[0]&0xF0 == 0x10 && present:
			answer[2] = 1
		case p[0]&0xF0 == 0x30:
			s.mu.Lock()
			if bytes.HasSuffix(p, []byte("bad")) {
				s.refusals++
				s.mu.Unlock()
				return
			}
			s.got = append(s.got, string(p[len(p)-1]))
			s.mu.Unlock()
			answer = []byte{0x40, 2, p[5], p[6]}
		case p[0] == 0xC0:
			answer = []byte{0xD0, 0}
		case p[0] == 0xE0:
			return
		}
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}

// TestMessageThatCrashesTheServerIsPutAside: it is reported, and the other messages are sent. It
// keeps out peer 4.18: a message that the server does not take is sent again for ever.
func TestMessageThatCrashesTheServerIsPutAside(t *testing.T) {
	server := newCrashingServer(t)
	ctx := ctxFor(t)
	kept := store.NewMemory()
	cfg := mqtt.Config{
		ClientID: "c", KeepSession: true, Store: kept,
		Reconnect: &mqtt.Reconnect{MinDelay: time.Millisecond, MaxDelay: 5 * time.Millisecond, QuarantineAfter: 1},
	}
	c, err := mqtt.Dial(ctx, server.url, cfg)
	if err != nil {
		t.Fatal(err)
	}
	var all []*mqtt.Delivery
	for _, payload := range []string{"1", "2", "bad", "3", "4"} {
		d, err := c.PublishAsync(ctx, mqtt.Message{Topic: "t", QoS: 1, Payload: []byte(payload)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	for i, d := range all {
		err := d.Wait(ctx)
		if bad := i == 2; bad != errors.Is(err, mqtt.ErrQuarantined) || !bad && err != nil {
			t.Errorf("message %d: %v", i, err)
		}
	}
	if st := c.Stats(); st.Quarantined != 1 || st.InFlight != 0 {
		t.Errorf("%+v", st)
	}
	if err := c.Close(ctx); err != nil {
		t.Error(err)
	}
	server.mu.Lock()
	if server.refusals < 6 || server.refusals > 7 { // it is not blamed while others are acknowledged beside it
		t.Errorf("the message was tried %d times", server.refusals)
	}
	server.mu.Unlock()
	again, err := mqtt.Dial(ctx, server.url, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if st := again.Stats(); st.Quarantined != 1 || st.InFlight+st.Queued != 0 {
		t.Errorf("in the next process: %+v", st)
	}
	if err := again.Close(ctx); err != nil {
		t.Error(err)
	}
}
