package main

import (
	"os"

	"dunlin/bench/server"
)

// serve runs the server until standard input ends.
func serve([]string) error { return server.Serve(os.Stdin, os.Stdout) }
