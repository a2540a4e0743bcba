//go:build !unix

package environ

import "syscall"

// signalNames are those that a script may listen to.
var signalNames = map[string]syscall.Signal{"SIGINT": syscall.SIGINT, "SIGTERM": syscall.SIGTERM}

// systems are those of them that the command leaves to the system where no script listens.
var systems []syscall.Signal
