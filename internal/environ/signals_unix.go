//go:build unix

package environ

import "syscall"

// signalNames are those that a script may listen to.
var signalNames = map[string]syscall.Signal{
	"SIGINT": syscall.SIGINT, "SIGTERM": syscall.SIGTERM, "SIGHUP": syscall.SIGHUP, "SIGUSR1": syscall.SIGUSR1, "SIGUSR2": syscall.SIGUSR2,
	"SIGALRM": syscall.SIGALRM, "SIGQUIT": syscall.SIGQUIT, "SIGCONT": syscall.SIGCONT, "SIGWINCH": syscall.SIGWINCH, "SIGTSTP": syscall.SIGTSTP, "SIGCHLD": syscall.SIGCHLD,
}

// systems are those of them that the command leaves to the system where no script listens.
var systems = []syscall.Signal{syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGCONT, syscall.SIGWINCH, syscall.SIGTSTP, syscall.SIGCHLD}
