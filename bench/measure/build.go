// Package measure builds the drivers, runs them against a server, and collects what
// they report.
package measure

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"dunlin/bench/report"
	"dunlin/bench/work"
)

// Driver is a client that can be started.
type Driver struct {
	work.Client
	Version string
	command []string
	stop    bool // it does not end by itself
}

// Builder makes drivers.
type Builder struct {
	Source string // the bench folder
	Out    string // where programs go; kept for the next time
	// Mosquitto is a folder with another libmosquitto than the machine's, or empty.
	Mosquitto string
	Log       func(format string, args ...any)
}

// Build makes the drivers of clients. One whose language or library is missing is
// left out, with a line that says so.
func (b *Builder) Build(ctx context.Context, clients []work.Client) ([]Driver, error) {
	if err := os.MkdirAll(b.Out, 0o755); err != nil {
		return nil, err
	}
	var drivers []Driver
	for _, c := range clients {
		d := Driver{Client: c}
		var err error
		switch {
		case c.Commit != "":
			err = b.earlier(ctx, &d)
		case c.Name == "libmosquitto":
			err = b.mosquitto(ctx, &d)
		case c.Name == work.MQTTjs:
			err = b.node(ctx, &d)
		case c.Name == work.Script:
			err = b.script(ctx, &d)
		default:
			err = b.golang(ctx, &d, b.Source)
		}
		var missing *missingError
		if errors.As(err, &missing) {
			b.Log("without %s: %v", c.Title, err)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("build %s: %w", c.Title, err)
		}
		drivers = append(drivers, d)
	}
	return drivers, nil
}

// Versions lists the drivers for the report.
func Versions(drivers []Driver) []report.Version {
	all := make([]report.Version, len(drivers))
	for i, d := range drivers {
		all[i] = report.Version{Name: d.Name, Title: d.Title, Version: d.Version}
	}
	return all
}

// missingError says what a driver needs and the machine does not have.
type missingError struct{ what string }

func (e *missingError) Error() string { return e.what }

// command runs a program of the build and returns its output.
func (b *Builder) command(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(append([]string{name}, args...), " "), err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// rivals are the modules of the drivers written in Go.
var rivals = map[string]string{
	"paho3": "github.com/eclipse/paho.mqtt.golang",
	"paho5": "github.com/eclipse/paho.golang",
}

// golang builds a driver written in Go from the bench folder source. The program does
// not hold where and from which commit it was built, so that two builds of ours differ
// in their code alone.
func (b *Builder) golang(ctx context.Context, d *Driver, source string) error {
	folder, program := d.Name, d.Name
	if d.Name == work.Ours || d.Commit != "" {
		folder = "ours"
		program = folder + strings.ReplaceAll(strings.TrimPrefix(d.Name, work.Ours), "/", "_")
	}
	program = filepath.Join(b.Out, program)
	_, err := b.command(ctx, source, "go", "build", "-trimpath", "-buildvcs=false", "-o", program, "./drivers/"+folder)
	if err != nil {
		return err
	}
	d.command = []string{program}
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	for _, dep := range info.Deps {
		if dep.Path == rivals[d.Name] {
			d.Version = strings.TrimPrefix(dep.Version, "v")
		}
	}
	return nil
}

func (b *Builder) node(ctx context.Context, d *Driver) error {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return &missingError{"there is no " + program}
		}
	}
	folder := filepath.Join(b.Out, "mqttjs")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	same := true
	for _, name := range []string{"package.json", "driver.js"} {
		want, err := os.ReadFile(filepath.Join(b.Source, "drivers/mqttjs", name))
		if err != nil {
			return err
		}
		have, _ := os.ReadFile(filepath.Join(folder, name))
		same = same && (name != "package.json" || string(have) == string(want))
		if err := os.WriteFile(filepath.Join(folder, name), want, 0o644); err != nil {
			return err
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules/mqtt")); err != nil || !same {
		if _, err := b.command(ctx, folder, "npm", "install", "--silent", "--no-audit", "--no-fund"); err != nil {
			return &missingError{"npm could not install it: " + err.Error()}
		}
	}
	d.command = []string{"node", filepath.Join(folder, "driver.js")}
	return d.nodeVersion(ctx, b, folder)
}

func (d *Driver) nodeVersion(ctx context.Context, b *Builder, folder string) error {
	runtime, err := b.command(ctx, folder, "node", "--version")
	if err != nil {
		return err
	}
	manifest, err := os.ReadFile(filepath.Join(folder, "node_modules/mqtt/package.json"))
	if err != nil {
		return err
	}
	if f := regexp.MustCompile(`"version":\s*"([^"]+)"`).FindSubmatch(manifest); f != nil {
		d.Version = string(f[1]) + " on Node.js " + strings.TrimPrefix(runtime, "v")
	}
	return nil
}

func (b *Builder) script(ctx context.Context, d *Driver) error {
	program := filepath.Join(b.Out, "dunlin")
	if _, err := b.command(ctx, filepath.Dir(b.Source), "go", "build", "-o", program, "./cmd/dunlin"); err != nil {
		return err
	}
	d.command = []string{program, "run", filepath.Join(b.Source, "drivers/script/driver.js"), "--"}
	d.stop = true
	return nil
}
