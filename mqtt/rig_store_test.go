package mqtt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

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

func newWatched() *watched { return &watched{Memory: store.NewMemory()} }

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

var errDisk = errors.New("no space left on device")

// keys returns the keys of records, for an error.
func keys(all map[uint64][]byte) string {
	return fmt.Sprintf("%#x", slices.Sorted(maps.Keys(all)))
}

// stuckStore is a store whose Commit does not return, as on a network file system
// that is away.
type stuckStore struct {
	*store.Memory
	stuck func()
}

func (s stuckStore) Commit(changes []store.Change) error {
	s.stuck()
	return s.Memory.Commit(changes)
}

// sequenced writes a message with its sequence number to the events.
func sequenced(s *lasting) func(context.Context, *mqtt.Received) {
	return func(_ context.Context, m *mqtt.Received) {
		s.events <- fmt.Sprintf("message %d %s", m.Sequence, describe(m))
	}
}

// receiving is a client with a store, whose handler says a message's sequence
// number, and a copy of its store as a kill would leave it.
func receiving(s *lasting, kept store.Store, session string) *lasting {
	version := mqtt.V311
	if s.five {
		version = mqtt.V5
	}
	next := newLasting(s.t, version, func(cfg *mqtt.Config) { cfg.Store = kept })
	next.cfg.OnMessage = sequenced(next)
	next.connect(session)
	return next
}

// granted subscribes, and the server grants it.
func (s *lasting) granted(sub mqtt.Subscription) error {
	done := async(func() error { return errorOf(s.Subscribe(s.ctx, sub)) })
	s.answers(byte(sub.QoS))
	return s.wait(done)
}
