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
	var (
		items []item
		text  []byte
	)
	flush := func() {
		if len(text) > 0 {
			items = append(items, item{kind: literal, text: string(text)})
			text = nil
		}
	}
	for i := 0; i < len(format); {
		switch c := format[i]; c {
		case '%':
			it, n, err := parseParameter(format[i+1:])
			if err != nil {
				return nil, err
			}
			i += 1 + n
			if it.verb == '%' {
				text = append(text, '%')
				continue
			}
			flush()
			items = append(items, it)
		case '@', '\\':
			if i+1 == len(format) {
				return nil, incomplete(map[byte]string{'@': "format", '\\': "escape"}[c])
			}
			next := format[i+1]
			i += 2
			switch {
			case c == '@' && next == '@':
				text = append(text, '@')
			case c == '@':
				flush()
				items = append(items, item{kind: clock, verb: next})
			default:
				b, err := escape(next)
				if err != nil {
					return nil, err
				}
				text = append(text, b)
			}
		default:
			text = append(text, c)
			i++
		}
	}
	flush()
	return items, nil
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
