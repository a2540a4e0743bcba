// Package page has the page of `dunlin ui` as browsers get it: dist is built from src by go generate.
package page

import (
	"embed"
	"io/fs"

	"dunlin/internal/load/report/uplot"
)

//go:generate go run ./build

//go:embed dist
var dist embed.FS

// files are those of dist and, under names of the page, those of the chart library, which are not kept twice.
type files struct{}

// Open opens a file by the name that the page asks for it with.
func (files) Open(name string) (fs.File, error) {
	switch name {
	case "uplot.js":
		return uplot.Files.Open(uplot.ScriptName)
	case "uplot.css":
		return uplot.Files.Open(uplot.StyleName)
	}
	return dist.Open("dist/" + name)
}

// Files returns the files of the page: index.html, and what it names.
func Files() fs.FS { return files{} }
