//go:build unix

package mosquittocli_test

import "syscall"

// Signals whose meaning is a program's own.
const (
	signalForUser      = syscall.SIGUSR1
	otherSignalForUser = syscall.SIGUSR2
)
