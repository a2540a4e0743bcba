package mosquittocli

import (
	"errors"
	"io"
	"io/fs"
	"syscall"
)

// misuse is an error of the command line: its text is written as it is, with its line ends, and the
// hint to use --help follows. Mosquitto ends some of these texts with an empty line and others not.
type misuse string

// Error returns the text.
func (m misuse) Error() string { return string(m) }

// helpError asks for the help, after the text if there is one.
type helpError string

// Error returns the text.
func (h helpError) Error() string { return string(h) }

// versionError asks for the version.
type versionError struct{}

// Error names the option.
func (versionError) Error() string { return "--version" }

// plainError is a failure whose text is written as it is, without a hint.
type plainError string

// Error returns the text.
func (p plainError) Error() string { return string(p) }

// complain writes what is wrong with a command line, and returns the status, which Mosquitto gives to a call for help, too.
func (c *command) complain(err error) (status int) {
	var stdout, stderr string
	switch err := err.(type) { //nolint:errorlint // they are this package's own, and never wrapped
	case misuse:
		stderr = string(err) + "\nUse '" + string(c.tool) + " --help' to see usage.\n"
	case helpError:
		stderr, stdout = string(err), helpText(c.tool)
	case versionError:
		stdout = versionText(c.tool)
	default:
		stderr = err.Error()
	}
	// Where the streams are gone nobody can be told.
	_, _ = io.WriteString(c.Stderr, stderr)
	_, _ = io.WriteString(c.Stdout, stdout)
	return 1
}

// reason returns what the system says of a failure, in the words of C's library.
func reason(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "No such file or directory"
	case errors.Is(err, fs.ErrPermission):
		return "Permission denied"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "Connection refused"
	}
	return err.Error()
}
