//go:build linux

package nats

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"dunlin/cluster/harness"
)

// node is one nats-server: its process, or what is on its disk after it.
type node struct {
	program, config string
	cmd             *exec.Cmd
	gone            chan struct{} // closed when the process has ended
}

// start starts the process. It ends with this one, however that ends.
func (n *node) start() error {
	cmd := exec.Command(n.program, "-c", n.config)
	cmd.Stderr = os.Stderr // what it says before it has its log file
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err
	}
	n.cmd, n.gone = cmd, make(chan struct{})
	go func(gone chan struct{}) {
		_ = cmd.Wait() // it was killed
		close(gone)
	}(n.gone)
	return nil
}

func (n *node) signal(s syscall.Signal) error {
	if n.cmd == nil {
		return errors.New("the node was never started")
	}
	return n.cmd.Process.Signal(s)
}

// kill returns when the process is gone.
func (n *node) kill() error {
	if n.cmd == nil {
		return nil
	}
	if err := n.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-n.gone
	return nil
}

// alive returns a harness.Fatal if the process has ended by itself.
func (n *node) alive() error {
	select {
	case <-n.gone:
		return harness.Fatal{Err: fmt.Errorf("nats-server ended by itself: %s", n.cmd.ProcessState)}
	default:
		return nil
	}
}

// tail returns the end of a file.
func tail(name string) string {
	f, err := os.Open(name)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = f.Close() }() // it was only read
	if size, err := f.Seek(0, io.SeekEnd); err == nil {
		_, err = f.Seek(max(0, size-4096), io.SeekStart)
		if err != nil {
			return err.Error()
		}
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
