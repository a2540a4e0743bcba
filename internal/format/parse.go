package format

import "strings"

// An item is one piece of a format: text as it is to be printed, or something of the message.
type item struct {
	kind  kind
	text  string // of a literal
	verb  byte   // the letter after % or @
	left  bool   // the flag -
	zero  bool   // the flag 0
	width int
	limit int  // the precision, -1: none was given
	sep   byte // between groups of hexadecimal digits
}

// kind says what an item is.
type kind uint8

const (
	literal kind = iota
	parameter
	clock
)

const (
	verbs = "%ACDEFIJPRSUXdfjlmpqrtx"
	// maxNumber bounds widths and precisions, so that a slip of the finger fills no memory.
	maxNumber = 1 << 20
)

func invalid(what, text string) error {
	return &FormatError{Text: "Invalid " + what + " specifier '" + text + "'."}
}

func incomplete(what string) error { return &FormatError{Text: "Incomplete " + what + " specifier."} }

// parse splits a format. Neighbouring literals become one.
func parse(format string) ([]item, error) {
	var items []item
	for format != "" {
		it, n, err := parseItem(format)
		if err != nil {
			return nil, err
		}
		format = format[n:]
		if last := len(items) - 1; it.kind == literal && last >= 0 && items[last].kind == literal {
			items[last].text += it.text
			continue
		}
		items = append(items, it)
	}
	return items, nil
}

// parseItem reads the item at the front, and returns how many bytes it takes.
func parseItem(s string) (item, int, error) {
	switch s[0] {
	case '%':
		it, n, err := parseParameter(s[1:])
		if it.verb == '%' {
			it = item{text: "%"}
		}
		return it, n + 1, err
	case '@':
		switch {
		case len(s) == 1:
			return item{}, 0, incomplete("format")
		case s[1] == '@':
			return item{text: "@"}, 2, nil
		}
		return item{kind: clock, verb: s[1]}, 2, nil
	case '\\':
		if len(s) == 1 {
			return item{}, 0, incomplete("escape")
		}
		b, err := escape(s[1])
		return item{text: string([]byte{b})}, 2, err
	}
	if n := strings.IndexAny(s, `%@\`); n > 0 {
		return item{text: s[:n]}, n, nil
	}
	return item{text: s}, len(s), nil
}

// escape returns the byte that a letter after a backslash stands for.
func escape(letter byte) (byte, error) {
	const letters, bytes = `\0aenrtv`, "\\\x00\a\x1b\n\r\t\v"
	if i := strings.IndexByte(letters, letter); i >= 0 {
		return bytes[i], nil
	}
	return 0, invalid("escape", string([]byte{letter}))
}

// parseParameter reads what stands after %: flags, width, precision, separator, letter. It
// returns how many bytes that is.
func parseParameter(s string) (item, int, error) {
	it := item{kind: parameter, limit: -1}
	rest := s
	rest, it.left = cutFlag(rest, '-')
	rest, it.zero = cutFlag(rest, '0')
	it.width, rest = number(rest)
	if strings.HasPrefix(rest, ".") {
		it.limit, rest = number(rest[1:])
	}
	if it.width > maxNumber || it.limit > maxNumber {
		return it, 0, &FormatError{Text: "Field width or precision too large in format."}
	}
	if rest == "" {
		return it, 0, incomplete("format")
	}
	if strings.IndexByte(verbs, rest[0]) < 0 && isSeparator(rest[0]) {
		it.sep = rest[0]
		rest = rest[1:]
		if rest == "" { // Mosquitto takes the end of the string for a letter here
			return it, 0, invalid("format", "\x00")
		}
	}
	it.verb = rest[0]
	if strings.IndexByte(verbs, it.verb) < 0 {
		return it, 0, invalid("format", rest[:1])
	}
	return it, len(s) - len(rest) + 1, nil
}

func cutFlag(s string, flag byte) (string, bool) {
	if s != "" && s[0] == flag {
		return s[1:], true
	}
	return s, false
}

// number reads digits, which may be none. Above maxNumber it only tells that it is.
func number(s string) (int, string) {
	n := 0
	for s != "" && s[0] >= '0' && s[0] <= '9' {
		n = min(n*10+int(s[0]-'0'), maxNumber+1)
		s = s[1:]
	}
	return n, s
}

// isSeparator tells what may stand between groups of digits: punctuation and space.
func isSeparator(c byte) bool {
	letter := c|0x20 >= 'a' && c|0x20 <= 'z'
	return c >= ' ' && c < 0x7f && !letter
}
