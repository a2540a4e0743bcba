//go:build !linux

package fs

import "os"

// details are the rest of what the system knows of a file.
func details(st os.FileInfo) info {
	return info{nlink: 1, blksize: 4096, blocks: float64((st.Size() + 511) / 512), access: st.ModTime(), change: st.ModTime(), birth: st.ModTime()}
}

// accessible is nil when a file is there and its permissions have the bits of mode for somebody.
func accessible(path string, mode uint32) error {
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	if perm := uint32(st.Mode().Perm()); (perm|perm>>3|perm>>6)&mode != mode {
		return os.ErrPermission
	}
	return nil
}
