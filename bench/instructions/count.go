package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"sync"
)

// counter has what a count needs: the programs, and the peer that they talk to.
type counter struct {
	dir  string // the programs, and the profiles
	keep bool   // the profiles stay
	peer *peer
}

// newCounter builds the programs for the architectures; close ends what it began. Profiles go when they were read,
// unless there is a folder to keep them in.
func newCounter(ctx context.Context, keep string, archs ...string) (*counter, error) {
	for _, arch := range archs {
		if err := check(arch); err != nil {
			return nil, err
		}
	}
	dir, err := os.MkdirTemp("", "dunlin-instructions-")
	if keep != "" {
		dir, err = keep, os.MkdirAll(keep, 0o755)
	}
	if err != nil {
		return nil, err
	}
	c := &counter{dir: dir, keep: keep != ""}
	for _, arch := range archs {
		if err := c.build(ctx, arch); err != nil {
			c.close()
			return nil, err
		}
	}
	if c.peer, err = listen(); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// check reports what is missing to count on an architecture.
func check(arch string) error {
	if _, err := exec.LookPath("valgrind"); err != nil && arch == amd64 {
		return errors.New("valgrind is missing, which counts the instructions; run make test, which installs it, or sudo apt-get install valgrind")
	}
	if _, err := exec.LookPath(emulators[arch]); err != nil && arch != amd64 {
		return fmt.Errorf("%s is missing, which counts the instructions of %s; run make test32, which installs it, or sudo apt-get install qemu-user", emulators[arch], arch)
	}
	return nil
}

// build makes the programs of an architecture and, where an emulator counts, its plugin.
func (c *counter) build(ctx context.Context, arch string) error {
	for program, source := range map[string]string{library: "./library", script: "../../cmd/dunlin"} {
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", c.program(arch, program), "./"+filepath.Base(source))
		build.Dir = filepath.Dir(source)                                  // each is of another module
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH="+arch) // no threads of a C library
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("go build %s: %w\n%s", source, err, out)
		}
	}
	if arch == amd64 {
		return nil
	}
	out, err := exec.CommandContext(ctx, "gcc", "-O2", "-Wall", "-shared", "-fPIC", "-o", c.plugin(), "qemu/count.c").CombinedOutput()
	if err != nil {
		return fmt.Errorf("gcc qemu/count.c: %w\n%s", err, out)
	}
	return nil
}

func (c *counter) program(arch, program string) string { return filepath.Join(c.dir, program+"-"+arch) }
func (c *counter) plugin() string                      { return filepath.Join(c.dir, "count.so") }

func (c *counter) close() {
	if c.peer != nil {
		c.peer.close()
	}
	if !c.keep {
		_ = os.RemoveAll(c.dir) // a temporary folder
	}
}

// costs returns what a message costs on each path: the median of so many rounds. Paths are counted side by
// side, which the counts do not feel.
func (c *counter) costs(ctx context.Context, paths []path, rounds int) ([]int, error) {
	costs, faults := make([]int, len(paths)), make([]error, len(paths))
	var counting sync.WaitGroup
	free := make(chan struct{}, runtime.NumCPU())
	for i, p := range paths {
		counting.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			costs[i], faults[i] = c.median(ctx, p, rounds)
		})
	}
	counting.Wait()
	return costs, errors.Join(faults...)
}

func (c *counter) median(ctx context.Context, p path, rounds int) (int, error) {
	all := make([]int, rounds)
	for i := range all {
		var err error
		if all[i], err = c.cost(ctx, p); err != nil {
			return 0, fmt.Errorf("%s: %w", p, err)
		}
	}
	slices.Sort(all)
	return all[rounds/2], nil
}

// cost takes the start and the end of the program out by the difference of two runs.
func (c *counter) cost(ctx context.Context, p path) (int, error) {
	short, err := c.count(ctx, p, startMessages)
	if err != nil {
		return 0, err
	}
	long, err := c.count(ctx, p, startMessages+p.count)
	return (long - short) / p.count, err
}

// count returns how many instructions the program executes for so many messages.
func (c *counter) count(ctx context.Context, p path, messages int) (int, error) {
	profile := filepath.Join(c.dir, fmt.Sprintf("%s-%s-%s-%d.profile", p.Arch, p.Program, p.Name, messages))
	if err := removeProfile(profile); err != nil {
		return 0, err
	}
	args, err := c.command(p, profile, messages)
	if err != nil {
		return 0, err
	}
	run := exec.CommandContext(ctx, args[0], args[1:]...)
	// The collector and preemption go by time. Nothing else of this environment may reach the program.
	run.Env = []string{"PATH=" + os.Getenv("PATH"), "GOMAXPROCS=1", "GOGC=off", "GODEBUG=asyncpreemptoff=1"}
	if out, err := run.CombinedOutput(); err != nil {
		err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
		if fault := c.peer.fault.Load(); fault != nil {
			err = errors.Join(err, *fault)
		}
		return 0, err
	}
	n, err := sumThreads(profile)
	if err == nil && !c.keep {
		err = removeProfile(profile)
	}
	return n, err
}

// command is what counts, and the program with its arguments.
func (c *counter) command(p path, profile string, messages int) ([]string, error) {
	args := []string{"valgrind", "--tool=callgrind", "--separate-threads=yes", "--vgdb=no", "--quiet", "--callgrind-out-file=" + profile}
	if p.Arch != amd64 {
		args = []string{emulators[p.Arch], "-plugin", c.plugin() + ",out=" + profile}
	}
	args = append(args, c.program(p.Arch, p.Program))
	if p.Program == library {
		return append(args, p.Name, c.peer.address(), strconv.Itoa(messages)), nil
	}
	host, port, err := net.SplitHostPort(c.peer.address())
	return append(args, "run", "script.js", "--", p.Name, host, port, strconv.Itoa(messages)), err
}

// removeProfile removes a profile and those of its threads, if there are any.
func removeProfile(profile string) error {
	files, err := filepath.Glob(profile + "*")
	for _, file := range files {
		err = errors.Join(err, os.Remove(file))
	}
	return err
}

var (
	totals = regexp.MustCompile(`(?m)^totals: (\d+)$`)
	// monitor is the function that a thread of Go's runtime spends its life in. It wakes up by time.
	monitor = regexp.MustCompile(`(?m)^c?fn=\(\d+\) runtime\.sysmon$`)
)

// sumThreads returns the instructions of all threads but the runtime's monitor. Each thread has a profile.
func sumThreads(profile string) (int, error) {
	files, err := filepath.Glob(profile + "-*")
	if err != nil {
		return 0, err
	}
	sum, monitors := 0, 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		if monitor.Match(text) {
			monitors++
			continue
		}
		total := totals.FindSubmatch(text)
		if total == nil {
			return 0, fmt.Errorf("the profile %s has no line of totals; does this Valgrind write another format?", file)
		}
		n, err := strconv.Atoi(string(total[1]))
		if err != nil {
			return 0, fmt.Errorf("the totals of %s: %w", file, err)
		}
		sum += n
	}
	if monitors != 1 {
		return 0, fmt.Errorf("%d of %d threads are runtime.sysmon, expected 1; has %s another name for it?", monitors, len(files), runtime.Version())
	}
	return sum, nil
}
