// Package uplot holds the chart library uPlot as its authors publish it; README.md says which version. Nothing of it runs here: pages
// carry it to the browser.
package uplot

import "embed"

// The names of the library for a browser, which defines uPlot, and of what its elements need.
const (
	ScriptName = "uPlot.iife.min.js"
	StyleName  = "uPlot.min.css"
)

// Files has both.
//
//go:embed uPlot.iife.min.js uPlot.min.css
var Files embed.FS

// Script returns the library.
func Script() string { return text(ScriptName) }

// Style returns what the library's elements need.
func Style() string { return text(StyleName) }

func text(name string) string {
	data, _ := Files.ReadFile(name) // it is in the program
	return string(data)
}
