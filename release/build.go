package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// release is one set of files.
type release struct {
	root, out string
	version   string // without v
	commit    string
	time      time.Time // of the commit; all files have it
	targets   []target
	env       []string // in which Go runs
	pack      int      // the level of gzip, from 0 to 9
}

// target is a system that the command is built for.
type target struct {
	os, arch string
	env      []string // what Go has to know besides
	deb, rpm string   // names of the architecture there; "": no package
}

// targets are all of them. The arm is that of the first Raspberry Pi; mipsle, of routers
// without a floating-point unit.
var targets = []target{
	{os: "linux", arch: "amd64", deb: "amd64", rpm: "x86_64"},
	{os: "linux", arch: "arm", env: []string{"GOARM=6"}, deb: "armhf", rpm: "armv6hl"},
	{os: "linux", arch: "arm64", deb: "arm64", rpm: "aarch64"},
	{os: "linux", arch: "riscv64", deb: "riscv64", rpm: "riscv64"},
	{os: "linux", arch: "mipsle", env: []string{"GOMIPS=softfloat"}, deb: "mipsel", rpm: "mipsel"},
	{os: "darwin", arch: "amd64"},
	{os: "darwin", arch: "arm64"},
	{os: "windows", arch: "amd64"},
	{os: "windows", arch: "arm64"},
}

// targetNamed returns the target of a name such as linux/amd64.
func targetNamed(name string) (target, error) {
	var names []string
	for _, t := range targets {
		if t.os+"/"+t.arch == name {
			return t, nil
		}
		names = append(names, t.os+"/"+t.arch)
	}
	return target{}, fmt.Errorf("no target %q; there are %s", name, strings.Join(names, ", "))
}

// entry is a file of an archive or package.
type entry struct {
	name       string // with folders
	data       []byte
	executable bool
}

// build builds all files.
func (r *release) build(ctx context.Context) error {
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	if err := r.askGo(ctx); err != nil {
		return err
	}
	pages, err := r.pages(ctx)
	if err != nil {
		return err
	}
	for _, t := range r.targets {
		if err := r.buildTarget(ctx, t, pages); err != nil {
			return fmt.Errorf("%s/%s: %w", t.os, t.arch, err)
		}
	}
	if err := r.writeLinkPackages(); err != nil {
		return err
	}
	return r.writeSums()
}

// buildTarget builds all files of a target.
func (r *release) buildTarget(ctx context.Context, t target, pages []entry) error {
	program, err := r.compile(ctx, t)
	if err != nil {
		return err
	}
	licenses, err := r.licenses(ctx, t)
	if err != nil {
		return err
	}
	pages = append(slices.Clone(pages), entry{name: thirdParty, data: licenses})
	name := fmt.Sprintf("dunlin_%s_%s_%s", r.version, t.os, t.arch)
	if err := r.writeParts(ctx, t, program, name); err != nil {
		return err
	}
	data, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	if err := os.Remove(program); err != nil {
		return err
	}
	if err := r.writeArchive(t, name, data, pages); err != nil || t.deb == "" {
		return err
	}
	return r.writePackages(t, data, pages)
}

// compile builds the command for a target, and returns where it is. Nothing of this machine
// gets into it: no paths, no names, no version control that is not the same elsewhere.
func (r *release) compile(ctx context.Context, t target) (string, error) {
	program := filepath.Join(r.out, "program-"+t.os+"-"+t.arch)
	absolute, err := filepath.Abs(program)
	if err != nil {
		return "", err
	}
	flags := "-s -w -buildid= -X dunlin/internal/cli.releaseVersion=v" + r.version +
		" -X dunlin/internal/cli.releaseCommit=" + r.commit +
		" -X dunlin/internal/cli.releaseTime=" + r.time.Format(time.RFC3339)
	_, err = r.goTool(ctx, t, "build", "-trimpath", "-buildvcs=false", "-ldflags="+flags, "-o", absolute, "./cmd/dunlin")
	return program, err
}

// completions are where the script of each shell belongs on Unix, and its name in archives.
var completions = []struct{ shell, installed, name string }{
	{"bash", "/usr/share/bash-completion/completions/dunlin", "completions/dunlin.bash"},
	{"fish", "/usr/share/fish/vendor_completions.d/dunlin.fish", "completions/dunlin.fish"},
	{"zsh", "/usr/share/zsh/vendor-completions/_dunlin", "completions/_dunlin"},
	{"powershell", "", "completions/dunlin.ps1"},
}

// pages returns what comes with each program: the command itself writes its manual page and
// completions, and the rest is in the checkout.
func (r *release) pages(ctx context.Context) ([]entry, error) {
	host := target{os: runtime.GOOS, arch: runtime.GOARCH}
	program, err := r.compile(ctx, host)
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(program) }() // in the way of no other
	absolute, err := filepath.Abs(program)
	if err != nil {
		return nil, err
	}
	var pages []entry
	written := [][]string{{"dunlin.1", "man"}}
	for _, c := range completions {
		written = append(written, []string{c.name, "completion", c.shell})
	}
	for _, w := range written {
		cmd := exec.CommandContext(ctx, absolute, w[1:]...)
		cmd.Env = machine()
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("dunlin %s: %w", strings.Join(w[1:], " "), err)
		}
		pages = append(pages, entry{name: w[0], data: out})
	}
	for _, name := range []string{"CHANGELOG.md", "LICENSE", "README.md"} {
		data, err := os.ReadFile(r.file(name))
		if err != nil {
			return nil, err
		}
		pages = append(pages, entry{name: name, data: data})
	}
	return pages, nil
}

// page returns the page of that name.
func page(pages []entry, name string) []byte {
	for _, p := range pages {
		if p.name == name {
			return p.data
		}
	}
	panic("no page " + name)
}

// compress returns data as gzip has it, without name and time.
func compress(data []byte, level int) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// writeSums writes the checksums of all files, as sha256sum -c reads them.
func (r *release) writeSums() error {
	files, err := os.ReadDir(r.out) // sorted
	if err != nil {
		return err
	}
	var sums strings.Builder
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(r.out, f.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(data), f.Name())
	}
	return r.write("SHA256SUMS", []byte(sums.String()))
}

func (r *release) write(name string, data []byte) error {
	return os.WriteFile(filepath.Join(r.out, name), data, fs.FileMode(0o644))
}
