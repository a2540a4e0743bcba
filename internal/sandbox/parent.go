package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

// Child is the command that runs inside.
type Child struct {
	Args   []string // as the parent was called
	Env    []string // the parent's; the child gets what its Config grants
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	// Patience is how long the child may take to end once ctx has.
	Patience time.Duration
}

// Error is why a child ended otherwise than by itself.
type Error struct {
	What string // one line
}

// Error returns What.
func (e *Error) Error() string { return e.What }

// Run runs the child to its end and returns its exit status, or an *Error when it was ended or broke off.
// It ends with its parent, on Linux even when that is killed.
func Run(ctx context.Context, c *Config, child Child) (status int, err error) {
	cmd, stderr, err := command(c, child)
	if err != nil {
		return 0, err
	}
	// The child is to be killed when the thread that made it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start the sandbox: %w", err)
	}
	ended := make(chan struct{})
	defer close(ended)
	var reason atomic.Pointer[Error]
	kill := func(what string) {
		if reason.CompareAndSwap(nil, &Error{what}) {
			_ = cmd.Process.Kill() // it may have ended meanwhile
		}
	}
	if c.Time > 0 {
		timer := time.AfterFunc(c.Time, func() { kill(fmt.Sprintf("the script has used up its time of %v", c.Time)) })
		defer timer.Stop()
	}
	go watchMemory(ended, cmd.Process.Pid, c.Memory, func() { kill(tooMuchMemory(c)) })
	stop := context.AfterFunc(ctx, func() {
		ask(cmd.Process)
		select {
		case <-ended:
		case <-time.After(child.Patience):
			kill("the script does not stop")
		}
	})
	defer stop()
	err = cmd.Wait()
	if killed := reason.Load(); killed != nil && !exited(err) {
		return 0, killed
	}
	return verdict(c, err, stderr.lastWords.String())
}

// command returns the child's command, and what reads its stderr.
func command(c *Config, child Child) (*exec.Cmd, *unframer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, fmt.Errorf("start the sandbox: %w", err)
	}
	text, err := json.Marshal(c)
	if err != nil {
		return nil, nil, err
	}
	stderr := &unframer{w: child.Stderr}
	cmd := &exec.Cmd{
		Path: self, Args: append([]string{"dunlin", option + string(text)}, child.Args...),
		Env:   c.Environment(child.Env),
		Stdin: child.Stdin, Stdout: child.Stdout, Stderr: stderr,
		SysProcAttr: attributes(),
		WaitDelay:   time.Second, // for whoever reads the child's output and does not
	}
	return cmd, stderr, nil
}

// exited tells whether a process that has ended did so by itself.
func exited(err error) bool {
	var exit *exec.ExitError
	return err == nil || errors.As(err, &exit) && exit.Exited()
}

// brokeOff is the status with which Go ends a program that cannot go on.
const brokeOff = 2

// verdict returns the exit status, or in words how the child broke off. What a script writes is in frames, so the
// last words are Go's own.
func verdict(c *Config, err error, lastWords string) (int, error) {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case !errors.As(err, &exit):
		return 0, fmt.Errorf("the sandbox: %w", err)
	case strings.Contains(lastWords, "out of memory") || strings.Contains(lastWords, "cannot allocate memory"):
		return 0, &Error{tooMuchMemory(c)}
	case exit.Exited() && (exit.ExitCode() != brokeOff || lastWords == ""):
		return exit.ExitCode(), nil
	}
	first, _, _ := strings.Cut(strings.TrimSpace(lastWords), "\n")
	if first == "" {
		first = exit.Error()
	}
	if strings.HasPrefix(first, "SIGSEGV") {
		first += ", as it does where there is no memory left"
	}
	return 0, &Error{"the engine broke off: " + first}
}

func tooMuchMemory(c *Config) string {
	return "the script wants more than its memory of " + describe(c.Memory)
}
