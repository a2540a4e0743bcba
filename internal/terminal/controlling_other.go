//go:build !windows

package terminal

// controlling is the terminal that the process belongs to, whatever its streams are.
const controlling = "/dev/tty"
