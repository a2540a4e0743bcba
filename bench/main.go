// Command bench measures MQTT clients doing the same work against the same server,
// and writes what it found. See bench --help.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

const usage = `Usage: bench COMMAND [OPTION...]

  run    measure, print the tables, and write the figures to a file
  page   bring the tables of docs/PERFORMANCE.md up to date with that file
  list   say which works and clients there are
  generators
         measure dunlin bench beside other load generators, each on one processor
  serve  run the server of the measurements until standard input ends

bench COMMAND --help tells the options of COMMAND.
`

func main() {
	commands := map[string]func([]string) error{"run": run, "page": page, "list": show, "serve": serve, "generators": compare, "feed": feed}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	switch err := commands[os.Args[1]](os.Args[2:]); {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
