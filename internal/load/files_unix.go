//go:build unix

package load

import "syscall"

// raiseFiles lets the process have n connections, as far as it may, and returns how many files it may have open; 0: nobody knows.
func raiseFiles(n uint64) uint64 {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	if fileLimit(limit.Cur) >= n {
		return fileLimit(limit.Cur)
	}
	wanted := limit
	wanted.Cur = max(limit.Cur, min(limit.Max, systemLimit(n)))
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &wanted) == nil {
		return fileLimit(wanted.Cur)
	}
	return fileLimit(limit.Cur)
}
