package assert

import (
	"strings"
	"unicode/utf16"

	"github.com/dop251/goja"
)

const (
	shortValues  = 12 // characters of two values that are shown in one line
	lineWidth    = 80
	shownLines   = 50 // lines that a difference shows
	contextLines = 3  // equal lines shown at the end
)

// difference tells how two values that must be strictly alike differ, line by line.
func (m *asserts) difference(f failure, said string) string {
	operator := f.operator
	if operator == "strictEqual" && bothObjects(f.actual, f.expected) {
		operator = "strictEqualObject"
	}
	head := said
	if head == "" {
		head = headlines[operator]
	}
	actual, expected := m.lines(f.actual), m.lines(f.expected)
	if strings.Join(actual, "\n") == strings.Join(expected, "\n") {
		return "Values have same structure but are not reference-equal:\n\n" + strings.Join(shortened(actual), "\n") + "\n"
	}
	d := &difference{}
	if len(actual) == 1 && len(expected) == 1 {
		n := units(actual[0]) + units(expected[0])
		switch {
		case n <= shortValues:
			if isPrimitive(f.actual) && isPrimitive(f.expected) && !bothZero(f.actual, f.expected) {
				return head + "\n\n" + actual[0] + " !== " + expected[0] + "\n"
			}
		case operator != "strictEqualObject" && n < lineWidth:
			d.point(actual[0], expected[0])
		}
	}
	actual, expected = d.commonEnd(actual, expected)
	d.compare(actual, expected)
	head += "\n+ actual - expected"
	if d.skipped {
		head += " ... Lines skipped"
	}
	if d.cutOff {
		return head + "\n" + d.text.String() + "\n..." + d.later.String() + "\n..."
	}
	return head + "\n" + d.text.String() + d.later.String() + d.end + d.pointer
}

func bothObjects(a, b goja.Value) bool {
	x, ok := a.(*goja.Object)
	y, ok2 := b.(*goja.Object)
	if !ok || !ok2 {
		return false
	}
	_, f := goja.AssertFunction(x)
	_, g := goja.AssertFunction(y)
	return f == g
}

func isPrimitive(v goja.Value) bool {
	if _, ok := v.(*goja.Object); !ok {
		return true
	}
	_, fn := goja.AssertFunction(v)
	return fn
}

func bothZero(a, b goja.Value) bool {
	return goja.IsNumber(a) && goja.IsNumber(b) && a.ToFloat() == 0 && b.ToFloat() == 0
}

func units(s string) int { return len(utf16.Encode([]rune(s))) }

// difference is the text about two lists of lines, as it grows.
type difference struct {
	text    strings.Builder
	later   strings.Builder // lines of expected, kept until those of actual are written
	end     string          // the lines that both end with
	pointer string          // a line that points at the first difference
	skipped bool            // lines were left out
	cutOff  bool            // the rest was left out
	shown   int
	same    int // equal lines since the last difference
	atEnd   int // equal lines taken off the end
}

// point makes the line that points at the first character that differs.
func (d *difference) point(actual, expected string) {
	a, b := utf16.Encode([]rune(actual)), utf16.Encode([]rune(expected))
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	if i > 2 {
		d.pointer = "\n  " + strings.Repeat(" ", i) + "^"
	} else {
		d.atEnd = i
	}
}

// commonEnd takes the lines off that both lists end with, and keeps the last of them to be shown.
func (d *difference) commonEnd(actual, expected []string) ([]string, []string) {
	other := ""
	for len(actual) > 0 && len(expected) > 0 {
		last := actual[len(actual)-1]
		if last != expected[len(expected)-1] {
			break
		}
		if d.atEnd < contextLines {
			d.end = "\n  " + last + d.end
		} else {
			other = last
		}
		d.atEnd++
		actual, expected = actual[:len(actual)-1], expected[:len(expected)-1]
	}
	if d.atEnd >= 5 {
		d.end = "\n..." + d.end
		d.skipped = true
	}
	if other != "" {
		d.end = "\n  " + other + d.end
	}
	return actual, expected
}

// compare writes what differs and the lines around it.
func (d *difference) compare(actual, expected []string) {
	lines := max(len(actual), len(expected))
	for i := range lines {
		switch {
		case i >= len(actual):
			d.context(expected, i)
			d.later.WriteString("\n- " + expected[i])
			d.shown++
		case i >= len(expected):
			d.context(actual, i)
			d.text.WriteString("\n+ " + actual[i])
			d.shown++
		default:
			d.line(actual, i, expected[i])
		}
		if d.shown > shownLines && i < lines-2 {
			d.skipped, d.cutOff = true, true
			return
		}
	}
}

// line writes line i of actual beside that of expected. A comma at the end makes no difference.
func (d *difference) line(actual []string, i int, other string) {
	line := actual[i]
	if line != other && strings.TrimSuffix(line, ",") != other && strings.TrimSuffix(other, ",") != line {
		d.context(actual, i)
		d.text.WriteString("\n+ " + line)
		d.later.WriteString("\n- " + other)
		d.shown += 2
		return
	}
	if line+"," == other {
		line = other
	}
	d.text.WriteString(d.later.String())
	d.later.Reset()
	if d.same++; d.same <= 2 {
		d.text.WriteString("\n  " + line)
		d.shown++
	}
}

// context writes the equal lines before line i that were not written yet; many of them are left out.
func (d *difference) context(lines []string, i int) {
	if d.same > 4 {
		if d.same == 5 {
			d.text.WriteString("\n  " + lines[i-3])
			d.shown++
		} else {
			d.text.WriteString("\n...")
			d.skipped = true
		}
	}
	for back := 2; back >= 1; back-- {
		if d.same > back+1 {
			d.text.WriteString("\n  " + lines[i-back])
			d.shown++
		}
	}
	d.same = 0
}
