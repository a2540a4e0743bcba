// Package sandbox runs a script that is not trusted: in a child process of the same program, to which
// nothing is granted but what a Config names, and which ends at its limits.
//
// Three things hold the script, each for itself. The engine asks [Config.Access] before it opens a file,
// connects or looks up a name; that is so on every system. The child gives up, before the script begins,
// what the operating system lets it give up; see [Config.Enter]. The parent, [Run], kills it at its limits.
package sandbox

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"dunlin/jsre/engine"
)

// Config is what a script is granted, and its limits. The zero value of a grant grants nothing.
type Config struct {
	Net   []string // HOST:PORT, PORT may be *; or * for every address
	Read  []string // files and folders, with all in them
	Write []string
	Env   []string // names of variables

	Memory int64         // bytes, of the whole process, with a fixed part for the program's own file
	Time   time.Duration // from its start; 0: no limit

	Broker         string // host:port of the parent's own, where every mqtt.open leads; empty: there is none
	Script         string // the main file, which may be read; empty: its text comes some other way
	StderrTerminal bool   // a person reads what the parent makes of stderr
}

// Check makes paths absolute, without links, and returns an error for a grant that means nothing.
func (c *Config) Check() error {
	for i, grant := range c.Net {
		if grant != "*" && !isAddress(grant) {
			return fmt.Errorf("--allow-net %q is not HOST:PORT, HOST:* or *", grant)
		}
		c.Net[i] = canonical(grant)
	}
	if err := resolve(c.Read); err != nil {
		return fmt.Errorf("--allow-read: %w", err)
	}
	if err := resolve(c.Write); err != nil {
		return fmt.Errorf("--allow-write: %w", err)
	}
	for _, name := range c.Env {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			return fmt.Errorf("--allow-env %q is not the name of a variable", name)
		}
	}
	// A script that is not there is told of by who loads it.
	if found, err := realPath(c.Script); err == nil && c.Script != "" {
		c.Script = found
	}
	return nil
}

func isAddress(grant string) bool {
	host, port, err := net.SplitHostPort(grant)
	number, wrong := strconv.ParseUint(port, 10, 16)
	return err == nil && host != "" && (port == "*" || wrong == nil && number > 0)
}

// resolve makes each path a real one.
func resolve(paths []string) error {
	for i, path := range paths {
		found, err := realPath(path)
		if err != nil {
			return err
		}
		paths[i] = found
	}
	return nil
}

func realPath(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(absolute)
}

// canonical returns an address as it is compared: names in small letters, IP addresses in their usual form.
func canonical(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = strings.Trim(address, "[]"), ""
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.Unmap().String()
	}
	if port == "" {
		return host
	}
	return net.JoinHostPort(host, port)
}

// Access returns what the engine asks.
func (c *Config) Access() engine.Access {
	return engine.Access{
		Net:   c.connects,
		Read:  func(path string) error { return granted("--allow-read", path, append(c.Read, c.Script)) },
		Write: func(path string) error { return granted("--allow-write", path, c.Write) },
		Env:   func(name string) bool { return slices.Contains(c.Env, name) },
	}
}

// connects tells whether an address was granted; one without a port is a name that is looked up.
func (c *Config) connects(address string) error {
	wanted := canonical(address)
	host, port, err := net.SplitHostPort(wanted)
	if err != nil {
		host, port = wanted, ""
	}
	for _, grant := range c.Net {
		grantedHost, grantedPort, _ := net.SplitHostPort(grant)
		if grant == "*" || host == grantedHost && (port == "" || grantedPort == "*" || port == grantedPort) {
			return nil
		}
	}
	if port == "" {
		port = "PORT"
	}
	return fmt.Errorf("not granted to this script; --allow-net %s would", net.JoinHostPort(host, port))
}

// granted tells whether a path is one of those, or in one of them.
func granted(option, path string, paths []string) error {
	for _, root := range paths {
		rel, err := filepath.Rel(root, path)
		if root != "" && err == nil && filepath.IsLocal(rel) {
			return nil
		}
	}
	return fmt.Errorf("not granted to this script; %s %s would", option, path)
}

// Environment returns the variables of all that were granted.
func (c *Config) Environment(all []string) []string {
	kept := []string{}
	for _, pair := range all {
		if name, _, _ := strings.Cut(pair, "="); slices.Contains(c.Env, name) {
			kept = append(kept, pair)
		}
	}
	return kept
}

// option is what the child is told its Config with, as the first word of its command line.
const option = "--sandboxed="

// Inside returns the Config of the process when its command line is that of a child.
func Inside(args []string) (*Config, bool) {
	if len(args) == 0 {
		return nil, false
	}
	text, found := strings.CutPrefix(args[0], option)
	c := &Config{}
	if !found || json.Unmarshal([]byte(text), c) != nil {
		return nil, false
	}
	return c, true
}

// ParseSize reads a number of bytes such as 64M, 1G or 65536K.
func ParseSize(text string) (int64, error) {
	digits, shift := text, 0
	for unit, by := range map[string]int{"K": 10, "M": 20, "G": 30} {
		if number, found := strings.CutSuffix(strings.ToUpper(text), unit); found {
			digits, shift = number, by
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n <= 0 || n > 1<<62>>shift {
		return 0, fmt.Errorf("%q is not a size, such as 64M or 1G", text)
	}
	return n << shift, nil
}

// MinMemory is the least that a script can be given: the program itself needs that much.
const MinMemory = 48 << 20

// describe returns a size as people write it.
func describe(size int64) string {
	if size%(1<<20) == 0 {
		return strconv.FormatInt(size>>20, 10) + " MiB"
	}
	return strconv.FormatInt(size>>10, 10) + " KiB"
}
