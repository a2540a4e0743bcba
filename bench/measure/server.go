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

	"dunlin/bench/process"
	"dunlin/bench/server"
)

// Server is the server of the measurements, in a process of its own. Make it with StartServer.
type Server struct {
	cmd       *exec.Cmd
	in        io.WriteCloser
	out       *json.Decoder
	addresses map[string]string
	ca        string // a file
	last      server.Counts
	where     process.Place
}

// Address returns the server's URL, for a kind of network: tcp, tls or ws.
func (s *Server) Address(kind string) string { return s.addresses[kind] }

// CA returns the file with the certificate that signs the server's.
func (s *Server) CA() string { return s.ca }

// Process returns the number of the server's process.
func (s *Server) Process() int { return s.cmd.Process.Pid }

// StartServer runs program, which is this one, as the server. dir gets the
// certificate.
func StartServer(program, dir string, where process.Place) (*Server, error) {
	s := &Server{cmd: exec.Command(program, "serve"), where: where}
	s.cmd.Stderr = os.Stderr
	process.EndWithParent(s.cmd)
	in, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := process.Start(s.cmd, where); err != nil {
		return nil, err
	}
	s.in, s.out = in, json.NewDecoder(bufio.NewReader(out))
	var hello server.Greeting
	if err := s.out.Decode(&hello); err != nil {
		return nil, fmt.Errorf("the server does not start: %w", errors.Join(err, s.Close()))
	}
	s.addresses, s.ca = hello.Addresses, filepath.Join(dir, "ca.pem")
	return s, os.WriteFile(s.ca, []byte(hello.CA), 0o644)
}

// Counts returns what happened since the last call. A fault of a client ends the
// server, which would tell of it for ever.
func (s *Server) Counts() (server.Counts, error) {
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

// Close ends the server.
func (s *Server) Close() error {
	return errors.Join(s.in.Close(), s.cmd.Wait())
}
