package main

import (
	"bytes"
	"os"
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
		for _, want := range []string{"\nGo 1.", "\ngithub.com/spf13/cobra v", "\ngithub.com/dop251/goja v", "\ngithub.com/mochi-mqtt/server/v2 v", " for " + target.os + "/" + target.arch + "."} {
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
