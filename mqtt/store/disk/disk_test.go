package disk_test

import (
	"path/filepath"
	"testing"

	"dunlin/mqtt/store"
	"dunlin/mqtt/store/disk"
	"dunlin/mqtt/store/storetest"
)

func TestKit(t *testing.T) {
	for name, opt := range map[string]disk.Options{
		"always":   {},
		"interval": {Sync: disk.Interval, Every: 1e6},
		"never":    {Sync: disk.Never},
		"small":    {Sync: disk.Never, SegmentSize: 1024},
	} {
		t.Run(name, func(t *testing.T) {
			dirs := map[*testing.T]string{}
			storetest.Run(t, func(t *testing.T) store.Store {
				if dirs[t] == "" {
					dirs[t] = filepath.Join(t.TempDir(), "store")
				}
				opt.OnDamage = func(d disk.Damage) { t.Errorf("damage without a fault: %v", d) }
				s, err := disk.Open(dirs[t], opt)
				if err != nil {
					t.Fatal(err)
				}
				return s
			})
		})
	}
}
