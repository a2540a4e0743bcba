//go:build linux || darwin

package process

import (
	"syscall"
	"time"
)

// user is the processor time that the process has used.
func user() time.Duration { return usage().utime }

// system is the processor time that the system has used for it.
func system() time.Duration { return usage().stime }

type times struct{ utime, stime time.Duration }

func usage() times {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return times{}
	}
	return times{time.Duration(r.Utime.Nano()), time.Duration(r.Stime.Nano())}
}
