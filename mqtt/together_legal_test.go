package mqtt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// ofNumbers is a subscription to the topic of numbered.
func ofNumbers(workers int, f mqtt.BatchHandler) mqtt.Subscription {
	return mqtt.Subscription{Filter: "n", QoS: 1, Workers: workers, BatchHandler: f}
}

// sendLater sends while the test goes on.
func (s *scripted) sendLater(all []byte) (sent chan error) {
	return async(func() error {
		_, err := s.server.Write(all)
		return err
	})
}

// TestPublishInsideABatchHandler: many messages come in meanwhile, also more than the queue takes.
func TestPublishInsideABatchHandler(t *testing.T) {
	for workers := range 2 {
		for qos := range mqtt.QoS(3) {
			for _, limit := range []int{0, 2} {
				t.Run(fmt.Sprintf("workers %d, QoS %d, limit %d", workers, qos, limit), func(t *testing.T) {
					const n = 300
					s := dialScripted(t, func(cfg *mqtt.Config) { cfg.Limits.ReceiveMessages = limit })
					s.activate(false, ofNumbers(workers, func(ctx context.Context, messages []*mqtt.Received) {
						for _, m := range messages {
							if err := s.Publish(ctx, mqtt.Message{Topic: "r", Payload: m.Payload, QoS: qos}); err != nil {
								t.Errorf("publish %s: %v", m.Payload, err)
							}
						}
					}))
					s.server.SendBytes(numbered(1, 0, n)) // QoS 1: nothing may be dropped
					s.answerAll(n, n, qos)
					s.closeWell()
				})
			}
		}
	}
}

// TestCloseInsideABatchHandler: many messages come in meanwhile, and none is given any more.
func TestCloseInsideABatchHandler(t *testing.T) {
	eachBatching(t, func(cfg *mqtt.Config) { cfg.Limits.ReceiveMessages = 2 }, func(s *scripted, five bool, workers int) {
		if five {
			return // numbered speaks 3.1.1
		}
		var calls atomic.Int32
		closed := make(chan error, 1)
		s.activate(five, ofNumbers(workers, func(context.Context, []*mqtt.Received) {
			calls.Add(1)
			closed <- s.Close(s.ctx)
		}))
		sent := s.sendLater(numbered(1, 0, 10_000))
		s.server.Expect("E0 00") // and no acknowledgement
		s.server.Close()
		<-sent
		s.mustWait(closed)
		if calls.Load() != 1 {
			s.t.Errorf("%d calls", calls.Load())
		}
	})
}

func TestCloseGivesNoBatchMore(t *testing.T) {
	eachBatching(t, nil, func(s *scripted, five bool, workers int) {
		step := make(chan struct{})
		s.activate(five, s.batches(workers, until(step)))
		s.sendPublish(five, 0x30, 0, "first")
		s.expectEvent("batch first.")
		s.sendAll(five, 0x32, "a", "b")
		s.expectCloseToWait(step)
	})
}

// TestBatchHandlerThatNeverReturns: pings and publishes go on, memory does not grow, and Close ends in time.
func TestBatchHandlerThatNeverReturns(t *testing.T) {
	change := func(cfg *mqtt.Config) {
		cfg.Limits.ReceiveMessages, cfg.Limits.ReceiveBytes, cfg.Transport.ReadBuffer = 10, 3000, 512
	}
	eachBatching(t, func(cfg *mqtt.Config) { change(cfg); cfg.KeepAlive = 10 * time.Second }, func(s *scripted, five bool, workers int) {
		if five {
			return // numbered speaks 3.1.1
		}
		release := make(chan struct{})
		s.activate(five, ofNumbers(workers, func(context.Context, []*mqtt.Received) { <-release }))
		var taken atomic.Int32
		flooded := async(func() error {
			for i := range 100_000 {
				if _, err := s.server.Write(numbered(0, i, i+1)); err != nil {
					return err
				}
				taken.Add(1)
			}
			return nil
		})
		s.expectPing(9 * time.Second)
		s.expectPing(9 * time.Second)
		if n, ahead := taken.Load(), int32(3000/len(numbered(0, 0, 1))); n > 20+ahead {
			s.t.Errorf("the client took %d messages", n)
		}
		published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t"}) })
		s.server.Expect("30 03 000174")
		s.mustWait(published)
		ctx, cancel := context.WithTimeout(s.ctx, 3*time.Second)
		defer cancel()
		since := elapsed()
		closed := async(func() error { return s.Close(ctx) })
		s.server.Expect("E0 00")
		if err := s.wait(closed); since() != 3*time.Second || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "a handler is still running") {
			s.t.Errorf("after %v: %v", since(), err)
		}
		<-flooded
		close(release)
	})
}

// TestSlowBatchHandlerSlowsTheServer: and no message is lost, and what it has counts as waiting.
func TestSlowBatchHandlerSlowsTheServer(t *testing.T) {
	change := func(cfg *mqtt.Config) {
		cfg.Limits.ReceiveMessages, cfg.Limits.ReceiveBytes, cfg.Transport.ReadBuffer = 4, 1000, 16
	}
	eachBatching(t, change, func(s *scripted, five bool, workers int) {
		if five {
			return // numbered speaks 3.1.1
		}
		const sent = 300
		next := 0
		all := make(chan struct{})
		s.activate(five, ofNumbers(workers, func(_ context.Context, messages []*mqtt.Received) {
			if len(messages) > 4 {
				s.t.Errorf("a batch of %d", len(messages))
			}
			<-time.After(time.Second)
			for _, m := range messages {
				if string(m.Payload) != fmt.Sprintf("%05d", next) {
					s.t.Errorf("got %s, want %d", m.Payload, next)
				}
				next++
			}
			if next == sent {
				close(all)
			}
		}))
		since := elapsed()
		s.server.SetPatience(time.Hour)
		for i := range sent {
			s.server.SendBytes(numbered(0, i, i+1))
		}
		if since() < 20*time.Second { // 100 are read ahead, and at most four a second are taken
			s.t.Errorf("the server wrote all within %v", since())
		}
		<-all
	})
}

// TestBatchKeepsItsPayloads while its handler runs, also when another goroutine reads on meanwhile.
func TestBatchKeepsItsPayloads(t *testing.T) {
	eachBatching(t, nil, func(s *scripted, five bool, workers int) {
		const n = 5000
		payload := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, i%700) }
		calls, count := 0, 0
		all := make(chan struct{})
		check := func(messages []*mqtt.Received) {
			for i, m := range messages {
				if !bytes.Equal(m.Payload, payload(count+i)) || m.Topic != "t" {
					s.t.Fatalf("message %d: %d bytes to %q", count+i, len(m.Payload), m.Topic)
				}
			}
		}
		s.activate(five, mqtt.Subscription{Filter: "t", Workers: workers, BatchHandler: func(_ context.Context, messages []*mqtt.Received) {
			check(messages)
			if calls++; calls%3 == 0 {
				<-time.After(10 * time.Millisecond)
				check(messages)
			}
			if count += len(messages); count == n {
				close(all)
			}
		}})
		var flood []byte
		for i := range n {
			flood = append(flood, publishBytes(five, 0x30, "t", 0, string(payload(i)))...)
		}
		s.server.SendBytes(flood)
		<-all
		if calls > n/2 {
			s.t.Errorf("%d messages in %d calls", n, calls)
		}
	})
}

// TestBatchOverConnections: what the server sends again is given as the copy alone.
func TestBatchOverConnections(t *testing.T) {
	for workers := range 2 {
		eachLasting(t, nil, func(s *lasting) {
			step := make(chan struct{})
			s.activate(s.five, s.batches(workers, until(step)))
			s.play("< pub 30 0 first")
			s.expectEvent("batch first.")
			s.play(`< pub 32 7 once
				< pub 30 0 lost
				< pub 34 8 twice`)
			s.lose("present")
			s.play(`< pub 3A 7 once
				quiet`)
			close(step)
			s.expectEvent("batch lost twice once.")
			s.play(`> 40 02 0007
				< pub 3C 8 twice
				> 50 02 0008`)
			s.expectNoEvent()
		})
	}
}

func TestBatchWithAStore(t *testing.T) { // QoS 2 messages are on record before the handler has them
	eachSaving(t, func(s *lasting, w *watched) {
		step := make(chan struct{})
		synctest.Wait()
		s.activate(s.five, s.batches(0, until(step)))
		s.play("quiet")
		gate := w.waits()
		s.play(`< pub 34 8 a`)
		s.expectNoEvent()
		close(gate)
		s.expectEvent("batch a.") // it waits while the next two are saved, be it together or one by one
		s.play(`< pub 34 9 b
			< pub 34 10 c
			quiet`)
		close(step)
		s.expectEvent("batch b c.")
		s.play(`> 50 02 0008
			> 50 02 0009
			> 50 02 000A`)
	})
}

// TestManyBatches: each message comes once, in no more calls at once than asked for, and is acknowledged in order.
func TestManyBatches(t *testing.T) {
	for _, workers := range []int{0, 4} {
		const sent = 5000
		var running, through atomic.Int32
		seen := make([]atomic.Bool, sent)
		s := dialScripted(t, nil)
		s.activate(false, ofNumbers(workers, func(_ context.Context, messages []*mqtt.Received) {
			if n := running.Add(1); int(n) > max(workers, 1) {
				t.Errorf("%d run at once", n)
			}
			for _, m := range messages {
				if seen[m.PacketID-1].Swap(true) {
					t.Errorf("message %s comes twice", m.Payload)
				}
			}
			running.Add(-1)
			through.Add(int32(len(messages)))
		}))
		written := s.sendLater(numbered(1, 0, sent))
		for i := range sent {
			s.server.Expect(fmt.Sprintf("40 02 %04X", i+1))
		}
		s.mustWait(written)
		if n := through.Load(); n != sent {
			t.Errorf("%d of %d messages", n, sent)
		}
		s.closeWell()
	}
}

// TestMemoryOfBatchesGoesWithTheLoad: what a batch of a thousand messages took is free after a second without traffic.
func TestMemoryOfBatchesGoesWithTheLoad(t *testing.T) {
	const n, sent = 100, 1000
	conns, gates := make([]*loopConn, n), make([]chan struct{}, n)
	through := make(chan int, n*sent)
	for i := range n {
		var c *mqtt.Client
		c, conns[i] = dialLoop(t, nil)
		gates[i] = make(chan struct{})
		subscribed, err := c.SubscribeAsync(t.Context(), []mqtt.Subscription{ofNumbers(0, func(_ context.Context, messages []*mqtt.Received) {
			<-gates[i]
			through <- len(messages)
		})}, nil)
		must(t, err)
		conns[i].push(0x90, 3, 0, 1, 1)
		must(t, subscribed.Wait(t.Context()))
	}
	heap := heapInUse()
	for i, conn := range conns {
		conn.push(numbered(0, 0, sent)...)
		for conn.unread() > 0 { // the handler has some of them, and the others wait
			runtime.Gosched()
		}
		close(gates[i])
		for got := 0; got < sent; {
			got += <-through
		}
		conn.trim()
	}
	each := func() int64 { return (heapInUse() - heap) / n }
	for late := time.After(20 * time.Second); each() > 12<<10; { // the read buffer of such a connection stays
		select {
		case <-late:
			t.Fatalf("%d bytes a client are kept", each())
		case <-time.After(100 * time.Millisecond):
		}
	}
}
