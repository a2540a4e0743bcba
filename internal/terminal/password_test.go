//go:build linux

package terminal_test

import (
	"context"
	"errors"
	"io"
	"os"
	"reflect"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"go.uber.org/goleak"
	"golang.org/x/term"

	"dunlin/internal/terminal"
)

// asked is a ReadPassword that waits on a pseudo-terminal.
type asked struct {
	person, terminal *os.File // the two sides of the pseudo-terminal
	before           *term.State
	cancel           context.CancelCauseFunc
	password         string
	err              error
	ended            chan struct{} // closed when password and err are there
}

// askPassword asks, and returns when the terminal has ceased to show what is typed.
func askPassword(t *testing.T) *asked {
	t.Helper()
	person, terminalSide, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = person.Close(), terminalSide.Close() })
	ctx, cancel := context.WithCancelCause(t.Context())
	a := &asked{person: person, terminal: terminalSide, cancel: cancel, ended: make(chan struct{})}
	a.before = a.state(t)
	go func() {
		defer close(a.ended)
		a.password, a.err = terminal.ReadPassword(ctx, terminalSide, terminalSide, "Password of ann: ")
	}()
	for limit := time.Now().Add(time.Minute); reflect.DeepEqual(a.state(t), a.before); runtime.Gosched() {
		if time.Now().After(limit) {
			t.Fatal("the terminal shows what is typed")
		}
	}
	return a
}

// state returns how the terminal treats what is typed.
func (a *asked) state(t *testing.T) *term.State {
	t.Helper()
	state, err := term.GetState(int(a.terminal.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// screen returns what the person has seen, when all is over.
func (a *asked) screen(t *testing.T) string {
	t.Helper()
	if err := a.terminal.Close(); err != nil {
		t.Fatal(err)
	}
	seen, err := io.ReadAll(a.person)
	if err != nil && !errors.Is(err, syscall.EIO) { // EIO: the other side is closed
		t.Fatal(err)
	}
	return string(seen)
}

func TestReadPasswordShowsNothing(t *testing.T) {
	a := askPassword(t)
	if _, err := io.WriteString(a.person, "s3crxt\x7f\x7fet\n"); err != nil { // two letters are deleted and typed again
		t.Fatal(err)
	}
	<-a.ended
	if a.password != "s3cret" || a.err != nil {
		t.Errorf("got %q and error %v", a.password, a.err)
	}
	if !reflect.DeepEqual(a.state(t), a.before) {
		t.Error("the terminal is not as it was")
	}
	if seen, want := a.screen(t), "Password of ann: \r\n"; seen != want {
		t.Errorf("the screen shows %q, want %q", seen, want)
	}
}

// Ctrl-C ends the command in the middle of a password, and the shell behind it needs its terminal.
func TestReadPasswordGivesTheTerminalBack(t *testing.T) {
	others := goleak.IgnoreCurrent()
	a := askPassword(t)
	if _, err := io.WriteString(a.person, "s3c"); err != nil {
		t.Fatal(err)
	}
	interrupted := errors.New("interrupted")
	a.cancel(interrupted)
	<-a.ended
	if a.password != "" || !errors.Is(a.err, interrupted) {
		t.Errorf("got %q and error %v", a.password, a.err)
	}
	if !reflect.DeepEqual(a.state(t), a.before) {
		t.Error("the terminal is not as it was")
	}
	if _, err := io.WriteString(a.person, "\n"); err != nil {
		t.Fatal(err)
	}
	goleak.VerifyNone(t, others) // who reads has ended, and does nothing to a later terminal of the same number
}
