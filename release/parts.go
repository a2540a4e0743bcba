package main

import (
	"context"
	"debug/buildinfo"
	"encoding/json"
	"strings"
	"time"
)

// The list of what a program is made of, in the form of CycloneDX 1.5.
type (
	bill struct {
		Format   string      `json:"bomFormat"`
		Spec     string      `json:"specVersion"`
		Version  int         `json:"version"`
		Metadata metadata    `json:"metadata"`
		Parts    []component `json:"components"`
	}
	metadata struct {
		Time    string    `json:"timestamp"`
		Subject component `json:"component"`
	}
	component struct {
		Type    string   `json:"type"`
		Ref     string   `json:"bom-ref"`
		Name    string   `json:"name"`
		Version string   `json:"version"`
		URL     string   `json:"purl"`
		License []choice `json:"licenses,omitempty"`
	}
	choice struct {
		License struct {
			ID string `json:"id"`
		} `json:"license"`
	}
)

// writeParts writes of which modules a program is made, as it says itself, with Go's library and with what is copied into
// packages of ours.
func (r *release) writeParts(ctx context.Context, t target, program, name string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	subject := part("application", "dunlin", "v"+r.version)
	var license choice
	license.License.ID = "Apache-2.0"
	subject.License = []choice{license}
	b := bill{
		Format: "CycloneDX", Spec: "1.5", Version: 1,
		Metadata: metadata{Time: r.time.Format(time.RFC3339), Subject: subject},
		Parts:    []component{part("library", "std", info.GoVersion)},
	}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		b.Parts = append(b.Parts, part("library", m.Path, m.Version))
	}
	packages, err := r.goTool(ctx, t, "list", "-deps", "./cmd/dunlin")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(packages)) {
		if from, ok := copied[strings.TrimSpace(line)]; ok {
			b.Parts = append(b.Parts, npmPart(from[0], from[1]))
		}
	}
	data, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	return r.write(name+".cdx.json", append(data, '\n'))
}

// npmPart is a package of npm that is in the program as a file.
func npmPart(name, version string) component {
	url := "pkg:npm/" + name + "@" + version
	return component{Type: "library", Ref: url, Name: name, Version: version, URL: url}
}

func part(kind, name, version string) component {
	url := "pkg:golang/" + name + "@" + version
	return component{Type: kind, Ref: url, Name: name, Version: version, URL: url}
}
