package load

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// preciseSleep is below what Go's timers are exact to: the runtime waits in epoll, whose unit is a millisecond.
const preciseSleep = 1500 * time.Microsecond

// precise has the calling goroutine sleep exactly, until the returned function is called: the kernel wakes a thread up to 50 µs
// late otherwise, to save power.
func precise() (end func()) {
	runtime.LockOSThread()
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1000, 0, 0, 0) // sleeping is less exact without
	return func() {
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0) // the default again
		runtime.UnlockOSThread()
	}
}

// sleepShort sleeps for less than preciseSleep, and cannot be interrupted.
func sleepShort(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&t, nil) // a signal ends it early, and then the caller comes again
}
