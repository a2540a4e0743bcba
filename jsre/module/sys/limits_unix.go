//go:build linux || darwin

package sys

import "syscall"

// maxFiles is how many files the process may have open.
func maxFiles() int64 {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return int64(min(limit.Cur, 1<<53))
}

// diskSpace is the size of the disk that holds a folder and what is free of it, in MB.
func diskSpace(dir string) (total, free int64) {
	var st syscall.Statfs_t
	if syscall.Statfs(dir, &st) != nil {
		return 0, 0
	}
	mb := func(blocks uint64) int64 { return int64(float64(blocks) * float64(st.Bsize) / (1 << 20)) }
	return mb(st.Blocks), mb(st.Bavail)
}
