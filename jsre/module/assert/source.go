package assert

import "strings"

// callText is the text of the call of assert that runs, from the source of the script, empty when it is
// not known.
func (m *asserts) callText() string {
	for _, f := range m.vm.CallStack() {
		if f.File == "" {
			continue
		}
		text := m.vm.Source(f.File)
		for i := 1; i < f.Line && text != ""; i++ {
			_, text, _ = strings.Cut(text, "\n")
		}
		return call(text, f.Column-1)
	}
	return ""
}

// call finds the call that a position lies in: the position is at the name that is called, or at the
// bracket behind it.
func call(text string, at int) string {
	if at < 0 || at > len(text) {
		return ""
	}
	open := strings.IndexByte(text[at:], '(')
	if open < 0 {
		return ""
	}
	open += at
	end := closing(text[open:])
	if end < 0 {
		return ""
	}
	start := open
	for start > 0 && (text[start-1] == '.' || text[start-1] == '_' || text[start-1] == '$' || isWord(text[start-1])) {
		start--
	}
	return text[start : open+end+1]
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// closing is the place of the bracket that closes the first one, -1 when there is none nearby.
func closing(text string) int {
	const longest = 2000
	depth := 0
	for i := 0; i < len(text) && i < longest; i++ {
		switch c := text[i]; c {
		case '"', '\'', '`':
			i = quoteEnd(text, i)
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// quoteEnd is the place of the quote that ends the text that begins at one, or the end of all.
func quoteEnd(text string, at int) int {
	for i := at + 1; i < len(text); i++ {
		if text[i] == '\\' {
			i++
		} else if text[i] == text[at] {
			return i
		}
	}
	return len(text)
}
