package inspect

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dop251/goja"
)

func (p *printer) primitive(v goja.Value) string {
	switch {
	case v == nil || goja.IsUndefined(v):
		return p.style("undefined", "undefined")
	case goja.IsNull(v):
		return p.style("null", "null")
	case goja.IsString(v):
		return p.quoted(units(v))
	case goja.IsBigInt(v):
		text := v.String()
		if p.NumericSeparator {
			text = separated(text)
		}
		return p.style(text+"n", "bigint")
	case goja.IsNumber(v):
		return p.style(p.number(v), "number")
	}
	if s, ok := v.(*goja.Symbol); ok {
		return p.style(symbolText(s), "symbol")
	}
	return p.style(v.String(), "boolean")
}

func symbolText(s *goja.Symbol) string { return "Symbol(" + s.String() + ")" }

// number is a number's text; minus zero keeps its sign.
func number(v goja.Value) string {
	f := v.ToFloat()
	if f == 0 && math.Signbit(f) {
		return "-0"
	}
	return v.String()
}

func (p *printer) number(v goja.Value) string {
	text := number(v)
	f := v.ToFloat()
	if !p.NumericSeparator || math.IsNaN(f) || math.IsInf(f, 0) || strings.Contains(text, "e") {
		return text
	}
	whole, part, ok := strings.Cut(text, ".")
	if !ok {
		return separated(whole)
	}
	out := ""
	for ; len(part) > 3; part = part[3:] {
		out += part[:3] + "_"
	}
	return separated(whole) + "." + out + part
}

// separated puts _ between groups of three digits.
func separated(digits string) string {
	start := 0
	if strings.HasPrefix(digits, "-") {
		start = 1
	}
	out := ""
	i := len(digits)
	for ; i >= start+4; i -= 3 {
		out = "_" + digits[i-3:i] + out
	}
	return digits[:i] + out
}

// units is a string's UTF-16, in which half a character keeps its number.
func units(v goja.Value) []uint16 {
	s, ok := v.(goja.String)
	if !ok {
		return utf16.Encode([]rune(v.String()))
	}
	out := make([]uint16, s.Length())
	for i := range out {
		out[i] = s.CharAt(i)
	}
	return out
}

// quoted shows a string, a long one of several lines as a sum of lines.
func (p *printer) quoted(s []uint16) string {
	tail := ""
	if more := len(s) - p.MaxString; more > 0 {
		s = s[:p.MaxString]
		tail = fmt.Sprintf("... %d more character%s", more, plural(more))
	}
	const shortest = 16
	if p.Compact == compactAll || len(s) <= shortest || len(s) <= p.BreakLength-p.indent-4 {
		return p.style(stringLiteral(s), "string") + tail
	}
	var lines []string
	for len(s) > 0 {
		end := 0
		for end < len(s) && s[end] != '\n' {
			end++
		}
		end = min(end+1, len(s))
		lines = append(lines, p.style(stringLiteral(s[:end]), "string"))
		s = s[end:]
	}
	return strings.Join(lines, " +\n"+strings.Repeat(" ", p.indent+2)) + tail
}

// stringLiteral puts a string into the quotes that it does not contain, single ones if possible.
func stringLiteral(s []uint16) string {
	q := quoteFor(s)
	var b strings.Builder
	b.WriteByte(q)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if utf16.IsSurrogate(rune(c)) && i+1 < len(s) {
			if r := utf16.DecodeRune(rune(c), rune(s[i+1])); r != utf8.RuneError {
				b.WriteRune(r)
				i++
				continue
			}
		}
		writeUnit(&b, c, q)
	}
	b.WriteByte(q)
	return b.String()
}

// writeUnit writes one code unit, escaped where it must be.
func writeUnit(b *strings.Builder, c uint16, quote byte) {
	short := strings.IndexRune("\b\t\n\f\r", rune(c))
	switch {
	case c == uint16(quote) && quote == '\'' || c == '\\':
		b.WriteByte('\\')
		b.WriteByte(byte(c))
	case short >= 0:
		b.WriteString(`\` + "btnfr"[short:short+1])
	case c < 0x20 || c >= 0x7f && c <= 0x9f:
		fmt.Fprintf(b, `\x%02X`, c)
	case utf16.IsSurrogate(rune(c)):
		fmt.Fprintf(b, `\u%x`, c)
	default:
		b.WriteRune(rune(c))
	}
}

func quoteFor(s []uint16) byte {
	var single, double, back bool
	for i, c := range s {
		single = single || c == '\''
		double = double || c == '"'
		back = back || c == '`' || c == '$' && i+1 < len(s) && s[i+1] == '{'
	}
	switch {
	case !single:
		return '\''
	case !double:
		return '"'
	case !back:
		return '`'
	}
	return '\''
}

func plural[N int | int64](n N) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// isIdentifier reports whether a property name needs no quotes.
func isIdentifier(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// isIndex reports whether a property name is an array index.
func isIndex(s string) bool {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return false
	}
	n, err := strconv.ParseUint(s, 10, 32)
	return err == nil && strconv.FormatUint(n, 10) == s && n < 1<<32-1
}

// indented puts blanks in front of each line but the first.
func indented(text string, by int) string {
	if by == 0 || !strings.Contains(text, "\n") {
		return text
	}
	return strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", by))
}

// length is the number of UTF-16 units of a text without its colours.
func (p *printer) length(s string) int {
	if p.Colors {
		s = StripColors(s)
	}
	n := 0
	for _, r := range s {
		if n++; r > 0xffff {
			n++
		}
	}
	return n
}

// Width is how many columns of a terminal a text takes, without its colours.
func Width(s string) int {
	n := 0
	for _, r := range StripColors(s) {
		switch {
		case r < 0x20 || r >= 0x7f && r < 0xa0 || isZeroWidth(r):
		case isWide(r):
			n += 2
		default:
			n++
		}
	}
	return n
}

func isZeroWidth(r rune) bool {
	return r >= 0x300 && r <= 0x36f || r >= 0x200b && r <= 0x200f || r >= 0x20d0 && r <= 0x20ff ||
		r >= 0xfe00 && r <= 0xfe0f || r >= 0xfe20 && r <= 0xfe2f || r >= 0xe0100 && r <= 0xe01ef
}

// wide are the characters that take two columns: East Asian scripts and emoji, as first and last of each run.
var wide = [][2]rune{
	{0x1100, 0x115f},
	{0x2329, 0x232a},
	{0x2e80, 0x303e},
	{0x3040, 0x3247},
	{0x3250, 0x4dbf},
	{0x4e00, 0xa4c6},
	{0xa960, 0xa97c},
	{0xac00, 0xd7a3},
	{0xf900, 0xfaff},
	{0xfe10, 0xfe19},
	{0xfe30, 0xfe6b},
	{0xff01, 0xff60},
	{0xffe0, 0xffe6},
	{0x1b000, 0x1b001},
	{0x1f200, 0x1f251},
	{0x1f300, 0x1f64f},
	{0x1f900, 0x1f9ff},
	{0x20000, 0x3fffd},
}

func isWide(r rune) bool {
	for _, run := range wide {
		if r <= run[1] {
			return r >= run[0]
		}
	}
	return false
}

// StripColors takes the control sequences of a terminal out of a text: CSI with its parameters, and
// OSC up to its end.
func StripColors(s string) string {
	if !strings.ContainsAny(s, "\x1b\u009b") {
		return s
	}
	var b strings.Builder
	for s != "" {
		if n := sequence(s); n > 0 {
			s = s[n:]
			continue
		}
		_, n := utf8.DecodeRuneInString(s)
		b.WriteString(s[:n])
		s = s[n:]
	}
	return b.String()
}

// sequence is the length of the control sequence that a text begins with, 0 when it begins with none.
func sequence(s string) int {
	if strings.HasPrefix(s, "\x1b]") {
		return strings.IndexByte(s, '\a') + 1
	}
	rest, found := strings.CutPrefix(s, "\x1b[")
	if !found {
		rest, found = strings.CutPrefix(s, "\u009b")
	}
	if !found {
		return 0
	}
	rest = strings.TrimLeft(rest, "0123456789;:?<=>[]()#")
	if rest != "" && (isLetter(rest[0]) || rest[0] == '~') {
		return len(s) - len(rest) + 1
	}
	return 0
}

func isLetter(c byte) bool { return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' }
