package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// Is tells a terminal from files, pipes and the null device.
func Is(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// Size returns the columns and lines of the terminal that stream is; 80 and 24 where that is not known.
func Size(stream any) (columns, lines int) {
	if f, ok := stream.(*os.File); ok {
		columns, lines, err := term.GetSize(int(f.Fd()))
		if err == nil && columns > 0 && lines > 0 {
			return columns, lines
		}
	}
	return 80, 24
}

// ErrNoTerminal is returned where nobody is there to type a password.
var ErrNoTerminal = errors.New("no terminal to ask for it")

// ReadPassword asks on a terminal and reads a line without showing it. in and out are the
// command's stdin and stderr; where in is no terminal the controlling terminal is asked, and
// where there is none the error is ErrNoTerminal. When ctx ends, as by Ctrl-C, the terminal shows
// again what is typed, and the error is the cause.
func ReadPassword(ctx context.Context, in io.Reader, out io.Writer, prompt string) (string, error) {
	f, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		tty, err := os.OpenFile(controlling, os.O_RDWR, 0)
		if err != nil {
			return "", ErrNoTerminal
		}
		defer func() { _ = tty.Close() }()
		f, out = tty, tty
	}
	number := int(f.Fd()) // f may be closed while the goroutine below begins
	before, err := term.GetState(number)
	if err != nil {
		return "", fmt.Errorf("read a password: %w", err)
	}
	type answer struct {
		text []byte
		err  error
	}
	if _, err := io.WriteString(out, prompt); err != nil {
		return "", fmt.Errorf("ask for a password: %w", err)
	}
	answers := make(chan answer, 1)
	go func() { // it stays in its read when ctx ends; the command ends then, too
		text, err := term.ReadPassword(number)
		answers <- answer{text, err}
	}()
	defer io.WriteString(out, "\n") //nolint:errcheck // only the look of the screen
	select {
	case a := <-answers:
		if a.err != nil {
			return "", fmt.Errorf("read a password: %w", a.err)
		}
		return string(a.text), nil
	case <-ctx.Done():
		_ = term.Restore(number, before) // the command ends anyway
		return "", context.Cause(ctx)
	}
}
