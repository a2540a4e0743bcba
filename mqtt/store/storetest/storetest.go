// Package storetest is a kit of tests that every store.Store passes. A test of a store of one's own
// is one line:
//
//	storetest.Run(t, func(t *testing.T) store.Store { return open(t.TempDir()) ... })
package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"dunlin/mqtt/store"
)

// Open gives a store with the records that it had when it was last closed. It is called more than
// once for one t, each time after Close: the first time for a t the store is empty, later times it
// is the same store again.
type Open func(t *testing.T) store.Store

// Run runs the whole kit, as subtests. open must give every t that it is called with a store of its
// own.
func Run(t *testing.T, open Open) {
	t.Helper()
	for _, part := range []struct {
		name string
		run  func(*testing.T, Open)
	}{
		{"Order", testOrder},
		{"Replace", testReplace},
		{"Remove", testRemove},
		{"EmptyValue", testEmptyValue},
		{"BatchOrder", testBatchOrder},
		{"BorrowedValues", testBorrowedValues},
		{"BigValues", testBigValues},
		{"ManyKeys", testManyKeys},
		{"LoadError", testLoadError},
		{"EmptyCommit", testEmptyCommit},
		{"Closed", testClosed},
		{"CloseMeanwhile", testCloseMeanwhile},
		{"Random", testRandom},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, open) })
	}
}

// Put is a Change that gives key a value, also an empty one.
func Put(key uint64, value string) store.Change {
	return store.Change{Key: key, Value: append([]byte{}, value...)}
}

// Remove is a Change that removes key.
func Remove(key uint64) store.Change { return store.Change{Key: key} }

// Contents loads everything that s has, and fails if the keys are not in ascending order.
func Contents(s store.Store) (map[uint64]string, error) {
	have := map[uint64]string{}
	last, first := uint64(0), true
	err := s.Load(func(key uint64, value []byte) error {
		if !first && key <= last {
			return fmt.Errorf("load gave key %d after key %d: not in ascending order", key, last)
		}
		first, last = false, key
		have[key] = string(value)
		return nil
	})
	return have, err
}

func want(t *testing.T, s store.Store, expected map[uint64]string) {
	t.Helper()
	have, err := Contents(s)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	if maps.Equal(have, expected) {
		return
	}
	for key := range have {
		if _, ok := expected[key]; !ok {
			t.Errorf("key %d is there and should not be", key)
		}
	}
	for key, value := range expected {
		if got, ok := have[key]; !ok || got != value {
			t.Errorf("key %d: got %.40q (there: %v), want %.40q", key, got, ok, value)
		}
	}
	t.FailNow()
}

func commit(t *testing.T, s store.Store, changes ...store.Change) {
	t.Helper()
	if err := s.Commit(changes); err != nil {
		t.Fatalf("Commit: %v", err)
	}
}

// wantBoth checks now and after the store was opened again.
func wantBoth(t *testing.T, open Open, s store.Store, expected map[uint64]string) {
	t.Helper()
	want(t, s, expected)
	s = reopen(t, open, s)
	want(t, s, expected)
	closeStore(t, s)
}

func reopen(t *testing.T, open Open, s store.Store) store.Store {
	t.Helper()
	closeStore(t, s)
	return open(t)
}

func closeStore(t *testing.T, s store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
}

func testOrder(t *testing.T, open Open) {
	s := open(t)
	expected := map[uint64]string{}
	for _, key := range []uint64{7, math.MaxUint64, 0, 1 << 40, 3, 256, 255, 1 << 63} {
		expected[key] = fmt.Sprint("value of ", key)
		commit(t, s, Put(key, expected[key]))
	}
	wantBoth(t, open, s, expected)
}

func testReplace(t *testing.T, open Open) {
	s := open(t)
	commit(t, s, Put(1, "first"), Put(2, "other"))
	commit(t, s, Put(1, "a longer second value"))
	commit(t, s, Put(1, "3rd"))
	wantBoth(t, open, s, map[uint64]string{1: "3rd", 2: "other"})
}

func testRemove(t *testing.T, open Open) {
	s := open(t)
	commit(t, s, Put(1, "one"), Put(2, "two"), Put(3, "three"))
	commit(t, s, Remove(2), Remove(99))
	commit(t, s, Remove(1))
	commit(t, s, Put(1, "again"))
	wantBoth(t, open, s, map[uint64]string{1: "again", 3: "three"})
}

func testEmptyValue(t *testing.T, open Open) {
	s := open(t)
	commit(t, s, Put(1, ""), Put(2, "x"))
	commit(t, s, Put(2, ""))
	wantBoth(t, open, s, map[uint64]string{1: "", 2: ""})
}

func testBatchOrder(t *testing.T, open Open) {
	s := open(t)
	commit(t, s, Put(1, "a"), Remove(1), Put(2, "a"), Put(2, "b"), Put(3, "a"), Remove(3), Put(3, "c"), Remove(4))
	wantBoth(t, open, s, map[uint64]string{2: "b", 3: "c"})
}

func testBorrowedValues(t *testing.T, open Open) {
	s := open(t)
	value := []byte("before")
	commit(t, s, store.Change{Key: 1, Value: value})
	copy(value, "after!")
	have, err := Contents(s)
	if err != nil || have[1] != "before" {
		t.Fatalf("got %q, %v: Commit kept the caller's value", have[1], err)
	}
	closeStore(t, s)
}

func testBigValues(t *testing.T, open Open) {
	s := open(t)
	expected := map[uint64]string{}
	for i, n := range []int{1, 7, 8, 9, 65535, 65536, 65537, 1<<20 - 1, 1 << 20, 3 << 20} {
		key := uint64(i)
		expected[key] = string(bytes.Repeat([]byte{byte(i + 1), 0, 0xFF}, n/3+1)[:n])
		commit(t, s, Put(key, expected[key]), Put(100, "small"))
	}
	expected[100] = "small"
	wantBoth(t, open, s, expected)
}

func testManyKeys(t *testing.T, open Open) {
	s := open(t)
	expected := map[uint64]string{}
	for batch := range 50 {
		changes := make([]store.Change, 0, 200)
		for i := range 200 {
			key := uint64(i)<<32 | uint64(batch)
			expected[key] = fmt.Sprint(batch, i)
			changes = append(changes, Put(key, expected[key]))
		}
		commit(t, s, changes...)
	}
	wantBoth(t, open, s, expected)
}

func testLoadError(t *testing.T, open Open) {
	s := open(t)
	commit(t, s, Put(1, "a"), Put(2, "b"))
	mine := errors.New("enough")
	calls := 0
	if err := s.Load(func(uint64, []byte) error { calls++; return mine }); err != mine || calls != 1 { //nolint:errorlint // as it is
		t.Fatalf("Load returned %v after %d calls, want the error of the function after 1", err, calls)
	}
	wantBoth(t, open, s, map[uint64]string{1: "a", 2: "b"})
}

func testEmptyCommit(t *testing.T, open Open) {
	s := open(t)
	commit(t, s)
	commit(t, s, Put(1, "a"))
	commit(t, s)
	wantBoth(t, open, s, map[uint64]string{1: "a"})
}

func testClosed(t *testing.T, open Open) {
	s := open(t)
	commit(t, s, Put(1, "a"))
	closeStore(t, s)
	closeStore(t, s)
	if err := s.Commit([]store.Change{Put(2, "b")}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Commit after Close: %v, want ErrClosed", err)
	}
	if err := s.Load(func(uint64, []byte) error { return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Load after Close: %v, want ErrClosed", err)
	}
	s = open(t)
	want(t, s, map[uint64]string{1: "a"})
	closeStore(t, s)
}

// testCloseMeanwhile: what Commit returned for is there, and what it failed for is not.
func testCloseMeanwhile(t *testing.T, open Open) {
	s := open(t)
	done := make(chan map[uint64]string)
	started := make(chan struct{})
	go func() {
		expected := map[uint64]string{}
		for key := uint64(0); ; key++ {
			if err := s.Commit([]store.Change{Put(key, "x")}); err != nil {
				break
			}
			expected[key] = "x"
			if key == 10 {
				close(started)
			}
		}
		done <- expected
	}()
	<-started
	closeStore(t, s)
	expected := <-done
	s = open(t)
	want(t, s, expected)
	closeStore(t, s)
}

// testRandom does what comes to mind to the store and to a map, and compares.
func testRandom(t *testing.T, open Open) {
	seed := rand.Uint64()
	defer func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	}()
	r := rand.New(rand.NewPCG(seed, 0))
	s := open(t)
	model := map[uint64]string{}
	for range 400 {
		switch r.IntN(20) {
		case 0:
			s = reopen(t, open, s)
			want(t, s, model)
		case 1:
			want(t, s, model)
		default:
			changes := RandomChanges(r, 40)
			commit(t, s, changes...)
			Apply(model, changes)
		}
	}
	wantBoth(t, open, s, model)
}

// RandomChanges makes up to 12 changes of keys below the given one.
func RandomChanges(r *rand.Rand, keys uint64) []store.Change {
	changes := make([]store.Change, 1+r.IntN(12))
	for i := range changes {
		changes[i].Key = r.Uint64N(keys)
		if r.IntN(3) > 0 {
			changes[i].Value = make([]byte, randomSize(r))
			for j := range changes[i].Value {
				changes[i].Value[j] = byte(r.Uint32())
			}
		}
	}
	return changes
}

// randomSize is mostly small.
func randomSize(r *rand.Rand) int {
	switch r.IntN(30) {
	case 0:
		return r.IntN(100_000)
	case 1, 2, 3:
		return 0
	}
	return r.IntN(300)
}

// Apply makes the changes in a map, the way every store has to.
func Apply(model map[uint64]string, changes []store.Change) {
	for _, c := range changes {
		if c.Value == nil {
			delete(model, c.Key)
			continue
		}
		model[c.Key] = string(c.Value)
	}
}

// Keys returns the keys of a model in ascending order.
func Keys(model map[uint64]string) []uint64 { return slices.Sorted(maps.Keys(model)) }
