package measure

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"dunlin/bench/process"
	"dunlin/bench/work"
)

// TestClientHasOneProcessor has a driver that fails on more than one, while the server has
// the others, and all of them again for the next work.
func TestClientHasOneProcessor(t *testing.T) {
	t.Setenv("GORACE", "atexit_sleep_ms=0") // or each process takes a second to end
	var all, chosen unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		t.Fatal(err)
	}
	s, err := StartServer(os.Args[0], t.TempDir(), process.Anywhere)
	if err != nil {
		t.Fatal(err)
	}
	r := &runner{Plan: &Plan{Program: os.Args[0], Seconds: 1}, dir: t.TempDir(), server: s}
	defer func() { _ = r.server.Close() }() // the test is over
	d := Driver{Client: work.Client{Name: "alone"}, command: []string{os.Args[0], "alone"}}
	for _, test := range []struct {
		core       bool
		processors int // of the server
	}{{true, max(all.Count()-1, 1)}, {false, all.Count()}} {
		e := &entry{work: &work.Work{Name: "pub1", Do: "pub1", Net: "tcp", Core: test.core}, driver: &d}
		_, err := r.measure(t.Context(), e, 1)
		if alone := test.core || all.Count() == 1; (err == nil) != alone {
			t.Errorf("one processor %v: %v", test.core, err)
		}
		if err := unix.SchedGetaffinity(r.server.cmd.Process.Pid, &chosen); err != nil || chosen.Count() != test.processors {
			t.Errorf("one processor %v: the server has %d, want %d (%v)", test.core, chosen.Count(), test.processors, err)
		}
	}
}
