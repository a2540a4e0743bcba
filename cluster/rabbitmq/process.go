//go:build linux

package rabbitmq

import (
	"fmt"
	"os/exec"
	"strconv"
	"syscall"

	"dunlin/internal/testserver"
)

// process is a server that rabbitmq.sh runs.
type process struct {
	script *testserver.Process
	pid    int // of the server
}

// launch runs the script until it has named the server's process.
func launch(script string, arguments ...string) (*process, error) {
	running, err := testserver.Launch(exec.Command(script, arguments...))
	if err != nil {
		return nil, err
	}
	p := &process{script: running}
	line, err := running.Line()
	if err == nil {
		p.pid, err = strconv.Atoi(line)
	}
	if err != nil {
		p.end()
		return nil, fmt.Errorf("no process was named: %w", err)
	}
	return p, nil
}

// end kills the server, and returns when it is gone.
func (p *process) end() {
	if p.pid > 0 {
		_ = syscall.Kill(p.pid, syscall.SIGKILL) // it may be gone
	}
	_ = p.script.End() // the script's status says nothing more
}

// alive tells whether the server runs, or stands still.
func (p *process) alive() bool {
	return syscall.Kill(p.pid, 0) == nil
}

func (p *process) signal(s syscall.Signal) error {
	return syscall.Kill(p.pid, s)
}
