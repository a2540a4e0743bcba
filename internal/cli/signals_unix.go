//go:build unix

package cli

import (
	"os"
	"syscall"
)

// deadly are the signals that end a process by default, and that Go's runtime throws away where nobody asks for them.
var deadly = []os.Signal{syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM}
