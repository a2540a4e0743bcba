package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// words returns the payloads of a batch.
func words(messages []*mqtt.Received) string {
	var all []string
	for _, m := range messages {
		all = append(all, string(m.Payload))
	}
	return strings.Join(all, " ")
}

// batches is a subscription to "t" whose BatchHandler says what it got. What a call is for it
// does before it returns.
func (s *scripted) batches(workers int, call func(ctx context.Context, messages []*mqtt.Received)) mqtt.Subscription {
	return mqtt.Subscription{Filter: "t", QoS: 2, Workers: workers, BatchHandler: func(ctx context.Context, messages []*mqtt.Received) {
		s.events <- "batch " + words(messages) + "." // so that none is taken for a longer one
		call(ctx, messages)
	}}
}

// until returns what a handler does that waits for step.
func until(step chan struct{}) func(context.Context, []*mqtt.Received) {
	return func(context.Context, []*mqtt.Received) { <-step }
}

// eachBatching runs a test in fake time for a client of each version, whose BatchHandler has
// workers or not.
func eachBatching(t *testing.T, change func(*mqtt.Config), f func(s *scripted, five bool, workers int)) {
	t.Helper()
	for workers := range 2 {
		t.Run(fmt.Sprint("workers ", workers), func(t *testing.T) {
			eachIterable(t, change, func(s *scripted, five bool) { f(s, five, workers) })
		})
	}
}

// sendAll sends messages to "t", with identifiers from 1 on where they have a QoS.
func (s *scripted) sendAll(five bool, first byte, payloads ...string) {
	s.t.Helper()
	var all []byte
	for i, payload := range payloads {
		all = append(all, publishBytes(five, first, "t", uint16(i+1), payload)...)
	}
	s.server.SendBytes(all)
	synctest.Wait()
}

// TestBatchesGrowWithTheLoad: what comes while the handler runs is the next batch, in order.
func TestBatchesGrowWithTheLoad(t *testing.T) {
	eachBatching(t, nil, func(s *scripted, five bool, workers int) {
		var took atomic.Int64
		s.activate(five, s.batches(workers, func(context.Context, []*mqtt.Received) { <-time.After(time.Duration(took.Load())) }))
		sent, got := 0, 0
		for _, handling := range []time.Duration{0, 10 * time.Millisecond, 50 * time.Millisecond} {
			took.Store(int64(handling))
			for range 1000 { // one each millisecond
				s.sendPublish(five, 0x30, 0, fmt.Sprint(sent))
				sent++
				<-time.After(time.Millisecond)
			}
			<-time.After(time.Second)
			synctest.Wait()
			calls := 0
			for ; len(s.events) > 0; calls++ {
				for payload := range strings.FieldsSeq(strings.Trim(<-s.events, "batch .")) {
					if payload != fmt.Sprint(got) {
						s.t.Fatalf("message %s, want %d", payload, got)
					}
					got++
				}
			}
			if most := 1000/max(int(handling/time.Millisecond), 1) + 2; calls > most || calls < most-10 {
				s.t.Errorf("%d calls of %v each for 1,000 messages", calls, handling)
			}
		}
		if got != sent {
			s.t.Errorf("got %d of %d", got, sent)
		}
	})
}

func TestBatchIsAcknowledgedWhenItsHandlerHasReturned(t *testing.T) { // and all of it then
	eachBatching(t, nil, func(s *scripted, five bool, workers int) {
		step := make(chan struct{})
		s.activate(five, s.batches(workers, until(step)))
		s.sendPublish(five, 0x32, 9, "first")
		s.expectEvent("batch first.")
		s.sendAll(five, 0x32, "a", "b", "c")
		s.sendPublish(five, 0x34, 4, "d")
		s.server.ExpectNothing(time.Minute)
		step <- struct{}{}
		s.expectEvent("batch a b c d.")
		s.server.Expect("40 02 0009")
		s.server.ExpectNothing(time.Minute)
		step <- struct{}{}
		s.server.Expect("40 02 0001", "40 02 0002", "40 02 0003", "50 02 0004")
		s.server.Send("62 02 0004")
		s.server.Expect("70 02 0004")
	})
}

// TestBatchWithoutAReturnIsNotAcknowledged: no message of it is, but those of the next batch are.
func TestBatchWithoutAReturnIsNotAcknowledged(t *testing.T) {
	for name, fail := range map[string]func(){
		"panic":          func() { panic("no") },
		"runtime.Goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			eachBatching(t, nil, func(s *scripted, five bool, workers int) {
				step := make(chan struct{})
				s.activate(five, s.batches(workers, func(_ context.Context, messages []*mqtt.Received) {
					<-step
					if strings.Contains(words(messages), "bad") {
						fail()
					}
				}))
				s.sendPublish(five, 0x30, 0, "first")
				s.expectEvent("batch first.")
				s.sendAll(five, 0x32, "good", "bad", "good")
				step <- struct{}{}
				s.expectEvent("batch good bad good.")
				s.sendPublish(five, 0x32, 4, "better")
				synctest.Wait()
				step <- struct{}{}
				s.expectEvents("error: a handler panicked", "batch better.")
				close(step)
				s.server.Expect("40 02 0004")
				s.server.ExpectNothing(time.Minute)
			})
		})
	}
}

func TestBatchIsAtMostWhatMayWait(t *testing.T) {
	eachBatching(t, func(cfg *mqtt.Config) { cfg.Limits.ReceiveMessages = 3 }, func(s *scripted, five bool, workers int) {
		step := make(chan struct{})
		s.activate(five, s.batches(workers, until(step)))
		s.sendPublish(five, 0x30, 0, "first")
		s.expectEvent("batch first.")
		s.sendAll(five, 0x30, "a", "b", "c", "d", "e", "f", "g") // one read may exceed what may wait
		close(step)
		s.expectEvents("batch a b c.", "batch d e f.", "batch g.")
	})
}

// TestBatchEndsInFrontOfOtherHandlers: so the order of all messages is kept.
func TestBatchEndsInFrontOfOtherHandlers(t *testing.T) {
	eachIterable(t, nil, func(s *scripted, five bool) {
		step := make(chan struct{})
		other := s.batches(0, func(context.Context, []*mqtt.Received) {})
		other.Filter = "v"
		s.activate(five, s.batches(0, until(step)))
		s.activate(five, s.sub("other", "u"))
		s.activate(five, other)
		s.sendPublish(five, 0x30, 0, "first")
		s.expectEvent("batch first.")
		s.sendAll(five, 0x30, "a", "b")
		s.server.SendBytes(publishBytes(five, 0x30, "u", 0, "c"))
		s.sendAll(five, 0x30, "d")
		s.server.SendBytes(publishBytes(five, 0x30, "v", 0, "e"))
		s.server.SendBytes(publishBytes(five, 0x30, "v", 0, "f"))
		s.sendAll(five, 0x30, "g")
		close(step)
		s.expectEvents("batch a b.", "other u=c q0", "batch d.", "batch e f.", "batch g.")
	})
}

// TestBatchOverManyTopics: what a message carries beside its payload does not end a batch.
func TestBatchOverManyTopics(t *testing.T) {
	eachBatching(t, nil, func(s *scripted, five bool, workers int) {
		step := make(chan struct{})
		sub := s.batches(workers, until(step))
		sub.Filter = "#"
		s.activate(five, sub)
		s.sendPublish(five, 0x30, 0, "first")
		s.expectEvent("batch first.")
		var all []byte
		for _, topic := range []string{"a", "b", "c/d", "a"} {
			all = append(all, publishBytes(five, 0x30, topic, 0, topic)...)
			all = append(all, publishBytes(five, 0x31, topic, 0, "retained")...)
		}
		s.server.SendBytes(all)
		synctest.Wait()
		close(step)
		s.expectEvent("batch a retained b retained c/d retained a retained.")
	})
}

// TestBatchBesideOtherSubscriptions: a message that both want comes alone, or with Workers in its
// batch, and is acknowledged when both are through.
func TestBatchBesideOtherSubscriptions(t *testing.T) {
	eachBatching(t, nil, func(s *scripted, five bool, workers int) {
		step := make(chan struct{})
		s.activate(five, s.batches(workers, func(_ context.Context, messages []*mqtt.Received) {
			<-step
			if strings.Contains(words(messages), "bad") {
				panic("no")
			}
		}))
		s.activate(five, mqtt.Subscription{Filter: "+", QoS: 2, Handler: func(_ context.Context, m *mqtt.Received) { s.events <- "other " + string(m.Payload) }})
		s.sendPublish(five, 0x32, 9, "first")
		if workers == 0 {
			s.expectEvent("batch first.")
			s.sendAll(five, 0x32, "a", "bad", "c")
			s.server.ExpectNothing(time.Minute)
			close(step)
			s.expectEvents("other first", "batch a.", "other a", "batch bad.", "error: a handler panicked", "other bad", "batch c.", "other c")
			s.server.Expect("40 02 0009", "40 02 0001", "40 02 0003")
		} else {
			s.expectEvents("other first", "batch first.")
			s.sendAll(five, 0x32, "a", "bad", "c")
			s.expectEvents("other a", "other bad", "other c")
			s.server.ExpectNothing(time.Minute)
			close(step)
			s.expectEvents("batch a bad c.", "error: a handler panicked")
			s.server.Expect("40 02 0009")
		}
		s.server.ExpectNothing(time.Minute)
	})
}

func TestBatchOfOneCopyForEachSubscription(t *testing.T) { // where the server sends them so
	synctest.Test(t, func(t *testing.T) {
		s := dialPipe(t, func(cfg *mqtt.Config) { cfg.KeepAlive, cfg.CopyPerSubscription = -1, true }, "")
		s.activate(false, s.batches(0, func(context.Context, []*mqtt.Received) {}))
		s.activate(false, s.sub("other", "+"))
		s.sendAll(false, 0x30, "a", "a", "b", "b")
		s.expectEvents("batch a.", "other t=a q0", "batch b.", "other t=b q0")
	})
}

// TestBatchWithManualAck: each message of it is the application's, to be acknowledged or not.
func TestBatchWithManualAck(t *testing.T) {
	eachBatching(t, nil, func(s *scripted, five bool, workers int) {
		step := make(chan struct{})
		got := make(chan *mqtt.Received, 100)
		sub := s.batches(workers, func(_ context.Context, messages []*mqtt.Received) {
			<-step
			for _, m := range messages {
				got <- m
			}
		})
		sub.ManualAck = true
		s.activate(five, sub)
		s.sendPublish(five, 0x30, 0, "first")
		s.expectEvent("batch first.")
		s.sendAll(five, 0x32, "a", "b", "c")
		close(step)
		s.expectEvent("batch a b c.")
		s.server.ExpectNothing(time.Minute)
		<-got
		a, second, c := <-got, <-got, <-got
		s.sendAll(five, 0x30, "x", "y", "z") // takes the memory, if there is any to be taken
		s.expectEvent("batch x y z.")
		must(s.t, c.Ack())
		must(s.t, second.Skip())
		s.server.ExpectNothing(time.Minute)
		must(s.t, a.Ack())
		s.server.Expect("40 02 0001", "40 02 0003")
		if all := words([]*mqtt.Received{a, second, c}); all != "a b c" {
			s.t.Errorf("they became %q", all)
		}
		if workers > 0 {
			return
		}
		for len(got) > 0 {
			<-got
		}
		s.sendAll(five, 0x32, "d", "e", "f") // which the reader itself gives to the handler
		s.sendAll(five, 0x30, "x", "y", "z")
		s.expectEvents("batch d e f.", "batch x y z.")
		if all := words([]*mqtt.Received{<-got, <-got, <-got}); all != "d e f" {
			s.t.Errorf("they became %q", all)
		}
	})
}

// TestBatchHandlerThatChangesItsMessages: what is acknowledged is what came.
func TestBatchHandlerThatChangesItsMessages(t *testing.T) {
	eachBatching(t, nil, func(s *scripted, five bool, workers int) {
		step := make(chan struct{})
		s.activate(five, s.batches(workers, func(_ context.Context, messages []*mqtt.Received) {
			<-step
			slices.Reverse(messages)
			*messages[0] = mqtt.Received{}
			clear(messages[1:])
		}))
		s.sendPublish(five, 0x32, 9, "first")
		s.expectEvent("batch first.")
		s.sendAll(five, 0x32, "a", "b", "c")
		close(step)
		s.expectEvent("batch a b c.")
		s.server.Expect("40 02 0009", "40 02 0001", "40 02 0002", "40 02 0003")
	})
}

func TestLargeMessagesOfABatchSubscription(t *testing.T) { // go to OnLargeMessage, in their turn
	change := func(cfg *mqtt.Config) {
		cfg.Transport.MaxPacket = 1000
		cfg.OnLargeMessage = func(context.Context, *mqtt.Received, io.Reader) {}
	}
	eachIterable(t, change, func(s *scripted, five bool) {
		step := make(chan struct{})
		s.activate(five, s.batches(0, until(step)))
		s.sendPublish(five, 0x30, 0, "first")
		s.expectEvent("batch first.")
		s.sendAll(five, 0x30, "a", "b")
		s.server.SendBytes(publishBytes(five, 0x32, "t", 7, strings.Repeat("x", 2000)))
		s.sendAll(five, 0x30, "c")
		close(step)
		s.expectEvents("batch a b.", "batch c.")
		s.server.Expect("40 02 0007")
	})
}

func TestBatchHandlerAloneIsEnough(t *testing.T) { // and a Handler beside it too much
	one, many := func(context.Context, *mqtt.Received) {}, func(context.Context, []*mqtt.Received) {}
	var bad *mqtt.ArgumentError
	both := mqtt.Subscription{Filter: "t", Handler: one, BatchHandler: many}
	if err := both.Validate(mqtt.V5); !errors.As(err, &bad) || !strings.Contains(err.Error(), "Handler and BatchHandler are both given") {
		t.Errorf("validated as %v", err)
	}
	for _, good := range []mqtt.Subscription{{Filter: "t", BatchHandler: many}, {Filter: "t", BatchHandler: many, Workers: 2, ManualAck: true}} {
		must(t, good.Validate(mqtt.V311))
	}
	s := dialScripted(t, iterable)
	if _, err := s.Subscribe(s.ctx, both); !errors.As(err, &bad) {
		t.Errorf("subscribed as %v", err)
	}
	if _, err := s.SubscribeAsync(s.ctx, []mqtt.Subscription{{Filter: "t", BatchHandler: many}}, nil); err != nil {
		t.Errorf("without OnMessage: %v", err)
	}
	s.server.Packet()
	s.server.Send("90 03 000100")
	s.closeWell()
}
