//go:build unix

package load

import (
	"runtime"
	"syscall"
	"time"
)

// ownCost returns the processor time that the process has taken, and the most memory that it had.
func ownCost() (cpu time.Duration, peak int64) {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0, 0
	}
	peak = int64(u.Maxrss)        //nolint:unconvert // 32 bits on some systems
	if runtime.GOOS != "darwin" { // which counts bytes, and the others KiB
		peak <<= 10
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), peak
}
