// Package terminal is what is written to a person's terminal: text that does nothing to it.
package terminal

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// OneLine makes a message fit on one line that does nothing to a terminal.
func OneLine(s string) string {
	return strings.Join(strings.FieldsFunc(Escape(s), func(r rune) bool { return r == '\n' }), "; ")
}

// Escape replaces what a terminal could obey: control characters other than line
// feed and tab, and bytes that are not UTF-8.
func Escape(s string) string {
	if clean(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case harmless(r):
			b.WriteString(s[i : i+size])
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += size
	}
	return b.String()
}

// AppendEscaped appends b as Escape would return it.
func AppendEscaped(dst, b []byte) []byte { return append(dst, Escape(string(b))...) }

// Columns returns how many columns s, which has been escaped, takes on a terminal.
func Columns(s string) int { return utf8.RuneCountInString(s) }

func clean(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !harmless(r) }) < 0
}

func harmless(r rune) bool { return r == '\n' || r == '\t' || !unicode.IsControl(r) }
