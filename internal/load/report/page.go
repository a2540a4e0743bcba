package report

import (
	"fmt"
	"html"
	"strconv"
	"strings"
	"time"

	"dunlin/internal/terminal"
)

// page is the text of a page while it is written. What comes from a result goes through text, cell or row, which escape it.
type page struct {
	strings.Builder
}

// raw adds a piece of HTML of this package.
func (p *page) raw(s string) { p.WriteString(s) }

// text adds any text: escaped for HTML, with what is invisible or turns the direction of text made visible.
func (p *page) text(s string) { p.raw(html.EscapeString(terminal.EscapeLine(s))) }

// element adds an element of a class with a text in it.
func (p *page) element(name, class, text string) {
	p.raw("<" + name)
	if class != "" {
		p.raw(" class=\"" + class + "\"")
	}
	p.raw(">")
	p.text(text)
	p.raw("</" + name + ">")
}

// section begins a part of the page; the caller ends it.
func (p *page) section(id, title string) {
	p.raw("<section id=\"" + id + "\">\n")
	p.element("h2", "", title)
	p.raw("\n")
}

// head begins a table: the first column has words, the others numbers. The caller ends it.
func (p *page) head(columns ...string) {
	p.raw("<div class=\"wide\"><table>\n<thead><tr>")
	for _, c := range columns {
		p.element("th", "", c)
	}
	p.raw("</tr></thead>\n<tbody>\n")
}

// row adds a row: its name and what stands in the columns.
func (p *page) row(name string, cells ...string) {
	p.raw("<tr>")
	p.element("th", "", name)
	for _, c := range cells {
		p.element("td", "", c)
	}
	p.raw("</tr>\n")
}

func (p *page) endTable() { p.raw("</tbody>\n</table></div>\n") }

// duration writes three significant digits with the unit that fits.
func duration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return digits(float64(d)/float64(time.Microsecond)) + " µs"
	case d < time.Second:
		return digits(float64(d)/float64(time.Millisecond)) + " ms"
	default:
		return digits(float64(d)/float64(time.Second)) + " s"
	}
}

// digits writes three significant digits, and all of those before the point.
func digits(v float64) string {
	decimals := 0
	switch {
	case v == 0:
	case v < 1:
		decimals = 3
	case v < 10:
		decimals = 2
	case v < 100:
		decimals = 1
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if decimals == 0 {
		return s
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// number writes a whole number in groups of three digits.
func number[T int | int64 | uint64](n T) string {
	s := fmt.Sprint(n)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// bytes writes a number of bytes with the unit that fits.
func bytes(n int64) string {
	v := float64(n)
	for _, unit := range []string{"bytes", "KiB", "MiB"} {
		if v < 1024 {
			return digits(v) + " " + unit
		}
		v /= 1024
	}
	return digits(v) + " GiB"
}
