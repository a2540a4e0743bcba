// Package environ is what a command sees of the world: arguments, streams, variables and
// signals come in as a value, so that tests can call a command as a function.
package environ

import (
	"io"
	"strings"
	"syscall"
)

// Environment is all that a command sees of the world.
type Environment struct {
	Name   string   // the program's name as it was called, without folders; empty: dunlin
	Args   []string // without the program's name
	Stdin  io.Reader
	Stdout io.Writer // data only
	Stderr io.Writer // everything else
	Env    []string  // NAME=value

	Signals *Signals // nil: scripts get none

	StdinTerminal  bool // a person types what Stdin gives
	StdoutTerminal bool // a person reads Stdout: escape control characters
	StderrTerminal bool // a person reads Stderr: say what is going on
}

// Getenv returns a variable of the environment, or "".
func (e *Environment) Getenv(name string) string {
	for i := len(e.Env) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(e.Env[i], name+"="); ok {
			return value
		}
	}
	return ""
}

// Interrupt is the cause of a context that a signal ended.
type Interrupt struct {
	Signal syscall.Signal
}

// Error returns the signal's name.
func (i Interrupt) Error() string { return i.Signal.String() }

// Status returns the exit status as shells know it.
func (i Interrupt) Status() int { return 128 + int(i.Signal) }
