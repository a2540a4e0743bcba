// Package mosquittocli is the face that the command shows when it is called as mosquitto_pub,
// mosquitto_sub or mosquitto_rr: the options, messages, formats and exit statuses of Mosquitto 2.1.2.
package mosquittocli

import (
	"context"
	"path/filepath"
	"strings"
	"syscall"

	"dunlin/internal/environ"
	"dunlin/internal/terminal"
)

// Tool returns which of the three commands a program's name stands for, "" for none of them.
func Tool(name string) string {
	name = strings.TrimSuffix(filepath.Base(name), ".exe")
	switch tool(name) {
	case toolPub, toolSub, toolRR:
		return name
	}
	return ""
}

// TimesOutAt reports whether a signal ends the program of that name as -W does: mosquitto_sub and mosquitto_rr have their
// time-out from SIGALRM.
func TimesOutAt(name string, s syscall.Signal) bool {
	t := tool(Tool(name))
	return s == syscall.SIGALRM && (t == toolSub || t == toolRR)
}

// Run runs the command that env.Name says and returns its exit status.
func Run(ctx context.Context, env environ.Environment) int {
	c := &command{Environment: env}
	c.Stderr = terminal.Writer(env.Stderr, env.StderrTerminal)
	status, ready := c.parse()
	if !ready {
		return status
	}
	switch c.tool {
	case toolSub:
		return c.sub(ctx)
	case toolRR:
		return c.rr(ctx)
	default:
		return c.pub(ctx)
	}
}

// command is one call of a tool.
type command struct {
	environ.Environment
	options
	line line
}
