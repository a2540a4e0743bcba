package connect

import (
	"io"

	"dunlin/mqtt"
)

// PasswordFile returns the first line of a file as a password. others reports whether the group or all
// users of the machine may read the file. The error does not show what is in it.
func PasswordFile(path string) (password mqtt.Secret, others bool, err error) {
	return nil, false, nil
}

// Prompt asks on w for a password, which in, a terminal, gives and does not show. It fails where in is not
// a terminal.
func Prompt(w io.Writer, in io.Reader, prompt string) (mqtt.Secret, error) { return nil, nil }

// Loopback reports whether a URL leads to this machine itself.
func Loopback(url string) bool { return false }
