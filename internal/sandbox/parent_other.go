//go:build !linux

package sandbox

import (
	"os"
	"syscall"
)

// attributes are those that every process gets: here a child cannot be bound to its parent's life.
func attributes() *syscall.SysProcAttr { return nil }

// ask ends a process: not every system can ask for a clean end.
func ask(p *os.Process) {
	if p.Signal(syscall.SIGTERM) != nil {
		_ = p.Kill()
	}
}

// watchMemory has nothing to look at here; the child watches itself.
func watchMemory(<-chan struct{}, int, int64, func()) {}
