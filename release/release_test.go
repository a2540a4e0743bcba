package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	rpmutils "github.com/sassoftware/go-rpmutils"
)

// copyOfCheckout copies what git would commit to another folder, so that no path of this
// one can be in what is built there.
func copyOfCheckout(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = ".."
	names, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(names), "\x00"), "\x00") {
		data, err := os.ReadFile(filepath.Join("..", name))
		if os.IsNotExist(err) { // deleted, and not committed yet
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// built builds the files for linux/amd64 from a checkout.
func built(t *testing.T, root string) *release {
	t.Helper()
	r := &release{
		root: root, out: filepath.Join(t.TempDir(), "dist"), version: "1.2.3", commit: strings.Repeat("ab", 20),
		time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), targets: targets[:1],
		pack: gzip.NoCompression, // with the race detector anything else takes minutes
	}
	if err := r.build(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *release) read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(r.out, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// command runs a command, and returns what it prints.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
	return string(out)
}

const (
	debName = "dunlin_1.2.3_amd64.deb"
	rpmName = "dunlin-1.2.3-1.x86_64.rpm"
	tarName = "dunlin_1.2.3_linux_amd64.tar.gz"
)

func TestRelease(t *testing.T) {
	r := built(t, "..")
	t.Run("the same bytes from another folder", func(t *testing.T) { sameAgain(t, r) })
	t.Run("checksums", func(t *testing.T) { checksums(t, r) })
	t.Run("archive", func(t *testing.T) { archive(t, r) })
	t.Run("deb", func(t *testing.T) { deb(t, r) })
	t.Run("links", func(t *testing.T) { links(t, r) })
	t.Run("rpm", func(t *testing.T) { rpmOf(t, r) })
	t.Run("parts", func(t *testing.T) { parts(t, r) })
}

func sameAgain(t *testing.T, r *release) {
	settings(t)
	again := built(t, copyOfCheckout(t))
	first, second := r.read(t, "SHA256SUMS"), again.read(t, "SHA256SUMS")
	if !bytes.Equal(first, second) {
		t.Errorf("first\n%s\nthen\n%s", first, second)
	}
	here, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	command(t, "tar", "-xzf", filepath.Join(r.out, tarName), "-C", folder, "--strip-components=1")
	program, err := os.ReadFile(filepath.Join(folder, "dunlin"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(program, []byte(here)) {
		t.Errorf("the program knows where it was built: %s", here)
	}
}

func checksums(t *testing.T, r *release) {
	check := exec.Command("sha256sum", "-c", "--strict", "SHA256SUMS")
	check.Dir = r.out
	out, err := check.CombinedOutput()
	if want := 6; err != nil || strings.Count(string(out), ": OK\n") != want {
		t.Errorf("%v, want %d files:\n%s", err, want, out)
	}
}

func archive(t *testing.T, r *release) {
	list := command(t, "tar", "--utc", "-tvzf", filepath.Join(r.out, tarName))
	for _, want := range []string{"-rwxr-xr-x 0/0 ", " 2026-01-02 03:04 dunlin_1.2.3_linux_amd64/dunlin\n", "/LICENSE\n", "/THIRD-PARTY\n", "/dunlin.1\n", "/completions/dunlin.ps1\n", "/completions/_dunlin\n"} {
		if !strings.Contains(list, want) {
			t.Errorf("no %q in\n%s", want, list)
		}
	}
	data, err := r.zip([]entry{{name: "a/dunlin.exe", data: []byte("x")}})
	if err != nil || !bytes.Contains(data, []byte("a/dunlin.exe")) {
		t.Errorf("zip: %v", err)
	}
}

// installed installs packages into a folder of their own, and returns it.
func installed(t *testing.T, r *release, packages ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, folder := range []string{"info", "updates"} {
		if err := os.MkdirAll(filepath.Join(root, "var/lib/dpkg", folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"var/lib/dpkg/status", "dpkg.log"} {
		if err := os.WriteFile(filepath.Join(root, file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"--root=" + root, "--log=" + filepath.Join(root, "dpkg.log"), "--force-not-root", "--force-architecture", "--install"}
	for _, p := range packages {
		args = append(args, filepath.Join(r.out, p))
	}
	command(t, "dpkg", args...)
	return root
}

func deb(t *testing.T, r *release) {
	root := installed(t, r, debName)
	out := command(t, filepath.Join(root, "usr/bin/dunlin"), "version", "--json")
	var version struct{ Version, Commit, Time string }
	if err := json.Unmarshal([]byte(out), &version); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if version.Version != "v1.2.3" || version.Commit != r.commit || version.Time != "2026-01-02T03:04:05Z" {
		t.Errorf("the program says %s", out)
	}
	if text := command(t, "man", "-l", filepath.Join(root, "usr/share/man/man1/dunlin.1.gz")); !strings.Contains(text, "EXIT STATUS") {
		t.Errorf("manual page: %s", text)
	}
	for _, c := range completions[:3] {
		if text, err := os.ReadFile(filepath.Join(root, c.installed)); err != nil || !bytes.Contains(text, []byte("__complete")) {
			t.Errorf("completion for %s: %v", c.shell, err)
		}
	}
	for _, name := range linked {
		if _, err := os.Lstat(filepath.Join(root, "usr/bin", name)); !os.IsNotExist(err) {
			t.Errorf("it brings %s, which nobody asked for", name)
		}
	}
	if text, err := os.ReadFile(filepath.Join(root, "usr/share/doc/dunlin/copyright")); err != nil || !bytes.Contains(text, []byte("Apache License")) {
		t.Errorf("no license: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(root, "usr/share/doc/dunlin/THIRD-PARTY"))
	if err != nil {
		t.Fatal(err)
	}
	thirdParties(t, r, string(text))
}

// thirdParties finds the license of each part of the program, and of what a part has from elsewhere.
func thirdParties(t *testing.T, r *release, text string) {
	t.Helper()
	var b bill
	if err := json.Unmarshal(r.read(t, "dunlin_1.2.3_linux_amd64.cdx.json"), &b); err != nil {
		t.Fatal(err)
	}
	for _, p := range b.Parts {
		name := p.Name + " " + p.Version
		if p.Name == "std" {
			name = "Go " + strings.TrimPrefix(p.Version, "go")
		}
		_, behind, found := strings.Cut(text, "\n"+name+": LICENSE")
		behind, _, _ = strings.Cut(behind, strings.Repeat("=", 80))
		if !found || !strings.Contains(strings.ToLower(behind), "copyright") && !strings.Contains(behind, "Permission") {
			t.Errorf("no license of %s", name)
		}
	}
	for _, want := range []string{": ftoa/internal/fast/LICENSE_V8\n", ": PATENTS\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	for _, other := range []string{"nfpm", "rapid ", "testscript", os.Getenv("HOME") + "/"} {
		if strings.Contains(text, other) {
			t.Errorf("there is %q", other)
		}
	}
}

// The package of links leads Mosquitto's names to our command, and excludes theirs.
func links(t *testing.T, r *release) {
	const name = "dunlin-mosquitto_1.2.3_all.deb"
	root := installed(t, r, debName, name)
	for _, link := range linked {
		if target, err := filepath.EvalSymlinks(filepath.Join(root, "usr/bin", link)); err != nil || filepath.Base(target) != "dunlin" {
			t.Errorf("%s leads to %q: %v", link, target, err)
		}
	}
	about := command(t, "dpkg-deb", "-I", filepath.Join(r.out, name))
	for _, want := range []string{"Depends: dunlin (= 1.2.3)\n", "Conflicts: mosquitto-clients\n", "Replaces: mosquitto-clients\n"} {
		if !strings.Contains(about, want) {
			t.Errorf("no %q in\n%s", want, about)
		}
	}
}

func rpmOf(t *testing.T, r *release) {
	p, err := rpmutils.ReadRpm(bytes.NewReader(r.read(t, rpmName)))
	if err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[int]string{
		rpmutils.NAME: "dunlin", rpmutils.VERSION: "1.2.3", rpmutils.ARCH: "x86_64", rpmutils.LICENSE: "Apache-2.0", rpmutils.BUILDHOST: "localhost",
	} {
		if got, err := p.Header.GetString(tag); err != nil || got != want {
			t.Errorf("tag %d is %q, want %q: %v", tag, got, want, err)
		}
	}
	contents, err := p.Header.GetFiles()
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]bool)
	for _, f := range contents {
		names[f.Name()] = true
		if f.UserName() != "root" || int64(f.Mtime()) != r.time.Unix() {
			t.Errorf("%s is of %s and %d", f.Name(), f.UserName(), f.Mtime())
		}
	}
	for _, want := range []string{"/usr/bin/dunlin", "/usr/share/doc/dunlin/THIRD-PARTY", "/usr/share/man/man1/dunlin.1.gz", "/usr/share/bash-completion/completions/dunlin"} {
		if !names[want] {
			t.Errorf("no %s in %v", want, names)
		}
	}
}

// The list of parts is CycloneDX, and names what go.mod requires.
func parts(t *testing.T, r *release) {
	var b bill
	decoder := json.NewDecoder(bytes.NewReader(r.read(t, "dunlin_1.2.3_linux_amd64.cdx.json")))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&b); err != nil {
		t.Fatal(err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		t.Errorf("something follows: %v", err)
	}
	names := make(map[string]bool)
	for _, p := range b.Parts {
		names[p.Name] = true
		kind := "golang"
		if p.Name == "uplot" { // the page of results draws with it
			kind = "npm"
		}
		if p.URL != "pkg:"+kind+"/"+p.Name+"@"+p.Version || p.Version == "" {
			t.Errorf("part %+v", p)
		}
	}
	for _, want := range []string{"std", "github.com/spf13/cobra", "github.com/mochi-mqtt/server/v2", "github.com/dop251/goja", "uplot"} {
		if !names[want] {
			t.Errorf("%s is missing in %v", want, names)
		}
	}
	if names["github.com/goreleaser/nfpm/v2"] {
		t.Error("the packager is no part of the program")
	}
}

// What is not of a release stays where it is.
func TestClear(t *testing.T) {
	r := &release{out: t.TempDir()}
	for _, name := range []string{"SHA256SUMS", "dunlin_1_linux_amd64.tar.gz"} {
		if err := r.write(name, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.write("thesis.txt", nil); err != nil {
		t.Fatal(err)
	}
	if err := r.clear(); err == nil || len(r.read(t, "thesis.txt")) != 0 {
		t.Errorf("a folder with other files was cleared: %v", err)
	}
	if err := os.Remove(filepath.Join(r.out, "thesis.txt")); err != nil {
		t.Fatal(err)
	}
	if err := r.clear(); err != nil {
		t.Error(err)
	}
	if err := r.clear(); err != nil {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestTargetNames(t *testing.T) {
	if got, err := targetNamed("linux/mipsle"); err != nil || got.deb != "mipsel" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := targetNamed("plan9/amd64"); err == nil || !strings.Contains(err.Error(), "windows/arm64") {
		t.Errorf("an unknown target: %v", err)
	}
}
