package console

import (
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/inspect"
)

// grid is a table: rows of cells by column name.
type grid struct {
	columns []string
	rows    []map[string]string
}

const (
	indexColumn     = "(index)"
	iterationColumn = "(iteration index)"
	keyColumn       = "Key"
	valueColumn     = "Values"
)

func (g *grid) set(row map[string]string, column, cell string) {
	if !slices.Contains(g.columns, column) {
		g.columns = append(g.columns, column)
	}
	row[column] = cell
}

// table shows an array or object of rows, a map or a set; anything else is logged. The second argument
// may name the columns to show.
func (c *console) table(w io.Writer, args []goja.Value) {
	data, ok := first(args).(*goja.Object)
	if !ok {
		c.log(w, args[:min(1, len(args))])
		return
	}
	var only []string
	if len(args) > 1 && !goja.IsUndefined(args[1]) {
		list := c.vm.CheckObject("table: properties", args[1])
		only = []string{}
		for _, k := range list.Keys() {
			only = append(only, list.Get(k).String())
		}
	}
	g := &grid{columns: []string{indexColumn}}
	scalars := false
	add := func(row map[string]string, v goja.Value) {
		if c.cells(g, row, v, only) {
			scalars = true
		}
		g.rows = append(g.rows, row)
	}
	if c.entries(g, data) {
		scalars = true
	} else {
		for _, key := range data.Keys() {
			add(map[string]string{indexColumn: key}, data.Get(key))
		}
	}
	if only != nil {
		g.columns = slices.Concat(g.columns[:1], only)
	}
	if scalars {
		g.columns = append(g.columns, valueColumn)
	}
	c.write(w, g.String())
}

func first(args []goja.Value) goja.Value {
	if len(args) == 0 {
		return goja.Undefined()
	}
	return args[0]
}

// cells fills a row from an object, or with one value; it reports the latter.
func (c *console) cells(g *grid, row map[string]string, v goja.Value, only []string) bool {
	o := c.options()
	obj, ok := v.(*goja.Object)
	if _, fn := goja.AssertFunction(v); !ok || fn {
		row[valueColumn] = c.cell(v, o)
		return true
	}
	for _, k := range obj.Keys() {
		if only != nil && !slices.Contains(only, k) {
			continue
		}
		g.set(row, k, c.cell(obj.Get(k), o))
	}
	return false
}

// cell is a value inside a table: objects are not gone into.
func (c *console) cell(v goja.Value, o inspect.Options) string {
	o.Depth, o.MaxArray, o.BreakLength = 0, 3, 1e9
	if obj, ok := v.(*goja.Object); ok && obj.ClassName() != "Array" && len(obj.Keys()) > 2 {
		o.Depth = -1
	}
	return c.in.MustInspect(v, o)
}

// entries adds the rows of a map or a set; false for other objects.
func (c *console) entries(g *grid, data *goja.Object) bool {
	isMap := data.ExportType() == reflect.TypeFor[[][2]any]()
	isSet := data.ExportType() == reflect.TypeFor[[]any]() && data.ClassName() == "Object"
	if !isMap && !isSet {
		return false
	}
	g.columns = []string{iterationColumn}
	if isMap {
		g.columns = append(g.columns, keyColumn)
	}
	each := c.vm.CheckFunc("table: forEach", data.Get("forEach"))
	each.Call(data, c.vm.Runtime().ToValue(func(call goja.FunctionCall) goja.Value {
		row := map[string]string{iterationColumn: strconv.Itoa(len(g.rows)), valueColumn: c.cell(call.Argument(0), c.options())}
		if isMap {
			row[keyColumn] = c.cell(call.Argument(1), c.options())
		}
		g.rows = append(g.rows, row)
		return nil
	}))
	return true
}

// String draws the table with box characters.
func (g *grid) String() string {
	widths := make([]int, len(g.columns))
	for i, col := range g.columns {
		widths[i] = inspect.Width(col) + 2
		for _, row := range g.rows {
			widths[i] = max(widths[i], inspect.Width(row[col])+2)
		}
	}
	var b strings.Builder
	rule := func(left, mid, right string) {
		b.WriteString(left)
		for i, w := range widths {
			if i > 0 {
				b.WriteString(mid)
			}
			b.WriteString(strings.Repeat("─", w))
		}
		b.WriteString(right)
	}
	line := func(cell func(col string) string) {
		b.WriteString("\n│")
		for i, col := range g.columns {
			text := cell(col)
			b.WriteString(" " + text + strings.Repeat(" ", widths[i]-1-inspect.Width(text)) + "│")
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
