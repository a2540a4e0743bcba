// Package report makes a page of a result: HTML with tables and charts, in one file that loads nothing from elsewhere. Tables are
// written here and need no script; charts are drawn in the browser by uPlot from the data in the page.
package report

import (
	"crypto/sha256"
	_ "embed" // the page's own script and style
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"

	"dunlin/internal/load/report/uplot"
	"dunlin/internal/load/result"
)

//go:embed page.js
var script string

//go:embed page.css
var style string

// Write writes the page of a result.
func Write(w io.Writer, r result.Result) error {
	data, err := json.Marshal(chartsOf(r)) // leaves no "<" in texts, so nothing can end the script element
	if err != nil {
		return fmt.Errorf("report: the charts' data: %w", err)
	}
	var p page
	p.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
	p.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"" + policy() + "\">\n")
	p.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
	p.raw("<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n<title>")
	p.text(r.Name + " on " + r.Server + ": Dunlin's report")
	p.raw("</title>\n<style>" + uplot.Style() + "</style>\n<style>" + style + "</style>\n</head>\n<body>\n")
	p.header(r)
	p.summary(r)
	p.charts(r)
	p.latencies(r)
	p.verification(r.Verified)
	p.groups(r)
	p.events(r)
	p.parameters(r)
	p.cost(r)
	p.raw("<script type=\"application/json\" id=\"data\">" + string(data) + "</script>\n")
	p.raw("<script>" + uplot.Script() + "</script>\n<script>" + script + "</script>\n</body>\n</html>\n")
	_, err = io.WriteString(w, p.String())
	return err
}

// policy has a browser run and apply what this package has put into the page, and nothing else: should a text of the result be
// taken for a script in spite of all, it does not run, and nothing is loaded or sent.
func policy() string {
	return "default-src 'none'; img-src data:; style-src " + digest(uplot.Style()) + " " + digest(style) +
		"; script-src " + digest(uplot.Script()) + " " + digest(script)
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
