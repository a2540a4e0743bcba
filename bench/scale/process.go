//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"dunlin/bench/measure"
	"dunlin/bench/process"
	"dunlin/bench/server"
)

// The other processes of a run are this program, with such a first argument.
const (
	serverPart  = "serve" // as bench/measure calls it
	clientsPart = "clients"
)

// part runs this program as another process of a run, if it was called as one.
func part(ctx context.Context, args []string) (is bool, err error) {
	switch {
	case len(args) > 0 && args[0] == serverPart:
		return true, server.Serve(os.Stdin, os.Stdout)
	case len(args) > 1 && args[0] == clientsPart:
		return true, measured(ctx, args[1], os.Stdout)
	default:
		return false, nil
	}
}

// startServer starts the server in a process of its own, whose certificate goes to dir.
func startServer(dir string) (*measure.Server, place, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, place{}, err
	}
	s, err := measure.StartServer(program, dir, process.Anywhere)
	if err != nil {
		return nil, place{}, err
	}
	at := place{Addresses: map[string]string{}, CA: s.CA()}
	for _, network := range []string{"tcp", "tls", "ws"} {
		at.Addresses[network] = s.Address(network)
	}
	return s, at, nil
}

// costOf measures a kind in a process of its own.
func costOf(ctx context.Context, j job) (c cost, err error) {
	text, err := json.Marshal(j)
	if err != nil {
		return c, err
	}
	program, err := os.Executable()
	if err != nil {
		return c, err
	}
	cmd := exec.CommandContext(ctx, program, clientsPart, string(text))
	cmd.Stderr = os.Stderr
	process.EndWithParent(cmd)
	out, err := cmd.Output()
	if err != nil {
		return c, fmt.Errorf("%s: %w", j.Kind, err)
	}
	return c, json.NewDecoder(bytes.NewReader(out)).Decode(&c)
}

// resident is the memory of this process that is in use, with what the program itself takes.
func resident() float64 { return residentOf(os.Getpid()) }

func residentOf(pid int) float64 {
	now, _ := process.Memory(pid)
	return float64(now)
}

// socketSize is what the kernel has for a TCP socket without data that epoll watches, by the sizes of its objects.
// Only root may read them; 0 for others.
func socketSize() (sum float64) {
	text, err := os.ReadFile("/proc/slabinfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 4 {
			continue
		}
		switch fields[0] {
		case "TCP", "sock_inode_cache", "filp", "dentry", "eventpoll_epi":
			size, _ := strconv.ParseFloat(fields[3], 64)
			sum += size
		}
	}
	return sum
}

var modelLine = regexp.MustCompile(`(?m)^model name\s*:\s*(.+)$`)

// machine says what this one is.
func machine() string {
	processor := "processor of " + runtime.GOARCH
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if m := modelLine.FindSubmatch(text); m != nil {
			processor = string(m[1])
		}
	}
	var name unix.Utsname
	_ = unix.Uname(&name) // without it the kernel goes unnamed
	release, _, _ := strings.Cut(unix.ByteSliceToString(name.Release[:]), "-")
	return fmt.Sprintf("%s, %d cores; Linux %s", processor, runtime.NumCPU(), release)
}
