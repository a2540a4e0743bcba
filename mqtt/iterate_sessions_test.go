package mqtt_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"dunlin/mqtt"
	"dunlin/mqtt/store"
)

func TestAllGoesOnOverConnections(t *testing.T) { // and the server that has lost the subscription is asked again
	eachLasting(t, iterable, func(s *lasting) {
		a := s.activate(s.five, mqtt.Subscription{Filter: "t", QoS: 1})
		steps := s.iterate(s.ctx, a)
		s.play("< pub 32 7 a")
		s.expectEvent("got t=a q1 id7")
		s.play("lose present")
		steps <- true
		s.play(`quiet
			< pub 3A 7 a`) // its acknowledgement went nowhere
		s.expectEvent("got t=a q1 id7 dup")
		steps <- true
		s.play(`> 40 02 0007
			lose absent`)
		s.answerRequest(s.five, 1)
		s.play("< pub 32 1 b")
		s.expectEvent("got t=b q1 id1")
		steps <- false
		s.play("> 40 02 0001")
		s.expectEvent("left")
	})
}

func TestAllLeavesOutWhatComesAgain(t *testing.T) { // what waits when a connection is lost, and that the server keeps
	eachLasting(t, iterable, func(s *lasting) {
		a := s.activate(s.five, mqtt.Subscription{Filter: "t", QoS: 2})
		s.play(`< pub 30 0 zero
			< pub 32 7 one
			< pub 34 8 two
			lose present
			< pub 3A 7 one
			< pub 3C 8 two`)
		steps := s.iterate(s.ctx, a)
		for _, want := range []string{"got t=zero q0", "got t=two q2 id8", "got t=one q1 id7 dup"} {
			s.expectEvent(want)
			steps <- true
		}
		s.play("> 40 02 0007 50 02 0008")
		s.expectNoEvent()
	})
}

func TestAllWithAStore(t *testing.T) { // a QoS 2 message is on record before the loop has it, and is not given again
	var w *watched
	eachLasting(t, func(cfg *mqtt.Config) {
		iterable(cfg)
		w = newWatched()
		cfg.Store = w
	}, func(s *lasting) {
		a := s.activate(s.five, mqtt.Subscription{Filter: "t", QoS: 2})
		steps := s.iterate(s.ctx, a)
		s.play("quiet")
		gate := w.waits()
		s.play("< pub 34 9 a")
		s.expectNoEvent()
		close(gate)
		s.expectEvent("got t=a q2 id9")
		s.play("quiet")
		steps <- true
		s.play("> 50 02 0009")
		s.expectNoEvent()
		next := s.restart(copyOf(w.Memory), "present")
		next.play(`< pub 3C 9 a
			> 50 02 0009
			nothing`)
	})
}

func TestPanicInTheLoopWithAStore(t *testing.T) { // the next process has the message again, under its number
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		synctest.Test(t, func(t *testing.T) {
			kept := store.NewMemory()
			s := newLasting(t, version, func(cfg *mqtt.Config) { iterable(cfg); cfg.Store = kept })
			s.connect("absent")
			a := s.activate(s.five, mqtt.Subscription{Filter: "t", QoS: 2})
			s.play("< pub 34 9 a")
			func() {
				defer func() { _ = recover() }() // as a program that logs it
				for range a.All(s.ctx) {
					panic("no")
				}
			}()
			s.play("quiet")
			next := receiving(s, copyOf(kept), "present")
			next.play("< pub 3C 9 a")
			next.expectEvent("message 1 t=a q2 id9 dup")
			next.play("> 50 02 0009")
		})
	}
}

func TestSeveralLoopsShareTheMessages(t *testing.T) { // each message goes to one of them
	const sent, loops = 4000, 4
	s := dialScripted(t, iterable)
	a := s.activate(false, mqtt.Subscription{Filter: "t", QoS: 1})
	var mu sync.Mutex
	got := make(map[uint16]int)
	var wg sync.WaitGroup
	for range loops {
		wg.Go(func() {
			for m, err := range a.All(s.ctx) {
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				got[m.PacketID]++
				mu.Unlock()
			}
		})
	}
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
	closed := async(func() error { return a.Close(s.ctx) })
	s.answerRequest(false)
	s.mustWait(closed)
	wg.Wait() // all have ended
	for id, n := range got {
		if n != 1 {
			t.Errorf("message %d came %d times", id, n)
		}
	}
	if len(got) != sent {
		t.Errorf("%d of %d messages", len(got), sent)
	}
	s.closeWell()
}
