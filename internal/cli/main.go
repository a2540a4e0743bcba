package cli

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"dunlin/internal/environ"
	"dunlin/internal/mosquittocli"
	"dunlin/internal/terminal"
)

// Main runs the command in the process's own environment and returns its exit
// status. The first Ctrl-C or SIGTERM asks for a clean end, the second one ends
// the process at once, and so do signals that mean nothing else.
func Main() int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	name := filepath.Base(os.Args[0])
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, append([]os.Signal{os.Interrupt, syscall.SIGTERM}, deadly...)...)
	defer signal.Stop(signals)
	// A write to a closed stdout returns an error then, and ends the command cleanly.
	signal.Ignore(syscall.SIGPIPE)
	forScripts := &environ.Signals{Patience: stopTime, End: func(s syscall.Signal) { cancel(environ.Interrupt{Signal: s}) }}
	go func() {
		for first := true; ; {
			s, ok := (<-signals).(syscall.Signal)
			if !ok {
				s = syscall.SIGINT
			}
			if first && forScripts.Taken(s) {
				continue
			}
			kills := slices.Contains(deadly, os.Signal(s)) && !mosquittocli.TimesOutAt(name, s)
			if !first || kills {
				os.Exit(environ.Interrupt{Signal: s}.Status())
			}
			cancel(environ.Interrupt{Signal: s})
			first = false
		}
	}()
	return Run(ctx, environ.Environment{
		Name: name, Args: os.Args[1:], Env: os.Environ(), Signals: forScripts,
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		StdinTerminal: terminal.Is(os.Stdin), StdoutTerminal: terminal.Is(os.Stdout), StderrTerminal: terminal.Is(os.Stderr),
	})
}
