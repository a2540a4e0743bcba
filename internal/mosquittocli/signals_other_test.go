//go:build !unix

package mosquittocli_test

import "syscall"

// Numbers for which this system has no signals.
const (
	signalForUser      = syscall.Signal(10)
	otherSignalForUser = syscall.Signal(12)
)
