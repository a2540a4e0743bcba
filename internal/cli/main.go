package cli

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"dunlin/internal/environ"
	"dunlin/internal/terminal"
)

// Main runs the command in the process's own environment and returns its exit
// status. The first Ctrl-C or SIGTERM asks for a clean end, the second one ends
// the process at once.
func Main() int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	// A write to a closed stdout returns an error then, and ends the command cleanly.
	signal.Ignore(syscall.SIGPIPE)
	go func() {
		for first := true; ; first = false {
			s, ok := (<-signals).(syscall.Signal)
			if !ok {
				s = syscall.SIGINT
			}
			if !first {
				os.Exit(environ.Interrupt{Signal: s}.Status())
			}
			cancel(environ.Interrupt{Signal: s})
		}
	}()
	return Run(ctx, environ.Environment{
		Name: filepath.Base(os.Args[0]), Args: os.Args[1:], Env: os.Environ(),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		StdinTerminal: terminal.Is(os.Stdin), StdoutTerminal: terminal.Is(os.Stdout), StderrTerminal: terminal.Is(os.Stderr),
	})
}
