package inspect

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/dop251/goja"
)

// kind says what the entries of a shape are, for their layout.
type kind int

const (
	fields kind = iota // properties
	extras             // elements, and properties behind them: they may be put into columns
)

// shape is an object ready to be laid out.
type shape struct {
	base        string // what stands before the braces, such as a function or an error
	open, close string
	entries     []string
	kind        kind
	props       int          // how many of the entries, the last ones, are properties
	numbers     bool         // all entries are numbers: align right
	level       int          // depth of the entries
	obj         *goja.Object // for the number of a reference
	whole       bool         // base is all there is to show
}

// layout joins entries in one line if they are few and simple, else one a line.
func (p *printer) layout(s shape) string {
	if n, ok := p.refs[s.obj]; ok && s.obj != nil {
		ref := p.style(fmt.Sprintf("<ref *%d>", n), "special")
		switch {
		case p.Compact == compactAll:
			s.open = ref + " " + s.open
		case s.base == "":
			s.base = ref
		default:
			s.base = ref + " " + s.base
		}
	}
	p.sort(&s)
	nl := "\n" + strings.Repeat(" ", p.indent)
	if p.Compact == compactAll {
		return p.compacted(s, nl)
	}
	base := s.base
	if base != "" {
		base += " "
	}
	list := s.entries
	if p.Compact >= 1 && s.kind == extras && len(list) > 6 {
		list = p.columns(s)
	}
	if p.Compact >= 1 && len(list) == len(s.entries) {
		if line, ok := p.oneLine(s); ok {
			return base + s.open + " " + line + " " + s.close
		}
	}
	return base + s.open + nl + "  " + strings.Join(list, ","+nl+"  ") + nl + s.close
}

// oneLine is the entries in one line, if they are to share it and fit.
func (p *printer) oneLine(s shape) (string, bool) {
	start := len(s.entries) + p.indent + p.length(s.open) + p.length(s.base) + 10
	if p.level-s.level >= p.Compact || !p.fits(s.entries, start, s.base) {
		return "", false
	}
	line := strings.Join(s.entries, ", ")
	return line, !strings.Contains(line, "\n")
}

// compacted is the layout of compact: true, in which braces share lines with entries.
func (p *printer) compacted(s shape, nl string) string {
	base := ""
	if s.base != "" {
		base = " " + s.base
	}
	if p.fits(s.entries, 0, s.base) {
		return s.open + base + " " + strings.Join(s.entries, ", ") + " " + s.close
	}
	lead := " "
	if s.base != "" || len(s.open) != 1 {
		lead = base + nl + "  "
	}
	return s.open + lead + strings.Join(s.entries, ","+nl+"  ") + " " + s.close
}

// sort brings the properties into order when that is asked for.
func (p *printer) sort(s *shape) {
	if !p.Sorted {
		return
	}
	compare := p.Compare
	if compare == nil {
		compare = strings.Compare
	}
	from := 0
	if s.kind == extras {
		from = len(s.entries) - s.props
	}
	slices.SortStableFunc(s.entries[from:], compare)
}

// fits reports whether entries go into one line.
func (p *printer) fits(list []string, start int, base string) bool {
	total := len(list) + start
	if total+len(list) > p.BreakLength {
		return false
	}
	for _, e := range list {
		if total += p.length(e); total > p.BreakLength {
			return false
		}
	}
	return !strings.Contains(base, "\n")
}

// columns puts the entries of a long array into columns, as many as look balanced.
func (p *printer) columns(s shape) []string {
	const gap = 2
	list := s.entries
	n := len(list)
	if p.MaxArray < n {
		n-- // the last one says how many are not shown
	}
	widths := make([]int, n)
	total, longest := 0, 0
	for i, e := range list[:n] {
		widths[i] = Width(e)
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
		out = append(out, row(list[i:min(i+count, n)], lineWidths, s.numbers))
	}
	return append(out, list[n:]...)
}

// row joins the entries of one line of columns, each padded to its column's width.
func row(list []string, widths []int, right bool) string {
	var b strings.Builder
	for i, e := range list {
		last := i == len(list)-1
		w := widths[i]
		if last {
			w -= 2
		} else {
			e += ", "
		}
		pad := strings.Repeat(" ", max(0, w-Width(e)))
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
