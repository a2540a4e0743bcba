package inspect

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"
)

var colours = regexp.MustCompile("\x1b\\[\\d+m")

// width is how many characters a text takes on the screen.
func (p *printer) width(s string) int {
	if p.Colors {
		s = colours.ReplaceAllString(s, "")
	}
	return utf8.RuneCountInString(s)
}

// shape is an object ready to be laid out.
type shape struct {
	base        string // what stands before the braces, such as a function or an error
	open, close string
	entries     []string
	array       bool         // entries may be put into columns
	numbers     bool         // all entries are numbers: align right
	more        bool         // the last entry says how many are not shown
	obj         *goja.Object // for the number of a reference
}

// layout joins entries in one line if they are few and simple, else one a line.
func (p *printer) layout(s shape, depth int) string {
	if n, ok := p.refs[s.obj]; ok {
		ref := p.style(fmt.Sprintf("<ref *%d>", n), "special")
		if s.base == "" {
			s.open = ref + " " + s.open
		} else {
			s.base = ref + " " + s.base
		}
	}
	base := s.base
	if base != "" {
		base += " "
	}
	if len(s.entries) == 0 {
		if s.base != "" && s.close == "}" {
			return s.base
		}
		return base + s.open + s.close
	}
	list := s.entries
	if s.array && len(list) > 6 {
		list = p.columns(s)
	}
	if p.level-depth < p.Compact && len(list) == len(s.entries) {
		start := len(list) + p.indent + p.width(s.open) + p.width(s.base) + 10
		if p.fits(list, start, s.base) {
			if line := strings.Join(list, ", "); !strings.Contains(line, "\n") {
				return base + s.open + " " + line + " " + s.close
			}
		}
	}
	nl := "\n" + strings.Repeat(" ", p.indent)
	return base + s.open + nl + "  " + strings.Join(list, ","+nl+"  ") + nl + s.close
}

// fits reports whether entries go into one line.
func (p *printer) fits(list []string, start int, base string) bool {
	total := len(list) + start
	for _, e := range list {
		total += p.width(e)
	}
	return total <= p.BreakLength && !strings.Contains(base, "\n")
}

// columns puts the entries of a long array into columns, as many as look balanced.
func (p *printer) columns(s shape) []string {
	const gap = 2
	list := s.entries
	n := len(list)
	if s.more {
		n--
	}
	widths := make([]int, n)
	total, longest := 0, 0
	for i, e := range list[:n] {
		widths[i] = p.width(e)
		total += widths[i] + gap
		longest = max(longest, widths[i])
	}
	cell := longest + gap
	if cell*3+p.indent >= p.BreakLength || (float64(total)/float64(cell) <= 5 && longest > 6) {
		return list
	}
	bias := math.Sqrt(float64(cell) - float64(total)/float64(len(list)))
	biased := math.Max(float64(cell)-3-bias, 1)
	count := min(int(math.Round(math.Sqrt(2.5*biased*float64(n))/biased)), (p.BreakLength-p.indent)/cell, p.Compact*4, 15)
	if count <= 1 {
		return list
	}
	var out []string
	lineWidths := make([]int, count)
	for i := range n {
		lineWidths[i%count] = max(lineWidths[i%count], widths[i]+gap)
	}
	for i := 0; i < n; i += count {
		out = append(out, p.row(list[i:min(i+count, n)], lineWidths, s.numbers))
	}
	if s.more {
		out = append(out, list[n])
	}
	return out
}

// row joins the entries of one line of columns, each padded to its column's width.
func (p *printer) row(list []string, widths []int, right bool) string {
	var b strings.Builder
	for i, e := range list {
		last := i == len(list)-1
		w := widths[i]
		if last {
			w -= 2
		} else {
			e += ", "
		}
		pad := strings.Repeat(" ", max(0, w-p.width(e)))
		switch {
		case right:
			b.WriteString(pad + e)
		case last:
			b.WriteString(e)
		default:
			b.WriteString(e + pad)
		}
	}
	return b.String()
}
