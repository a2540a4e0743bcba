package server

import (
	"bufio"
	"encoding/json"
	"io"
)

// Greeting is the first line of the server's process.
type Greeting struct {
	Addresses map[string]string
	CA        string // PEM
}

// Answer is what it says to a line of input.
type Answer struct {
	Counts
	Fault string // of a client; empty: none
}

// Serve runs a server. It writes a greeting, and an answer for each line of in,
// until that ends.
func Serve(in io.Reader, out io.Writer) error {
	s, err := Start()
	if err != nil {
		return err
	}
	defer s.Close()
	answers := json.NewEncoder(out)
	if err := answers.Encode(Greeting{s.Addresses, string(s.CA)}); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		a := Answer{Counts: s.Counts()}
		if err := s.Err(); err != nil {
			a.Fault = err.Error()
		}
		if err := answers.Encode(&a); err != nil {
			return err
		}
	}
	return lines.Err()
}
