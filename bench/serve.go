package main

import (
	"bufio"
	"encoding/json"
	"os"

	"dunlin/bench/server"
)

// greeting is the first line of the server's process.
type greeting struct {
	Addresses map[string]string
	CA        string // PEM
}

// count is the server's answer to a line of input.
type count struct {
	server.Counts
	Fault string // of a client; empty: none
}

// serve runs the server. It prints a greeting, and a count for each line of
// standard input, until that ends.
func serve([]string) error {
	s, err := server.Start()
	if err != nil {
		return err
	}
	defer s.Close()
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(greeting{s.Addresses, string(s.CA)}); err != nil {
		return err
	}
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		c := count{Counts: s.Counts()}
		if err := s.Err(); err != nil {
			c.Fault = err.Error()
		}
		if err := out.Encode(&c); err != nil {
			return err
		}
	}
	return in.Err()
}
