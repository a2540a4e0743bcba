package fs

import (
	"os"
	"syscall"
	"time"
)

// details are the rest of what the system knows of a file. The time of its making is not among it:
// that of its last change stands for it.
func details(st os.FileInfo) info {
	s, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return info{nlink: 1, access: st.ModTime(), change: st.ModTime(), birth: st.ModTime()}
	}
	change := time.Unix(s.Ctim.Unix())
	return info{
		dev: float64(s.Dev), ino: float64(s.Ino), nlink: float64(s.Nlink), uid: float64(s.Uid), gid: float64(s.Gid), rdev: float64(s.Rdev),
		blksize: float64(s.Blksize), blocks: float64(s.Blocks), access: time.Unix(s.Atim.Unix()), change: change, birth: change,
	}
}

// accessible is nil when this process may do with a file what mode says.
func accessible(path string, mode uint32) error { return syscall.Access(path, mode) }
