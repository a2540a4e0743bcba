package interop

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// process is a server in a process of its own, which ends with its standard input.
type process struct {
	cmd   *exec.Cmd
	in    io.Closer
	lines *bufio.Reader
}

func launch(cmd *exec.Cmd) (*process, error) {
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
	return &process{cmd: cmd, in: in, lines: bufio.NewReader(out)}, nil
}

// line returns the next line that it prints.
func (p *process) line() (string, error) {
	line, err := p.lines.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("%s: did not start: %w", p.cmd, err)
	}
	return strings.TrimSpace(line), nil
}

// end lets it end and waits for that.
func (p *process) end() error {
	_ = p.in.Close() // it ends by itself then
	_, _ = io.Copy(io.Discard, p.lines)
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w", p.cmd, err)
	}
	return nil
}

// startProcess starts a server that prints its port, and ends it with the test.
func startProcess(t *testing.T, cmd *exec.Cmd) (url string) {
	p, err := launch(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.end(); err != nil {
			t.Error(err)
		}
	})
	port, err := p.line()
	if err != nil {
		t.Fatal(err)
	}
	return local("mqtt", port)
}

// local is the URL of a port of this machine.
func local(scheme, port string) string {
	return scheme + "://" + net.JoinHostPort("127.0.0.1", port)
}

// freePort returns a port that nobody listens on.
func freePort() (string, error) {
	ports, err := freePorts(1)
	if err != nil {
		return "", err
	}
	return ports[0], nil
}

// freePorts returns as many different ones.
func freePorts(n int) ([]string, error) {
	ports := make([]string, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // not before all are chosen
		if _, ports[i], err = net.SplitHostPort(l.Addr().String()); err != nil {
			return nil, err
		}
	}
	return ports, nil
}
