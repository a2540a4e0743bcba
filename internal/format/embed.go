package format

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep objects and arrays of an embedded payload may nest.
const maxDepth = 1000

// embed writes a payload as the JSON value that it holds, printed anew as Mosquitto's JSON
// library does it, or tells that it holds none. The library is more lenient than RFC 8259: it
// takes a byte order mark, 01, raw control characters in strings, and bytes that are not UTF-8.
func (w *writer) embed(payload []byte) bool {
	r := reader{rest: bytes.TrimPrefix(payload, []byte("\ufeff"))}
	if !r.value(w, 0) {
		return false
	}
	r.space()
	return len(r.rest) == 0
}

type reader struct{ rest []byte }

func (r *reader) space() {
	for len(r.rest) > 0 && r.rest[0] <= ' ' && r.rest[0] != 0 {
		r.rest = r.rest[1:]
	}
}

// take takes text off the front.
func (r *reader) take(text string) bool {
	rest, ok := bytes.CutPrefix(r.rest, []byte(text))
	if ok {
		r.rest = rest
	}
	return ok
}

func (r *reader) value(w *writer, depth int) bool {
	r.space()
	for _, word := range [3]string{"null", "true", "false"} {
		if r.take(word) {
			w.dst = append(w.dst, word...)
			return true
		}
	}
	if len(r.rest) == 0 {
		return false
	}
	switch c := r.rest[0]; {
	case c == '"':
		s, ok := r.string()
		w.text(s)
		return ok
	case c == '-' || c >= '0' && c <= '9':
		return r.number(w)
	case c == '[' && depth < maxDepth:
		return r.array(w, depth+1)
	case c == '{' && depth < maxDepth:
		return r.object(w, depth+1)
	}
	return false
}

func (r *reader) array(w *writer, depth int) bool {
	r.rest = r.rest[1:]
	w.open('[')
	for first := true; ; first = false {
		r.space()
		if first && r.take("]") {
			break
		}
		w.next()
		if !r.value(w, depth) {
			return false
		}
		w.some = true
		r.space()
		if r.take("]") {
			break
		}
		if !r.take(",") {
			return false
		}
	}
	w.close(']')
	return true
}

func (r *reader) object(w *writer, depth int) bool {
	r.rest = r.rest[1:]
	w.open('{')
	for first := true; ; first = false {
		r.space()
		if first && r.take("}") {
			break
		}
		name, ok := r.string()
		if !ok {
			return false
		}
		w.key(name)
		if r.space(); !r.take(":") || !r.value(w, depth) {
			return false
		}
		w.some = true
		r.space()
		if r.take("}") {
			break
		}
		if !r.take(",") {
			return false
		}
	}
	w.close('}')
	return true
}

// string reads a string. It ends at a NUL, as strings of C do.
func (r *reader) string() (string, bool) {
	if !r.take(`"`) {
		return "", false
	}
	var text []byte
	for len(r.rest) > 0 {
		c := r.rest[0]
		switch c {
		case '"':
			r.rest = r.rest[1:]
			return string(cutNUL(text)), true
		case '\\':
			var ok bool
			if text, ok = r.escape(text); !ok {
				return "", false
			}
		default:
			text = append(text, c)
			r.rest = r.rest[1:]
		}
	}
	return "", false
}

// escape appends what a backslash and what follows stand for.
func (r *reader) escape(text []byte) ([]byte, bool) {
	if len(r.rest) < 2 {
		return nil, false
	}
	const letters, meant = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	c := r.rest[1]
	if i := bytes.IndexByte([]byte(letters), c); i >= 0 {
		r.rest = r.rest[2:]
		return append(text, meant[i]), true
	}
	first, ok := r.unit()
	if !ok {
		return nil, false
	}
	if !utf16.IsSurrogate(first) {
		return utf8.AppendRune(text, first), true
	}
	second, ok := r.unit()
	whole := utf16.DecodeRune(first, second)
	if !ok || whole == utf8.RuneError {
		return nil, false
	}
	return utf8.AppendRune(text, whole), true
}

// unit reads \u and four hexadecimal digits.
func (r *reader) unit() (rune, bool) {
	if len(r.rest) < 6 || r.rest[0] != '\\' || r.rest[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(r.rest[2:6]), 16, 16)
	if err != nil {
		n = 0 // the library reads what are no digits as 0
	}
	r.rest = r.rest[6:]
	return rune(n), true
}

// number reads a number as C's strtod does, and writes it with 15 digits, or with 17 where that
// is another number.
func (r *reader) number(w *writer) bool {
	n := floatLength(r.rest[:min(len(r.rest), 63)])
	value, err := strconv.ParseFloat(string(r.rest[:n]), 64)
	if n == 0 || err != nil && !math.IsInf(value, 0) {
		return false
	}
	r.rest = r.rest[n:]
	if math.IsInf(value, 0) {
		w.dst = append(w.dst, "null"...)
		return true
	}
	start := len(w.dst)
	w.dst = appendG(w.dst, value, 15)
	back, _ := strconv.ParseFloat(string(w.dst[start:]), 64) // its own text: it is a number
	const epsilon = 0x1p-52
	if math.Abs(back-value) > max(math.Abs(back), math.Abs(value))*epsilon {
		w.dst = appendG(w.dst[:start], value, 17)
	}
	return true
}

// appendG appends a number as C's %g does.
func appendG(dst []byte, value float64, digits int) []byte {
	return strconv.AppendFloat(dst, value, 'g', digits, 64)
}

// floatLength returns how many bytes at the front of s are a decimal number.
func floatLength(s []byte) int {
	begin := 0
	if len(s) > 0 && s[0] == '-' {
		begin = 1
	}
	end := skipDigits(s, begin)
	some := end > begin
	if end < len(s) && s[end] == '.' {
		after := skipDigits(s, end+1)
		some = some || after > end+1
		end = after
	}
	if !some {
		return 0
	}
	return skipExponent(s, end)
}

// skipDigits returns where the digits from i on end.
func skipDigits(s []byte, i int) int {
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}

// skipExponent returns where the exponent at i ends, which is i where there is none.
func skipExponent(s []byte, i int) int {
	if i == len(s) || s[i]|0x20 != 'e' {
		return i
	}
	digits := i + 1
	if digits < len(s) && (s[digits] == '+' || s[digits] == '-') {
		digits++
	}
	if end := skipDigits(s, digits); end > digits {
		return end
	}
	return i
}
