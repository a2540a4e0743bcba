package disk_test

import (
	"testing"

	"dunlin/internal/diskfault"
	"dunlin/mqtt/store"
	"dunlin/mqtt/store/disk"
	"dunlin/mqtt/store/storetest"
)

// FuzzOpen: whatever is in the files, Open ends with an error or with a store that works, and what
// it then has stays.
func FuzzOpen(f *testing.F) {
	fsys := diskfault.New(nil)
	s, err := disk.Open("disk", disk.Options{FS: fsys, SegmentSize: 256})
	if err != nil {
		f.Fatal(err)
	}
	for i := range uint64(8) {
		if err := s.Commit([]store.Change{storetest.Put(i, "some value of a few bytes"), storetest.Remove(i - 1)}); err != nil {
			f.Fatal(err)
		}
	}
	for _, data := range fsys.Files() {
		f.Add(data, []byte(nil))
		f.Add(data, []byte{1, 1, 1, 7, 0, 4, 'x', 1, 1, 1, 1, 16, 0, 'y', 3, 0, 2, 1, 0, 0, 4, 0, 1, 0, 0, 0})
	}
	_ = s.Close()
	f.Fuzz(func(t *testing.T, raw, fields []byte) {
		defer func() { // a seed cannot be made twice: there is a random number in it
			if t.Failed() {
				t.Logf("raw %x, fields %x", raw, fields)
			}
		}()
		for _, files := range []map[string][]byte{
			{"0000000000000001.log": raw, "0000000000000002.log": fields},
			{"0000000000000001.log": disk.Hostile(fields)},
			{"0000000000000001.log": disk.Hostile(fields), "0000000000000003.log": raw},
		} {
			opened(t, diskfault.New(files))
		}
	})
}

func opened(t *testing.T, fsys *diskfault.FS) {
	opt := disk.Options{FS: fsys, SegmentSize: 256, OnDamage: func(d disk.Damage) { _ = d.String() }}
	s, err := disk.Open("disk", opt)
	if err != nil {
		return
	}
	model, err := storetest.Contents(s)
	if err != nil {
		t.Fatal(err)
	}
	change := storetest.Put(77, "mine")
	commit(t, s, change)
	storetest.Apply(model, []store.Change{change})
	opt.FS = fsys.Kill()
	s = open(t, "disk", opt)
	compare(t, s, model)
	closed(t, s)
}
