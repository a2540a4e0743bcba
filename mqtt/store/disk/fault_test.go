package disk_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"

	"dunlin/internal/diskfault"
	"dunlin/mqtt/store"
	"dunlin/mqtt/store/disk"
	"dunlin/mqtt/store/storetest"
)

// failing says how the operations from the n-th on fail, before they work again.
type failing struct {
	name  string
	count int
	which func(diskfault.Op) bool
	fault diskfault.Fault
	modes []disk.Sync
	large bool // files, so that cleaning begins before they are full
}

func is(kinds ...diskfault.Kind) func(diskfault.Op) bool {
	return func(op diskfault.Op) bool { return slices.Contains(kinds, op.Kind) }
}

var (
	all      = []disk.Sync{disk.Always, disk.Never}
	changing = is(diskfault.Create, diskfault.Write, diskfault.Truncate, diskfault.Sync, diskfault.Rename, diskfault.Remove, diskfault.SyncDir)
)

// Fault 6: the disk fails at any operation, once or for a while. Commit fails with an error that
// says so, none of its changes counts, now or after the next open, and the store goes on when the
// disk does.
func TestFault06DiskFull(t *testing.T) {
	for _, f := range []failing{
		{"once", 1, func(diskfault.Op) bool { return true }, diskfault.Fault{Err: syscall.EIO}, all, false},
		{"half a write", 1, is(diskfault.Write), diskfault.Fault{Err: syscall.ENOSPC, Written: 11}, all, false},
		{"full for a while", 9, is(diskfault.Write, diskfault.Create), diskfault.Fault{Err: syscall.ENOSPC, Written: 1}, all, false},
		{"read-only for a while", 15, changing, diskfault.Fault{Err: syscall.EROFS}, all, false},
		{"sync forgets", 1, is(diskfault.Sync), diskfault.Fault{Err: syscall.EIO, Drop: true}, []disk.Sync{disk.Always}, false},
		{"sync forgets for a while", 5, is(diskfault.Sync), diskfault.Fault{Err: syscall.EIO, Drop: true}, []disk.Sync{disk.Always}, false},
		{"names are not kept for a while", 6, is(diskfault.SyncDir, diskfault.Remove), diskfault.Fault{Err: syscall.EIO}, all, true},
		{"no truncate", 1 << 30, is(diskfault.Truncate), diskfault.Fault{Err: syscall.EIO}, all, false},
	} {
		for _, mode := range f.modes {
			t.Run(fmt.Sprint(f.name, "/", mode), func(t *testing.T) {
				for n, more := 0, true; more; n++ {
					more = f.run(t, mode, n)
					if t.Failed() {
						t.Fatalf("fault at operation %d", n)
					}
				}
			})
		}
	}
}

// run says whether there were n operations.
func (f failing) run(t *testing.T, mode disk.Sync, n int) (more bool) {
	fsys := diskfault.New(nil)
	seen, failed := 0, 0
	fsys.Inject = func(op diskfault.Op) *diskfault.Fault {
		if !f.which(op) {
			return nil
		}
		seen++
		if seen <= n || failed == f.count {
			return nil
		}
		failed++
		fault := f.fault
		if op.Kind != diskfault.Write {
			fault.Written = 0
		}
		fault.Written = min(fault.Written, len(op.Data))
		return &fault
	}
	opt := disk.Options{FS: fsys, Sync: mode, SegmentSize: 256}
	if f.large {
		opt.SegmentSize = 2048
	}
	s := openUntil(t, opt, f.count)
	model := map[uint64]string{}
	r := rand.New(rand.NewPCG(uint64(n), 6))
	doubt := false
	for range 12 {
		changes := []store.Change{storetest.Remove(r.Uint64N(5)), storetest.Put(r.Uint64N(5), strings.Repeat("x", r.IntN(90)))}
		err := s.Commit(changes)
		doubt = checkError(t, err, f.fault.Err) || doubt && err != nil
		if err == nil {
			storetest.Apply(model, changes)
		}
		compare(t, s, model)
	}
	opt.FS = fsys.Kill()
	s = openUntil(t, opt, f.count)
	if doubt {
		return seen > n // the disk has failed for good
	}
	compare(t, s, model)
	if err := s.Close(); err != nil {
		checkError(t, err, f.fault.Err)
		opt.FS = fsys.Kill()
	}
	s = openUntil(t, opt, f.count)
	compare(t, s, model)
	return seen > n
}

func checkError(t *testing.T, err, cause error) (doubt bool) {
	t.Helper()
	if err == nil {
		return false
	}
	var e *disk.Error
	if !errors.As(err, &e) || !errors.Is(err, cause) || e.Op == "" || e.Path == "" {
		t.Errorf("error %#v, want an *Error with the cause %v", err, cause)
		return false
	}
	return e.InDoubt
}

// openUntil opens a store that may fail to for so many times.
func openUntil(t *testing.T, opt disk.Options, times int) *disk.Store {
	t.Helper()
	for {
		s, err := disk.Open("disk", opt)
		if err == nil {
			return s
		}
		if e := (*disk.Error)(nil); !errors.As(err, &e) {
			t.Fatalf("error %#v, want an *Error", err)
		}
		if times--; times < 0 {
			t.Fatalf("the store does not open any more: %v", err)
		}
	}
}

func compare(t *testing.T, s *disk.Store, model map[uint64]string) {
	t.Helper()
	have, err := storetest.Contents(s)
	if err != nil {
		have, err = storetest.Contents(s) // the fault may have hit Load
	}
	if err != nil || !maps.Equal(have, model) {
		t.Fatalf("%v; have keys %v, want %v", err, storetest.Keys(have), storetest.Keys(model))
	}
}
