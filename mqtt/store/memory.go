package store

import (
	"errors"
	"maps"
	"slices"
	"sync"
)

// ErrClosed is what Load and Commit return after Close.
var ErrClosed = errors.New("store: closed")

// Memory is a Store that lasts as long as the process. Close ends its use until the next Open, and
// the records stay, so that a test can close it and open it again the way it would a store on disk.
type Memory struct {
	mu     sync.Mutex
	values map[uint64][]byte
	closed bool
}

// NewMemory returns an empty store that is open.
func NewMemory() *Memory {
	return &Memory{values: map[uint64][]byte{}}
}

// Open makes a closed store usable again, with the records it had. On an open store it does
// nothing.
func (m *Memory) Open() *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = false
	return m
}

// Load calls f with every record, in ascending order of keys. f must not call the store.
func (m *Memory) Load(f func(key uint64, value []byte) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	for _, key := range slices.Sorted(maps.Keys(m.values)) {
		if err := f(key, m.values[key]); err != nil {
			return err
		}
	}
	return nil
}

// Commit makes the changes. It fails only after Close.
func (m *Memory) Commit(changes []Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	for _, c := range changes {
		if c.Value == nil {
			delete(m.values, c.Key)
			continue
		}
		m.values[c.Key] = append(make([]byte, 0, len(c.Value)), c.Value...)
	}
	return nil
}

// Close ends the use of the store until the next Open.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}
