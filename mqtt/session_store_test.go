package mqtt_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/store"
)

// TestSavedBeforeSent: a message is forgotten only after the last acknowledgement. It shows SR-23:
// stored before sent [MQTT-4.1.0-1] of 3.1.1.
func TestSavedBeforeSent(t *testing.T) {
	eachSaving(t, func(s *lasting, w *watched) {
		step := func(before, after string) {
			s.t.Helper()
			s.play("quiet\n" + before)
			synctest.Wait()
			s.play("quiet")
			w.gate <- struct{}{}
			s.play(after)
			synctest.Wait()
		}
		synctest.Wait()
		w.waits()
		all := append(s.publishes(1, "a"), s.publishes(0, "b")...)
		step("", `> pub 32 1 a
			> pub 30 0 b`) // the QoS 0 message does not overtake
		if n := len(records(w)); n != 1 {
			s.t.Errorf("%d records", n)
		}
		s.play("< 40 02 0001")
		s.expectDone(all[0])
		if n := len(records(w)); n != 1 {
			s.t.Errorf("%d records before the removal is committed", n)
		}
		w.gate <- struct{}{}
		synctest.Wait()
		if n := len(records(w)); n != 0 {
			s.t.Errorf("%d records after it", n)
		}
		d := s.publishes(2, "c")[0]
		step("", "> pub 34 2 c")
		step("< 50 02 0002", "> 62 02 0002")
		s.play("< 70 02 0002")
		s.expectDone(d)
		w.gate <- struct{}{}
		synctest.Wait()
		if n := len(records(w)); n != 0 {
			s.t.Errorf("%d records at the end", n)
		}
		close(w.gate)
	})
}

// TestRestartSendsAgainInOrder: the identifiers are the same, the order is the original one, and
// DUP is set. It shows SR-21: restart of the process with a store; ID-07: identifiers kept across
// connections [MQTT-2.3.1-3]; RT-05: retain flag when sent again [MQTT-3.3.1-1]. It keeps out T-A2:
// what is sent again has lost its order; T-A3: what is sent again has no DUP.
func TestRestartSendsAgainInOrder(t *testing.T) {
	eachSaving(t, func(s *lasting, w *watched) {
		for i, payload := range []string{"a", "b", "c", "d"} {
			s.publishes(mqtt.QoS(1+i%2), payload)
		}
		s.play(`> pub 32 1 a
			> pub 34 2 b
			> pub 32 3 c
			> pub 34 4 d
			< 50 02 0004
			> 62 02 0004
			< 50 02 0002
			> 62 02 0002`)
		s.drop()
		s.net.refuses(nobody)
		s.publishes(1, "e") // accepted, and never sent
		synctest.Wait()
		next := s.restart(copyOf(w.Memory), "present")
		next.publishes(1, "f")
		next.play(`> pub 3A 1 a
			> pub 3A 3 c
			> 62 02 0004
			> 62 02 0002
			> pub 32 5 e
			> pub 32 6 f
			quiet
			< 40 02 0001 40 02 0003 70 02 0004 70 02 0002 40 02 0005
			quiet`)
		if st := next.Stats(); st.InFlight != 1 {
			s.t.Errorf("%+v", st)
		}
		next.play("< 40 02 0006")
		synctest.Wait()
		if left := records(next.cfg.Store); len(left) != 0 {
			s.t.Errorf("%d records are left", len(left))
		}
		next.expectNoEvent()
	})
}

// TestRestartAcrossTheWrap: the order is that of acceptance, not of identifiers. It shows SR-06:
// the order is kept across the wrap of identifiers; SR-21: restart of the process with a store.
func TestRestartAcrossTheWrap(t *testing.T) {
	eachSaving(t, func(s *lasting, w *watched) {
		s.nearTheWrap()
		s.publishes(1, "a", "b", "c", "d")
		s.play(`> pub 32 65534 a
			> pub 32 65535 b
			> pub 32 1 c
			> pub 32 2 d`)
		synctest.Wait() // for the store to forget what is acknowledged
		next := s.restart(copyOf(w.Memory), "present")
		next.publishes(1, "e")
		next.play(`> pub 3A 65534 a
			> pub 3A 65535 b
			> pub 3A 1 c
			> pub 3A 2 d
			> pub 32 3 e
			quiet`)
	})
}

// TestKilledBehindEachCommit kills the process behind every commit of a dialogue,
// and each successor finishes what was accepted.
//
// It shows SR-21: restart of the process with a store; SR-23: stored before sent [MQTT-4.1.0-1] of
// 3.1.1.
func TestKilledBehindEachCommit(t *testing.T) {
	eachSaving(t, func(s *lasting, w *watched) {
		synctest.Wait()
		w.mu.Lock()
		w.copying = true
		w.mu.Unlock()
		s.publishes(2, "a")
		s.play("> pub 34 1 a")
		s.publishes(1, "b")
		s.play(`> pub 32 2 b
			< 50 02 0001
			> 62 02 0001
			< 40 02 0002
			quiet
			< 70 02 0001
			quiet`)
		want := []string{
			"> pub 3C 1 a",
			"> pub 3C 1 a\n> pub 3A 2 b",
			"> pub 3A 2 b\n> 62 02 0001",
			"> 62 02 0001",
			"",
		}
		w.mu.Lock()
		after := w.after
		w.mu.Unlock()
		if len(after) != len(want) {
			s.t.Fatalf("%d commits", len(after))
		}
		for i, kept := range after {
			for range 2 { // killed once more, before it could say a word
				next := s.restart(copyOf(kept), "present")
				next.play(want[i] + "\nquiet")
			}
		}
	})
}

// TestRestartWithoutASession: the server has no session, and the store has messages. It shows
// CA-14: session lost though the client has state of it [MQTT-3.2.2-5] of 5; SR-09: session lost.
// It keeps out T-A1: what was in flight is sent again though the session was lost.
func TestRestartWithoutASession(t *testing.T) {
	eachSaving(t, func(s *lasting, w *watched) {
		s.publishes(1, "a")
		s.publishes(2, "b")
		s.play(`> pub 32 1 a
			> pub 34 2 b
			< 50 02 0002
			> 62 02 0002`)
		next := s.restart(copyOf(w.Memory), "absent")
		next.play("quiet")
		for range 2 {
			next.expectEvent(`error: publish to "t"`)
		}
		synctest.Wait()
		if left := records(next.cfg.Store); len(left) != 0 {
			s.t.Errorf("%d records are left", len(left))
		}
	})
}

// TestCloseTellsWhatIsSaved: its errors tell saved messages from those in doubt. It keeps out
// peer 4.5: an outcome does not say what became of the message.
func TestCloseTellsWhatIsSaved(t *testing.T) {
	eachSaving(t, func(s *lasting, w *watched) {
		s.publishes(0, "") // shows that the client is connected
		s.play("> pub 30 0")
		d := s.publishes(1, "a")[0]
		s.play("> pub 32 1 a")
		s.drop()
		s.net.refuses(nobody)
		later := s.publishes(2, "b")[0]
		must(s.t, s.Close(context.Background()))
		for _, d := range []*mqtt.Delivery{d, later} {
			s.expectDone(d, mqtt.ErrSaved, mqtt.ErrClosed)
		}
		must(s.t, w.Close())
		next := s.restart(w.Open(), "present")
		next.play(`> pub 3A 1 a
			> pub 34 2 b`)
	})
}

// TestStoreWithoutReconnect: the client ends with its connection, and the next client goes on. It
// shows SR-21: restart of the process with a store.
func TestStoreWithoutReconnect(t *testing.T) {
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		synctest.Test(t, func(t *testing.T) {
			kept := store.NewMemory()
			s := newLasting(t, version, func(cfg *mqtt.Config) { cfg.Reconnect, cfg.Store = nil, kept })
			s.connect("absent")
			d := s.publishes(1, "a")[0]
			s.play("> pub 32 1 a")
			s.server.Close()
			<-s.Done()
			s.expectDone(d, mqtt.ErrSaved, mqtt.ErrClosed)
			checkError(t, s.Err(), mqtt.ErrServerClosed)
			s.connect("present")
			s.play(`> pub 3A 1 a
				< 40 02 0001`)
			synctest.Wait()
			if n := len(records(kept)); n != 0 {
				t.Errorf("%d records are left", n)
			}
		})
	}
}

// TestAcceptedOnceSaved: a message that is accepted and saved is told from one that is delivered.
func TestAcceptedOnceSaved(t *testing.T) {
	eachSaving(t, func(s *lasting, w *watched) {
		s.play("quiet")
		gate := w.waits()
		d := s.publishes(1, "a")[0]
		enqueued := async(func() error { return s.Enqueue(s.ctx, mqtt.Message{Topic: "t", Payload: []byte("b"), QoS: 2}) })
		synctest.Wait()
		select {
		case <-d.Accepted():
			s.t.Error("accepted before it is saved")
		case <-enqueued:
			s.t.Error("enqueued before it is saved")
		default:
		}
		close(gate)
		<-d.Accepted()
		s.mustWait(enqueued)
		s.expectOpen(d)
		if n := len(records(w)); n != 2 {
			s.t.Errorf("%d records", n)
		}
		s.play(`> pub 32 1 a
			> pub 34 2 b
			< 40 02 0001`)
		s.expectDone(d)
		s.play("< 50 03 0002 87") // refused; nobody waits for it any more
		if !s.five {
			return
		}
		s.expectEvent(`error: publish to "t" (packet 2): rejected by the server: 0x87`)
	})
}

// TestStoreThatFailsAndRecovers: the error is a typed one, the connection stays, and publishing
// recovers. It keeps out peer 4.15: a store hides its failures.
func TestStoreThatFailsAndRecovers(t *testing.T) {
	eachSaving(t, func(s *lasting, w *watched) {
		first := s.publishes(1, "a")[0]
		s.play("> pub 32 1 a")
		w.fails(errDisk)
		for qos := mqtt.QoS(1); qos <= 2; qos++ {
			checkError(s.t, s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: qos}), mqtt.ErrNotSent, errDisk)
			checkError(s.t, s.Enqueue(s.ctx, mqtt.Message{Topic: "t", QoS: qos}), mqtt.ErrNotSent, errDisk)
		}
		s.expectEvent("error: store: no space left on device")
		s.publishes(0, "b")
		s.play("> pub 30 0 b") // needs no store
		s.play("< 40 02 0001")
		s.expectDone(first) // the outcome does not wait for the store
		tried := w.tries()
		<-time.After(10 * time.Second)
		if n := w.tries() - tried; n < 5 || n > 20 {
			s.t.Errorf("%d tries in ten seconds", n)
		}
		w.fails(nil)
		<-time.After(2 * time.Second)
		if all := records(w); len(all) != 0 {
			s.t.Errorf("records %s are left", keys(all))
		}
		last := s.publishes(2, "c")[0]
		p := s.server.Packet()
		if p[0] != 0x34 {
			s.t.Errorf("got % X", p)
		}
		s.server.SendBytes([]byte{0x50, 2, p[5], p[6]})
		s.server.Packet()
		s.server.SendBytes([]byte{0x70, 2, p[5], p[6]})
		s.expectDone(last)
		if !s.IsConnected() || s.Stats().Connections != 1 {
			s.t.Errorf("%+v", s.Stats())
		}
		for len(s.events) > 0 { // Enqueue returned an error, and may tell it here, too
			if e := <-s.events; !bytes.Contains([]byte(e), []byte("no space left")) {
				s.t.Errorf("unexpected event %q", e)
			}
		}
	})
}

// TestStoreThatCannotBeReadFailsDial shows SR-22: damaged record in the store. It keeps out
// peer 4.15: a store hides its failures.
func TestStoreThatCannotBeReadFailsDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := store.NewMemory()
		must(t, kept.Close())
		s := newLasting(t, mqtt.V311, func(cfg *mqtt.Config) { cfg.Store = kept })
		checkError(t, <-s.start(), store.ErrClosed)
		if n := len(s.net.all()); n != 0 {
			t.Errorf("%d attempts to connect", n)
		}
	})
}

// TestDamagedRecordIsReportedAndLeftAlone: the other messages are sent. It shows SR-22: damaged
// record in the store.
func TestDamagedRecordIsReportedAndLeftAlone(t *testing.T) {
	eachSaving(t, func(s *lasting, w *watched) {
		s.publishes(1, "a", "b", "c")
		s.play(`> pub 32 1 a
			> pub 32 2 b
			> pub 32 3 c`)
		all := records(w)
		order := slices.Sorted(maps.Keys(all))
		for name, value := range map[string][]byte{
			"empty": {}, "cut": all[order[1]][:10], "cut later": all[order[1]][:14], "of another format": append([]byte{99}, all[order[1]][1:]...),
		} {
			kept := copyOf(w.Memory)
			must(s.t, kept.Commit([]store.Change{{Key: order[1], Value: value}, {Key: 9 << 56, Value: []byte("?")}}))
			next := s.restart(kept, "present")
			next.play(`> pub 3A 1 a
				> pub 3A 3 c
				quiet`)
			for range 2 {
				next.expectEvent("error: store: record 0x")
			}
			next.expectNoEvent()
			if got, there := records(kept)[order[1]]; !there || !bytes.Equal(got, value) {
				s.t.Errorf("%s: the record is gone", name)
			}
		}
	})
}

// TestStoreOfAnotherClientIsRefused: a store belongs to one client identifier.
func TestStoreOfAnotherClientIsRefused(t *testing.T) {
	eachSaving(t, func(s *lasting, w *watched) {
		synctest.Wait()
		other := newLasting(s.t, mqtt.V311, func(cfg *mqtt.Config) { cfg.Store, cfg.ClientID = copyOf(w.Memory), "other" })
		var arg *mqtt.ArgumentError
		if err := <-other.start(); !errors.As(err, &arg) {
			s.t.Errorf("got %v", err)
		}
		nameless := newLasting(s.t, mqtt.V311, func(cfg *mqtt.Config) {
			cfg.Store, cfg.ClientID, cfg.KeepSession = copyOf(w.Memory), "", false
		})
		if err := <-nameless.start(); !errors.As(err, &arg) {
			s.t.Errorf("got %v", err)
		}
	})
}
