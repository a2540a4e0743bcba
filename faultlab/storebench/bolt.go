// Package storebench measures the log of dunlin/mqtt/store/disk beside the same store made on
// bbolt.
package storebench

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"dunlin/mqtt/store"
)

// Bolt is a store.Store on bbolt: one bucket, one transaction for each Commit.
type Bolt struct {
	db *bbolt.DB
}

var bucket = []byte("session")

// OpenBolt opens the store in the directory dir. With sync each Commit is on the disk when it
// returns.
func OpenBolt(dir string, sync bool) (*Bolt, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	db, err := bbolt.Open(filepath.Join(dir, "bolt.db"), 0o600, &bbolt.Options{
		NoSync: !sync, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType,
	})
	if err != nil {
		return nil, err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(bucket)
		return err
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Bolt{db}, nil
}

// Load calls f with every record, in ascending order of keys.
func (b *Bolt) Load(f func(key uint64, value []byte) error) error {
	return closed(b.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucket).ForEach(func(k, v []byte) error { return f(binary.BigEndian.Uint64(k), v) })
	}))
}

// Commit makes the changes in one transaction.
func (b *Bolt) Commit(changes []store.Change) error {
	return closed(b.db.Update(func(tx *bbolt.Tx) error {
		records := tx.Bucket(bucket)
		for _, c := range changes {
			key := binary.BigEndian.AppendUint64(nil, c.Key)
			var err error
			if c.Value == nil {
				err = records.Delete(key)
			} else {
				err = records.Put(key, append([]byte{}, c.Value...)) // kept until the end of the transaction
			}
			if err != nil {
				return err
			}
		}
		return nil
	}))
}

// Close closes the database.
func (b *Bolt) Close() error { return b.db.Close() }

func closed(err error) error {
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return store.ErrClosed
	}
	return err
}
