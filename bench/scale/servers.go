//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"dunlin/bench/process"
	"dunlin/mqtt"
)

// otherServer is a server that others made and that can be had here, as one node.
type otherServer struct {
	name    string
	config  string // with the port in the place of PORT and a folder in that of DIR
	program func(ctx context.Context, dir string) (string, error)
	version string // option that says it
}

var otherServers = []otherServer{
	{
		name: "Mosquitto", version: "-h", program: func(context.Context, string) (string, error) { return exec.LookPath("mosquitto") },
		config: "user root\nlistener PORT 127.0.0.1\nallow_anonymous true\nlog_type error\n",
	},
	{
		name: "NATS", version: "--version", program: buildNATS,
		config: "server_name: scale\nhost: 127.0.0.1\nport: -1\njetstream {store_dir: \"DIR\", limits {default_max_consumers: -1}}\nmqtt {host: 127.0.0.1, port: PORT}\n",
	},
}

// buildNATS makes the server of the version that the module of the clusters has.
func buildNATS(ctx context.Context, dir string) (string, error) {
	program := filepath.Join(dir, "nats-server")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "github.com/nats-io/nats-server/v2")
	build.Dir, build.Stderr = "../../cluster", os.Stderr
	return program, build.Run()
}

// The clients that a real server gets: what it has for the second lot is the cost of a connection.
const (
	firstOfServer = 500
	moreOfServer  = 2000
)

// servers measures what real servers have in memory for a connection.
func (o *options) servers(ctx context.Context, f *figures, dir string) error {
	for _, r := range otherServers {
		if !strings.Contains(r.name, o.only) {
			continue
		}
		for _, device := range []bool{false, true} {
			s, err := r.measure(ctx, dir, device)
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			f.setServer(s)
			fmt.Fprintf(os.Stderr, "%s, device %v: %.1f KiB a connection\n", s.Server, device, s.Each/kibi)
		}
	}
	return nil
}

func (r *otherServer) measure(ctx context.Context, dir string, device bool) (served, error) {
	s := served{Device: device}
	dir, err := os.MkdirTemp(dir, "server")
	if err != nil {
		return s, err
	}
	program, err := r.program(ctx, dir)
	if err != nil {
		return s, err
	}
	s.Server = r.name + " " + numbers(ctx, program, r.version)
	address, cmd, err := r.start(ctx, program, dir)
	if err != nil {
		return s, err
	}
	defer func() {
		_ = cmd.Process.Kill() // it has been looked at
		_ = cmd.Wait()         // by that signal
	}()
	k := kind{version: mqtt.V311, network: "tcp", device: device}
	d, err := newDialer(k, place{Addresses: map[string]string{"tcp": "tcp://" + address}}, time.Minute)
	if err != nil {
		return s, err
	}
	p := &population{dialer: d}
	defer p.leave()
	if err := errors.Join(listening(ctx, address), p.grow(ctx, firstOfServer)); err != nil {
		return s, err
	}
	before := residentOf(cmd.Process.Pid)
	if err := p.grow(ctx, firstOfServer+moreOfServer); err != nil {
		return s, fmt.Errorf("device %v: %w", device, err)
	}
	s.Each = (residentOf(cmd.Process.Pid) - before) / moreOfServer
	return s, nil
}

func (r *otherServer) start(ctx context.Context, program, dir string) (address string, cmd *exec.Cmd, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	address = l.Addr().String()
	if err := l.Close(); err != nil {
		return "", nil, err
	}
	_, port, _ := strings.Cut(address, ":")
	config := filepath.Join(dir, "server.conf")
	text := strings.NewReplacer("PORT", port, "DIR", dir).Replace(r.config)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return "", nil, err
	}
	cmd = exec.CommandContext(ctx, program, "-c", config)
	process.EndWithParent(cmd)
	return address, cmd, cmd.Start()
}

// listening waits until somebody listens there.
func listening(ctx context.Context, address string) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			return c.Close()
		}
		if err := wait(ctx, tick.C); err != nil {
			return err
		}
	}
}

// numbers returns the first version number that a program says with that option.
func numbers(ctx context.Context, program, option string) string {
	out, _ := exec.CommandContext(ctx, program, option).Output() // mosquitto says it with a status of its own
	for word := range strings.FieldsSeq(string(out)) {
		if word = strings.TrimPrefix(word, "v"); strings.Count(word, ".") == 2 && word[0] >= '0' && word[0] <= '9' {
			return word
		}
	}
	return "of an unknown version"
}

func (p *population) leave() {
	for _, c := range p.clients {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		_ = c.Close(ctx) // its server may be gone
		cancel()
	}
}
