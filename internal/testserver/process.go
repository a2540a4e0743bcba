// Package testserver has what tests start servers with: free ports, processes that end with their standard input, what those print, and
// where RabbitMQ is on this machine.
package testserver

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// Process is a server in a process of its own, which says on its standard output when it serves, and ends with its standard input, so that
// it cannot outlive the test. Make it with Launch.
type Process struct {
	cmd   *exec.Cmd
	in    io.Closer
	lines *bufio.Reader
}

// Launch starts cmd, whose complaints go to this process's standard error.
func Launch(cmd *exec.Cmd) (*Process, error) {
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &Process{cmd: cmd, in: in, lines: bufio.NewReader(out)}, nil
}

// Line returns the next line that it prints.
func (p *Process) Line() (string, error) {
	line, err := p.lines.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("%s: did not start: %w", p.cmd, err)
	}
	return strings.TrimSpace(line), nil
}

// End lets it end and waits for that.
func (p *Process) End() error {
	_ = p.in.Close() // it ends by itself then
	_, _ = io.Copy(io.Discard, p.lines)
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w", p.cmd, err)
	}
	return nil
}
