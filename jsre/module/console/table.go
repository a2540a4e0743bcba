package console

import (
	"io"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"
)

// grid is a table: rows of cells by column name.
type grid struct {
	columns []string
	rows    []map[string]string
}

const (
	indexColumn = "(index)"
	valueColumn = "Values"
)

func (g *grid) set(row map[string]string, column, cell string) {
	if _, ok := row[column]; !ok {
		known := false
		for _, c := range g.columns {
			known = known || c == column
		}
		if !known {
			g.columns = append(g.columns, column)
		}
	}
	row[column] = cell
}

// table shows an array or object of rows; anything else is logged.
func (c *console) table(w io.Writer, args []goja.Value) {
	if len(args) == 0 {
		c.log(w, args)
		return
	}
	data, ok := args[0].(*goja.Object)
	if !ok {
		c.log(w, args[:1])
		return
	}
	g := grid{columns: []string{indexColumn}}
	scalars := false
	o := c.options()
	o.Depth = 0
	for _, key := range data.Keys() {
		row := map[string]string{indexColumn: key}
		v := data.Get(key)
		if obj, ok := v.(*goja.Object); ok {
			for _, k := range obj.Keys() {
				g.set(row, k, c.in.Inspect(obj.Get(k), o))
			}
		} else {
			row[valueColumn] = c.in.Inspect(v, o)
			scalars = true
		}
		g.rows = append(g.rows, row)
	}
	if scalars {
		g.columns = append(g.columns, valueColumn)
	}
	c.write(w, g.String())
}

// String draws the table with box characters.
func (g *grid) String() string {
	widths := make([]int, len(g.columns))
	for i, col := range g.columns {
		widths[i] = utf8.RuneCountInString(col)
		for _, row := range g.rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[col]))
		}
	}
	var b strings.Builder
	rule := func(left, mid, right string) {
		b.WriteString(left)
		for i, w := range widths {
			if i > 0 {
				b.WriteString(mid)
			}
			b.WriteString(strings.Repeat("─", w+2))
		}
		b.WriteString(right)
	}
	line := func(cell func(col string) string) {
		b.WriteString("\n│")
		for i, col := range g.columns {
			text := cell(col)
			b.WriteString(" " + text + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)) + " │")
		}
		b.WriteString("\n")
	}
	rule("┌", "┬", "┐")
	line(func(col string) string { return col })
	rule("├", "┼", "┤")
	for _, row := range g.rows {
		line(func(col string) string { return row[col] })
	}
	if len(g.rows) == 0 {
		b.WriteString("\n")
	}
	rule("└", "┴", "┘")
	return strings.ReplaceAll(b.String(), "\n\n", "\n")
}
