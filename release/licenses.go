package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// thirdParty is the page with the licenses of what is linked into a program.
const thirdParty = "THIRD-PARTY"

// license matches the names of files that have to go where the code goes.
var license = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)`)

// part of a program: a module, or Go itself.
type linkedPart struct {
	name    string // with its version
	folder  string
	folders map[string]bool // those of its packages that are linked in, and those around them, as paths in folder
}

// copied are the packages of ours that hold files of others, word for word, and what that is: the part and its version in npm.
var copied = map[string][2]string{
	"dunlin/internal/load/report/uplot": {"uplot", "1.6.32"},
}

// licenses returns the license texts of all that is linked into the program for a target, word for word, from the sources
// that it was built from.
func (r *release) licenses(ctx context.Context, t target) ([]byte, error) {
	parts, err := r.linkedParts(ctx, t)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "The licenses of what is linked into dunlin for %s/%s. Its own is in LICENSE or copyright.\n", t.os, t.arch)
	for _, p := range parts {
		texts, err := licenseTexts(p)
		if err != nil {
			return nil, err
		}
		b.Write(texts)
	}
	return b.Bytes(), nil
}

// licenseTexts returns the license texts of a part, each below its name.
func licenseTexts(p *linkedPart) ([]byte, error) {
	files, err := p.licenseFiles()
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no license text in %s: it cannot be published", p.name, p.folder)
	}
	var b bytes.Buffer
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(p.folder, file))
		if err != nil {
			return nil, err
		}
		text = bytes.TrimSpace(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
		fmt.Fprintf(&b, "\n%s\n%s: %s\n\n%s\n", strings.Repeat("=", 80), p.name, filepath.ToSlash(file), text)
	}
	return b.Bytes(), nil
}

// linkedParts asks Go of which packages the program is made, and returns Go itself, their modules and what is
// copied, sorted.
func (r *release) linkedParts(ctx context.Context, t target) ([]*linkedPart, error) {
	const format = `{{if not .Standard}}{{with .Module}}{{if .Main}}{{$.ImportPath}}{{else}}{{.Path}} {{.Version}}{{"\t"}}{{.Dir}}{{end}}{{"\t"}}{{$.Dir}}{{end}}{{end}}`
	out, err := r.goTool(ctx, t, "list", "-deps", "-f", format, "./cmd/dunlin")
	if err != nil {
		return nil, err
	}
	about, err := r.goTool(ctx, t, "env", "GOROOT", "GOVERSION")
	if err != nil {
		return nil, err
	}
	root, version, _ := strings.Cut(strings.TrimSpace(string(about)), "\n")
	modules := map[string]*linkedPart{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if from, ok := copied[fields[0]]; ok {
			fields = []string{from[0] + " " + from[1], fields[1], fields[1]}
		}
		if len(fields) != 3 {
			continue // a package of Go's or our own
		}
		p := modules[fields[0]]
		if p == nil {
			p = &linkedPart{name: fields[0], folder: fields[1], folders: map[string]bool{".": true}}
			modules[p.name] = p
		}
		if err := p.add(fields[2]); err != nil {
			return nil, err
		}
	}
	parts := []*linkedPart{{name: "Go " + strings.TrimPrefix(version, "go"), folder: root, folders: map[string]bool{".": true}}}
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		parts = append(parts, modules[name])
	}
	return parts, nil
}

// add adds the folder of a package, and those around it.
func (p *linkedPart) add(folder string) error {
	inside, err := filepath.Rel(p.folder, folder)
	if err != nil {
		return err
	}
	for ; inside != "."; inside = filepath.Dir(inside) {
		p.folders[inside] = true
	}
	return nil
}

// licenseFiles returns the paths of the license texts within the folder, sorted.
func (p *linkedPart) licenseFiles() ([]string, error) {
	var files []string
	for folder := range p.folders {
		entries, err := os.ReadDir(filepath.Join(p.folder, folder))
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if license.MatchString(e.Name()) && e.Type().IsRegular() && filepath.Ext(e.Name()) != ".go" {
				files = append(files, filepath.Join(folder, e.Name()))
			}
		}
	}
	slices.Sort(files)
	return files, nil
}
