package disk_test

import (
	"fmt"
	"testing"

	"dunlin/internal/diskfault"
)

// Fault 7: every bit of a small store flipped, and every truncation. Everything is noticed, no
// value is wrong or comes back, and at most one is gone.
func TestFault07DamagedStore(t *testing.T) {
	for _, o := range []diskfault.RotOptions{
		{Size: 1000, Batch: 6, Value: 24},
		{Size: 600, Batch: 3, Value: 24, SegmentSize: 300},
		{Size: 500, Batch: 1, Value: 24, Killed: true},
		{Size: 500, Batch: 1, Value: 24, Killed: true, SegmentSize: 300},
	} {
		o.Seed = 7
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			rot, err := diskfault.NewRot(o)
			if err != nil {
				t.Fatal(err)
			}
			for bit := range rot.Size() * 8 {
				v := rot.Flip(bit)
				// A damaged last record of a store that was not closed looks like one that a crash
				// left unfinished.
				torn := o.Killed && v.Suffix == 1
				if !v.Told || v.Err != nil || v.Lost > 1 || v.Wrong > 0 && !torn {
					t.Fatalf("bit %d of %d: %+v", bit, rot.Size()*8, v)
				}
			}
			lost := 0
			for size := 0; ; size++ {
				v, ok := rot.Truncate(size)
				if !ok {
					break
				}
				if !v.Told || v.Err != nil || v.Suffix < 0 {
					t.Fatalf("truncated to %d: %+v", size, v)
				}
				lost = max(lost, v.Suffix)
			}
			if lost == 0 {
				t.Error("no truncation lost anything: they were not tried")
			}
		})
	}
}
