package measure

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"dunlin/bench/server"
)

// serverProcess is the server, in a process of its own.
type serverProcess struct {
	cmd       *exec.Cmd
	in        io.WriteCloser
	out       *json.Decoder
	addresses map[string]string
	ca        string // a file
	last      server.Counts
	where     place
}

// place says which processors a process has.
type place int

const (
	anywhere   place = iota
	firstCore        // one
	otherCores       // all but that one
)

// startServer runs program, which is this one, as the server. dir gets the
// certificate.
func startServer(program, dir string, where place) (*serverProcess, error) {
	s := &serverProcess{cmd: exec.Command(program, "serve"), where: where}
	s.cmd.Stderr = os.Stderr
	endWithParent(s.cmd)
	in, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := start(s.cmd, where); err != nil {
		return nil, err
	}
	s.in, s.out = in, json.NewDecoder(bufio.NewReader(out))
	var hello server.Greeting
	if err := s.out.Decode(&hello); err != nil {
		return nil, fmt.Errorf("the server does not start: %w", errors.Join(err, s.close()))
	}
	s.addresses, s.ca = hello.Addresses, filepath.Join(dir, "ca.pem")
	return s, os.WriteFile(s.ca, []byte(hello.CA), 0o644)
}

// counts returns what happened since the last call. A fault of a client ends the
// server, which would tell of it for ever.
func (s *serverProcess) counts() (server.Counts, error) {
	if _, err := io.WriteString(s.in, "\n"); err != nil {
		return server.Counts{}, err
	}
	var now server.Answer
	if err := s.out.Decode(&now); err != nil {
		return server.Counts{}, err
	}
	delta := now.Counts
	for i := range 3 {
		delta.Published[i] -= s.last.Published[i]
		delta.Sent[i] -= s.last.Sent[i]
		delta.Completed[i] -= s.last.Completed[i]
	}
	s.last = now.Counts
	if now.Fault != "" {
		return delta, errors.New(now.Fault)
	}
	return delta, nil
}

func (s *serverProcess) close() error {
	return errors.Join(s.in.Close(), s.cmd.Wait())
}
