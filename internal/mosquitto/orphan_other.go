//go:build !linux

package mosquitto

import "syscall"

// notOrphaned does nothing here: only Linux ends a process with the one that started it.
func notOrphaned() *syscall.SysProcAttr { return nil }
