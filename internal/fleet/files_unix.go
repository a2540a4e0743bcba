//go:build unix

package fleet

import (
	"fmt"
	"syscall"
)

// spare is how many files a process has open besides its connections.
const spare = 64

// RaiseFiles has the system allow as many open files as n clients need, as far as it may, and says where it may not.
func RaiseFiles(n int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return nil //nolint:nilerr // the connections will tell
	}
	need := asLimit(n + spare)
	if limit.Cur >= need {
		return nil
	}
	allowed := limit.Max
	limit.Cur = max(limit.Cur, min(need, limit.Max))
	if limit.Max < need { // which only root may raise
		limit.Cur, limit.Max = need, need
	}
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		return nil
	}
	return fmt.Errorf("%d clients need %d open files, and this process may have %d; raise that with ulimit -Hn as root, "+
		"in /etc/security/limits.conf or by LimitNOFILE= of systemd, or run several processes", n, need, allowed)
}
