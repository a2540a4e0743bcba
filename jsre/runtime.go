// Package jsre runs scripts written for the JSRE runtime: a JavaScript engine with an event loop
// and native modules (see the packages under module).
//
//	rt, err := jsre.New(jsre.Options{Stdout: os.Stdout, Stderr: os.Stderr})
//	if err != nil { ... }
//	err = rt.RunFile(ctx, "app.js")
//
// RunFile and RunString return nil for a script that ended well, or:
//
//   - *[ExitError]: the script chose a status (process.exit, Task.exit, process.exitCode);
//   - *[ScriptError]: an exception nobody caught; its Report is for people; exit status [ExitScript];
//   - *[LoadError]: the file cannot be read or parsed; its Report is for people; exit status [ExitLoad];
//   - the context's cause, when ctx ended first; [ErrClosed] after Close.
package jsre

import (
	"context"
	"path/filepath"

	"dunlin/jsre/engine"
	"dunlin/jsre/load"
	"dunlin/jsre/module/unserved"
)

// The errors of a run and their exit statuses, see the package comment.
type (
	// ExitError is a script that ended itself with a status that is not 0.
	ExitError = engine.ExitError
	// ScriptError is an exception that the script did not catch.
	ScriptError = engine.ScriptError
	// LoadError is a script that could not be read or parsed.
	LoadError = engine.LoadError
	// Options say where a script's input and output go and which modules it has.
	Options = engine.Options
)

// Exit statuses for a command that runs scripts.
const (
	ExitScript = engine.ExitScript
	ExitLoad   = engine.ExitLoad
)

// ErrClosed is what a run returns when Close ended it.
var ErrClosed = engine.ErrClosed

// Runtime runs one script. Its methods are safe from any goroutine.
type Runtime struct {
	vm *engine.VM
}

// New makes a runtime with the modules of this package and those of opts, which replace ours when
// they have the same name. It does no I/O.
func New(opts Options) (*Runtime, error) {
	opts.Modules = append(Modules(), opts.Modules...)
	opts.Missing = unserved.Why
	if opts.Lower == nil {
		opts.Lower = load.Lower
	}
	vm, err := engine.New(opts)
	if err != nil {
		return nil, err
	}
	return &Runtime{vm: vm}, nil
}

// RunFile runs the script at path on the calling goroutine and returns when it has ended: after its
// last line, when nothing can happen any more. Cancelling ctx interrupts it, lets the modules close
// what they hold (an MQTT client says DISCONNECT) and returns the context's cause. A runtime runs
// one script only.
func (r *Runtime) RunFile(ctx context.Context, path string) error {
	return r.vm.Run(ctx, func() error { return r.vm.RunFile(path) })
}

// RunString runs a script given as text; name is what its stacks show, and its directory is where
// require looks for files.
func (r *Runtime) RunString(ctx context.Context, name, src string) error {
	abs := name
	if !filepath.IsAbs(abs) {
		abs = filepath.Join(r.vm.Options().Dir, abs)
	}
	return r.vm.Run(ctx, func() error { return r.vm.RunString(abs, name, src) })
}

// Close ends a script that runs and waits until its modules have closed what they hold. It is
// idempotent. Do not call it from a native function of the script.
func (r *Runtime) Close() error {
	r.vm.Close()
	return nil
}

// CheckFile parses the script at path and all files that it imports or requires by a constant name,
// and gives the absolute paths of these files and what is wrong with them: [*LoadError] values, or the
// cause of ctx. Nothing of the script runs. It is instead of a run: a runtime does one or the other, once.
func (r *Runtime) CheckFile(ctx context.Context, path string) (files []string, problems []error) {
	err := r.vm.Run(ctx, func() error {
		files, problems = r.vm.CheckFile(path)
		return nil
	})
	if err != nil {
		problems = append(problems, err)
	}
	return files, problems
}
