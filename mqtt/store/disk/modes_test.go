package disk_test

import (
	"errors"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/internal/diskfault"
	"dunlin/mqtt/store"
	"dunlin/mqtt/store/disk"
	"dunlin/mqtt/store/storetest"
)

func syncs(log []diskfault.Op) (n int) {
	for _, op := range log {
		if op.Kind == diskfault.Sync {
			n++
		}
	}
	return n
}

// Group commit: one write and one sync for a Commit, however many changes it has.
func TestOneSyncACommit(t *testing.T) {
	fsys := diskfault.New(nil)
	s := open(t, "disk", disk.Options{FS: fsys})
	before := len(fsys.Log())
	changes := make([]store.Change, 100)
	for i := range changes {
		changes[i] = storetest.Put(uint64(i), "value")
	}
	commit(t, s, changes...)
	log := fsys.Log()[before:]
	if len(log) != 2 || log[0].Kind != diskfault.Write || log[1].Kind != diskfault.Sync {
		t.Errorf("operations of a commit of 100: %v, want one write and one sync", log)
	}
	closed(t, s)
}

func TestIntervalSyncs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fsys := diskfault.New(nil)
		s := open(t, "disk", disk.Options{FS: fsys, Sync: disk.Interval, Every: time.Second})
		before := syncs(fsys.Log())
		commit(t, s, storetest.Put(1, "a"))
		commit(t, s, storetest.Put(2, "a"))
		if n := syncs(fsys.Log()) - before; n != 0 {
			t.Errorf("%d syncs at once, want none", n)
		}
		time.Sleep(1001 * time.Millisecond) //nolint:forbidigo // in fake time
		if n := syncs(fsys.Log()) - before; n != 1 {
			t.Errorf("%d syncs after the interval, want 1", n)
		}
		time.Sleep(10 * time.Second) //nolint:forbidigo // in fake time
		if n := syncs(fsys.Log()) - before; n != 1 {
			t.Errorf("%d syncs with nothing to sync, want 1", n)
		}
		closed(t, s)
	})
}

// A sync in the background that fails is the error of the next Commit, and the one after it works,
// with all that was there before.
func TestIntervalSyncFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fsys := diskfault.New(nil)
		var fail atomic.Bool
		fsys.Inject = func(op diskfault.Op) *diskfault.Fault {
			if op.Kind == diskfault.Sync && fail.CompareAndSwap(true, false) {
				return &diskfault.Fault{Err: syscall.EIO}
			}
			return nil
		}
		opt := disk.Options{FS: fsys, Sync: disk.Interval, Every: time.Second}
		s := open(t, "disk", opt)
		commit(t, s, storetest.Put(1, "a"))
		fail.Store(true)
		time.Sleep(1001 * time.Millisecond) //nolint:forbidigo // in fake time
		if err := s.Commit([]store.Change{storetest.Put(2, "b")}); !errors.Is(err, syscall.EIO) {
			t.Errorf("Commit after a failed sync: %v, want its error", err)
		}
		compare(t, s, map[uint64]string{1: "a"})
		commit(t, s, storetest.Put(3, "c"))
		closed(t, s)
		s = open(t, "disk", opt)
		compare(t, s, map[uint64]string{1: "a", 3: "c"})
		closed(t, s)
	})
}

// Fault 4: the power is lost while the log is cleaned: files begun, values copied, files given up
// and removed.
func TestFault04CrashDuringCompaction(t *testing.T) {
	for _, mode := range []disk.Sync{disk.Always, disk.Never} {
		work := diskfault.Workload{Seed: 4, Options: disk.Options{Sync: mode, SegmentSize: 256}, Commits: 12, Batch: 1, Keys: 2, Value: 60, Fail: 7}
		trial, err := work.Run()
		if err != nil {
			t.Fatal(err)
		}
		removed := 0
		for _, op := range trial.Log {
			if op.Kind == diskfault.Remove {
				removed++
			}
		}
		if removed < 3 {
			t.Errorf("%d files removed: nothing was cleaned", removed)
		}
		report := trial.Cut(nil)
		if report.Bad() > 0 || report.Again == 0 {
			t.Errorf("%v: %+v", mode, report)
		}
	}
}

// The log does not grow without bound, nor in Commit stops for long.
func TestLogStaysSmall(t *testing.T) {
	for _, mode := range []disk.Sync{disk.Always, disk.Never} {
		fsys := diskfault.New(nil)
		s := open(t, "disk", disk.Options{FS: fsys, Sync: mode, SegmentSize: 4096})
		for i := range uint64(5000) {
			commit(t, s, storetest.Put(i, "a message that waits for its acknowledgement"), storetest.Remove(i-20))
		}
		size := 0
		for _, data := range fsys.Files() {
			size += len(data)
		}
		if size > 4*4096 {
			t.Errorf("%v: %d bytes for 20 messages after 5000", mode, size)
		}
		closed(t, s)
	}
}

func TestCommitAllocates(t *testing.T) {
	for _, mode := range []disk.Sync{disk.Always, disk.Interval, disk.Never} {
		s := open(t, newDir(t), disk.Options{Sync: mode, Every: time.Hour})
		value := make([]byte, 200)
		changes := make([]store.Change, 1)
		key := uint64(0)
		n := testing.AllocsPerRun(200, func() {
			key++
			changes[0] = store.Change{Key: key % 32, Value: value}
			if err := s.Commit(changes); err != nil {
				t.Fatal(err)
			}
		})
		if n > 1 {
			t.Errorf("mode %v: %v allocations a commit, want at most 1", mode, n)
		}
		closed(t, s)
	}
}
