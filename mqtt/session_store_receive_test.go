package mqtt_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/store"
)

// TestSequenceNumbersAcrossProcesses: each message has its number once. It shows RX-27: delivered
// once across connections; RX-28: PUBREL in a later connection [MQTT-4.4.0-1] of 5.
func TestSequenceNumbersAcrossProcesses(t *testing.T) {
	eachSaving(t, func(s *lasting, w *watched) {
		kept := store.NewMemory()
		a := receiving(s, kept, "absent")
		a.play(`< pub 34 9 a
			got 1 t=a q2 id9
			> 50 02 0009
			< pub 32 8 x
			got 0 t=x q1 id8
			> 40 02 0008
			< pub 34 10 b
			got 2 t=b q2 id10
			> 50 02 000A
			< 62 02 000A
			> 70 02 000A`)
		synctest.Wait()
		b := receiving(s, copyOf(kept), "present")
		b.play(`< pub 3C 9 a
			> 50 02 0009
			< 62 02 0009
			> 70 02 0009
			nothing
			< pub 34 9 c`)
		var n uint64
		select {
		case e := <-b.events:
			if _, err := fmt.Sscanf(e, "message %d t=c", &n); err != nil || n < 3 {
				t.Errorf("%q: its number was given before", e)
			}
		case <-s.ctx.Done():
			t.Fatal("the message does not come")
		}
		b.play("> 50 02 0009")
	})
}

// TestSequenceNumberOfARepeat: a message whose handler was killed comes again under its number. It
// shows RX-27: delivered once across connections.
func TestSequenceNumberOfARepeat(t *testing.T) {
	eachSaving(t, func(s *lasting, w *watched) {
		kept := store.NewMemory()
		a := receiving(s, kept, "absent")
		block, begun := make(chan struct{}), make(chan struct{})
		synctest.Wait()
		must(t, a.granted(mqtt.Subscription{Filter: "t", QoS: 2, Handler: func(context.Context, *mqtt.Received) { close(begun); <-block }}))
		a.play("< pub 34 9 a")
		<-begun
		killed := copyOf(kept)
		b := receiving(s, killed, "present")
		b.play(`< pub 3C 9 a
			got 1 t=a q2 id9 dup
			> 50 02 0009
			quiet
			< pub 3C 9 a
			> 50 02 0009
			nothing`)
		close(block)
		a.play("> 50 02 0009")
	})
}

// TestHandlerRunsOnceTheMessageIsSaved: it is acknowledged once that is saved, though the store
// fails for a while. It shows RX-27: delivered once across connections.
func TestHandlerRunsOnceTheMessageIsSaved(t *testing.T) {
	eachSaving(t, func(s *lasting, w *watched) {
		s.play("quiet")
		w.fails(errDisk)
		s.play(`< pub 34 9 a
			quiet`)
		s.expectEvent("error: store: no space")
		s.play(`nothing
			< pub 32 8 b
			got t=b q1 id8
			quiet`) // its PUBACK stands behind a
		w.fails(nil)
		<-time.After(2 * time.Second)
		s.play(`> 40 02 0008
			> 50 02 0009
			got t=a q2 id9
			nothing`)
		w.fails(errDisk)
		s.play(`< 62 02 0009
			quiet`)
		w.fails(nil)
		s.play("> 70 02 0009")
		synctest.Wait()
		if n := len(records(w)); n != 0 {
			s.t.Errorf("%d records are left", n)
		}
	})
}

// TestAcknowledgementsOfALostConnectionAreNotSaved shows SR-15: acknowledgements are not carried
// over [MQTT-4.4.0-1] of 5. It keeps out T-A11: acknowledgements leave on the wrong connection.
func TestAcknowledgementsOfALostConnectionAreNotSaved(t *testing.T) {
	eachSaving(t, func(s *lasting, w *watched) {
		s.play("quiet")
		gate := w.waits()
		s.play("< pub 34 9 a")
		synctest.Wait()
		gate <- struct{}{} // it is on record, and the handler has it
		s.play("got t=a q2 id9")
		synctest.Wait() // its PUBREC waits for the store
		s.lose("present")
		close(gate)
		s.play(`quiet
			< pub 3C 9 a
			> 50 02 0009
			nothing`)
	})
}

// TestNewSessionForgetsTheOldOne: the store forgets it, too. It shows RX-29: message delivered
// again in a new session [MQTT-3.2.2-5] of 5.
func TestNewSessionForgetsTheOldOne(t *testing.T) {
	eachSaving(t, func(s *lasting, w *watched) {
		s.play(`< pub 34 9 a
			got t=a q2 id9
			> 50 02 0009
			lose absent
			quiet`)
		if n := len(records(w)); n != 0 {
			s.t.Errorf("%d records are left", n)
		}
		s.play(`< pub 34 9 b
			got t=b q2 id9
			> 50 02 0009`)
	})
}

// TestHandledOfflineIsNotHandledAgain: a later process does not give the message to a handler
// again. It shows RX-27: delivered once across connections.
func TestHandledOfflineIsNotHandledAgain(t *testing.T) {
	eachSaving(t, func(s *lasting, w *watched) {
		block, begun := make(chan struct{}), make(chan struct{})
		synctest.Wait()
		must(t, s.granted(mqtt.Subscription{Filter: "t", QoS: 2, Handler: func(context.Context, *mqtt.Received) { close(begun); <-block }}))
		s.play("< pub 34 9 a")
		<-begun
		s.drop()
		close(block)
		synctest.Wait()
		next := s.restart(copyOf(w.Memory), "present")
		next.play(`< pub 3C 9 a
			> 50 02 0009
			nothing`)
	})
}

// TestHandledDuringCloseIsNotHandledAgain: what a handler finished while the client closed does not
// come again. It shows RX-27: delivered once across connections.
func TestHandledDuringCloseIsNotHandledAgain(t *testing.T) {
	eachSaving(t, func(s *lasting, w *watched) {
		block, begun := make(chan struct{}), make(chan struct{})
		synctest.Wait()
		must(t, s.granted(mqtt.Subscription{Filter: "t", QoS: 2, Handler: func(context.Context, *mqtt.Received) { close(begun); <-block }}))
		s.play("< pub 34 9 a")
		<-begun
		closed := async(func() error { return s.Close(context.Background()) })
		s.play("> E0 00")
		s.server.Close()
		synctest.Wait()
		close(block)
		s.mustWait(closed)
		next := s.restart(copyOf(w.Memory), "present")
		next.play(`< pub 3C 9 a
			> 50 02 0009
			nothing`)
	})
}

// TestOrderOfArrivalWhileSaving: what comes behind a message that is being saved waits for it.
func TestOrderOfArrivalWhileSaving(t *testing.T) {
	eachSaving(t, func(s *lasting, w *watched) {
		s.play("quiet")
		gate := w.waits()
		s.play(`< pub 34 9 a
			< pub 30 0 b
			< pub 32 8 c
			nothing`)
		close(gate)
		s.play(`got t=a q2 id9
			got t=b q0
			got t=c q1 id8`)
	})
}

// TestReusedMessageWaitsForTheStore: behind a QoS 2 message that is being saved, and what is read meanwhile does
// not change it.
func TestReusedMessageWaitsForTheStore(t *testing.T) {
	eachSaving(t, func(s *lasting, w *watched) {
		s.connect("absent")
		synctest.Wait()
		must(t, s.granted(mqtt.Subscription{Filter: "t", QoS: 2, ReuseMessage: true, Handler: sequenced(s)}))
		synctest.Wait()
		gate := w.waits()
		s.play(`< pub 34 9 a
			< pub 30 0 b
			< pub 30 0 c
			nothing`)
		close(gate)
		s.play(`got 1 t=a q2 id9
			got 0 t=b q0
			got 0 t=c q0
			> 50 02 0009`)
	})
}
