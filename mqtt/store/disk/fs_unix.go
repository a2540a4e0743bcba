//go:build !windows

package disk

import (
	"errors"
	"os"
	"syscall"
)

const hasModes = true

func syncDir(open func() (*os.File, error)) error {
	d, err := open()
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	// A file system without an fsync for directories says EINVAL or ENOTSUP. There is nothing
	// better to do there.
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}
