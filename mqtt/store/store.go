// Package store says what a client needs of the place where it keeps a session, and has one that
// keeps it in memory. The store that survives the end of the process is dunlin/mqtt/store/disk;
// dunlin/mqtt/store/storetest is a kit of tests for stores of one's own.
package store

// Change is one step of a Commit: Value replaces what Key has; nil removes Key. An empty non-nil
// Value is a value. Removing a key that is not there is no error.
type Change struct {
	Key   uint64
	Value []byte
}

// Store keeps values under numbers. It needs no locks of its own for Load and Commit, because the
// caller makes one call at a time; Close may come at any moment, also during another call and more
// than once.
type Store interface {
	// Load calls f with every record, in ascending order of keys. value is borrowed until f
	// returns. An error of f ends Load and is returned as it is. Load is called before the first
	// Commit.
	Load(f func(key uint64, value []byte) error) error

	// Commit makes the changes, in their order, and returns when they are as durable as the store
	// promises. The values are not kept. After a crash a prefix of the changes of the last Commit
	// may be there; all of earlier ones are, as far as the store promises. After an error none of
	// the changes counts, not now and not after the next open, and the store can be used on: the
	// next Commit may succeed, for example when a full disk has room again.
	Commit(changes []Change) error

	// Close makes what was committed as durable as the store can, and gives up files and locks. A
	// call that comes later or that is waiting fails with ErrClosed. A second Close does nothing.
	Close() error
}
