package disk_test

import (
	"fmt"
	"testing"
	"time"

	"dunlin/internal/diskfault"
	"dunlin/mqtt/store/disk"
)

// Fault 5: the power is lost after each operation on the disk, and any of the writes that were not
// synced are there, or half of one. Fault 4: and again while the store recovers from it, or cleans
// its log.
func TestFault05PowerLoss(t *testing.T) {
	for _, mode := range []disk.Options{
		{Sync: disk.Always, SegmentSize: 1024},
		{Sync: disk.Always},
		{Sync: disk.Interval, Every: 20 * time.Microsecond, SegmentSize: 1024},
		{Sync: disk.Never, SegmentSize: 1024},
	} {
		t.Run(fmt.Sprint(mode.Sync, mode.SegmentSize), func(t *testing.T) {
			work := diskfault.Workload{Seed: 1, Options: mode, Commits: 9, Batch: 4, Keys: 6, Value: 120, Reopen: 4, Fail: 3}
			trial, err := work.Run()
			if err != nil {
				t.Fatal(err)
			}
			report := trial.Cut(nil)
			t.Logf("%+v", report)
			if report.Bad() > 0 {
				t.Fail()
			}
		})
	}
}
