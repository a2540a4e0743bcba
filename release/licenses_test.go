package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestEveryTargetHasItsLicenses(t *testing.T) {
	r := &release{root: ".."}
	if err := r.askGo(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, target := range targets {
		text, err := r.licenses(t.Context(), target)
		if err != nil {
			t.Fatalf("%s/%s: %v", target.os, target.arch, err)
		}
		for _, want := range []string{"\nGo 1.", "\ngithub.com/spf13/cobra v", "\ngithub.com/dop251/goja v", "\ngithub.com/mochi-mqtt/server/v2 v", "\nuplot 1.6.32: LICENSE\n", " for " + target.os + "/" + target.arch + "."} {
			if !bytes.Contains(text, []byte(want)) {
				t.Errorf("%s/%s: no %q", target.os, target.arch, want)
			}
		}
	}
}

// Texts of a module and of what it has from elsewhere belong to a program that has that part of it.
func TestLicenseFiles(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"LICENSE.md", "license.go", "a/b/COPYING", "a/NOTICE", "other/LICENSE", "a/b/licenses/x"} {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := &linkedPart{name: "m v1", folder: folder, folders: map[string]bool{".": true}}
	if err := p.add(filepath.Join(folder, "a", "b")); err != nil {
		t.Fatal(err)
	}
	files, err := p.licenseFiles()
	if got, want := filepath.ToSlash(strings.Join(files, " ")), "LICENSE.md a/NOTICE a/b/COPYING"; got != want || err != nil {
		t.Errorf("%s, want %s; %v", got, want, err)
	}
}

func TestModuleWithoutALicenseIsNotPublished(t *testing.T) {
	p := &linkedPart{name: "m v1", folder: t.TempDir(), folders: map[string]bool{".": true}}
	if text, err := licenseTexts(p); err == nil || !strings.HasPrefix(err.Error(), "m v1 has no license text in ") {
		t.Errorf("%q, %v", text, err)
	}
}

// What is copied into a folder of ours has its license there, and the release knows of it.
func TestCopiedFilesHaveTheirLicense(t *testing.T) {
	list := exec.Command("git", "ls-files", "-z", "*LICENSE*", "*COPYING*")
	list.Dir = ".."
	names, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for name := range strings.SplitSeq(strings.TrimRight(string(names), "\x00"), "\x00") {
		if filepath.Base(name) != "LICENSE" || name == "LICENSE" { // "licenses.go", and our own
			continue
		}
		found++
		if _, ok := copied["dunlin/"+filepath.ToSlash(filepath.Dir(name))]; !ok {
			t.Errorf("%s is of something that the release does not know", name)
		}
	}
	if found != len(copied) {
		t.Errorf("%d licenses for %d parts", found, len(copied))
	}
	for name, from := range copied {
		readme, err := os.ReadFile(filepath.Join("..", strings.TrimPrefix(name, "dunlin/"), "README.md"))
		if err != nil || !strings.Contains(string(readme), " "+from[1]+",") {
			t.Errorf("%s: README.md does not say version %s: %v", name, from[1], err)
		}
	}
}
