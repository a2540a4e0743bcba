package report

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// table is what is shown: Markdown whose columns also stand straight on a terminal.
type table struct {
	head []string
	rows [][]string
}

func (t *table) add(row ...string) { t.rows = append(t.rows, row) }

// String renders t; all columns but the first are aligned to the right.
func (t *table) String() string {
	width := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell), 3)
		}
	}
	var b strings.Builder
	line := func(row []string) {
		for i, cell := range row {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				b.WriteString("| " + cell + pad)
			} else {
				b.WriteString(" | " + pad + cell)
			}
		}
		b.WriteString(" |\n")
	}
	line(t.head)
	for i, w := range width {
		if i == 0 {
			b.WriteString("| " + strings.Repeat("-", w))
		} else {
			b.WriteString(" | " + strings.Repeat("-", w-1) + ":")
		}
	}
	b.WriteString(" |\n")
	for _, row := range t.rows {
		line(row)
	}
	return b.String()
}

// number shows v with about two or three digits that mean something.
func number(v float64) string {
	switch a := math.Abs(v); {
	case a == 0:
		return "0"
	case a < 0.995:
		return fmt.Sprintf("%.2f", v)
	case a < 99.5:
		return fmt.Sprintf("%.3g", v)
	default:
		return thousands(int64(math.Round(v)))
	}
}

func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// times shows a ratio.
func times(v float64) string { return number(v) + " ×" }

// What is shown instead of a figure.
const (
	none   = "-"
	failed = "failed"
)
