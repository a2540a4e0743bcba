//go:build unix

package disk_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"dunlin/mqtt/store/disk"
	"dunlin/mqtt/store/storetest"
)

// Nobody else reads or writes the messages, whatever the umask.
func TestPrivateFiles(t *testing.T) {
	old := syscall.Umask(0)
	dir := newDir(t)
	s := open(t, dir, disk.Options{SegmentSize: 256})
	for i := range uint64(20) {
		commit(t, s, storetest.Put(i, "x"))
	}
	closed(t, s)
	syscall.Umask(old)
	_ = filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
		return nil
	})
}

func TestLooseFilesAreRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		mode os.FileMode
	}{{".", 0o750}, {".", 0o701}, {"0000000000000001.log", 0o640}, {"0000000000000001.log", 0o602}, {"lock", 0o644}} {
		dir := newDir(t)
		closed(t, open(t, dir, disk.Options{}))
		if err := os.Chmod(filepath.Join(dir, c.name), c.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := disk.Open(dir, disk.Options{}); !errors.Is(err, disk.ErrLoose) {
			t.Errorf("%s with mode %v: %v, want ErrLoose", c.name, c.mode, err)
		}
	}
}

func TestLinksAreNotFollowed(t *testing.T) {
	for _, name := range []string{"0000000000000001.log", "0000000000000009.log", "lock"} {
		dir := newDir(t)
		closed(t, open(t, dir, disk.Options{}))
		target := filepath.Join(t.TempDir(), "target")
		if err := os.WriteFile(target, []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(filepath.Join(dir, name))
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if _, err := disk.Open(dir, disk.Options{}); err == nil || !strings.Contains(err.Error(), name) && !strings.Contains(err.Error(), dir) {
			t.Errorf("%s is a link: %v", name, err)
		}
		if data, _ := os.ReadFile(target); string(data) != "precious" {
			t.Errorf("%s is a link: its target was changed", name)
		}
	}
}
