// Package terminal is what is written to a person's terminal: text that does nothing to it.
package terminal

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	"github.com/mattn/go-runewidth"
)

// OneLine makes a message fit on one line that does nothing to a terminal.
func OneLine(s string) string {
	return strings.Join(strings.FieldsFunc(Escape(s), func(r rune) bool { return r == '\n' }), "; ")
}

// Escape replaces what a terminal could obey, or what makes it show something else than is there:
// control characters other than line feed and tab, what turns the direction of text, what has no
// width or no meaning, and bytes that are not UTF-8.
func Escape(s string) string { return escape(s, "\n\t") }

// EscapeLine is Escape for what has to stay within its line: a line feed or a tab is replaced too.
func EscapeLine(s string) string { return escape(s, "") }

func escape(s, kept string) string {
	if clean(s, kept) {
		return s
	}
	return string(appendEscaped(nil, s, kept))
}

// AppendEscaped appends b as Escape would return it.
func AppendEscaped(dst, b []byte) []byte {
	return appendEscaped(dst, unsafe.String(unsafe.SliceData(b), len(b)), "\n\t")
}

func appendEscaped(dst []byte, s, kept string) []byte {
	var c surroundings
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = appendByte(dst, s[i])
			c = surroundings{}
		case c.harmless(r) || r < 0x80 && strings.IndexByte(kept, byte(r)) >= 0:
			dst = append(dst, s[i:i+size]...)
		case r < 0x80:
			dst = appendByte(dst, byte(r))
		case r < 0x10000:
			dst = appendUnit(dst, r)
		default:
			dst = fmt.Appendf(dst, `\U%08x`, r)
		}
		i += size
	}
	return dst
}

// EscapeJSON makes what stands in dst from that place on, which is JSON, harmless: Escape's list holds, and each
// character of it becomes the escape that strings of JSON have for it, so that the value stays the same.
func EscapeJSON(dst []byte, from int) []byte {
	if cleanJSON(dst[from:]) {
		return dst
	}
	text := string(dst[from:])
	dst = dst[:from]
	var c surroundings
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case c.staysInJSON(r, size):
			dst = append(dst, text[:size]...)
		case r < 0x10000:
			dst = appendUnit(dst, r)
		default:
			first, second := utf16.EncodeRune(r)
			dst = appendUnit(appendUnit(dst, first), second)
		}
		text = text[size:]
	}
	return dst
}

// cleanJSON tells whether nothing is to be replaced.
func cleanJSON(text []byte) bool {
	at := 0
	for at < len(text) && text[at] < 0x7f {
		at++
	}
	// A character of ASCII in front does not change what the next one is, but for the digits of keycaps.
	at = max(at-1, 0)
	var c surroundings
	for at < len(text) {
		if b := text[at]; b >= ' ' && b < 0x7f {
			c.base, c.run = rune(b), 0
			at++
			continue
		}
		r, size := utf8.DecodeRune(text[at:])
		if !c.staysInJSON(r, size) {
			return false
		}
		at += size
	}
	return true
}

// staysInJSON is harmless for JSON, where characters below the space are what stands between the tokens.
func (c *surroundings) staysInJSON(r rune, size int) bool {
	if r == utf8.RuneError && size == 1 {
		*c = surroundings{}
		return false
	}
	return c.harmless(r) || r < ' '
}

// appendUnit appends \u and four digits.
func appendUnit(dst []byte, r rune) []byte {
	return append(dst, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}

const digits = "0123456789abcdef"

// surroundings are what stands in front of a character, where that decides whether it is harmless.
type surroundings struct {
	base rune // the last character that stands for itself
	run  int  // how many since then only change it
}

// harmless tells whether r is, where it stands, and moves on behind it. What is escaped ends in a digit or a
// letter, which nothing is to change.
func (c *surroundings) harmless(r rune) bool {
	if !c.shows(r) {
		c.base = 0
		return false
	}
	return true
}

func (c *surroundings) shows(r rune) bool {
	switch {
	case r < 0x300: // nothing below changes what is in front
		c.base, c.run = r, 0
		return Harmless(r)
	case modifies(r):
		c.run++
		keycap := r == 0xfe0f && c.base < 0x80 && strings.ContainsRune("0123456789#*", c.base)
		return c.run <= maxModifiers && (c.base >= 0x80 && Harmless(c.base) || keycap)
	case !ideograph(r) && unicode.In(r, unicode.Mn, unicode.Me):
		c.run++
		return c.run <= maxRun && Harmless(r)
	}
	c.base, c.run = r, 0
	return Harmless(r)
}

// ideograph tells of the many letters of Chinese, Japanese and Korean that are found quickly so.
func ideograph(r rune) bool { return r >= 0x3400 && r < 0xa000 || r >= 0xac00 && r < 0xd7a4 }

// maxModifiers is how many selectors and joiners emoji have in a row.
const maxModifiers = 2

// maxRun is how many combining characters may follow each other. Languages need up to four; more
// would be painted over the lines above and below.
const maxRun = 4

func appendByte(dst []byte, b byte) []byte {
	return append(dst, '\\', 'x', digits[b>>4], digits[b&15])
}

// clean tells whether nothing is to be replaced. Plain ASCII is found quickly.
func clean(s, kept string) bool {
	for i := range len(s) {
		c := s[i]
		if c >= 0x80 {
			return string(appendEscaped(nil, s, kept)) == s
		}
		if (c < ' ' || c == 0x7f) && strings.IndexByte(kept, c) < 0 {
			return false
		}
	}
	return true
}

// Harmless tells whether a terminal shows a character, and nothing else happens: letters, marks,
// numbers, punctuation, symbols and the space. Line feed and tab are not among them.
func Harmless(r rune) bool {
	return r < 0x7f && r >= ' ' || r >= 0x80 && !blank(r) && unicode.IsPrint(r) || r == 0xa0 || r == 0x3000
}

// blank tells of characters that Unicode counts as letters or marks and that show nothing.
func blank(r rune) bool {
	switch r {
	case 0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x3164, 0xffa0, 0xfffc:
		return true
	}
	return modifies(r) || r >= 0x180b && r <= 0x180f || r >= 0xe0100 && r <= 0xe01ef
}

// modifies tells of what makes one emoji of two, joins letters or keeps them apart, or chooses
// their look: harmless behind what it changes, and a way to hide data elsewhere.
func modifies(r rune) bool { return r == 0x200c || r == 0x200d || r >= 0xfe00 && r <= 0xfe0f }

// Columns returns how many columns s, which has been escaped, takes on a terminal.
func Columns(s string) int { return runewidth.StringWidth(s) }
