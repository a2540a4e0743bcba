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
	quote := byte(0)
	for i := 0; i < len(text) && i < longest; i++ {
		c := text[i]
		switch {
		case quote != 0:
			if c == '\\' {
				i++
			} else if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'' || c == '`':
			quote = c
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' || c == ']' || c == '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}
