//go:build unix

package cli_test

import (
	"syscall"
	"testing"
	"time"

	"dunlin/internal/cli"
	"dunlin/internal/environ"
)

// startListening runs a script that can be sent signals.
func startListening(t *testing.T, script string) (*call, *environ.Signals) {
	t.Helper()
	signals := &environ.Signals{Patience: time.Millisecond}
	c := start(t, func(e *environ.Environment) { e.Signals = signals }, "run", writeScript(t, script))
	signals.End = func(s syscall.Signal) { c.stop(environ.Interrupt{Signal: s}) }
	return c, signals
}

func TestAScriptListensToSignals(t *testing.T) {
	t.Parallel()
	c, signals := startListening(t, `
		process.once('SIGINT', (name, number) => console.log(name, number));
		process.on('SIGUSR2', () => { console.log('bye'); process.exit(0); });
		setInterval(() => {}, 1e6); console.log('ready');`)
	c.stdout.waitFor(t, "ready\n")
	if signals.Taken(syscall.SIGTERM) {
		t.Error("a signal that it does not listen to is taken")
	}
	if !signals.Taken(syscall.SIGINT) {
		t.Error("not taken")
	}
	c.stdout.waitFor(t, "SIGINT 2\n")
	if !signals.Taken(syscall.SIGUSR2) {
		t.Error("not taken")
	}
	if status := c.wait(t); status != cli.ExitOK {
		t.Errorf("status %d: %s", status, c.stderr.String())
	}
	if signals.Taken(syscall.SIGINT) || signals.Taken(syscall.SIGUSR2) {
		t.Error("taken after the end")
	}
}

// Who presses Ctrl-C twice wants the end, whatever the script makes of it.
func TestTwoInterruptsEndAScriptThatListens(t *testing.T) {
	t.Parallel()
	c, signals := startListening(t, `process.on('SIGINT', () => console.log('no')); setInterval(() => {}, 1e6); console.log('ready');`)
	c.stdout.waitFor(t, "ready\n")
	signals.Taken(syscall.SIGINT)
	signals.Taken(syscall.SIGINT)
	if status := c.wait(t); status != 130 {
		t.Errorf("status %d: %s", status, c.stderr.String())
	}
}

func TestTimestampsBeginEachLine(t *testing.T) {
	t.Parallel()
	c := start(t, nil, "run", "--timestamps", "--eval", "console.log('x')")
	if status := c.wait(t); status != cli.ExitOK || len(c.stdout.String()) < len("2006-01-02T15:04:05 x\n") {
		t.Errorf("status %d: %q", status, c.stdout.String())
	}
}
