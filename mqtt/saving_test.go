package mqtt_test

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"dunlin/mqtt"
	"dunlin/mqtt/store"
)

// watched is a store that a test can slow down, break and copy.
type watched struct {
	*store.Memory
	mu      sync.Mutex
	fault   error           // what Commit returns
	commits int             // that were tried
	gate    chan struct{}   // Commit takes one each time; nil: it does not wait
	after   []*store.Memory // copies, one behind each commit, when they are wanted
	copying bool
}

func newWatched() *watched { return &watched{Memory: store.NewMemory()} }

// Commit implements store.Store.
func (w *watched) Commit(changes []store.Change) error {
	w.mu.Lock()
	gate := w.gate
	w.mu.Unlock()
	if gate != nil {
		<-gate
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.commits++
	if w.fault != nil {
		return w.fault
	}
	err := w.Memory.Commit(changes)
	if w.copying {
		w.after = append(w.after, copyOf(w.Memory))
	}
	return err
}

// fails has every Commit fail with err from now on; nil: none.
func (w *watched) fails(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault = err
}

// waits has Commit wait for the returned channel from now on.
func (w *watched) waits() chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gate = make(chan struct{})
	return w.gate
}

// tries returns how many commits were tried.
func (w *watched) tries() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.commits
}

// records returns what a store has, without what stays for ever.
func records(s store.Store) map[uint64][]byte {
	all := make(map[uint64][]byte)
	_ = s.Load(func(key uint64, value []byte) error { // a store in memory does not fail
		if key > 1 {
			all[key] = bytes.Clone(value)
		}
		return nil
	})
	return all
}

// copyOf is what a process finds that begins when another is killed.
func copyOf(m *store.Memory) *store.Memory {
	c := store.NewMemory()
	_ = m.Load(func(key uint64, value []byte) error { // a store in memory does not fail
		return c.Commit([]store.Change{{Key: key, Value: bytes.Clone(value)}})
	})
	return c
}

// eachSaving is eachLasting with a store.
func eachSaving(t *testing.T, f func(s *lasting, w *watched)) {
	t.Helper()
	var w *watched
	eachLasting(t, func(cfg *mqtt.Config) {
		w = newWatched()
		cfg.Store = w
	}, func(s *lasting) { f(s, w) })
}

// restart is a client in a process of its own, after the one of s was killed when
// its store was as kept; the server has the session or not.
func (s *lasting) restart(kept store.Store, session string) *lasting {
	s.t.Helper()
	version := mqtt.V311
	if s.five {
		version = mqtt.V5
	}
	next := newLasting(s.t, version, func(cfg *mqtt.Config) { cfg.Store = kept })
	next.connect(session)
	return next
}

func TestSavedBeforeSent(t *testing.T) { // SR-23, fault 3: and forgotten only after the last acknowledgement
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

func TestRestart(t *testing.T) { // SR-21, ID-07, RT-05, T-A2, T-A3, fault 3: the same identifiers, the original order, DUP and PUBREL
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

func TestRestartAcrossTheWrap(t *testing.T) { // SR-06, SR-21: the order is that of acceptance, not of identifiers
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
func TestKilledBehindEachCommit(t *testing.T) { // SR-21, SR-23, fault 3, fault 4
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

func TestRestartWithoutASession(t *testing.T) { // CA-14, SR-09, T-A1, fault 20, fault 21: the server's store is empty, and ours is not
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

func TestClosedWithASave(t *testing.T) { // peer 4.5: what is saved is told from what is in doubt
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

func TestStoreWithoutReconnect(t *testing.T) { // SR-21: the client ends with its connection; the next one goes on
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

func TestAccepted(t *testing.T) { // accepted and durable is told from delivered
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
