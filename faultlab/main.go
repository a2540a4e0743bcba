package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"dunlin/faultlab/bitrot"
	"dunlin/faultlab/cut"
	"dunlin/faultlab/internal/lab"
	"dunlin/faultlab/kill9"
	"dunlin/faultlab/mutants"
	"dunlin/faultlab/powerloss"
	"dunlin/faultlab/sim"
	"dunlin/faultlab/soak"
	"dunlin/faultlab/storebench"
	"dunlin/faultlab/storm"
)

// program is one of those that faultlab runs. Its Run takes the arguments after
// the name, writes one line of JSON to out, and returns the exit status; progress
// is for people and is thrown away when nobody watches.
type program struct {
	name, about string
	run         func(ctx context.Context, args []string, out, progress io.Writer) (exit int)
}

// programs are in the order of the help.
var programs = []program{
	{"kill9", "kill the process of a client with a disk store at random moments, while links drop", kill9.Run},
	{"cut", "end the connection at every byte, in both directions, in every way, in every flow", cut.Run},
	{"powerloss", "lose the power after each operation of a disk store, with any of its writes unwritten", powerloss.Run},
	{"bitrot", "flip each bit of a disk store, and cut it off at each byte", bitrot.Run},
	{"sim", "play random schedules against the session core, which a seed repeats exactly", sim.Run},
	{"soak", "publish and receive for long while links live about a second and the server is killed", soak.Run},
	{"storm", "take the server away from many clients and look at how they come back", storm.Run},
	{"storebench", "measure commits to the disk store and to the same store on bbolt", storebench.Run},
	{"mutants", "break one rule of the code at a time and see whether it is noticed", mutants.Run},
}

func main() {
	if kill9.IsChild() {
		os.Exit(kill9.Child())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, lab.Terminal(os.Stderr)))
}

// run runs the program that args name.
func run(ctx context.Context, args []string, out, progress io.Writer) int {
	if len(args) == 0 {
		help(os.Stderr)
		return lab.Usage
	}
	switch args[0] {
	case "-h", "-help", "--help", "help":
		help(out)
		return lab.Passed
	}
	for _, p := range programs {
		if p.name == args[0] {
			return p.run(ctx, args[1:], out, progress)
		}
	}
	_, _ = fmt.Fprintf(os.Stderr, "faultlab: there is no program %q; faultlab --help lists them\n", args[0])
	return lab.Usage
}

func help(w io.Writer) {
	_, _ = fmt.Fprint(w, "faultlab PROGRAM [options] breaks what an MQTT client stands on and counts what was lost.\n\nPrograms:\n")
	for _, p := range programs {
		_, _ = fmt.Fprintf(w, "  %-12s %s\n", p.name, p.about)
	}
	_, _ = fmt.Fprint(w, "\nfaultlab PROGRAM --help lists its options. Each program ends with one line of JSON.\nExit status: 0 passed, 1 failed, 2 called wrongly.\n")
}
