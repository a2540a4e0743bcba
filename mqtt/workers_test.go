package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// worker is a subscription to "t" whose Handler says what it got, and waits for step.
func (s *scripted) worker(n int, step chan struct{}) mqtt.Subscription {
	return mqtt.Subscription{Filter: "t", QoS: 2, Workers: n, Handler: func(_ context.Context, m *mqtt.Received) {
		s.events <- "begins " + string(m.Payload)
		<-step
	}}
}

func TestSlowWorkerDelaysNoOtherSubscription(t *testing.T) {
	eachIterable(t, nil, func(s *scripted, five bool) {
		step := make(chan struct{})
		s.activate(five, s.worker(1, step))
		s.activate(five, s.sub("other", "u"))
		s.activate(five, mqtt.Subscription{Filter: "v", Workers: 1, Handler: s.sub("third", "").Handler})
		s.sendPublish(five, 0x30, 0, "a")
		s.sendPublish(five, 0x30, 0, "b")
		s.server.SendBytes(publishBytes(five, 0x30, "u", 0, ""))
		s.expectEvents("begins a", "other u=")
		s.server.SendBytes(publishBytes(five, 0x30, "v", 0, ""))
		s.expectEvent("third v=")
		close(step)
		s.expectEvent("begins b")
	})
}

func TestWorkersRunAtOnceUpToTheirNumber(t *testing.T) { // and acknowledge in the order of arrival
	eachIterable(t, nil, func(s *scripted, five bool) {
		steps := make([]chan struct{}, 5)
		for i := range steps {
			steps[i] = make(chan struct{})
		}
		s.activate(five, mqtt.Subscription{Filter: "t", QoS: 1, Workers: 3, Handler: func(_ context.Context, m *mqtt.Received) {
			s.events <- "begins " + string(m.Payload)
			<-steps[m.PacketID-1]
		}})
		for i := range steps {
			s.sendPublish(five, 0x32, uint16(i+1), fmt.Sprint(i))
		}
		s.expectEvents("begins 0", "begins 1", "begins 2")
		synctest.Wait()
		if len(s.events) > 0 {
			s.t.Fatalf("a fourth one runs: %s", <-s.events)
		}
		close(steps[2])
		s.expectEvent("begins 3")
		close(steps[1])
		s.expectEvent("begins 4")
		s.server.ExpectNothing(time.Minute) // the first message is not through
		close(steps[0])
		s.server.Expect("40 02 0001", "40 02 0002", "40 02 0003")
		close(steps[4])
		s.server.ExpectNothing(time.Minute)
		close(steps[3])
		s.server.Expect("40 02 0004", "40 02 0005")
	})
}

func TestOneWorkerKeepsTheOrder(t *testing.T) { // and is there for each message, whenever it comes
	const sent = 30_000
	got := make(chan string, 1)
	s := dialScripted(t, nil)
	s.activate(false, mqtt.Subscription{Filter: "t", Workers: 1, Handler: func(_ context.Context, m *mqtt.Received) {
		got <- string(m.Payload)
	}})
	written := async(func() error {
		for i := range sent {
			if _, err := s.server.Write(publishBytes(false, 0x30, "t", 0, fmt.Sprint(i))); err != nil {
				return err
			}
			if i%2 == 0 { // some at once, some one by one
				runtime.Gosched()
			}
		}
		return nil
	})
	for i := range sent {
		select {
		case payload := <-got:
			if payload != fmt.Sprint(i) {
				t.Fatalf("message %s, want %d", payload, i)
			}
		case <-time.After(time.Minute):
			t.Fatalf("message %d waits though no worker runs", i)
		}
	}
	s.mustWait(written)
	s.closeWell()
}

func TestWorkerIsThereForEachMessage(t *testing.T) { // also for one that comes while the worker ends
	const sent = 20_000
	got := make(chan string)
	s := dialScripted(t, nil)
	s.activate(false, mqtt.Subscription{Filter: "t", Workers: 1, Handler: func(_ context.Context, m *mqtt.Received) {
		got <- string(m.Payload)
	}})
	for i := range sent {
		s.server.SendBytes(publishBytes(false, 0x30, "t", 0, fmt.Sprint(i)))
		select {
		case <-got:
		case <-time.After(time.Minute):
			t.Fatalf("message %d waits though no worker runs", i)
		}
	}
	s.closeWell()
}

func TestFailingWorkerIsNotAcknowledged(t *testing.T) { // and takes the next message even so
	for name, fail := range map[string]func(){
		"panic":          func() { panic("no") },
		"runtime.Goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			eachIterable(t, nil, func(s *scripted, five bool) {
				s.activate(five, mqtt.Subscription{Filter: "t", QoS: 1, Workers: 1, Handler: func(_ context.Context, m *mqtt.Received) {
					if string(m.Payload) == "bad" {
						fail()
					}
					s.events <- "got " + string(m.Payload)
				}})
				s.sendPublish(five, 0x32, 1, "bad")
				s.sendPublish(five, 0x32, 2, "bad")
				s.sendPublish(five, 0x32, 3, "good")
				s.expectEvents("error: a handler panicked", "error: a handler panicked", "got good")
				s.server.Expect("40 02 0003")
				s.server.ExpectNothing(time.Minute)
			})
		})
	}
}

func TestCloseFromAWorker(t *testing.T) { // does not wait for it, but ends its context
	eachIterable(t, nil, func(s *scripted, five bool) {
		s.activate(five, mqtt.Subscription{Filter: "t", Workers: 2, Handler: func(ctx context.Context, m *mqtt.Received) {
			if string(m.Payload) == "close" {
				s.events <- fmt.Sprintf("closed: %v", s.Close(s.ctx))
			} else {
				s.events <- "waits"
				<-ctx.Done()
				s.events <- "ends"
			}
		}})
		s.sendPublish(five, 0x30, 0, "wait")
		s.expectEvent("waits")
		s.sendPublish(five, 0x30, 0, "close")
		s.server.Expect("E0 00")
		s.server.Close()
		s.expectEvents("closed: <nil>", "ends")
	})
}

func TestCloseWaitsForWorkers(t *testing.T) { // and gives them nothing more
	eachIterable(t, nil, func(s *scripted, five bool) {
		step := make(chan struct{})
		s.activate(five, s.worker(1, step))
		s.sendPublish(five, 0x30, 0, "a")
		s.sendPublish(five, 0x30, 0, "b")
		s.expectEvent("begins a")
		s.expectCloseToWait(step)
	})
}

func TestWorkersMayPublishAndWait(t *testing.T) { // though the receive queue is full
	for _, five := range []bool{false, true} {
		s := dialScripted(t, func(cfg *mqtt.Config) {
			cfg.Limits.ReceiveMessages = 2
			if five {
				cfg.Version = mqtt.V5
			}
		})
		s.activate(five, mqtt.Subscription{Filter: "t", Workers: 2, Handler: func(ctx context.Context, m *mqtt.Received) {
			if err := s.Publish(ctx, mqtt.Message{Topic: "r", QoS: 1}); err != nil {
				s.events <- "error: " + err.Error()
			}
			s.events <- "published"
		}})
		const sent = 20
		for range sent {
			s.sendPublish(five, 0x30, 0, "")
		}
		for range sent {
			packet := s.server.Packet() // the acknowledgement stands behind all messages
			s.server.SendBytes([]byte{0x40, 2, packet[5], packet[6]})
			s.expectEvent("published")
		}
		s.closeWell()
	}
}

func TestReuseMessageIsNotForWorkers(t *testing.T) { // what they have is theirs
	s := dialScripted(t, nil)
	release := make(chan struct{})
	kept := make(chan string, 100)
	s.activate(false, mqtt.Subscription{Filter: "t", Workers: 1, ReuseMessage: true, Handler: func(_ context.Context, m *mqtt.Received) {
		<-release
		kept <- string(m.Payload)
	}})
	s.activate(false, mqtt.Subscription{Filter: "#", ReuseMessage: true, Handler: func(context.Context, *mqtt.Received) { s.events <- "through" }})
	for i := range 50 {
		s.sendPublish(false, 0x30, 0, fmt.Sprintf("payload %d", i))
		s.expectEvent("through")
	}
	close(release)
	for i := range 50 {
		if got := <-kept; got != fmt.Sprintf("payload %d", i) {
			t.Fatalf("message %d became %q", i, got)
		}
	}
	s.closeWell()
}

func TestWorkersWithManualAck(t *testing.T) {
	eachIterable(t, nil, func(s *scripted, five bool) {
		got := make(chan *mqtt.Received, 2)
		s.activate(five, mqtt.Subscription{Filter: "t", QoS: 1, Workers: 2, ManualAck: true, Handler: func(_ context.Context, m *mqtt.Received) { got <- m }})
		s.sendPublish(five, 0x32, 1, "a")
		s.sendPublish(five, 0x32, 2, "b")
		for range 2 {
			m := <-got
			defer func() { must(s.t, m.Ack()) }()
		}
		s.server.ExpectNothing(time.Minute)
	})
}

func TestWorkersNeedAHandler(t *testing.T) {
	var bad *mqtt.ArgumentError
	for _, sub := range []mqtt.Subscription{{Filter: "t", Workers: 2}, {Filter: "t", Workers: -1, Handler: func(context.Context, *mqtt.Received) {}}} {
		if err := sub.Validate(mqtt.V5); !errors.As(err, &bad) {
			t.Errorf("%+v: %v", sub, err)
		}
	}
}

func TestWorkersWithAStore(t *testing.T) { // a QoS 2 message is on record before they have it, and acknowledged once
	eachSaving(t, func(s *lasting, w *watched) {
		step := make(chan struct{})
		synctest.Wait()
		s.activate(s.five, s.worker(1, step))
		s.play("quiet")
		gate := w.waits()
		s.play("< pub 34 9 a")
		s.expectNoEvent()
		close(gate)
		s.expectEvent("begins a")
		if n := len(records(w)); n != 1 {
			s.t.Errorf("%d records", n)
		}
		s.play("quiet")
		step <- struct{}{}
		s.play(`> 50 02 0009
			< 62 02 0009
			> 70 02 0009`)
	})
}

func TestWorkersOverConnections(t *testing.T) { // what they are through with after a loss counts for QoS 2 alone
	eachLasting(t, nil, func(s *lasting) {
		step := make(chan struct{})
		s.activate(s.five, s.worker(2, step))
		s.play(`< pub 32 7 once
			< pub 34 8 twice`)
		s.expectEvents("begins once", "begins twice")
		s.lose("present")
		s.play(`< pub 3A 7 once
			< pub 3C 8 twice
			quiet`) // both workers have their hands full
		s.expectNoEvent()
		close(step)
		s.expectEvent("begins once")
		s.play("> 40 02 0007 50 02 0008")
		s.expectNoEvent()
	})
}

func TestManyWorkersAndMessages(t *testing.T) { // each message once, never more at once than asked for
	const sent, most = 5000, 4
	var running, highest, through atomic.Int32
	done := make(chan struct{})
	s := dialScripted(t, nil)
	s.activate(false, mqtt.Subscription{Filter: "t", QoS: 1, Workers: most, Handler: func(context.Context, *mqtt.Received) {
		if n := running.Add(1); n > highest.Load() {
			highest.Store(n)
		}
		runtime.Gosched()
		running.Add(-1)
		if through.Add(1) == sent {
			close(done)
		}
	}})
	written := async(func() error {
		for i := range sent {
			if _, err := s.server.Write(publishBytes(false, 0x32, "t", uint16(i+1), "")); err != nil {
				return err
			}
		}
		return nil
	})
	for i := range sent {
		s.server.Expect(fmt.Sprintf("40 02 %04X", i+1))
	}
	s.mustWait(written)
	<-done
	if n := highest.Load(); n > most {
		t.Errorf("%d ran at once", n)
	}
	s.closeWell()
}
